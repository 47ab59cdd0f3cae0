import type { CommitOutcome, CommitPlan, PushOutcome, PushPlan } from './model/commit.ts';

/** How a commit plan is carried out. */
export interface CommitChoice {
  readonly message: string;
  /** commits to this new branch and leaves the checkout as it is; absent: the checked-out branch */
  readonly newBranch?: string;
}

/** Pushes for the engine: the editor's Git extension, so that its credentials work, or git itself. */
export interface PushPort {
  /** @param refspec `refs/heads/main:refs/heads/main` */
  push(request: { repoRoot: string; remote: string; refspec: string }, signal: AbortSignal): Promise<PushOutcome>;
}

/** Commits of applications' edits. Nothing is committed without a plan; a plan is carried out at most once. */
export interface CommitApi {
  /**
   * What committing the uncommitted edits of these applications (all of one repo) would commit.
   * @throws AppError `workspace-untrusted`, `unknown-application`, `git-missing` ...
   */
  plan(applicationIds: readonly string[], signal: AbortSignal): Promise<CommitPlan>;

  /**
   * Carries out a plan of {@link plan} or of a roll back. Index, working tree and refs end as before or as after.
   * @throws AppError `unknown-plan`, `commit-moved`, `commit-hook-failed`, `commit-sign-failed`, `commit-overlaps`, `git-index-locked`, `git-operation` ...
   */
  commit(planId: string, choice: CommitChoice, signal: AbortSignal): Promise<CommitOutcome>;

  /** What pushing a branch would carry and move. @param branch undefined: the checked-out one. @throws AppError `git-no-remote` ... */
  planPush(repoRoot: string, branch: string | undefined, signal: AbortSignal): Promise<PushPlan>;

  /** Pushes what was shown. @param port undefined: git itself, without any prompt */
  push(plan: PushPlan, port: PushPort | undefined, signal: AbortSignal): Promise<PushOutcome>;
}
