import type { Reason } from '../model/states.ts';

/** Where HEAD points. `unborn`: a branch without any commit. */
export type Head =
  | { readonly kind: 'branch'; readonly branch: string; readonly commit: string }
  | { readonly kind: 'detached'; readonly commit: string }
  | { readonly kind: 'unborn'; readonly branch: string };

/** What Git is in the middle of (wt-status.c `wt_status_get_state`). */
export type GitOperation = 'merge' | 'rebase' | 'am' | 'cherry-pick' | 'revert' | 'bisect';

/** What is known of a repository at one moment. */
export interface RepositoryState {
  readonly head: Head;
  /** short name of the checked-out branch's upstream, e.g. `origin/main`, when it exists */
  readonly upstream?: string;
  /** commits of HEAD that the upstream has not, and the other way round */
  readonly ahead?: number;
  readonly behind?: number;
  readonly operation?: GitOperation;
  /** another Git process holds `index.lock`, or left it behind */
  readonly isIndexLocked: boolean;
  readonly isShallow: boolean;
  /** epoch milliseconds of the last fetch (or the clone), when any is recorded */
  readonly fetchedAtMs?: number;
  /** names of the remotes, `origin` first */
  readonly remotes: readonly string[];
  /** what a user should know: `git-detached`, `git-operation`, `git-index-locked`, `git-no-commits`, `git-upstream-gone` */
  readonly problems: readonly Reason[];
}

/** The commit that an owner would apply (design.md §1, target). */
export interface Target {
  /** short name: `origin/main`, or `main` without any upstream, or `HEAD` when detached */
  readonly name: string;
  /** full ref name, or `HEAD` */
  readonly ref: string;
  /** full commit id */
  readonly commit: string;
  /** false: there is no upstream, the local branch stands in */
  readonly isUpstream: boolean;
  /** commits of HEAD that target has not, and the other way round */
  readonly ahead: number;
  readonly behind: number;
}

/** One commit. */
export interface CommitInfo {
  readonly id: string;
  readonly shortId: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  /** epoch milliseconds */
  readonly committedAtMs: number;
  /** first line of the message */
  readonly subject: string;
}

/** How a path of the working tree differs from HEAD. */
export type EditKind = 'modified' | 'added' | 'deleted' | 'untracked' | 'conflicted';
