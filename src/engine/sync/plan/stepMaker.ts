import { type JsonValue, stringAt } from '../../model/json.ts';
import { gvkOf, type KubeObject } from '../../model/objects.ts';
import type { PlanAction } from '../../model/plan.ts';
import type { FieldDifference, Reason } from '../../model/states.ts';
import type { FieldMove, MarkChange, SyncStep } from '../../model/sync.ts';
import type { PreparedSyncStep, SyncItem, SyncObject, TakeOverInput } from '../syncTypes.ts';

/** What planning found out about one object. */
export interface StepParts {
  readonly fields?: readonly FieldDifference[];
  readonly reason?: Reason;
  readonly body?: KubeObject;
  readonly live?: KubeObject;
  readonly isUnverified?: boolean;
  readonly takesFrom?: readonly string[];
  readonly takenOver?: readonly JsonValue[];
  readonly takeOver?: TakeOverInput;
  readonly moves?: readonly FieldMove[];
  readonly marks?: readonly MarkChange[];
}

/** Makes the step of one object. */
export type MakeStep = (action: PlanAction, parts: StepParts) => PreparedSyncStep;

/** How the steps of one object are made: what they share is settled, the action and what was found are given. */
export function stepMaker(item: SyncItem, object: SyncObject, wave: number): MakeStep {
  return (action, parts) => {
    const fields = parts.fields ?? [];
    const resourceVersion = parts.live === undefined ? undefined : stringAt(parts.live.metadata, 'resourceVersion');
    const step: SyncStep = {
      applicationId: item.application.id,
      key: object.key,
      action,
      fields,
      undoes: fields.filter(({ direction, isCosmetic }) => direction === 'drifted' && !isCosmetic).map(({ id }) => id),
      wave,
      isUnverified: parts.isUnverified ?? false,
      ...(parts.reason === undefined ? {} : { reason: parts.reason }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(action === 'recreate' ? { tick: 'recreate' } : {}),
      ...(parts.takesFrom === undefined ? {} : { takesFrom: parts.takesFrom }),
      ...(parts.moves === undefined ? {} : { moves: parts.moves }),
      ...(parts.marks === undefined ? {} : { marks: parts.marks }),
    };
    return {
      step,
      gvk: gvkOf(object.desired),
      body: parts.body,
      live: parts.live,
      ...(parts.takenOver === undefined ? {} : { takenOver: parts.takenOver }),
      ...(parts.takeOver === undefined ? {} : { takeOver: parts.takeOver }),
    };
  };
}
