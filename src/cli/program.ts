import { isAbortError, isAppError, toError } from '../base/errors.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { runApps } from './commands/apps.ts';
import type { CommandContext } from './commands/context.ts';
import { runDiff } from './commands/diff.ts';
import { runIgnored } from './commands/ignored.ts';
import { runRender } from './commands/render.ts';
import { runHistory } from './commands/history.ts';
import { runRevert } from './commands/revert.ts';
import { runRollback } from './commands/rollback.ts';
import { runPlan, runSync } from './commands/sync.ts';
import { type ExitCode, exitCodes } from './exitCodes.ts';
import { helpText } from './help.ts';
import { sentence } from './messages.ts';
import { createPainter, safeText, wantsColor } from './style.ts';

/** What a run gets from its process; tests give their own. */
export interface ProgramOptions extends Omit<CommandContext, 'args' | 'paint'> {
  readonly argv: readonly string[];
  readonly isTerminal: boolean;
  readonly version: string;
}

/**
 * Runs one command line. Never throws: every failure becomes one line on standard error and an exit code.
 * @returns the exit code
 */
export async function runProgram(options: ProgramOptions): Promise<ExitCode> {
  const { argv, cwd, output, variables, isTerminal, signal } = options;
  try {
    const args = parseArguments(argv, cwd);
    const paint = createPainter(args.output === 'text' && wantsColor(isTerminal, args.noColor, variables));
    return await runCommand(args, { ...options, args, paint }, options.version);
  } catch (error) {
    if (signal.aborted || isAbortError(error)) return exitCodes.interrupted;
    const text = isAppError(error) ? sentence(error.code, error.details) : `Unexpected failure: ${toError(error).stack ?? ''}`;
    output.err(`plumbline: ${safeText(text)}\n`);
    return exitCodes.usage;
  }
}

async function runCommand(args: Arguments, context: CommandContext, version: string): Promise<ExitCode> {
  switch (args.command) {
    case 'help':
      context.output.out(`${helpText(args.about)}\n`);
      return exitCodes.same;
    case 'version':
      context.output.out(`${version}\n`);
      return exitCodes.same;
    case 'apps':
      return runApps(context);
    case 'render':
      return runRender(context);
    case 'diff':
      return runDiff(context);
    case 'ignored':
      return runIgnored(context);
    case 'plan':
      return runPlan(context);
    case 'sync':
      return runSync(context);
    case 'history':
      return runHistory(context);
    case 'rollback':
      return runRollback(context);
    case 'revert':
      return runRevert(context);
  }
}
