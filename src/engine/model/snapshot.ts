import type { FileRange, Owner, SourceType } from './application.ts';
import type { LineSubject } from './lineSubject.ts';
import type {
  ApplicationState,
  FieldChange,
  FieldDifference,
  FieldDirection,
  Health,
  IgnoredField,
  ObjectState,
  OwnerMark,
  Reason,
} from './states.ts';

/** A recorded sync in a few words. */
export interface SyncMention {
  /** short id of the commit */
  readonly revision: string;
  /** RFC 3339 */
  readonly at: string;
  /** user and host */
  readonly by: string;
}

/** One application as the views show it. */
export interface ApplicationRow {
  readonly id: string;
  readonly name: string;
  readonly repoRoot: string;
  readonly sourceType: SourceType;
  readonly path: string;
  readonly owner: Owner;
  readonly origin: 'plumbline.yaml' | 'convention' | 'argocd' | 'flux';
  readonly environment?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly isProtected: boolean;
  readonly state: ApplicationState;
  /** the last known state, no longer watched; since when, epoch milliseconds */
  readonly staleSinceMs?: number;
  readonly health?: Health;
  readonly reasons: readonly Reason[];
  /** objects that are drifted, missing or differ */
  readonly driftedObjects: number;
  /** fields that are drifted or differ */
  readonly driftedFields: number;
  readonly objectCount: number;
  /** target commits that the cluster has not: known only with a synced revision */
  readonly commitsBehind?: number;
  /** the newest sync that applied a whole commit: short id, when (RFC 3339), who */
  readonly lastSync?: SyncMention;
  /** the working tree was applied since then (RFC 3339), so that no commit says what is live */
  readonly dirtySince?: string;
  /** a sync that did not come to its end: syncing again finishes it */
  readonly unfinishedSync?: SyncMention;
  /** somebody syncs it now: who, and until when (RFC 3339) that is believed */
  readonly runningSync?: { readonly by: string; readonly until: string };
  /** its environment allows to apply the working tree */
  readonly allowsDirty?: boolean;
  /** short id of the target commit */
  readonly targetRevision?: string;
  /** name of the ref that target is, e.g. `origin/main` */
  readonly targetRef?: string;
  /** how many commits HEAD is ahead of and behind target */
  readonly ahead?: number;
  readonly behind?: number;
  /** epoch milliseconds of the last fetch of the upstream */
  readonly fetchedAtMs?: number;
  /** inputs with uncommitted edits */
  readonly isEdited: boolean;
  readonly isComparing: boolean;
  readonly declaredAt?: FileRange;
}

/** One object of an application as the views show it. */
export interface ObjectRow {
  /** `keyString` */
  readonly key: string;
  readonly applicationId: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly state: ObjectState;
  readonly health?: Health;
  readonly reason?: Reason;
  /** of an object that Git does not have: whether and when its owner deletes it; words by `describe` */
  readonly forecast?: readonly Reason[];
  readonly mark?: OwnerMark;
  /** the tool that holds its fields, as people call it: `kubectl apply`, `Argo CD` */
  readonly appliedWith?: string;
  readonly isLive: boolean;
  readonly hasChildren: boolean;
  readonly fields: readonly FieldRow[];
  readonly ignoredCount: number;
  /** what {@link ignoredCount} counts: which fields, and by whom */
  readonly ignored?: readonly IgnoredField[];
  readonly source?: FileRange;
}

/** A drifted field of an object; values are masked and shortened text for display. */
export interface FieldRow {
  readonly id: string;
  readonly change: FieldChange;
  readonly direction: FieldDirection;
  readonly git?: string;
  readonly live?: string;
  /** value of the last sync, where Git has changed it since then */
  readonly synced?: string;
  readonly manager?: string;
  /** RFC 3339 */
  readonly time?: string;
  readonly isConfirmed: boolean;
  readonly isMasked: boolean;
  /** who wrote it and with what, who holds it, whether its owner reverts it; words by `describe` */
  readonly notes?: readonly Reason[];
  readonly source?: FileRange;
}

