import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, Limiter } from '../../base/async.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { firstMessage, GitCommands } from './commands.ts';
import { fetchFailure, quietSshCommand } from './fetch.ts';
import type { GitOptions } from './program.ts';
import { parseRepoSpec, type RepoSpec } from './repoSpec.ts';
import { GitRepository } from './repository.ts';
import type { RevisionTree } from './revisionTree.ts';

/** What {@link BareCache} is made of. */
export interface BareCacheOptions {
  /** asked at each use, since the path of git may change */
  readonly git: () => GitOptions;
  /** folder for the fetched repositories, made with mode 0700 */
  readonly folder: string;
  /** how long a branch or tag counts as unmoved, in ms; default one hour. A commit id never moves. */
  readonly maxAgeMs?: number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** The tree behind a Git URL of a kustomization. `digest` is the commit; `path` is the kustomization's folder in the tree. */
export interface FetchedTree {
  readonly kind: 'tree';
  readonly tree: RevisionTree;
  readonly path: string;
  readonly digest: string;
}

interface Opened {
  readonly repository: GitRepository;
  readonly commands: GitCommands;
  /** one fetch at a time: git locks its list of shallow commits */
  readonly turn: Limiter;
}

const HOUR = 3_600_000;
const DEFAULT_TIMEOUT_MS = 120_000;
const LOCK_RETRIES = 20;
const LOCK_WAIT_MS = 250;
const COMMIT_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const UNADVERTISED = /not our ref|unadvertised object|couldn't find remote ref|did not receive expected object/i;

/**
 * Remote Git bases: each repository is fetched with the user's own git into a folder of the cache that never gets a working tree, so no
 * filter and no hook runs. Every revision that was fetched stays, and is used when the remote cannot be reached.
 */
export class BareCache implements Disposable {
  readonly #options: BareCacheOptions;
  readonly #store = new DisposableStore();
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(options: BareCacheOptions) {
    this.#options = options;
  }

  /**
   * The tree that a URL names, fetched when it is not there yet or may have moved.
   * @param url as a kustomization has it, e.g. `https://github.com/org/repo//base?ref=v1`
   * @throws AppError `remote-failed` with `{url, problem}`, `workspace-untrusted`, `git-missing`
   */
  async resolve(url: string, signal: AbortSignal): Promise<FetchedTree> {
    const spec = parseRepoSpec(url);
    if (spec === undefined) throw new AppError('remote-failed', { url, problem: 'it is no Git URL that Kustomize takes' });
    const { ref = 'HEAD' } = spec;
    if (/^[-+^]|[\s:*?[\\~^]|\.\./.test(ref)) throw new AppError('remote-failed', { url, problem: `"${ref}" is no name of a revision` });
    const opened = await this.#open(spec.cloneUrl, signal);
    const commit = await opened.turn.run(() => this.#commit(opened, spec, url, signal), { signal });
    return { kind: 'tree', tree: await opened.repository.tree(commit, signal), path: spec.path, digest: commit };
  }

  dispose(): void {
    this.#store.dispose();
    this.#opened.clear();
  }

  async #commit(opened: Opened, spec: RepoSpec, url: string, signal: AbortSignal): Promise<string> {
    const { ref = 'HEAD' } = spec;
    const name = `refs/plumbline/${sha256(ref)}`;
    const kept = await found(opened.repository, COMMIT_ID.test(ref) ? ref : name, signal);
    const stamp = join(opened.repository.layout.gitDir, `fetched-${sha256(ref)}`);
    if (kept !== undefined && (COMMIT_ID.test(ref) || (await this.#isFresh(stamp)))) return kept;
    const startedAt = performance.now();
    try {
      const commit = await this.#fetch(opened, spec, ref, name, signal);
      await writeFile(stamp, String(Date.now()), { mode: 0o600 });
      this.#options.logger.info(`[remote] fetched a Git base commit=${commit} ms=${Math.round(performance.now() - startedAt)}`);
      return commit;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error, 'remote-failed')) throw error;
      if (kept === undefined) throw new AppError('remote-failed', { ...error.details, url }, { cause: error });
      this.#options.logger.warn(
        `[remote] a Git base could not be fetched, commit ${kept} of the cache is used: ${String(error.details['problem'])}`,
      );
      return kept;
    }
  }

  async #isFresh(stamp: string): Promise<boolean> {
    const at = Number(await readFile(stamp, 'utf8').catch(() => '0'));
    const age = Date.now() - at;
    return age >= 0 && age <= (this.#options.maxAgeMs ?? HOUR);
  }

  /** Only the commit asked for; all branches and tags when the server gives commits only with them. */
  async #fetch({ repository, commands }: Opened, spec: RepoSpec, ref: string, name: string, signal: AbortSignal): Promise<string> {
    const shallow = await this.#run(commands, spec, ['--depth=1'], [`+${ref}:${name}`], signal);
    if (shallow !== undefined) {
      if (!/^[0-9a-f]{7,64}$/.test(ref) || !UNADVERTISED.test(shallow)) throw new AppError('remote-failed', { problem: tell(shallow) });
      const everything = ['+refs/heads/*:refs/plumbline-all/heads/*', '+refs/tags/*:refs/plumbline-all/tags/*'];
      const failure = await this.#run(commands, spec, ['--depth=2147483647'], everything, signal);
      if (failure !== undefined) throw new AppError('remote-failed', { problem: tell(failure) });
    }
    const commit = await found(repository, shallow === undefined ? name : ref, signal);
    if (commit === undefined) throw new AppError('remote-failed', { problem: `it has no revision ${ref}` });
    if (shallow !== undefined) await commands.text(['update-ref', name, commit], { signal });
    return commit;
  }

