import type { ApplicationHistory, RollbackPlanning, RollbackTarget, StartedRevert } from '../model/rollback.ts';

/** The way back: an application's inputs as an earlier commit had them. A plan is carried out by `CommitApi.commit`. */
export interface RollbackApi {
  /**
   * Commits that touch exactly what the application reads, failed reads and listed folders included, with the syncs that the ledger records.
   * @param limit how many at most
   * @throws AppError `unknown-application`, `workspace-untrusted`, those of the git room
   */
  history(applicationId: string, limit: number, signal: AbortSignal): Promise<ApplicationHistory>;

  /**
   * What going back to a revision changes: files, the application's objects, and those of other applications that read the files.
   * @throws AppError `git-revision-unknown`, `rollback-nothing`, `rollback-not-rendered`, `rollback-behind`, `rollback-other-branch`,
   *   `rollback-not-ancestor`
   */
  plan(target: RollbackTarget, signal: AbortSignal): Promise<RollbackPlanning>;

  /**
   * Starts the real `git revert` in the working tree and leaves it in progress where it conflicts, for the merge editor. Only after the user
   * chose it for a target whose planning told of a conflict.
   * @throws AppError `rollback-revert-dirty`, `rollback-revert-mixed`, `git-operation`, `git-index-locked`, `git-detached`, `rollback-other-branch`
   */
  startRevert(target: RollbackTarget, signal: AbortSignal): Promise<StartedRevert>;

  /**
   * Waits until a commit that was just made or pushed is part of the application's target, and the application is compared with it.
   * @param revision the commit: full id, or `HEAD`
   * @returns false: target did not move there in 30 seconds
   */
  arrived(applicationId: string, revision: string, signal: AbortSignal): Promise<boolean>;
}
