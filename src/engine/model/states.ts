import type { FieldPath } from './fieldPath.ts';
import type { JsonValue } from './json.ts';
import type { FileRange, Owner } from './application.ts';
import type { ObjectKey } from './objects.ts';

/** State of an application, worst first (design.md §1). */
export const applicationStates = [
  'cannot compare',
  'missing',
  'drifted',
  'differs',
  'out of sync',
  'unverified',
  'synced',
  'no destination',
] as const;
/** See {@link applicationStates}; `pending` only until the first comparison ends. */
export type ApplicationState = (typeof applicationStates)[number] | 'pending';

/** State of one desired object; `extraneous` is a live object of the application that target no longer has. */
export type ObjectState =
  | 'cannot compare'
  | 'missing'
  | 'drifted'
  | 'drifted (not confirmed)'
  | 'differs'
  | 'out of sync'
  | 'extraneous'
  | 'unverified'
  | 'synced'
  | 'pending';

const revertible: readonly ObjectState[] = ['drifted', 'drifted (not confirmed)', 'differs', 'missing'];

/** Whether a revert may have something to do for an object of this state. */
export function isRevertibleState(state: ObjectState): boolean {
  return revertible.includes(state);
}

/** Health, worst last (Argo's order): Healthy < Suspended < Progressing < Missing < Degraded < Unknown. */
export const healthStatuses = ['healthy', 'suspended', 'progressing', 'missing', 'degraded', 'unknown'] as const;
/** See {@link healthStatuses}. */
export type HealthStatus = (typeof healthStatuses)[number];

/** Health of one object, with the cause in one line. */
export interface Health {
  readonly status: HealthStatus;
  readonly message?: string;
  /** the check of argocd-cm that could not be evaluated, as rules name their places */
  readonly failedCheck?: string;
}

/** Which side of a field moved. */
export type FieldDirection = 'drifted' | 'out of sync' | 'differs';

/** How a field differs: `changed`; `added` stands only in live; `removed` stands only in Git. */
export type FieldChange = 'changed' | 'added' | 'removed';

/** Who last wrote a field, by managedFields. */
export interface FieldWriter {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** RFC 3339 */
  readonly time?: string;
  readonly subresource?: string;
}

/** One differing field of one object. Secret values stand as masks that tell only equal from different. */
export interface FieldDifference {
  /** `formatPath(path)`: the id of the field within its object */
  readonly id: string;
  readonly path: FieldPath;
  readonly change: FieldChange;
  readonly direction: FieldDirection;
  /** value by target; absent when target does not have the field */
  readonly git?: JsonValue;
  /** value in the cluster; absent when live does not have the field */
  readonly live?: JsonValue;
  /** value of the last apply, when one is recorded */
  readonly base?: JsonValue;
  /** target has another value than the last sync: Git moved, whether or not live did too */
  readonly isMovedInGit?: true;
  readonly writer?: FieldWriter;
  /** false: seen by a reader that may not dry-run */
  readonly isConfirmed: boolean;
  /** same meaning in another spelling (`1000m` and `1`); never counts as drift */
  readonly isCosmetic: boolean;
  readonly isMasked: boolean;
  /** the line that sets it, or its parent's key for `added` */
  readonly source?: FileRange;
}

/** Why an object could not be judged, as data; words by `describe`. */
export interface Reason {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
}

/** A field left out of the comparison, and by which rule. */
export interface IgnoredField {
  readonly id: string;
  readonly by: string;
  /** why it does not count, where more than the rule's place is known; words by `describe` */
  readonly reason?: Reason;
  /** where the rule stands in the repo: every place that says the same, since nobody knows which is meant; of rows alone */
  readonly sources?: readonly FileRange[];
}

/** What it took to reach a verdict. */
export type VerdictProof = 'local' | 'dry-run' | 'none';

/** The outcome of comparing one desired with one live object. */
export interface Verdict {
  readonly state: ObjectState;
  readonly fields: readonly FieldDifference[];
  readonly ignored: readonly IgnoredField[];
  readonly reason?: Reason;
  readonly proof: VerdictProof;
  /** the manager as which it was judged */
  readonly manager?: string;
  /** an immutable field differs: applying means delete and create */
  readonly needsRecreate: boolean;
  readonly resourceVersion?: string;
}

/** Marks of an owner on a live object (Argo CD tracking, Flux labels, Helm release, ApplySet). */
export interface OwnerMark {
  readonly owner: Owner | 'applyset';
  /** e.g. the Argo application, `namespace/name` of the Kustomization, the release */
  readonly name: string;
}

/** Everything the engine knows of one object of an application. */
export interface ObjectStatus {
  readonly key: ObjectKey;
  readonly verdict: Verdict;
  readonly health?: Health;
  readonly mark?: OwnerMark;
  /** its first line in the file that declares it */
  readonly source?: FileRange;
  readonly template?: string;
}
