import type { PushOutcome } from '../model/commit.ts';
import { quietSshCommand } from './fetch.ts';
import { firstMessage } from './commands.ts';
import type { WritingGit } from './writingGit.ts';

/** What a push that failed said, first match first. */
const CAUSES: readonly (readonly [RegExp, PushOutcome['outcome'], string])[] = [
  [/\(fetch first\)|\(non-fast-forward\)|\(stale info\)/, 'rejected', 'push-rejected'],
  [/\[remote rejected\]/, 'failed', 'push-refused'],
  [
    /could not read (Username|Password)|Authentication failed|Permission denied|Host key verification failed|terminal prompts disabled|returned error: 40[13]/,
    'failed',
    'push-sign-in',
  ],
];

/** Pushes one refspec with git itself, hooks and all, without any prompt. */
export async function pushRefspec(git: WritingGit, remote: string, refspec: string, signal: AbortSignal): Promise<PushOutcome> {
  // A program of GIT_SSH may not know OpenSSH's options.
  const { GIT_SSH: program, GIT_SSH_COMMAND: command } = git.environment;
  const ssh = program === undefined ? quietSshCommand(command ?? (await git.configured('core.sshCommand', signal))) : undefined;
  const { exitCode, stdout, stderr } = await git.run(['push', '--porcelain', '--no-recurse-submodules', '--', remote, refspec], {
    signal,
    ...(ssh === undefined ? {} : { variables: { GIT_SSH_COMMAND: ssh } }),
  });
  return exitCode === 0 ? { outcome: 'pushed' } : pushFailure(remote, `${stdout.toString('utf8')}\n${stderr}`);
}

/** Why a push failed, from what it printed. */
export function pushFailure(remote: string, output: string): PushOutcome {
  const [, outcome, code] = CAUSES.find(([pattern]) => pattern.test(output)) ?? [undefined, 'failed' as const, 'push-failed'];
  const refusal = /\[remote rejected\].*\((.*)\)/.exec(output)?.[1];
  return { outcome, reason: { code, details: { remote, message: refusal ?? firstMessage(output) } } };
}
