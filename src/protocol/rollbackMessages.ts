import type { ApplicationHistory, RollbackPlanning, RollbackTarget, StartedRevert } from '../engine/model/rollback.ts';

/** Requests of the client about roll backs. A plan is carried out by `plumbline/commit`. */
export interface RollbackRequests {
  /** @see RollbackApi.history */
  'plumbline/applicationHistory': { params: { applicationId: string; limit: number }; result: ApplicationHistory };
  /** what going back to a revision would change; nothing is written */
  'plumbline/planRollback': { params: RollbackTarget; result: RollbackPlanning };
  /** leaves a `git revert` in progress in the working tree, for the merge editor */
  'plumbline/startRevert': { params: RollbackTarget; result: StartedRevert };
  /** waits until the application is compared with a commit that was just made; false: its target did not move there */
  'plumbline/arrived': { params: { applicationId: string; revision: string }; result: boolean };
}
