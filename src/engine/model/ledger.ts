import type { Reason } from './states.ts';

/** How a sync ended; `running` until it did. */
export type SyncOutcome = 'running' | 'done' | 'partly' | 'failed' | 'cancelled' | 'timed-out';

/** How many objects a sync changed, by what it did. */
export interface SyncCounts {
  readonly created: number;
  readonly configured: number;
  readonly recreated: number;
  readonly pruned: number;
  readonly unchanged: number;
  readonly failed: number;
}

/** One sync as the ledger of an application records it. */
export interface SyncRecord {
  readonly id: string;
  /** full id of the commit that was applied; of a dirty sync, the commit that the working tree stood on */
  readonly revision: string;
  /** who asked: user and host */
  readonly by: string;
  /** RFC 3339 */
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly outcome: SyncOutcome;
  /** the working tree was applied, not a commit */
  readonly isDirty: boolean;
  /** only chosen objects were applied */
  readonly isPartial: boolean;
  readonly counts: SyncCounts;
  /** version of the Kubernetes API server, e.g. `v1.36.3` */
  readonly kubernetes?: string;
  /** key of the render: equal keys mean equal objects */
  readonly render?: string;
  /** version of the renderer */
  readonly renderer?: string;
  /** digests of the charts and remote sources that the render read, by path or URL */
  readonly charts?: Readonly<Record<string, string>>;
}

/** What the ledger of one application says. */
export interface SyncHistory {
  /** newest first */
  readonly entries: readonly SyncRecord[];
  /** a sync that did not come to its end; running it again finishes it */
  readonly unfinished?: SyncRecord;
  /** somebody's sync runs now: who, and until when (RFC 3339) it is believed to; no other may begin before */
  readonly running?: { readonly by: string; readonly until: string };
  /** the newest commit that was applied whole */
  readonly syncedRevision?: string;
  /** the newest sync that applied a commit whole */
  readonly synced?: SyncRecord;
  /** the working tree was applied since, so that no commit says what is live */
  readonly dirty?: SyncRecord;
  /** why the ledger cannot be read */
  readonly problem?: Reason;
}
