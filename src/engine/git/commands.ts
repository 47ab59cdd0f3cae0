import { simpleGit } from 'simple-git';
import { Limiter, raceWithSignal } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import { findGitProgram, gitEnvironment, type GitOptions, safeConfiguration } from './program.ts';

/** What one git process printed. */
export interface GitOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** `name=value` on top of {@link safeConfiguration} */
  readonly configuration?: readonly string[];
  /** variables on top of {@link gitEnvironment} */
  readonly variables?: Readonly<Record<string, string>>;
}

const CONCURRENT_PROCESSES = 4;

/** Runs single git commands in one folder through simple-git: arguments only, hardened, behind the gate of trust. */
export class GitCommands {
  readonly #folder: string;
  readonly #options: GitOptions;
  readonly #limiter = new Limiter(CONCURRENT_PROCESSES);
  #program: Promise<string> | undefined;

  /** @param folder working folder of the processes */
  constructor(folder: string, options: GitOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * The program to start, when starting is allowed now.
   * @throws AppError `workspace-untrusted`, `git-missing`
   */
  async program(): Promise<string> {
    if (!this.#options.isTrusted()) throw new AppError('workspace-untrusted');
    this.#program ??= findGitProgram(this.#options);
    try {
      return await this.#program;
    } catch (error) {
      this.#program = undefined;
      throw error;
    }
  }

  /**
   * Runs git and gives its output, whatever its exit code.
   * @throws AppError `workspace-untrusted`, `git-missing`; the signal's reason
   */
  async run(args: readonly string[], options: CallOptions): Promise<GitOutput> {
    return this.#limiter.run(async () => this.#start(await this.program(), args, options), { signal: options.signal });
  }

  /**
   * Standard output of a command that must succeed.
   * @throws AppError as {@link run}, `git-dubious-ownership`, `git-failed`
   */
  async text(args: readonly string[], options: CallOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args, options);
    if (exitCode === 0) return stdout;
    throw failure(args[0] ?? 'git', exitCode, stderr, this.#folder);
  }

  async #start(program: string, args: readonly string[], options: CallOptions): Promise<GitOutput> {
    const environment = { ...gitEnvironment(this.#options.environment), ...options.variables };
    let exitCode = 0;
    let stderr = '';
    let startError: Error | undefined;
    const git = simpleGit({
      baseDir: this.#folder,
      binary: program,
      abort: options.signal,
      config: [...safeConfiguration, ...(options.configuration ?? [])],
      allowEnvironment: Object.keys(environment).filter((name) => name.toUpperCase().startsWith('GIT_')),
      unsafe: {
        allowUnsafeCustomBinary: true,
        // The values are ours (safeConfiguration), or the user's own environment.
        allowUnsafeHooksPath: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeAskPass: true,
        allowUnsafePager: true,
        allowUnsafeFilter: true,
        allowUnsafeSshCommand: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeExec: true,
        allowUnsafeTemplateDir: true,
      },
      errors(error, result) {
        exitCode = result.exitCode;
        stderr = Buffer.concat(result.stdErr).toString('utf8');
        // simple-git reports a program that cannot be started as an exit below 0.
        if (exitCode < 0) startError = error instanceof Error ? error : new Error(stderr);
        return undefined;
      },
    }).env(environment);
    try {
      // simple-git waits for the end of the output, which a killed git's own children may hold open.
      const stdout = await raceWithSignal(Promise.resolve(git.raw([...args])), options.signal);
      if (startError !== undefined) throw new AppError('git-missing', { program }, { cause: startError });
      return { exitCode, stdout, stderr };
    } catch (error) {
      options.signal.throwIfAborted();
      throw error;
    }
  }
}

/**
 * The failure of a git command as data.
 * @param command its first argument
 */
export function failure(command: string, exitCode: number, stderr: string, folder: string): AppError {
  if (stderr.includes('detected dubious ownership')) return new AppError('git-dubious-ownership', { folder });
  if (stderr.includes('not a git repository')) return new AppError('git-not-a-repository', { folder });
  return new AppError('git-failed', { command, exitCode, message: firstMessage(stderr) });
}

/** The first telling line of what git wrote to standard error, without user names and passwords of URLs. */
export function firstMessage(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const line = lines.find((text) => /^(fatal|error):/.test(text)) ?? lines.find((text) => text !== '') ?? '';
  return line.replace(/^(fatal|error): /, '').replaceAll(/(\w+:\/\/)[^/\s@']+@/g, '$1');
}
