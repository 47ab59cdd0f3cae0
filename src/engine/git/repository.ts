import type { Disposable } from '../../base/lifecycle.ts';
import type { Reason } from '../model/states.ts';
import type { RepositoryLayout } from './layout.ts';
import type { RevisionTree } from './revisionTree.ts';
import type { CommitInfo, EditKind, RepositoryState, Target } from './state.ts';

export interface GitOptions {
  /** absolute path of the git program; undefined: the first on PATH */
  readonly gitPath?: string;
  /** asked at each start of a process; false refuses it with `workspace-untrusted` */
  readonly isTrusted: () => boolean;
  /** the complete environment for git, e.g. `{...process.env, ...loginShell}` */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export declare class GitRepository implements Disposable {
  /** @throws AppError `git-not-a-repository`, `git-missing`, `git-too-old`, `git-dubious-ownership`, `workspace-untrusted` */
  static open(folder: string, options: GitOptions, signal: AbortSignal): Promise<GitRepository>;
  constructor(layout: RepositoryLayout, options: GitOptions);
  readonly layout: RepositoryLayout;
  readonly root: string;
  state(signal: AbortSignal): Promise<RepositoryState>;
  /** @throws AppError `git-no-commits`, `git-branch-not-found` */
  target(branch: string | undefined, signal: AbortSignal): Promise<Target>;
  /** Full commit id. @throws AppError `git-revision-unknown` */
  resolve(revision: string, signal: AbortSignal): Promise<string>;
  /** Cached; cheap to ask again. */
  tree(commit: string, signal: AbortSignal): Promise<RevisionTree>;
  commit(id: string, signal: AbortSignal): Promise<CommitInfo>;
  /** Paths whose blobs differ between two commits. */
  changedPaths(from: string, to: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Commits reachable from `to` and not from `from` that touch any of the paths (all when empty). */
  countCommits(from: string, to: string, paths: readonly string[], signal: AbortSignal): Promise<number>;
  lastCommit(revision: string, paths: readonly string[], signal: AbortSignal): Promise<CommitInfo | undefined>;
  /** Paths on disk that differ from HEAD (unsaved buffers not counted: see WorkingTree.unsavedPaths). */
  editedPaths(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, EditKind>>;
  /** Never prompts. The reason of a failure is returned, not thrown. */
  fetch(signal: AbortSignal, remote?: string): Promise<Reason | undefined>;
  dispose(): void;
}
