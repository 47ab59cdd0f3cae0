import { stringAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { current, failed, inProgress, type KStatus } from './kstatusResult.ts';
import { conditionsOf, findCondition, isTrue, numberAt } from './reading.ts';

const maxInt32 = 2_147_483_647;

/** kstatus of a Deployment. Source: cli-utils pkg/kstatus/status/core.go, deploymentConditions. */
export function deploymentStatus(object: KubeObject): KStatus {
  const conditions = conditionsOf(object);
  const progressing = findCondition(conditions, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed(deadlineText(object));
  const spec = numberAt(object, 1, 'spec', 'replicas');
  const replicas = numberAt(object, 0, 'status', 'replicas');
  const updated = numberAt(object, 0, 'status', 'updatedReplicas');
  const ready = numberAt(object, 0, 'status', 'readyReplicas');
  const available = numberAt(object, 0, 'status', 'availableReplicas');
  if (spec > replicas) return inProgress(ofText(replicas, spec, 'replicas created'));
  if (spec > updated) return inProgress(ofText(updated, spec, 'replicas updated'));
  if (replicas > spec) return inProgress(`${String(replicas - spec)} old replicas are pending termination`);
  if (updated > available) return inProgress(ofText(available, updated, 'updated replicas available'));
  if (spec > ready) return inProgress(ofText(ready, spec, 'replicas ready'));
  // Without a deadline the controller never sets the condition.
  const hasDeadline = numberAt(object, maxInt32, 'spec', 'progressDeadlineSeconds') !== maxInt32;
  const isRolledOut = progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
  if (hasDeadline && !isRolledOut) return inProgress('the new ReplicaSet is not available yet');
  return isTrue(conditions, 'Available') ? current : inProgress('not yet available');
}

/** The one line of a missed rollout deadline. */
export function deadlineText(object: KubeObject): string {
  const seconds = numberAt(object, 600, 'spec', 'progressDeadlineSeconds');
  return `the rollout missed its deadline of ${String(seconds)} s`;
}

/** kstatus of a StatefulSet. Source: cli-utils pkg/kstatus/status/core.go, stsConditions. */
export function statefulSetStatus(object: KubeObject): KStatus {
  if (stringAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return current;
  const spec = numberAt(object, 1, 'spec', 'replicas');
  const replicas = numberAt(object, 0, 'status', 'replicas');
  const ready = numberAt(object, 0, 'status', 'readyReplicas');
  const updated = numberAt(object, 0, 'status', 'updatedReplicas');
  if (spec > replicas) return inProgress(ofText(replicas, spec, 'replicas created'));
  if (spec > ready) return inProgress(ofText(ready, spec, 'replicas ready'));
  if (replicas > spec) return inProgress(`${String(replicas - spec)} replicas are pending termination`);
  const partition = numberAt(object, -1, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  if (partition !== -1) {
    return updated < spec - partition ? inProgress(ofText(updated, spec - partition, 'replicas updated')) : current;
  }
  const atCurrent = numberAt(object, 0, 'status', 'currentReplicas');
  if (spec > atCurrent) return inProgress(ofText(atCurrent, spec, 'replicas at the current revision'));
  const isSameRevision = stringAt(object, 'status', 'currentRevision') === stringAt(object, 'status', 'updateRevision');
  return isSameRevision ? current : inProgress('waiting for the updated revision to become the current one');
}

/** kstatus of a DaemonSet. Source: cli-utils pkg/kstatus/status/core.go, daemonsetConditions. */
export function daemonSetStatus(object: KubeObject): KStatus {
  if (typeof valueAt(object, 'metadata', 'generation') !== 'number') return inProgress('metadata.generation is not set');
  if (typeof valueAt(object, 'status', 'observedGeneration') !== 'number') return inProgress('not yet seen by its controller');
  const desired = numberAt(object, -1, 'status', 'desiredNumberScheduled');
  if (desired === -1) return inProgress('the number of nodes is not known yet');
  for (const [field, what] of [
    ['currentNumberScheduled', 'Pods scheduled'],
    ['updatedNumberScheduled', 'Pods updated'],
    ['numberAvailable', 'Pods available'],
    ['numberReady', 'Pods ready'],
  ] as const) {
    const count = numberAt(object, 0, 'status', field);
    if (desired > count) return inProgress(ofText(count, desired, what));
  }
  return current;
}

/** kstatus of a ReplicaSet. Source: cli-utils pkg/kstatus/status/core.go, replicasetConditions. */
export function replicaSetStatus(object: KubeObject): KStatus {
  const failure = conditionsOf(object).find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  if (failure !== undefined) return inProgress(failure.message === '' ? 'Pods cannot be created' : failure.message);
  const spec = numberAt(object, 1, 'spec', 'replicas');
  for (const [field, what] of [
    ['fullyLabeledReplicas', 'replicas labelled'],
    ['availableReplicas', 'replicas available'],
    ['readyReplicas', 'replicas ready'],
  ] as const) {
    const count = numberAt(object, 0, 'status', field);
    if (spec > count) return inProgress(ofText(count, spec, what));
  }
  const replicas = numberAt(object, 0, 'status', 'replicas');
  return replicas > spec ? inProgress(`${String(replicas - spec)} replicas are pending termination`) : current;
}

/** `1 of 3 replicas ready`. */
export function ofText(count: number, wanted: number, what: string): string {
  return `${String(count)} of ${String(wanted)} ${what}`;
}
