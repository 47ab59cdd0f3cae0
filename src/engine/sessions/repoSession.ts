import { resolve } from 'node:path';
import { type BackgroundRunner, raceWithSignal, Throttler } from '../../base/async.ts';
import { Emitter } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import { ApplicationFinder, type ChosenDestinations, type FoundApplications } from '../apps/applications.ts';
import type { FileLink } from '../apps/fileLinks.ts';
import { findLayout, type RepositoryLayout } from '../git/layout.ts';
import type { GitOptions } from '../git/program.ts';
import { recoverMoves } from '../git/moveJournal.ts';
import { GitRepository } from '../git/repository.ts';
import type { RepositoryState, Target } from '../git/state.ts';
import { type RepositoryChange, RepositoryWatcher } from '../git/watcher.ts';
import { WorkingTree } from '../git/workingTree.ts';
import { WritingGit } from '../git/writingGit.ts';
import type { Environment } from '../model/application.ts';
import { reasonOf } from '../model/reasons.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { RepoRow } from '../model/snapshot.ts';
import type { Reason } from '../model/states.ts';

/** What became different in a repo. */
export interface RepoChange {
  /** commits or branches moved: targets have to be looked up again */
  readonly revisions: boolean;
  /** definitions of applications changed */
  readonly applications: boolean;
  /** changed files relative to the root; folders stand for all below */
  readonly paths: readonly string[];
}

/** How a repo is read, and what stands in for its parts. */
export interface RepoSessionOptions {
  readonly git: GitOptions;
  readonly background: BackgroundRunner;
  readonly chosenDestinations: () => ChosenDestinations;
  /** stands in for target: a commit, branch or tag, or `working tree` */
  readonly revision?: string;
  /** a folder without any repository is opened all the same; its only side is the working tree */
  readonly allowPlainFolder?: boolean;
}

/** What an application is compared with: the commit, and its files. */
export interface TargetSide {
  readonly target: Target;
  readonly tree: SourceTree;
}

const workingTreeName = 'working tree';

const nothingFound: FoundApplications = { hasConfig: false, environments: [], applications: [], problems: [], rules: [] };

/** One config repo: its Git state, its working tree with unsaved buffers, and the applications found in it. */
export class RepoSession implements Disposable {
  readonly root: string;
  readonly workingTree: WorkingTree;
  readonly #options: RepoSessionOptions;
  readonly #finder: ApplicationFinder;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<RepoChange>());
  readonly #layout: RepositoryLayout;
  readonly #update: Throttler;
  /** a folder without a repository */
  readonly #isPlain: boolean;
  #pendingPaths = new Set<string>();
  #pendingRevisions = true;
  /** files on disk, the index or HEAD changed since Git was asked what is edited */
  #pendingStatus = true;
  #pendingAll = true;
  /** who waits for the next reading to end */
  #rereads: ((value: undefined) => void)[] = [];
  #git: GitRepository | undefined;
  #state: RepositoryState | undefined;
  #found = nothingFound;
  #edited: ReadonlySet<string> = new Set();
  #editedOnDisk: readonly string[] = [];
  /** by branch; for as long as no ref moves */
  readonly #targets = new Map<string | undefined, Promise<TargetSide>>();
  #gitProblem: Reason | undefined;
  #watchProblem: Reason | undefined;
  #isGone = false;

  /** Fires after every change that was taken in. */
  readonly onDidChange = this.#changed.event;

  private constructor(layout: RepositoryLayout, isPlain: boolean, options: RepoSessionOptions) {
    this.root = layout.root;
    this.#isPlain = isPlain;
    this.#layout = layout;
    this.#options = options;
    this.workingTree = new WorkingTree(layout);
    this.#finder = new ApplicationFinder(layout.root);
    this.#update = new Throttler(options.background, `read ${layout.root}`, (signal) => this.#takeIn(signal));
  }

  /** The session of the repository that a folder belongs to, or undefined when there is none. Starts no process. */
  static async open(folder: string, options: RepoSessionOptions): Promise<RepoSession | undefined> {
    const layout = await findLayout(folder);
    if (layout !== undefined) return new RepoSession(layout, false, options);
    if (options.allowPlainFolder !== true) return undefined;
    const root = resolve(folder);
    return new RepoSession({ root, realRoot: root, gitDir: '', commonDir: '', objectFormat: 'sha1' }, true, options);
  }

