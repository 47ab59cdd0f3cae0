import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { failure, firstMessage } from './commands.ts';
import type { RepositoryLayout } from './layout.ts';
import { findGitProgram, gitEnvironment, type GitOptions, safeConfiguration } from './program.ts';

/** What one git process gave. */
export interface BytesOutput {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Options of one call. */
export interface WriteOptions {
  readonly signal: AbortSignal;
  /** bytes for standard input; default: nothing */
  readonly input?: Uint8Array | string;
  readonly variables?: Readonly<Record<string, string>>;
}

const MAX_HOOK_MESSAGE = 2_000;
const FIRST_VERSION_WITH_HOOK_RUN = [2, 36] as const;
/** Variables of our own calls that would change what a hook's git commands do. */
interface HookOnly {
  readonly GIT_LITERAL_PATHSPECS?: string;
  readonly GIT_OPTIONAL_LOCKS?: string;
  readonly LC_ALL?: string;
}

/** Who commits may come from the environment, as for any git command. */
const IDENTITY = /^GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)$/;
const configuration = safeConfiguration.filter((entry) => !entry.startsWith('core.hooksPath=')).flatMap((entry) => ['-c', entry]);

/**
 * Runs git commands that write: with the user's hooks, filters, identity and signing, which {@link GitCommands} switches off, and with
 * bytes on standard input, which simple-git cannot. Arguments only; behind the gate of trust.
 */
export class WritingGit {
  readonly layout: RepositoryLayout;
  readonly #options: GitOptions;

  constructor(layout: RepositoryLayout, options: GitOptions) {
    this.layout = layout;
    this.#options = options;
  }

  /** The user's variables that say how a remote is reached over ssh. */
  get environment(): { readonly GIT_SSH?: string | undefined; readonly GIT_SSH_COMMAND?: string | undefined } {
    return this.#options.environment;
  }

  /** Runs git and gives its output, whatever its exit code. @throws AppError `workspace-untrusted`, `git-missing`; the signal's reason */
  run(args: readonly string[], options: WriteOptions): Promise<BytesOutput> {
    return this.#start([...configuration, ...args], { ...this.#environment(), ...options.variables }, options);
  }

  /** Standard output of a command that must succeed, as text. @throws AppError as {@link run}, `git-failed` */
  async text(args: readonly string[], options: WriteOptions): Promise<string> {
    return (await this.bytes(args, options)).toString('utf8');
  }

  /** Standard output of a command that must succeed. @throws AppError as {@link run}, `git-failed` */
  async bytes(args: readonly string[], options: WriteOptions): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await this.run(args, options);
    if (exitCode === 0) return stdout;
    throw failure(args[0] ?? 'git', exitCode, stderr, this.layout.root);
  }

  /** A configured value, undefined when there is none. @param type `bool` or `path`, as `git config --type` */
  async configured(name: string, signal: AbortSignal, type?: 'bool' | 'path'): Promise<string | undefined> {
    const { exitCode, stdout } = await this.run(['config', ...(type === undefined ? [] : [`--type=${type}`]), '--get', name], { signal });
    return exitCode === 0 ? stdout.toString('utf8').replace(/\n$/, '') : undefined;
  }

  /**
   * Runs a hook as `git commit` does (githooks(5)): in the top folder, without an editor, in the user's own environment.
   * @throws AppError `commit-hook-failed` with what it said, `git-hooks-too-old`
   */
  async hook(name: string, args: readonly string[], options: WriteOptions): Promise<void> {
    const path = (await this.text(['rev-parse', '--git-path', `hooks/${name}`], options)).trim();
    const version = /(\d+)\.(\d+)/.exec(await this.text(['version'], options));
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
    if (major < FIRST_VERSION_WITH_HOOK_RUN[0] || (major === FIRST_VERSION_WITH_HOOK_RUN[0] && minor < FIRST_VERSION_WITH_HOOK_RUN[1])) {
      if (!existsSync(resolve(this.layout.realRoot, path))) return;
      throw new AppError('git-hooks-too-old', { hook: name, version: version?.[0] ?? '?' });
    }
    const environment: Record<string, string | undefined> & HookOnly = { ...this.#environment(), ...options.variables, GIT_EDITOR: ':' };
    const { GIT_LITERAL_PATHSPECS: _pathspecs, GIT_OPTIONAL_LOCKS: _locks, LC_ALL: _language, ...kept } = environment;
    const language = this.#options.environment['LC_ALL'];
    const { exitCode, stdout, stderr } = await this.#start(
      ['hook', 'run', '--ignore-missing', name, ...(args.length === 0 ? [] : ['--', ...args])],
      language === undefined ? kept : { ...kept, LC_ALL: language },
      options,
    );
    if (exitCode === 0) return;
    const said = `${stdout.toString('utf8')}${stderr}`.trim();
    throw new AppError('commit-hook-failed', {
      hook: name,
      message: said === '' ? `exit code ${String(exitCode)}` : said.slice(-MAX_HOOK_MESSAGE),
    });
  }

  #environment(): Record<string, string> {
    const environment = gitEnvironment(this.#options.environment);
    for (const [name, value] of Object.entries(this.#options.environment))
      if (value !== undefined && IDENTITY.test(name)) environment[name] = value;
    return environment;
  }

  async #start(args: readonly string[], env: Record<string, string | undefined>, options: WriteOptions): Promise<BytesOutput> {
    if (!this.#options.isTrusted()) throw new AppError('workspace-untrusted');
    const program = await findGitProgram(this.#options);
    const { signal, input } = options;
    signal.throwIfAborted();
    return new Promise((done, reject) => {
      // A group of its own, so that a cancelled hook ends with its children.
      const isGroup = process.platform !== 'win32';
      const child = spawn(program, args, { cwd: this.layout.realRoot, env, stdio: 'pipe', windowsHide: true, detached: isGroup });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      const cancel = (): void => {
        if (child.pid === undefined) return;
        if (isGroup) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      };
      signal.addEventListener('abort', cancel, { once: true });
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      child.on('error', (error) => {
        signal.removeEventListener('abort', cancel);
        reject(new AppError('git-missing', { program }, { cause: error }));
      });
      child.on('close', (exitCode) => {
        signal.removeEventListener('abort', cancel);
        if (signal.aborted) reject(signal.reason as Error);
        else done({ exitCode: exitCode ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8') });
      });
    });
  }
}

/** What a signer or `commit-tree` said, as data. */
export function commitFailure(stderr: string): AppError {
  const isSigning = /sign|gpg|secret key/i.test(stderr);
  return new AppError(isSigning ? 'commit-sign-failed' : 'git-failed', { command: 'commit-tree', message: firstMessage(stderr) });
}
