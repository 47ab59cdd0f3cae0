import { sentence } from '../messages.ts';
import { safeText } from '../style.ts';
import type { CommandContext } from './context.ts';

/**
 * Asks before anything is written; `--yes` stands for every answer. Without a terminal, and where a name is not typed, it says why nothing
 * is written.
 * @param question what is agreed to, without the question mark
 * @param environments protected ones whose names are to be typed; that is then the whole confirmation
 */
export async function confirm(
  question: string,
  environments: readonly string[],
  { args, output, ask }: Pick<CommandContext, 'args' | 'output' | 'ask'>,
): Promise<boolean> {
  if (args.isConfirmed) return true;
  if (ask === undefined) {
    output.err(`${sentence('cli-terminal-needed')}\n`);
    return false;
  }
  const names = new Set(environments);
  for (const environment of names) {
    const typed = await ask(`Environment ${safeText(environment)} is protected. Type its name to go on: `);
    if (typed.trim() === environment) continue;
    output.err(`${sentence('cli-protected', { environment })}\n`);
    return false;
  }
  return names.size > 0 || /^y(es)?$/i.test((await ask(`${safeText(question)}? [y/N] `)).trim());
}
