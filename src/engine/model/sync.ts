import { keyString, type ObjectKey } from './objects.ts';
import { isWork, type PlanPlace, type PlanStep, type StepResult } from './plan.ts';

/** What is to be synced: a whole application, or chosen objects of it. */
export interface SyncTarget {
  readonly applicationId: string;
  /** `keyString`s; absent: all objects */
  readonly objects?: readonly string[];
}

/**
 * `sync` applies target, `dirty` the working tree (environment with `allowDirty` only); `take-over` applies nothing: it moves the ownership
 * of live objects from kubectl or Helm to Plumbline.
 */
export type SyncKind = 'sync' | 'dirty' | 'take-over';

/** What a plan is asked for. */
export interface SyncRequest {
  readonly kind: SyncKind;
  /** prune what Git no longer has; default: the application's policy. Never more than the policy allows */
  readonly prune?: boolean;
}

/** Why a step has to be ticked one by one before it is carried out. */
export type SyncTick = 'recreate' | 'PersistentVolume' | 'PersistentVolumeClaim' | 'Namespace' | 'CustomResourceDefinition';

/** Fields whose ownership a take over moves away from one field manager. */
export interface FieldMove {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** how many leaves it holds */
  readonly count: number;
  /** `formatPath`s of the first of them */
  readonly fields: readonly string[];
}

/** A label or annotation of a tool that a take over puts on or takes off; nothing else of the object changes. */
export interface MarkChange {
  readonly place: 'label' | 'annotation';
  readonly name: string;
  readonly change: 'added' | 'removed';
}

/** A Helm release whose objects are taken over: its record stays, and must not be used any more. */
export interface ReleaseLeft {
  readonly name: string;
  readonly namespace: string;
  /** the newest revision; absent with {@link records}: the records may not be read */
  readonly version?: number;
  /** Helm's Secrets that record its revisions */
  readonly records?: number;
}

/** One object of a sync plan. What is refused stands as `skipped` with the reason. */
export interface SyncStep extends PlanStep {
  /** ids of the fields whose live change the step undoes */
  readonly undoes: readonly string[];
  /** present: carried out only when ticked */
  readonly tick?: SyncTick;
  /** steps of one wave are applied, and then awaited, before the next begins */
  readonly wave: number;
  /** its kind or namespace is made by the same plan, so that no dry-run was possible */
  readonly isUnverified: boolean;
  /** kubectl's field managers whose fields the step moves to Plumbline first */
  readonly takesFrom?: readonly string[];
  /** of a take over: whose fields move */
  readonly moves?: readonly FieldMove[];
  /** of a take over: marks of tools that change */
  readonly marks?: readonly MarkChange[];
}

/** One application of a plan. */
export interface SyncPlanApplication {
  readonly applicationId: string;
  readonly name: string;
  readonly namespace: string;
  /** full commit id */
  readonly revision: string;
  /** name of the ref that the revision is, e.g. `origin/main` */
  readonly revisionName?: string;
  /** objects that Git no longer has are pruned */
  readonly prune: boolean;
  readonly isDirty: boolean;
  /** an earlier sync did not come to its end; this one finishes it */
  readonly hasUnfinished: boolean;
  /** files that were not committed were applied before; this sync of a commit ends that */
  readonly endsDirty?: boolean;
  /** of a take over: the Helm releases that the objects leave */
  readonly releases?: readonly ReleaseLeft[];
}

/** What a sync would do on one cluster, object by object. Nothing is written that it does not name. */
export interface SyncPlan extends PlanPlace {
  readonly id: string;
  readonly kind: SyncKind;
  readonly applications: readonly SyncPlanApplication[];
  readonly steps: readonly SyncStep[];
}

/** Whether a plan is carried out though no object changes: the record of its application is to be mended. */
export function mendsRecord({ applications }: SyncPlan): boolean {
  return applications.some(({ hasUnfinished, endsDirty }) => hasUnfinished || endsDirty === true);
}

/** Plans to choose from, one per cluster and environment, and what was refused outright. */
export interface SyncPlans {
  readonly plans: readonly SyncPlan[];
  readonly refused: readonly StepResult[];
}

/** The id of a tick: `applicationId` and `keyString` in one. */
export function tickId(applicationId: string, key: string): string {
  return `${applicationId}\n${key}`;
}

/** The {@link tickId} of an object of a plan. */
export function tickOf({ applicationId, key }: Pick<SyncStep, 'applicationId' | 'key'>): string {
  return tickId(applicationId, keyString(key));
}

/** Whether a confirmation would carry a step out: it writes, and its tick, where it needs one, is set. */
export function isChosen(step: SyncStep, ticks: ReadonlySet<string>): boolean {
  return isWork(step) && (step.tick === undefined || ticks.has(tickOf(step)));
}

/** Whether a protected environment asks its name for a step: something is deleted, recreated or undone. */
export function isHarsh({ action, undoes }: SyncStep): boolean {
  return action === 'prune' || action === 'recreate' || undoes.length > 0;
}

/** Whether a step changes no field, only who holds the fields and the mark of the set: the first sync after a take over. */
export function isOwnershipOnly({ action, fields }: Pick<SyncStep, 'action' | 'fields'>): boolean {
  return action === 'configure' && fields.length === 0;
}

/** How a plan is carried out. */
export interface SyncOptions {
  /** {@link tickId}s of the steps that were ticked */
  readonly ticks: readonly string[];
  /** wait until everything applied is healthy */
  readonly wait: boolean;
  readonly timeoutSeconds: number;
}

/** What a sync tells on the way, per object. */
export interface SyncProgress {
  readonly planId: string;
  readonly phase: 'record' | 'apply' | 'prune' | 'wait';
  readonly done: number;
  readonly total: number;
  readonly applicationId: string;
  /** absent in phase `record` */
  readonly key?: ObjectKey;
  readonly state: 'started' | 'done' | 'failed' | 'refused' | 'skipped' | 'waiting';
  /** of a waiting object: what it waits for, in one line */
  readonly message?: string;
}

/** How a sync ended. `partly`: some objects were applied and some refused or failed; `refused`: nothing was written. */
export type SyncResultOutcome = 'done' | 'partly' | 'failed' | 'refused' | 'cancelled' | 'timed-out';

/** What came of a sync. */
export interface SyncResult {
  readonly outcome: SyncResultOutcome;
  /** one per step of the plan, in order */
  readonly results: readonly StepResult[];
  /** what was not healthy when the wait ended */
  readonly waiting: readonly { readonly applicationId: string; readonly key: ObjectKey; readonly message: string }[];
}