/** A field that the comparison of an application leaves out. */
export interface IgnoredRow extends IgnoredField {
  /** `keyString` */
  readonly objectKey: string;
  /** `Deployment/web` */
  readonly object: string;
}

/** A rule, declared by the application or by its owner, or a reason of the engine's own, and how many fields it leaves out now. */
export interface RuleRow {
  /** where it stands: `plumbline.yaml:12`, `Application argocd/shop ignoreDifferences[0]`; or what it is */
  readonly by: string;
  /** JSON pointers or expressions as they were declared; empty for what nobody declared */
  readonly paths: readonly string[];
  readonly fieldCount: number;
  /** where it stands in the repo, when it does: every place that says the same */
  readonly sources?: readonly FileRange[];
}

/** Whether a rule (`RuleRow.by`) leaves a field out; one of several expressions stands behind the rule's own name. */
export function isByRule({ by }: Pick<IgnoredRow, 'by'>, rule: string): boolean {
  return by === rule || by.startsWith(`${rule} `);
}

/** Everything that an application's comparison leaves out, and why. */
export interface IgnoredList {
  readonly fields: readonly IgnoredRow[];
  /** all that leaves something out, and the declared rules that leave out nothing now */
  readonly rules: readonly RuleRow[];
}

/** A live object below another by owner reference: ReplicaSets, Pods, Jobs. */
export interface ChildRow {
  readonly key: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly health?: Health;
  readonly hasChildren: boolean;
  /** names of the containers, of a Pod */
  readonly containers: readonly string[];
  /** RFC 3339 */
  readonly createdAt?: string;
}

/** A cluster in use. */
export interface ClusterRow {
  readonly context: string;
  readonly environments: readonly string[];
  readonly status: 'idle' | 'connecting' | 'connected' | 'unreachable' | 'sign-in' | 'refused';
  readonly serverVersion?: string;
  readonly server?: string;
  readonly reason?: Reason;
  /** epoch milliseconds of the last good answer */
  readonly lastSeenMs?: number;
  /** right to dry-run and write; undefined while unknown */
  readonly canWrite?: boolean;
  readonly watchCount: number;
}

/** A config repo and what is known of its Git state. */
export interface RepoRow {
  readonly root: string;
  readonly branch?: string;
  readonly head?: string;
  readonly upstream?: string;
  readonly ahead?: number;
  readonly behind?: number;
  readonly fetchedAtMs?: number;
  /** detached HEAD, merge, rebase ..., no commits, not a repository, broken plumbline.yaml */
  readonly problems: readonly Reason[];
  readonly hasConfig: boolean;
}

/** A read-only text for one side of a diff. */
export interface SideDocument {
  readonly text: string;
  /** false: this side does not have the object; the text is empty */
  readonly exists: boolean;
  /** why the side cannot be shown; the text then says so in a comment */
  readonly reason?: Reason;
}

/** A mark on a line of a manifest. */
export interface LineMark extends LineSubject {
  readonly range: FileRange;
  readonly kind: 'changed' | 'added' | 'removed' | 'missing' | 'out-of-sync' | 'differs' | 'cannot-compare' | 'edited';
  readonly fieldId?: string;
  readonly git?: string;
  readonly live?: string;
  /** as in {@link FieldRow} */
  readonly synced?: string;
  readonly manager?: string;
  readonly time?: string;
  /** as in {@link FieldRow} */
  readonly notes?: readonly Reason[];
  /** the value by the working tree, where edits set the field otherwise than target */
  readonly working?: string;
  /** the line was edited since target: both values are shown */
  readonly isEdited: boolean;
}

/** The value of a field as short, single-line text for a view. Never call with an unmasked secret. */
export function shortValue(
  difference: Pick<FieldDifference, 'git' | 'live' | 'base' | 'isMasked'>,
  side: 'git' | 'live' | 'base',
): string | undefined {
  const value = difference[side];
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.replaceAll('\n', '⏎');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
