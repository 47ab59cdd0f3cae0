import type { FileChange } from '../git/entries.ts';
import type { CommitChoice, CommitOutcome, CommitPlan, PushOutcome, PushPlan, RebaseOutcome } from '../model/commit.ts';
import type { Reason } from '../model/states.ts';

/** Talks to remotes for the engine: the editor's Git extension, so that its credentials work. `undefined` answers: ask git itself. */
export interface RemotePort {
  /** @param request refspec: `<commit id>:refs/heads/main` */
  push(
    request: { readonly repoRoot: string; readonly remote: string; readonly refspec: string },
    signal: AbortSignal,
  ): Promise<PushOutcome | undefined>;
  /** @returns why it failed, as `problem` */
  fetch(
    request: { readonly repoRoot: string; readonly remote: string },
    signal: AbortSignal,
  ): Promise<{ readonly problem?: Reason } | undefined>;
}

/** A commit that another part of the engine prepared: a roll back, edits of files. */
export interface PreparedCommit {
  /** root of an open repo */
  readonly repoRoot: string;
  /** full id of the checked-out commit, which {@link changes} are made against */
  readonly base: string;
  readonly changes: readonly FileChange[];
  /** proposed message */
  readonly message: string;
  /** `leave`: the files on disk hold the change already; `write`: they get it, merged with what was edited in them */
  readonly workingTree: 'leave' | 'write';
  /** what the suggested branch is called after: `rollback-shop` */
  readonly topic: string;
  /** values that no patch may show: those of Secrets that the files set */
  readonly secretValues: ReadonlySet<string>;
  /** false: an application did not render, so {@link secretValues} may lack some; only manifests are shown then. Default true */
  readonly areSecretsKnown?: boolean;
  /** it has to go to a new branch that starts at this commit, and the pull request goes into this branch of the remote */
  readonly start?: { readonly commit: string; readonly branch?: string; readonly reason: Reason };
  readonly left?: readonly string[];
  readonly unsaved?: readonly string[];
  readonly warnings?: readonly Reason[];
}

/** Commits of applications' edits, reached as `EngineApi.commits`. Nothing is committed without a plan; a plan is carried out at most once. */
export interface CommitApi {
  /**
   * What committing the uncommitted edits of these applications (all of one repo) would commit.
   * @throws AppError `workspace-untrusted`, `unknown-application`, `commit-other-repos`, `git-missing` ...
   */
  plan(applicationIds: readonly string[], signal: AbortSignal): Promise<CommitPlan>;

  /**
   * Takes a commit that was prepared elsewhere, so that {@link commit} carries it out: adds patches, what stands in the way, and what a push carries.
   * @throws AppError as {@link plan}
   */
  keep(prepared: PreparedCommit, signal: AbortSignal): Promise<CommitPlan>;

  /**
   * Carries out a plan. Index, working tree and refs end as before or as after.
   * @throws AppError `unknown-plan`, `commit-moved`, `commit-branch-required`, `commit-hook-failed`, `commit-sign-failed`, `commit-overlaps`, `git-index-locked`, `git-operation` ...
   */
  commit(planId: string, choice: CommitChoice, signal: AbortSignal): Promise<CommitOutcome>;

  /**
   * What pushing a branch would carry and move.
   * @param branch undefined: the checked-out one
   * @param into a new branch of the remote instead, for a pull request
   * @throws AppError `git-no-remote`, `git-detached`, `git-branch-exists` ...
   */
  planPush(repoRoot: string, branch: string | undefined, signal: AbortSignal, into?: string): Promise<PushPlan>;

  /** Pushes what was shown. @throws AppError `push-moved` when the branch is elsewhere than it was shown */
  push(plan: PushPlan, signal: AbortSignal): Promise<PushOutcome>;

  /**
   * Fetches, and makes the unpushed commits anew on top of the remote's branch. Branch, index and files end as before or as after; edits stay.
   * @throws AppError `rebase-conflict`, `rebase-merges`, `commit-overlaps`, those of a fetch
   */
  fetchAndRebase(plan: PushPlan, signal: AbortSignal): Promise<RebaseOutcome>;
}
