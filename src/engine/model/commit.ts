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
  /** the environment is declared `protected` */
  readonly isProtected: boolean;
}

/** What a push would carry, and what it would move. */
export interface PushPlan {
  readonly repoRoot: string;
  readonly remote: string;
  /** local branch */
  readonly branch: string;
  /** branch at the remote */
  readonly remoteBranch: string;
  /** full id of the local branch's commit; a push is refused when the branch is elsewhere by then */
  readonly tip: string;
  /** newest first; the commit that is planned is not among them yet */
  readonly carries: readonly CommitSummary[];
  /** how many commits there are; {@link carries} ends after the newest 200 */
  readonly count: number;
  /** those of {@link carries} that another author made */
  readonly foreign: readonly string[];
  /** applications whose target is that branch of the remote, and whose files change */
  readonly moves: readonly MovedApplication[];
  /** {@link remoteBranch} is new, for a pull or merge request of this branch */
  readonly isNewBranch?: true;
  /** page that creates the request, at a known forge; it works when the branch was pushed */
  readonly requestUrl?: string;
  /** address of the remote without user name and password, for a new branch */
  readonly remoteUrl?: string;
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
  /** files of the applications with edits that are not saved: they are not part of the plan */
  readonly unsaved: readonly string[];
  /** proposed message: the message template, and `commit.template` below it */
  readonly message: string;
  /** what a committer should know: an application that does not render with these edits ... */
  readonly warnings: readonly Reason[];
  /** why nothing can be committed now: an operation in progress, a detached HEAD, a locked index, nothing to commit ... */
  readonly refused?: Reason;
  /** why it has to go to a new branch: a protected branch, or unpushed commits of others */
  readonly mustBranch?: Reason;
  /** name of a new branch that is free */
  readonly suggestedBranch: string;
  /** what pushing the checked-out branch carries; absent without any remote */
  readonly push?: PushPlan;
}

/** How a commit plan is carried out. */
export interface CommitChoice {
  readonly message: string;
  /** commits to this new branch and leaves the checkout as it is; absent: the checked-out branch */
  readonly newBranch?: string;
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
  /** page that creates the pull or merge request, for a new branch at a known forge; it works when the branch was pushed */
  readonly requestUrl?: string;
  /** address of the remote without user name and password, for a new branch */
  readonly remoteUrl?: string;
}

/** What came of a push. */
export interface PushOutcome {
  readonly outcome: 'pushed' | 'rejected' | 'failed';
  /** `push-rejected` (the remote has commits that are not here), `push-refused` (the remote's rules), `push-sign-in` ... */
  readonly reason?: Reason;
}

/** What came of fetching and moving unpushed commits onto what was fetched. */
export interface RebaseOutcome {
  /** full id of the branch's commit now */
  readonly commit: string;
  /** how many commits were made anew on top of the remote's */
  readonly moved: number;
  /** how many commits of the remote came in */
  readonly received: number;
}
