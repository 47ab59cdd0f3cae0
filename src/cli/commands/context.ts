import type { Arguments } from '../arguments.ts';
import type { Output } from '../output.ts';
import type { Painter } from '../style.ts';

/** What every command is given. */
export interface CommandContext {
  readonly args: Arguments;
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly paint: Painter;
  readonly signal: AbortSignal;
  /** asks a question on the terminal; undefined: there is no terminal */
  readonly ask?: (question: string) => Promise<string>;
  /** epoch milliseconds */
  readonly now: () => number;
}
