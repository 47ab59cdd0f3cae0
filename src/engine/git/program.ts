import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { AppError } from '../../base/errors.ts';

/** What every start of git needs. */
export interface GitOptions {
  /** absolute path of the git program; undefined: the first on PATH */
  readonly gitPath?: string;
  /** asked at each start of a process; false refuses it with `workspace-untrusted` */
  readonly isTrusted: () => boolean;
  /** the complete environment for git, e.g. `{...process.env, ...loginShell}` */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Variables of Git that a user sets for the connection or for finding the configuration; all others name another repository or a program. */
const KEPT_GIT_VARIABLES =
  /^GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*|PROXY_SSL_.*|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|EXEC_PATH|ALLOW_PROTOCOL|CEILING_DIRECTORIES)$/;
const DROPPED_VARIABLES = /^(EDITOR|VISUAL|PAGER|PREFIX|SSH_ASKPASS|LC_ALL|LANGUAGE)$/i;

/**
 * The environment of a git process: nothing that points it at another repository, opens an editor or asks a question.
 * @param base the user's environment
 */
export function gitEnvironment(base: GitOptions['environment']): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || DROPPED_VARIABLES.test(name)) continue;
    if (name.toUpperCase().startsWith('GIT_') && !KEPT_GIT_VARIABLES.test(name.toUpperCase())) continue;
    environment[name] = value;
  }
  return {
    ...environment,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GCM_INTERACTIVE: 'never',
    SSH_ASKPASS_REQUIRE: 'never',
  };
}

/** Configuration that stands over any other, so that reading a repository starts no program that it names. */
export const safeConfiguration: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.askPass=',
  'core.pager=cat',
  'core.quotePath=false',
  'log.showSignature=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'submodule.recurse=false',
];

/**
 * Absolute path of the git program. Found here and not by the system, since Windows looks into the current folder (the repo) first.
 * @throws AppError `git-missing`
 */
export async function findGitProgram(options: GitOptions): Promise<string> {
  if (options.gitPath !== undefined) {
    if (isAbsolute(options.gitPath) && (await isProgram(options.gitPath))) return options.gitPath;
    throw new AppError('git-missing', { program: options.gitPath });
  }
  const name = process.platform === 'win32' ? 'git.exe' : 'git';
  const path = options.environment['PATH'] ?? options.environment['Path'] ?? '';
  for (const folder of path.split(delimiter)) {
    if (isAbsolute(folder) && (await isProgram(join(folder, name)))) return join(folder, name);
  }
  throw new AppError('git-missing', { program: 'git' });
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
