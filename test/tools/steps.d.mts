export interface Step {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly isHeavy?: boolean;
  readonly isDone?: () => Promise<boolean>;
  readonly run: (context: { readonly signal: AbortSignal; readonly note: (message: string) => void }) => Promise<unknown>;
}
export function runSteps(steps: readonly Step[], signal: AbortSignal): Promise<void>;
