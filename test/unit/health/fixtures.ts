import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

/** The time at which all fixtures are judged. */
export const nowMs = Date.parse('2026-03-02T10:00:00Z');

/** A live object of a few fields. */
export function live(
  apiVersion: string,
  kind: string,
  rest: { metadata?: JsonObject; spec?: JsonObject; status?: JsonObject },
): KubeObject {
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'shop', ...rest.metadata }, spec: rest.spec, status: rest.status };
}

/** One condition. */
export function condition(type: string, status: string, reason?: string, message?: string): JsonObject {
  return { type, status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}

/** A Deployment of three replicas that is fully rolled out, with some of its status changed. */
export function deployment(spec: JsonObject = {}, status: JsonObject = {}, metadata: JsonObject = {}): KubeObject {
  return live('apps/v1', 'Deployment', {
    metadata: { generation: 2, ...metadata },
    spec: { replicas: 3, progressDeadlineSeconds: 600, ...spec },
    status: {
      observedGeneration: 2,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      conditions: [condition('Available', 'True'), condition('Progressing', 'True', 'NewReplicaSetAvailable')],
      ...status,
    },
  });
}

/** A StatefulSet of three replicas that is fully rolled out, with some of its fields changed. */
export function statefulSet(spec: JsonObject = {}, status: JsonObject = {}): KubeObject {
  return live('apps/v1', 'StatefulSet', {
    metadata: { generation: 1 },
    spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate' }, ...spec },
    status: {
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: 'web-1',
      updateRevision: 'web-1',
      ...status,
    },
  });
}

/** A DaemonSet on two nodes that is fully rolled out, with some of its fields changed. */
export function daemonSet(spec: JsonObject = {}, status: JsonObject = {}): KubeObject {
  return live('apps/v1', 'DaemonSet', {
    metadata: { generation: 1 },
    spec: { updateStrategy: { type: 'RollingUpdate' }, ...spec },
    status: {
      observedGeneration: 1,
      desiredNumberScheduled: 2,
      currentNumberScheduled: 2,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
      numberReady: 2,
      ...status,
    },
  });
}

/** A Pod with one container `web`. */
export function pod(status: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}): KubeObject {
  return live('v1', 'Pod', {
    metadata: { name: 'web-7d4-x', creationTimestamp: '2026-03-02T09:00:00Z', ...metadata },
    spec: { restartPolicy: 'Always', ...spec },
    status,
  });
}

/** The status of the container `web`. */
export function container(state: JsonValue, more: JsonObject = {}): JsonObject {
  return { name: 'web', image: 'registry.example.com/web:1', ready: false, restartCount: 0, state, ...more };
}

/** A Pod whose container crash-loops after running out of memory. */
export const crashLoopingPod = pod({
  phase: 'Running',
  conditions: [condition('Ready', 'False', 'ContainersNotReady')],
  containerStatuses: [
    container(
      { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
      { restartCount: 7, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
    ),
  ],
});

/** A Pod whose image cannot be pulled. */
export const unpullablePod = pod({
  phase: 'Pending',
  containerStatuses: [container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } })],
});
