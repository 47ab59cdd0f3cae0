import { raceWithSignal } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { realpath } from 'node:fs/promises';
import type { Reason } from '../model/states.ts';
import { GitCommands } from './commands.ts';
import { parseCommit } from './commit.ts';
import { fetchFailure, quietSshCommand } from './fetch.ts';
import { findLayout, type RepositoryLayout } from './layout.ts';
import { ObjectReader } from './objectReader.ts';
import { ObjectStore } from './objectStore.ts';
import { fetchedAtMs, isIndexLocked, operationIn } from './operation.ts';
import type { GitOptions } from './program.ts';
import { findTarget, parseRefs, refFormat, type RefSnapshot, shortRefName, upstreamOf } from './refs.ts';
import { changedFiles, RevisionTree, rootTreeOf } from './revisionTree.ts';
import { type CommitInfo, type EditKind, type Head, type RepositoryState, type Target } from './state.ts';
import { parseStatus } from './status.ts';

const MAX_OBJECT_BYTES = 32 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 120_000;
const MAX_CACHED_COUNTS = 1_000;
const MIN_GIT_VERSION = [2, 25] as const;

/**
 * One repository: its state, the commits that matter, and trees of revisions. Reads only; every call starts from what is on
 * disk now. Where a process starts stands the gate of trust: `workspace-untrusted` may be thrown by every method.
 */
export class GitRepository implements Disposable {
  readonly layout: RepositoryLayout;
  readonly #commands: GitCommands;
  readonly #reader: ObjectReader;
  readonly #store: ObjectStore;
  readonly #environment: GitOptions['environment'];
  readonly #closed = new AbortController();
  readonly #counts = new Map<string, Promise<{ ahead: number; behind: number }>>();
  #snapshot: Promise<RefSnapshot> | undefined;

  constructor(layout: RepositoryLayout, options: GitOptions) {
    this.layout = layout;
    this.#environment = options.environment;
    this.#commands = new GitCommands(layout.realRoot, options);
    this.#reader = new ObjectReader(this.#commands, layout.realRoot, options, MAX_OBJECT_BYTES);
    this.#store = new ObjectStore(this.#reader, layout.objectFormat);
  }

  /**
   * Opens the repository that a folder belongs to and checks that git can work with it.
   * @throws AppError `git-not-a-repository`, `git-missing`, `git-too-old`, `git-dubious-ownership`, `git-worktree-elsewhere`, `workspace-untrusted`
   */
  static async open(folder: string, options: GitOptions, signal: AbortSignal): Promise<GitRepository> {
    const layout = await findLayout(folder);
    if (layout === undefined) throw new AppError('git-not-a-repository', { folder });
    const repository = new GitRepository(layout, options);
    try {
      await repository.#check(signal);
      return repository;
    } catch (error) {
      repository.dispose();
      throw error;
    }
  }

  /** Absolute path of the working tree's top folder, as it was opened. */
  get root(): string {
    return this.layout.root;
  }

  /** What is checked out, where it stands against its upstream, and what is in the way. */
  async state(signal: AbortSignal): Promise<RepositoryState> {
    const [snapshot, shallow, operation, isLocked] = await Promise.all([
      this.#refs(signal),
      this.#commands.text(['rev-parse', '--is-shallow-repository'], { signal }),
      operationIn(this.layout),
      isIndexLocked(this.layout),
    ]);
    const { head, remotes, refs } = snapshot;
    const upstream = head.kind === 'detached' ? undefined : upstreamOf(snapshot, head.branch);
    const counts = head.kind === 'branch' && upstream !== undefined ? await this.#count(head.commit, upstream.commit, signal) : undefined;
    const fetched = await fetchedAtMs(this.layout, remotes);
    const problems: Reason[] = [];
    if (head.kind === 'unborn') problems.push({ code: 'git-no-commits', details: { branch: head.branch } });
    if (operation !== undefined) problems.push({ code: 'git-operation', details: { operation } });
    else if (head.kind === 'detached') problems.push({ code: 'git-detached', details: { commit: head.commit } });
    if (isLocked) problems.push({ code: 'git-index-locked', details: {} });
    const configured = head.kind === 'branch' ? refs.get(`refs/heads/${head.branch}`)?.upstream : undefined;
    if (head.kind === 'branch' && configured !== undefined && !refs.has(configured)) {
      problems.push({ code: 'git-upstream-gone', details: { branch: head.branch, upstream: shortRefName(configured) } });
    }
    return {
      head,
      ...(upstream !== undefined && { upstream: shortRefName(upstream.name) }),
      ...counts,
      ...(operation !== undefined && { operation }),
      isIndexLocked: isLocked,
      isShallow: shallow.trim() === 'true',
      ...(fetched !== undefined && { fetchedAtMs: fetched }),
      remotes,
      problems,
    };
  }