  /** @returns what git wrote when it failed */
  async #run(
    commands: GitCommands,
    spec: RepoSpec,
    options: readonly string[],
    refspecs: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { environment } = this.#options.git();
    const configured = await commands.run(['config', '--get', 'core.sshCommand'], { signal });
    const ssh = quietSshCommand(environment['GIT_SSH_COMMAND'] ?? configured.stdout.trim());
    const timeoutMs = spec.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeout = AbortSignal.timeout(timeoutMs);
    const args = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...options, '--', spec.cloneUrl, ...refspecs];
    const variables = {
      GIT_ALLOW_PROTOCOL: environment['GIT_ALLOW_PROTOCOL'] ?? 'file:http:https:ssh',
      ...(ssh === undefined || environment['GIT_SSH'] !== undefined ? {} : { GIT_SSH_COMMAND: ssh }),
    };
    try {
      for (let tries = 0; ; tries += 1) {
        const { exitCode, stderr } = await commands.run(args, { signal: AbortSignal.any([signal, timeout]), variables });
        if (exitCode === 0) return undefined;
        // Another window may be fetching into the same folder.
        if (fetchFailure('', stderr).code !== 'git-busy' || tries >= LOCK_RETRIES) return stderr;
        await delay(LOCK_WAIT_MS, signal);
      }
    } catch (error) {
      if (signal.aborted || !timeout.aborted) throw error;
      return `no answer in ${String(timeoutMs / 1000)} s`;
    }
  }

  async #open(cloneUrl: string, signal: AbortSignal): Promise<Opened> {
    let opening = this.#opened.get(cloneUrl);
    if (opening === undefined) {
      opening = this.#make(cloneUrl, signal);
      this.#opened.set(cloneUrl, opening);
      opening.catch(() => this.#opened.delete(cloneUrl));
    }
    return opening;
  }

  async #make(cloneUrl: string, signal: AbortSignal): Promise<Opened> {
    const options = this.#options.git();
    const folder = join(this.#options.folder, sha256(cloneUrl));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const commands = new GitCommands(folder, options);
    // Repeated, `git init` changes nothing. No template: it could bring hooks.
    await commands.text(['init', '--quiet', '--template='], { signal });
    const repository = this.#store.add(await GitRepository.open(folder, options, signal));
    return { repository, commands, turn: new Limiter(1) };
  }
}

async function found(repository: GitRepository, revision: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await repository.resolve(revision, signal);
  } catch (error) {
    if (isAppError(error, 'git-revision-unknown')) return undefined;
    throw error;
  }
}

function tell(stderr: string): string {
  return firstMessage(stderr).replace(/\.$/, '');
}
