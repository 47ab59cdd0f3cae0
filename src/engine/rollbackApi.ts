import type { ApplicationHistory, RollbackPlan, RollbackTarget } from './model/rollback.ts';

/** The way back: an application's inputs as an earlier commit had them. A plan is committed through `CommitApi.commit`. */
export interface RollbackApi {
  /**
   * Commits that touch exactly what the application reads, failed reads included.
   * @param limit how many at most
   */
  history(applicationId: string, limit: number, signal: AbortSignal): Promise<ApplicationHistory>;

  /**
   * What restoring the application's inputs to a revision changes: files, its objects, and those of other applications that read them.
   * @throws AppError `git-revision-unknown`, `rollback-nothing`, `rollback-not-rendered` ...
   */
  plan(target: RollbackTarget, signal: AbortSignal): Promise<RollbackPlan>;
}
