import type { Reason } from '../model/states.ts';
import { firstMessage } from './commands.ts';

/** What standard error of `git fetch` (in English, LC_ALL=C) tells of the cause, first match first. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/cannot lock ref|Unable to create '.*\.lock'|File exists/, 'git-busy'],
  [
    /could not read (Username|Password)|Authentication failed|Permission denied|Host key verification failed|terminal prompts disabled|Invalid username|The requested URL returned error: 40[13]/,
    'git-fetch-sign-in',
  ],
  [
    /Could not resolve (host|hostname)|Failed to connect|Connection (refused|reset|timed out|closed)|Network is unreachable|Operation timed out|SSL|certificate|The requested URL returned error: 5/i,
    'git-fetch-unreachable',
  ],
  [
    /does not appear to be a git repository|Repository not found|repository '.*' not found|does not exist|The requested URL returned error: 404/,
    'git-fetch-no-repository',
  ],
];

/** Why a fetch failed. */
export function fetchFailure(remote: string, stderr: string): Reason {
  const code = CAUSES.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'git-fetch-failed';
  return { code, details: { remote, message: firstMessage(stderr) } };
}

/**
 * The ssh command that asks no question: the user's own with BatchMode.
 * @param configured `GIT_SSH_COMMAND` or `core.sshCommand`
 * @returns undefined when another program than OpenSSH is configured, which would not know the option
 */
export function quietSshCommand(configured: string | undefined): string | undefined {
  if (configured === undefined || configured.trim() === '') return 'ssh -oBatchMode=yes';
  return /(^|[/\\\s"'])ssh(\.exe)?["']?(\s|$)/.test(configured) ? `${configured} -oBatchMode=yes` : undefined;
}
