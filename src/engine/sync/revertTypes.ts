import type { ClusterConnection } from '../cluster/api.ts';
import type { Application } from '../model/application.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../model/objects.ts';
import type { Plan, PlanStep, StepResult } from '../model/plan.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { OwnerMark, Verdict } from '../model/states.ts';
import type { FieldEdit } from './plan/edits.ts';
import type { ManagerRef } from './managers.ts';

/** What a revert asks of a cluster. */
export type RevertConnection = Pick<
  ClusterConnection,
  'context' | 'uid' | 'discovery' | 'schemas' | 'get' | 'list' | 'patch' | 'create' | 'canI'
>;

/** One object to revert, with everything that is known of it. Objects are whole and unmasked; they stay in the engine. */
export interface RevertItem {
  readonly application: Application;
  readonly key: ObjectKey;
  /** full id of the commit that is restored */
  readonly revision: string;
  readonly revisionIs: 'synced' | 'target';
  /** the object as that commit renders it, its namespace settled; undefined: the commit does not have it */
  readonly restored: KubeObject | undefined;
  /** the object as the verdict saw it; undefined: it is missing */
  readonly live: KubeObject | undefined;
  readonly verdict: Verdict;
  readonly mark?: OwnerMark;
  /** `FieldDifference.id`s; absent: all drifted fields */
  readonly fieldIds?: readonly string[];
  /** who applies the application's other objects: makes a missing object the same way */
  readonly siblingManager?: ManagerRef;
}

/** One request of a step. Bodies hold unmasked values: never log or send them to the editor. */
export type RevertWrite =
  /** server-side apply with force of exactly what the manager holds, with the chosen fields restored */
  | { readonly type: 'apply'; readonly manager: string; readonly body: KubeObject; readonly isWhole: boolean }
  /** JSON patch of single fields, each with a test on the value shown */
  | {
      readonly type: 'patch';
      readonly manager: string;
      readonly edits: readonly FieldEdit[];
      /** the manager applies: what a patch makes it hold as an *Update* (defaults that come back) is given up again */
      readonly givesUp: boolean;
    }
  | { readonly type: 'create'; readonly manager: ManagerRef; readonly object: KubeObject };

/** A step of a plan with the requests that carry it out. */
export interface PreparedStep {
  readonly step: PlanStep;
  readonly gvk: GroupVersionKind;
  readonly schema: TypeSchema | undefined;
  readonly restored: KubeObject;
  /** the object that the plan saw; undefined for a create */
  readonly live: KubeObject | undefined;
  readonly writes: readonly RevertWrite[];
}

/** A plan with what its execution needs. Only `plan` may leave the engine. */
export interface PreparedPlan {
  readonly plan: Plan;
  readonly steps: readonly PreparedStep[];
}

/** What planning gave: plans to confirm, and what was refused with the reason. */
export interface RevertPlanning {
  readonly prepared: readonly PreparedPlan[];
  readonly refused: readonly StepResult[];
}
