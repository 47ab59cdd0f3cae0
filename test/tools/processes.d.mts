export class CommandError extends Error {
  readonly output: string;
}
export interface RunningProcess {
  readonly pid: number | undefined;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly error?: Error }>;
  readonly stop: (signal?: NodeJS.Signals, graceMs?: number) => Promise<void>;
}
export function startProcess(
  command: string,
  args: readonly string[],
  options?: { readonly cwd?: string | undefined; readonly env?: NodeJS.ProcessEnv | undefined; readonly log?: string | undefined },
): RunningProcess;
export function run(
  command: string,
  args: readonly string[],
  options?: {
    readonly cwd?: string | undefined;
    readonly env?: NodeJS.ProcessEnv | undefined;
    readonly input?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onLine?: ((line: string) => void) | undefined;
    readonly okCodes?: readonly number[] | undefined;
  },
): Promise<string>;
export function temporaryFolder(prefix: string): Promise<{ readonly path: string; readonly remove: () => Promise<void> }>;
export function stopEverything(signal?: NodeJS.Signals): void;
