import type { ObjectKey } from './objects.ts';
import type { FieldDifference, Reason } from './states.ts';

/** What is to be reverted: whole applications, objects of one, or single fields of an object. */
export interface RevertTarget {
  readonly applicationId: string;
  /** `keyString`; absent: all drifted objects of the application */
  readonly object?: string;
  /** `FieldDifference.id`; absent: all drifted fields of the object */
  readonly fields?: readonly string[];
}

/** What one step does to one object (Flux's and kubectl's words); `take-over` moves the ownership of fields and changes no data. */
export type PlanAction = 'create' | 'configure' | 'recreate' | 'prune' | 'take-over' | 'unchanged' | 'skipped';

/** One object of a plan. */
export interface PlanStep {
  readonly applicationId: string;
  readonly key: ObjectKey;
  readonly action: PlanAction;
  readonly fields: readonly FieldDifference[];
  /** why it is skipped or refused */
  readonly reason?: Reason;
  /** resourceVersion that the plan saw; the write is refused when live has moved on */
  readonly resourceVersion?: string;
}

/** Whether a step writes something. */
export function isWork({ action }: Pick<PlanStep, 'action'>): boolean {
  return action !== 'unchanged' && action !== 'skipped';
}

/** Where a plan writes: one cluster, and one environment of the repo on it. */
export interface PlanPlace {
  readonly context: string;
  /** UID of its namespace kube-system */
  readonly clusterUid: string;
  /** absent: an application without one */
  readonly environment?: string;
  readonly namespaces: readonly string[];
  /** its name is typed before anything is deleted or undone */
  readonly isProtected: boolean;
}

/** What a write would do, object by object, on one cluster. Nothing is written that it does not name. */
export interface Plan extends PlanPlace {
  readonly id: string;
  readonly kind: 'revert';
  /** full id of the commit that is restored, and what it is */
  readonly revision: string;
  readonly revisionIs: 'synced' | 'target';
  readonly steps: readonly PlanStep[];
}

/** What came of one step. */
export interface StepResult {
  readonly applicationId: string;
  readonly key: ObjectKey;
  readonly outcome: 'done' | 'refused' | 'failed' | 'skipped';
  readonly reason?: Reason;
}
