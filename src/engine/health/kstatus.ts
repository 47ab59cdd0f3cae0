import { stringAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { jobStatus, persistentVolumeClaimStatus, podStatus, serviceStatus } from './kstatusCore.ts';
import { customResourceDefinitionStatus } from './kstatusDefinition.ts';
import { current, failed, inProgress, type KStatus } from './kstatusResult.ts';
import { daemonSetStatus, deploymentStatus, replicaSetStatus, statefulSetStatus } from './kstatusWorkloads.ts';
import { conditionsOf, conditionText, groupKind } from './reading.ts';

type Check = (object: KubeObject, nowMs: number) => KStatus;

const alwaysCurrent: Check = () => current;

const checks: Readonly<Record<string, Check>> = {
  Service: serviceStatus,
  Pod: podStatus,
  Secret: alwaysCurrent,
  ConfigMap: alwaysCurrent,
  PersistentVolumeClaim: persistentVolumeClaimStatus,
  'apps/StatefulSet': statefulSetStatus,
  'apps/DaemonSet': daemonSetStatus,
  'extensions/DaemonSet': daemonSetStatus,
  'apps/Deployment': deploymentStatus,
  'extensions/Deployment': deploymentStatus,
  'apps/ReplicaSet': replicaSetStatus,
  'extensions/ReplicaSet': replicaSetStatus,
  'policy/PodDisruptionBudget': alwaysCurrent,
  'batch/CronJob': alwaysCurrent,
  'batch/Job': jobStatus,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinitionStatus,
};

/**
 * Status of an object as kstatus computes it, in its order: deletion, observed generation, Reconciling and Stalled, the
 * check of the kind, Ready. Source: sigs.k8s.io/cli-utils pkg/kstatus/status/{status,generic,core}.go.
 * @param nowMs epoch milliseconds; only a Pod's 15 s of patience with the scheduler looks at it
 */
export function kstatusOf(object: KubeObject, nowMs: number): KStatus {
  if (stringAt(object.metadata, 'deletionTimestamp') !== undefined) return { status: 'Terminating' };
  const observed = valueAt(object, 'status', 'observedGeneration');
  const generation = valueAt(object, 'metadata', 'generation');
  if (typeof observed === 'number' && typeof generation === 'number' && observed !== generation) {
    return inProgress(`generation ${String(generation)} is not yet seen by its controller (${String(observed)})`);
  }
  for (const condition of conditionsOf(object)) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Reconciling') return inProgress(conditionText(condition));
    if (condition.type === 'Stalled') return failed(conditionText(condition));
  }
  const check = checks[groupKind(object)];
  return check === undefined ? readyStatus(object) : check(object, nowMs);
}

function readyStatus(object: KubeObject): KStatus {
  const ready = conditionsOf(object).find((condition) => condition.type === 'Ready');
  if (ready === undefined || ready.status === 'True') return current;
  return inProgress(conditionText(ready));
}
