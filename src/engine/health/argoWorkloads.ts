import { stringAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { deadlineText, ofText } from './kstatusWorkloads.ts';
import { conditionsOf, conditionText, findCondition, numberAt } from './reading.ts';

const healthy: Health = { status: 'healthy' };
const notObserved = progressing('not yet seen by its controller');

/** Argo's health of a Deployment. Source: argo-cd gitops-engine/pkg/health/health_deployment.go. */
export function deploymentHealth(object: KubeObject): Health {
  if (valueAt(object, 'spec', 'paused') === true) return { status: 'suspended', message: 'the rollout is paused' };
  if (isGenerationAhead(object)) return notObserved;
  if (findCondition(conditionsOf(object), 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    return { status: 'degraded', message: deadlineText(object) };
  }
  const spec = numberAt(object, 0, 'spec', 'replicas');
  const replicas = numberAt(object, 0, 'status', 'replicas');
  const updated = numberAt(object, 0, 'status', 'updatedReplicas');
  const available = numberAt(object, 0, 'status', 'availableReplicas');
  if (updated < spec) return progressing(ofText(updated, spec, 'replicas updated'));
  if (replicas > updated) return progressing(`${String(replicas - updated)} old replicas are pending termination`);
  if (available < updated) return progressing(ofText(available, updated, 'updated replicas available'));
  return healthy;
}

/** Argo's health of a StatefulSet. Source: argo-cd gitops-engine/pkg/health/health_statefulset.go. */
export function statefulSetHealth(object: KubeObject): Health {
  if (numberAt(object, 0, 'status', 'observedGeneration') === 0 || isGenerationAhead(object)) return notObserved;
  const spec = numberAt(object, 0, 'spec', 'replicas');
  const ready = numberAt(object, 0, 'status', 'readyReplicas');
  if (ready < spec) return progressing(ofText(ready, spec, 'replicas ready'));
  const strategy = stringAt(object, 'spec', 'updateStrategy', 'type');
  const partition = valueAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  if (strategy === 'RollingUpdate' && typeof partition === 'number') {
    const updated = numberAt(object, 0, 'status', 'updatedReplicas');
    return updated < spec - partition ? progressing(ofText(updated, spec - partition, 'replicas updated')) : healthy;
  }
  if (strategy === 'OnDelete') return healthy;
  const isSameRevision = stringAt(object, 'status', 'updateRevision') === stringAt(object, 'status', 'currentRevision');
  return isSameRevision ? healthy : progressing('waiting for the rolling update');
}

/** Argo's health of a DaemonSet. Source: argo-cd gitops-engine/pkg/health/health_daemonset.go. */
export function daemonSetHealth(object: KubeObject): Health {
  if (isGenerationAhead(object)) return notObserved;
  if (stringAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return healthy;
  const desired = numberAt(object, 0, 'status', 'desiredNumberScheduled');
  const updated = numberAt(object, 0, 'status', 'updatedNumberScheduled');
  const available = numberAt(object, 0, 'status', 'numberAvailable');
  if (updated < desired) return progressing(ofText(updated, desired, 'Pods updated'));
  return available < desired ? progressing(ofText(available, desired, 'Pods available')) : healthy;
}

/** Argo's health of a ReplicaSet. Source: argo-cd gitops-engine/pkg/health/health_replicaset.go. */
export function replicaSetHealth(object: KubeObject): Health {
  if (isGenerationAhead(object)) return notObserved;
  const failure = findCondition(conditionsOf(object), 'ReplicaFailure');
  if (failure?.status === 'True') return { status: 'degraded', message: conditionText(failure) };
  const spec = numberAt(object, 0, 'spec', 'replicas');
  const available = numberAt(object, 0, 'status', 'availableReplicas');
  return available < spec ? progressing(ofText(available, spec, 'replicas available')) : healthy;
}

function isGenerationAhead(object: KubeObject): boolean {
  return numberAt(object, 0, 'metadata', 'generation') > numberAt(object, 0, 'status', 'observedGeneration');
}

function progressing(message: string): Health {
  return { status: 'progressing', message };
}
