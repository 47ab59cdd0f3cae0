import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { raceWithSignal } from '../../base/async.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { BatchParser, type GitObject } from './batchParser.ts';
import { failure, type GitCommands } from './commands.ts';
import { gitEnvironment, type GitOptions, safeConfiguration } from './program.ts';

const IDLE_MS = 60_000;
const MAX_STDERR_CHARS = 10_000;

/** One request to the batch process. */
interface Pending {
  readonly name: string;
  readonly resolve: (object: GitObject | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One running `git cat-file --batch` and what it still owes. */
interface Batch {
  readonly child: ChildProcessWithoutNullStreams;
  readonly pending: Pending[];
}

/**
 * Reads objects through one long-lived `git cat-file --batch` (git-cat-file(1), "Batch output"). Starts it when needed, ends
 * it after a minute without requests so that it does not hold pack files open, and starts it again after a crash.
 */
export class ObjectReader implements Disposable {
  readonly #commands: GitCommands;
  readonly #folder: string;
  readonly #options: GitOptions;
  readonly #maxBytes: number;
  #batch: Promise<Batch> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isDisposed = false;

  /** @param maxBytes larger objects are refused with `file-too-large` */
  constructor(commands: GitCommands, folder: string, options: GitOptions, maxBytes: number) {
    this.#commands = commands;
    this.#folder = folder;
    this.#options = options;
    this.#maxBytes = maxBytes;
  }

  /**
   * One object by its id, or by `<commit>^{tree}`.
   * @returns undefined when the repository has no such object
   * @throws AppError `file-too-large`, `git-failed` (e.g. a partial clone that cannot fetch it), `workspace-untrusted`, `git-missing`
   */
  async read(name: string, signal?: AbortSignal): Promise<GitObject | undefined> {
    if (!/^[0-9a-f]{40,64}(\^\{(tree|commit)\})?$/.test(name)) throw new AppError('git-revision-unknown', { revision: name });
    const result = this.#request(name).catch((error: unknown) => {
      if (isAppError(error, 'git-interrupted')) return this.#request(name);
      throw error;
    });
    return signal === undefined ? result : raceWithSignal(result, signal);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#end();
  }

  async #request(name: string): Promise<GitObject | undefined> {
    if (this.#isDisposed) throw new AppError('git-closed');
    this.#batch ??= this.#start();
    const starting = this.#batch;
    let batch: Batch;
    try {
      batch = await starting;
    } catch (error) {
      if (this.#batch === starting) this.#batch = undefined;
      throw error;
    }
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      batch.pending.push({ name, resolve, reject });
      batch.child.stdin.write(`${name}\n`);
    });
  }

  async #start(): Promise<Batch> {
    const program = await this.#commands.program();
    const configuration = safeConfiguration.flatMap((entry) => ['-c', entry]);
    const child = spawn(program, [...configuration, 'cat-file', '--batch'], {
      cwd: this.#folder,
      env: gitEnvironment(this.#options.environment),
      stdio: 'pipe',
      windowsHide: true,
    });
    const pending: Pending[] = [];
    let stderr = '';
    const parser = new BatchParser(this.#maxBytes, (result) => {
      const request = pending.shift();
      if (result.kind === 'too-large') {
        request?.reject(new AppError('file-too-large', { size: result.size, limit: this.#maxBytes, file: request.name }));
      } else request?.resolve(result.kind === 'missing' ? undefined : result.object);
      if (pending.length === 0) this.#endWhenIdle();
    });
    const fail = (error: unknown): void => {
      if (this.#batch === started) this.#batch = undefined;
      for (const request of pending.splice(0)) request.reject(error);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      parser.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (stderr.length < MAX_STDERR_CHARS) stderr += chunk;
    });
    // A write to a process that just died also ends in `close`, with the reason.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      fail(new AppError('git-missing', { program }, { cause: error }));
    });
    child.on('close', (exitCode) => {
      if (exitCode === null || exitCode === 0) fail(new AppError('git-interrupted'));
      else fail(failure('cat-file', exitCode, stderr, this.#folder));
    });
    const started = this.#batch;
    return { child, pending };
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#end();
    }, IDLE_MS).unref();
  }

  #end(): void {
    clearTimeout(this.#idle);
    const batch = this.#batch;
    this.#batch = undefined;
    // The end of its input ends the process after it answered what is still open; a start that failed has nothing to end.
    batch?.then(
      ({ child }) => {
        child.stdin.end();
      },
      () => undefined,
    );
  }
}
