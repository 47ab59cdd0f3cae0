import type { SyncHistory } from '../model/ledger.ts';
import type { SyncOptions, SyncPlans, SyncProgress, SyncRequest, SyncResult, SyncTarget } from '../model/sync.ts';

/** Syncs of applications that Plumbline owns, reached as `EngineApi.syncs`. */
export interface SyncApi {
  /**
   * Plans per cluster what a sync of these applications or objects would do; writes nothing.
   * @throws AppError `not-compared-yet`, `workspace-untrusted`, `unknown-application` and those of the cluster room
   */
  plan(targets: readonly SyncTarget[], request: SyncRequest, signal: AbortSignal): Promise<SyncPlans>;
  /**
   * Carries out a plan that was shown; a plan runs at most once. An abort takes effect between two objects, and is recorded.
   * @throws AppError `unknown-plan`
   */
  execute(planId: string, options: SyncOptions, onProgress: (progress: SyncProgress) => void, signal: AbortSignal): Promise<SyncResult>;
  /** The syncs of an application as its ledger in the cluster records them. */
  history(applicationId: string, signal: AbortSignal): Promise<SyncHistory>;
}