  /**
   * The commit that an owner would apply: the branch at its upstream; without any upstream the local branch.
   * @param branch branch of an environment; undefined: the checked-out one
   * @throws AppError `git-no-commits`, `git-branch-not-found`
   */
  async target(branch: string | undefined, signal: AbortSignal): Promise<Target> {
    const snapshot = await this.#refs(signal);
    const found = findTarget(snapshot, branch);
    const counts =
      snapshot.head.kind === 'unborn' ? { ahead: 0, behind: 0 } : await this.#count(snapshot.head.commit, found.commit, signal);
    return { ...found, ...counts };
  }

  /**
   * The full commit id of a revision: id, branch, tag, `HEAD~2` ... (gitrevisions(7)).
   * @throws AppError `git-revision-unknown`
   */
  async resolve(revision: string, signal: AbortSignal): Promise<string> {
    if (revision === '' || revision.startsWith('-') || /[\0\n]/.test(revision)) throw new AppError('git-revision-unknown', { revision });
    const args = ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`];
    const { exitCode, stdout } = await this.#commands.run(args, { signal });
    const id = stdout.trim().split('\n').at(-1) ?? '';
    if (exitCode !== 0 || !/^[0-9a-f]{40,64}$/.test(id)) throw new AppError('git-revision-unknown', { revision });
    return id;
  }

  /**
   * The files of a commit.
   * @param commit full commit id
   * @throws AppError `git-revision-unknown`
   */
  async tree(commit: string, signal: AbortSignal): Promise<RevisionTree> {
    return new RevisionTree(this.#store, commit, await rootTreeOf(this.#store, commit, signal));
  }

  /** @param id full commit id. @throws AppError `git-revision-unknown` */
  async commit(id: string, signal: AbortSignal): Promise<CommitInfo> {
    const object = await this.#store.object(id, signal);
    if (object?.type !== 'commit') throw new AppError('git-revision-unknown', { revision: id });
    return parseCommit(object);
  }

  /** Paths of the files whose blobs differ between two commits, sorted. */
  async changedPaths(from: string, to: string, signal: AbortSignal): Promise<readonly string[]> {
    const [left, right] = await Promise.all([rootTreeOf(this.#store, from, signal), rootTreeOf(this.#store, to, signal)]);
    return raceWithSignal(changedFiles(this.#store, left, right), signal);
  }

  /**
   * How many commits are reachable from `to` and not from `from`.
   * @param paths only commits that touch any of these files or folders; empty: all
   */
  async countCommits(from: string, to: string, paths: readonly string[], signal: AbortSignal): Promise<number> {
    const args = ['rev-list', '--count', '--end-of-options', `${from}..${to}`, '--', ...pathspecs(paths)];
    return Number(await this.#commands.text(args, { signal }));
  }

  /** The newest commit of a revision that touched any of the paths (all when empty), or undefined. */
  async lastCommit(revision: string, paths: readonly string[], signal: AbortSignal): Promise<CommitInfo | undefined> {
    const id = await this.resolve(revision, signal);
    const args = ['rev-list', '--max-count=1', '--end-of-options', id, '--', ...pathspecs(paths)];
    const found = (await this.#commands.text(args, { signal })).trim();
    return found === '' ? undefined : this.commit(found, signal);
  }

  /**
   * The commit that last changed one line, or undefined when there is no such line.
   * @param commit full commit id whose text the line counts in
   * @param line 0-based
   */
  async lineCommit(commit: string, path: string, line: number, signal: AbortSignal): Promise<CommitInfo | undefined> {
    const at = `${String(line + 1)},${String(line + 1)}`;
    const { exitCode, stdout } = await this.#commands.run(['blame', '--porcelain', '-L', at, commit, '--', path], { signal });
    const id = /^([0-9a-f]{40,64}) /.exec(stdout)?.[1];
    return exitCode !== 0 || id === undefined ? undefined : this.commit(id, signal);
  }

  /**
   * Files on disk that differ from HEAD, staged or not. Clean filters do not run. Unsaved buffers: {@link WorkingTree.unsavedPaths}.
   * @param paths files and folders to look at; empty: all
   */
  async editedPaths(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, EditKind>> {
    const args = ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=all', '--no-renames', '--'];
    const configuration = await this.#filtersOff(signal);
    return parseStatus(await this.#commands.text([...args, ...pathspecs(paths)], { signal, configuration }));
  }

  /**
   * Asks a remote for its branches, without prompting for anything.
   * @param remote undefined: the one that the upstream is at, else `origin`
   * @returns why it failed, or undefined: `git-fetch-sign-in`, `git-fetch-unreachable`, `git-fetch-no-repository`, `git-busy`, `git-no-remote`, `git-fetch-failed`
   */
  async fetch(signal: AbortSignal, remote?: string): Promise<Reason | undefined> {
    const name = remote ?? (await this.#defaultRemote(signal));
    if (name === undefined || name.startsWith('-')) return { code: 'git-no-remote', details: {} };
    const configured = await this.#commands.run(['config', '--get', 'core.sshCommand'], { signal });
    const ssh = quietSshCommand(this.#environment['GIT_SSH_COMMAND'] ?? configured.stdout.trim());
    const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS);
    try {
      const { exitCode, stderr } = await this.#commands.run(['fetch', '--quiet', '--no-recurse-submodules', '--', name], {
        signal: AbortSignal.any([signal, timeout]),
        variables: ssh === undefined || this.#environment['GIT_SSH'] !== undefined ? {} : { GIT_SSH_COMMAND: ssh },
      });
      return exitCode === 0 ? undefined : fetchFailure(name, stderr);
    } catch (error) {
      if (signal.aborted || !timeout.aborted) throw error;
      return { code: 'git-fetch-unreachable', details: { remote: name, message: `no answer in ${String(FETCH_TIMEOUT_MS / 1000)} s` } };
    }
  }

  dispose(): void {
    this.#closed.abort();
    this.#reader.dispose();
  }

  async #check(signal: AbortSignal): Promise<void> {
    const version = /(\d+)\.(\d+)/.exec(await this.#commands.text(['version'], { signal }));
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
    if (major < MIN_GIT_VERSION[0] || (major === MIN_GIT_VERSION[0] && minor < MIN_GIT_VERSION[1])) {
      throw new AppError('git-too-old', { version: version?.[0] ?? '?', needed: MIN_GIT_VERSION.join('.') });
    }
    const top = (await this.#commands.text(['rev-parse', '--show-toplevel'], { signal })).replace(/\r?\n$/, '');
    if ((await realpath(top)) !== this.layout.realRoot)
      throw new AppError('git-worktree-elsewhere', { folder: this.layout.root, elsewhere: top });
  }

  /** All branches now; callers at the same time share one look. */
  async #refs(signal: AbortSignal): Promise<RefSnapshot> {
    this.#snapshot ??= this.#readRefs(this.#closed.signal).finally(() => {
      this.#snapshot = undefined;
    });
    return raceWithSignal(this.#snapshot, signal);
  }

  async #readRefs(signal: AbortSignal): Promise<RefSnapshot> {
    const [symbolic, commit, refs, remotes] = await Promise.all([
      this.#commands.run(['symbolic-ref', '--quiet', 'HEAD'], { signal }),
      this.#commands.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { signal }),
      this.#commands.text(['for-each-ref', `--format=${refFormat}`, 'refs/heads', 'refs/remotes'], { signal }),
      this.#commands.text(['remote'], { signal }),
    ]);
    const branch = symbolic.stdout.trim().replace(/^refs\/heads\//, '');
    const id = commit.stdout.trim();
    const names = remotes.split('\n').filter((name) => name !== '');
    let head: Head;
    if (id === '') head = { kind: 'unborn', branch };
    else head = branch === '' ? { kind: 'detached', commit: id } : { kind: 'branch', branch, commit: id };
    return {
      head,
      refs: parseRefs(refs),
      remotes: [...names.filter((name) => name === 'origin'), ...names.filter((name) => name !== 'origin')],
    };
  }

  /** Commits that only `left` has, and only `right`. Cached: both are commit ids. */
  async #count(left: string, right: string, signal: AbortSignal): Promise<{ ahead: number; behind: number }> {
    if (left === right) return { ahead: 0, behind: 0 };
    const key = `${left}...${right}`;
    let counting = this.#counts.get(key);
    if (counting === undefined) {
      counting = this.#commands.text(['rev-list', '--left-right', '--count', key, '--'], { signal: this.#closed.signal }).then((output) => {
        const [ahead = 0, behind = 0] = output.trim().split(/\s+/).map(Number);
        return { ahead, behind };
      });
      if (this.#counts.size >= MAX_CACHED_COUNTS) this.#counts.clear();
      this.#counts.set(key, counting);
      counting.catch(() => this.#counts.delete(key));
    }
    return raceWithSignal(counting, signal);
  }

  async #defaultRemote(signal: AbortSignal): Promise<string | undefined> {
    const { head, refs, remotes } = await this.#refs(signal);
    const upstream = head.kind === 'branch' ? refs.get(`refs/heads/${head.branch}`)?.upstream : undefined;
    return remotes.find((remote) => upstream?.startsWith(`refs/remotes/${remote}/`) === true) ?? remotes[0];
  }

  /** Configuration that empties every filter that any configuration file defines (convert.c: an empty command is no filter). */
  async #filtersOff(signal: AbortSignal): Promise<readonly string[]> {
    const { stdout } = await this.#commands.run(
      ['config', '--name-only', '-z', '--get-regexp', '^filter\\..*\\.(clean|smudge|process|required)$'],
      { signal },
    );
    const names = new Set(
      stdout
        .split('\0')
        .map((key) => /^filter\.(.*)\.[a-z]+$/s.exec(key)?.[1] ?? '')
        .filter((name) => name !== ''),
    );
    return [...names].flatMap((name) => [
      `filter.${name}.clean=`,
      `filter.${name}.smudge=`,
      `filter.${name}.process=`,
      `filter.${name}.required=false`,
    ]);
  }
}

/** Paths as git takes them after `--` (taken literally: GIT_LITERAL_PATHSPECS); the root is '.', relative to the working folder. */
function pathspecs(paths: readonly string[]): readonly string[] {
  return paths.map((path) => (path === '' ? '.' : path));
}
