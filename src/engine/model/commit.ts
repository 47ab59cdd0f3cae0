import type { Reason } from './states.ts';

/** One file that a commit changes. Text is the patch that a reviewer reads, never a Secret's value. */
export interface CommitFile {
  /** relative to the repo root with `/` */
  readonly path: string;
  readonly status: 'modified' | 'added' | 'deleted';
  /** unified diff; absent for binary files and for files that hold Secrets */
  readonly patch?: string;
  /** why there is no patch, or what a reader has to know of it */
  readonly note?: Reason;
}

/** One commit, as lists show it. */
export interface CommitSummary {
  /** full commit id */
  readonly id: string;
  readonly subject: string;
  readonly author: string;
  readonly authorEmail: string;
  /** epoch milliseconds of the committer's date */
  readonly committedAtMs: number;
  /** full ids; more than one is a merge */
  readonly parents: readonly string[];
}

/** An application that a push moves. */
export interface MovedApplication {
  readonly applicationId: string;
  readonly name: string;
  readonly environment?: string;
}

/** What a push would carry, and what it would move. */
export interface PushPlan {
  readonly repoRoot: string;
  readonly remote: string;
  /** local branch */
  readonly branch: string;
  /** branch at the remote */
  readonly remoteBranch: string;
  /** newest first; the commit that is planned is not among them yet */
  readonly carries: readonly CommitSummary[];
  /** those of {@link carries} that another author made */
  readonly foreign: readonly string[];
  readonly moves: readonly MovedApplication[];
}

/** A commit that waits for its confirmation. */
export interface CommitPlan {
  readonly id: string;
  readonly repoRoot: string;
  /** the checked-out branch */
  readonly branch?: string;
  /** full id of the commit that it goes on */
  readonly base: string;
  readonly files: readonly CommitFile[];
  /** edited files of the repo that are left as they are */
  readonly left: readonly string[];
  /** proposed message: the message template, and `commit.template` below it */
  readonly message: string;
  /** why nothing can be committed now: an operation in progress, a detached HEAD, a locked index, nothing to commit ... */
  readonly refused?: Reason;
  /** why it has to go to a new branch: a protected branch, or unpushed commits of others */
  readonly mustBranch?: Reason;
  /** name of a new branch that is free */
  readonly suggestedBranch: string;
  /** what pushing the checked-out branch carries; absent without any remote */
  readonly push?: PushPlan;
}

/** What came of a commit. */
export interface CommitOutcome {
  /** full commit id */
  readonly commit: string;
  readonly branch: string;
  /** paths that hooks changed beyond what was planned */
  readonly changedByHooks: readonly string[];
  /** hooks that did not run, since the commit is not on the checked-out commit */
  readonly skippedHooks: readonly string[];
  /** a post-commit hook that failed: the commit stands all the same */
  readonly warnings: readonly Reason[];
  /** page that creates the pull or merge request, for a new branch; it works when the branch was pushed */
  readonly requestUrl?: string;
}

/** What came of a push. */
export interface PushOutcome {
  readonly outcome: 'pushed' | 'rejected' | 'failed';
  /** `push-rejected` (the remote has commits that are not here), `push-refused` (the remote's rules), `push-sign-in` ... */
  readonly reason?: Reason;
}