  /** Reads everything once and watches from then on. */
  async start(signal: AbortSignal): Promise<void> {
    if (!this.#isPlain) await this.#watch();
    await this.#takeIn(signal);
  }

  async #watch(): Promise<void> {
    const watcher = this.#store.add(
      new RepositoryWatcher(this.#layout, (reason) => {
        this.#watchProblem = reason;
        this.#changed.fire({ revisions: false, applications: false, paths: [] });
      }),
    );
    this.#store.add(
      watcher.onChange((change) => {
        this.#note(change);
      }),
    );
    await watcher.start();
  }

  /** Whether its folder or Git's was taken away; it does not come back, another session may. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get git(): GitRepository | undefined {
    return this.#git;
  }

  get found(): FoundApplications {
    return this.#found;
  }

  /** A declared environment by its name. */
  environment(name: string | undefined): Environment | undefined {
    return this.#found.environments.find((environment) => environment.name === name);
  }

  /** Last fetch of the upstream, epoch milliseconds. */
  get fetchedAtMs(): number | undefined {
    return this.#state?.fetchedAtMs;
  }

  /** Whether one of these files is edited: unsaved, unstaged, staged or untracked. */
  isEdited(paths: Iterable<string>): boolean {
    for (const path of paths) if (this.#edited.has(path)) return true;
    return false;
  }

  /** Edited files below a folder, also new ones that no render has read yet. */
  hasEditsBelow(folder: string): boolean {
    const prefix = folder === '' ? '' : `${folder}/`;
    return [...this.#edited].some((path) => path.startsWith(prefix));
  }

  /**
   * The commit that the owner of an application applies, with its files.
   * @throws AppError `workspace-untrusted`, `git-missing`, `git-no-commits`, `git-branch-not-found` ...
   */
  target(branch: string | undefined, signal: AbortSignal): Promise<TargetSide> {
    const known = this.#targets.get(branch);
    if (known !== undefined) return known;
    const found = this.#findTarget(branch, signal);
    this.#targets.set(branch, found);
    // A failure is asked again: trust may have been granted, git installed, the branch fetched.
    found.catch(() => this.#targets.delete(branch));
    return found;
  }

  async #findTarget(branch: string | undefined, signal: AbortSignal): Promise<TargetSide> {
    const { revision } = this.#options;
    if (this.#isPlain || revision === workingTreeName) {
      const target: Target = { name: workingTreeName, ref: '', commit: '', isUpstream: false, ahead: 0, behind: 0 };
      return { target, tree: this.workingTree };
    }
    const git = await this.repository(signal);
    if (revision === undefined) {
      const target = await git.target(branch, signal);
      return { target, tree: await git.tree(target.commit, signal) };
    }
    const commit = await git.resolve(revision, signal);
    return {
      target: { name: revision, ref: revision, commit, isUpstream: false, ahead: 0, behind: 0 },
      tree: await git.tree(commit, signal),
    };
  }

  /** Git of this repo. A commit that a killed process left half done is finished or undone first. @throws AppError `workspace-untrusted`, `git-missing` ... */
  async repository(signal: AbortSignal): Promise<GitRepository> {
    if (this.#git === undefined) {
      this.#git = this.#store.add(await GitRepository.open(this.root, this.#options.git, signal));
      this.#options.background.run(`finish commits in ${this.root}`, async (running) => {
        await recoverMoves(this.writing, running);
      });
    }
    return this.#git;
  }

  /** Git with the user's hooks and signing, for commits. Starts no process. */
  get writing(): WritingGit {
    return new WritingGit(this.#layout, this.#options.git);
  }

  /** Lays the text of an open editor over a file (absolute path inside the root), or takes it away. */
  setBuffer(path: string, text: string | undefined): void {
    this.workingTree.setBuffer(path, text);
    this.#pendingPaths.add(path);
    this.#update.request();
  }

  /** Fetches the upstream without prompting; the reason of a failure is returned. */
  async fetch(signal: AbortSignal): Promise<Reason | undefined> {
    const git = await this.repository(signal);
    if (this.#state?.remotes.length === 0) return undefined;
    return git.fetch(signal);
  }

  /**
   * Reads the state of Git anew, as a user asks.
   * @param isAll also what the watcher would have told of: after trust was granted or settings changed
   */
  refresh(isAll: boolean): void {
    if (isAll) this.#pendingAll = true;
    this.#pendingRevisions = true;
    this.#pendingStatus = true;
    this.#update.request();
  }

  /** As {@link refresh}, and resolves when what was read is taken in and told: commits or branches were just moved. */
  async reread(signal: AbortSignal): Promise<void> {
    this.refresh(false);
    await this.#takenIn(signal);
  }

  /** Resolves when what changed until now is read, taken in and told. */
  async #takenIn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#rereads.push(resolve);
    this.#update.request();
    await raceWithSignal(promise, signal);
  }

  /** Which files of the working tree name which others, unsaved edits included: by file. */
  async links(): Promise<ReadonlyMap<string, readonly FileLink[]>> {
    if (this.#pendingPaths.size > 0 || this.#update.isBusy) await this.#takenIn(this.#options.background.signal);
    return this.#finder.links(this.workingTree);
  }

  /** The repo's row. */
  row(): RepoRow {
    const state = this.#state;
    const { head } = state ?? {};
    const gone = this.#isGone ? { code: 'git-not-a-repository', details: { folder: this.root } } : undefined;
    const problems = [this.#gitProblem, gone ?? this.#watchProblem].filter((reason) => reason !== undefined);
    return {
      root: this.root,
      problems: [...problems, ...(state?.problems ?? []), ...this.#found.problems.map(({ code, details }) => ({ code, details }))],
      hasConfig: this.#found.hasConfig,
      ...(head === undefined || head.kind === 'detached' ? {} : { branch: head.branch }),
      ...(head === undefined || head.kind === 'unborn' ? {} : { head: head.commit.slice(0, 7) }),
      ...(state?.upstream === undefined ? {} : { upstream: state.upstream }),
      ...(state?.ahead === undefined ? {} : { ahead: state.ahead }),
      ...(state?.behind === undefined ? {} : { behind: state.behind }),
      ...(state?.fetchedAtMs === undefined ? {} : { fetchedAtMs: state.fetchedAtMs }),
    };
  }

  dispose(): void {
    this.#store.dispose();
  }

  #note(change: RepositoryChange): void {
    for (const path of change.paths) this.#pendingPaths.add(path);
    this.#pendingStatus = true;
    if (change.headChanged || change.refsChanged || change.fetched || change.configChanged || change.indexChanged)
      this.#pendingRevisions = true;
    if (change.isGone) this.#isGone = true;
    this.#update.request();
  }

  async #takeIn(signal: AbortSignal): Promise<void> {
    const waiting = this.#rereads;
    this.#rereads = [];
    try {
      await this.#readAnew(signal);
    } finally {
      for (const tell of waiting) tell(undefined);
    }
  }

  async #readAnew(signal: AbortSignal): Promise<void> {
    const paths = [...this.#pendingPaths];
    const [isAll, revisions] = [this.#pendingAll, this.#pendingRevisions];
    this.#pendingPaths = new Set();
    this.#pendingAll = false;
    this.#pendingRevisions = false;
    this.workingTree.invalidate(paths);
    if (revisions) {
      this.#targets.clear();
      await this.#readState(signal);
    }
    const before = this.#found;
    if (isAll || paths.length > 0) {
      this.#found = await this.#finder.find(this.workingTree, this.#options.chosenDestinations(), isAll ? undefined : paths, signal);
    }
    await this.#readEdited(signal);
    this.#changed.fire({ revisions, applications: before !== this.#found, paths });
  }

  async #readState(signal: AbortSignal): Promise<void> {
    if (this.#isPlain) return;
    try {
      this.#state = await (await this.repository(signal)).state(signal);
      this.#gitProblem = undefined;
    } catch (error) {
      signal.throwIfAborted();
      this.#gitProblem = reasonOf(error);
    }
  }

  async #readEdited(signal: AbortSignal): Promise<void> {
    if (this.#pendingStatus) {
      this.#pendingStatus = false;
      this.#editedOnDisk = await this.#readStatus(signal);
    }
    this.#edited = new Set([...this.#editedOnDisk, ...(await this.workingTree.unsavedPaths())]);
  }

  async #readStatus(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#git === undefined || this.#state?.head.kind === 'unborn') return [];
    try {
      return [...(await this.#git.editedPaths([], signal)).keys()];
    } catch (error) {
      signal.throwIfAborted();
      this.#gitProblem = reasonOf(error);
      return this.#editedOnDisk;
    }
  }
}
