import type { CommitPlan, CommitSummary } from './commit.ts';
import type { SyncRecord } from './ledger.ts';
import type { Reason } from './states.ts';

/** One commit of an application's history, with the syncs that left the cluster as it has the inputs. */
export interface HistoryEntry extends CommitSummary {
  /** newest first: syncs of this commit, or of a later one that did not touch the inputs */
  readonly syncs: readonly SyncRecord[];
  /** target's inputs are as this commit has them */
  readonly isCurrent: boolean;
}

/** The commits of an application's history. */
export interface ApplicationHistory {
  /** newest first: commits of target's first-parent line that touch what the application reads, or its entry in plumbline.yaml */
  readonly commits: readonly HistoryEntry[];
  /** `limit`: there are older ones; `shallow`: the clone has no older commits */
  readonly endsBy: 'start' | 'limit' | 'shallow';
  /** recorded syncs of commits that are not on that line, newest first */
  readonly otherSyncs: readonly SyncRecord[];
  /** why the ledger could not be read: no commit is marked as synced then */
  readonly problem?: Reason;
}

/** `restore`: the inputs as the revision has them. `revert`: the commits since then taken back one by one, as `git revert` does. */
export type RollbackMethod = 'restore' | 'revert';

/** Back to what an application's inputs were. */
export interface RollbackTarget {
  readonly applicationId: string;
  /** full commit id, or any revision; the state to go back to */
  readonly revision: string;
  readonly method: RollbackMethod;
  /** of each merge that is reverted, by full commit id: the parent, from 1, whose side stays; `''` stands for all others */
  readonly mainlines?: Readonly<Record<string, number>>;
}

/** One object that renders differently; texts are YAML with Secrets masked. */
export interface RenderedChange {
  /** `keyString` */
  readonly key: string;
  readonly action: 'create' | 'configure' | 'prune';
  readonly before?: string;
  readonly after?: string;
}

/** What another application, that reads a changed file, would get. */
export interface SharedChange {
  readonly applicationId: string;
  readonly name: string;
  readonly environment?: string;
  /** changed files that it reads */
  readonly files: readonly string[];
  readonly rendered: readonly RenderedChange[];
  /** why it cannot be rendered with the change */
  readonly problem?: Reason;
}

/** A roll back that waits for its confirmation; `commits.commit` carries it out under the id of its commit plan. */
export interface RollbackPlan {
  readonly applicationId: string;
  readonly method: RollbackMethod;
  /** full id of the commit that is gone back to */
  readonly revision: string;
  /** that commit, as lists show it */
  readonly summary: CommitSummary;
  /** commits that are taken back, newest first; none when inputs are restored */
  readonly reverted: readonly CommitSummary[];
  /** files, message, what stands in the way; its id is the plan's */
  readonly commit: CommitPlan;
  /** what is rendered otherwise: from what is checked out to what is then committed */
  readonly rendered: readonly RenderedChange[];
  /** other applications first: what is shared must be seen before anything else */
  readonly shared: readonly SharedChange[];
  /** false: the application will not render exactly as it did at the revision */
  readonly isExact: boolean;
  /** what a reader has to know: the entry in plumbline.yaml, why it is not exact ... */
  readonly notes: readonly Reason[];
  /** what a roll back does not undo: Jobs that ran, data in volumes */
  readonly cannotUndo: readonly Reason[];
}

/** A merge that is to be reverted: which parent's side stays has to be said. */
export interface MainlineQuestion {
  readonly commit: CommitSummary;
  /** in Git's order: the first is mainline 1 */
  readonly parents: readonly CommitSummary[];
}

/** A plan, or what is missing for one. */
export type RollbackPlanning =
  | { readonly kind: 'plan'; readonly plan: RollbackPlan }
  | { readonly kind: 'mainline'; readonly questions: readonly MainlineQuestion[] }
  | {
      readonly kind: 'conflict';
      /** the commit whose revert touches lines that later commits changed */
      readonly commit: CommitSummary;
      readonly files: readonly string[];
      /** why `git revert` cannot be left in progress in the working tree either */
      readonly refused?: Reason;
    };

/** A file in which a `git revert` that is in progress conflicts. */
export interface RevertConflict {
  /** absolute path */
  readonly file: string;
  /** both sides have the file, so that a merge editor can show them; false: one of them deleted it */
  readonly isMergeable: boolean;
}

/** A `git revert` that was started in the working tree. */
export interface StartedRevert {
  /** none when it went through and is committed */
  readonly conflicts: readonly RevertConflict[];
}
