import type { CommitPlan, CommitSummary } from './commit.ts';
import type { Reason } from './states.ts';

/** The commits of an application's history. */
export interface ApplicationHistory {
  /** newest first: commits of target's first-parent line that touch what the application reads */
  readonly commits: readonly CommitSummary[];
  /** `limit`: there are older ones; `shallow`: the clone has no older commits */
  readonly endsBy: 'start' | 'limit' | 'shallow';
}

/** Back to what an application's inputs were. */
export interface RollbackTarget {
  readonly applicationId: string;
  /** full commit id, or any revision */
  readonly revision: string;
}

/** One object that renders differently; texts are YAML with Secrets masked. */
export interface RenderedChange {
  /** `keyString` */
  readonly key: string;
  readonly action: 'create' | 'configure' | 'prune';
  readonly before?: string;
  readonly after?: string;
}

/** What another application, that reads a restored file, would get. */
export interface SharedChange {
  readonly applicationId: string;
  readonly name: string;
  readonly environment?: string;
  /** shared files that are restored */
  readonly files: readonly string[];
  readonly rendered: readonly RenderedChange[];
  /** why it cannot be rendered, before or after */
  readonly problem?: Reason;
}

/** A roll back that waits for its confirmation; committed as any other commit plan. */
export interface RollbackPlan {
  readonly applicationId: string;
  /** full id of the revision that is restored */
  readonly revision: string;
  /** files, message, what stands in the way; its id is the plan's */
  readonly commit: CommitPlan;
  readonly rendered: readonly RenderedChange[];
  readonly shared: readonly SharedChange[];
  /** false: with today's definition and remote sources the restored inputs do not render to what the revision renders to */
  readonly isExact: boolean;
  /** what a roll back does not undo: Jobs that ran, data in volumes */
  readonly cannotUndo: readonly Reason[];
}
