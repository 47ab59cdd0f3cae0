import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf, worstHealth } from '../../../src/engine/health/health.ts';
import { condition, container, crashLoopingPod, daemonSet, deployment, live, nowMs, pod, statefulSet, unpullablePod } from './fixtures.ts';

const running = { running: { startedAt: '2026-03-02T09:00:01Z' } };
const autoscaler = (apiVersion: string, conditions: Parameters<typeof condition>[], annotation?: string) =>
  live(apiVersion, 'HorizontalPodAutoscaler', {
    metadata: annotation === undefined ? {} : { annotations: { 'autoscaling.alpha.kubernetes.io/conditions': annotation } },
    status: { conditions: conditions.map((given) => condition(...given)) },
  });

/** state of the object → the object, `status` or `status: message` */
const table = {
  'Deployment rolled out': [deployment(), 'healthy'],
  'Deployment generation not observed': [deployment({}, { observedGeneration: 1 }), 'progressing: not yet seen by its controller'],
  'Deployment being updated': [deployment({}, { updatedReplicas: 1 }), 'progressing: 1 of 3 replicas updated'],
  'Deployment with old replicas': [deployment({}, { replicas: 4 }), 'progressing: 1 old replicas are pending termination'],
  'Deployment becoming available': [deployment({}, { availableReplicas: 2 }), 'progressing: 2 of 3 updated replicas available'],
  'Deployment not ready': [deployment({}, { readyReplicas: 2 }), 'progressing: 2 of 3 replicas ready'],
  'Deployment with its ReplicaSet still progressing': [
    deployment({}, { conditions: [condition('Available', 'True'), condition('Progressing', 'True', 'ReplicaSetUpdated')] }),
    'progressing: the new ReplicaSet is not available yet',
  ],
  'Deployment without deadline and condition': [
    deployment({ progressDeadlineSeconds: 2147483647 }, { conditions: [condition('Available', 'True')] }),
    'healthy',
  ],
  'Deployment that missed its rollout deadline': [
    deployment(
      { progressDeadlineSeconds: 60 },
      { updatedReplicas: 1, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] },
    ),
    'degraded: the rollout missed its deadline of 60 s',
  ],
  'Deployment paused': [
    deployment({ paused: true }, { conditions: [condition('Progressing', 'Unknown', 'DeploymentPaused')] }),
    'suspended: the rollout is paused',
  ],
  'Deployment scaled to zero': [
    deployment({ replicas: 0 }, { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 }),
    'healthy',
  ],
  'Deployment being deleted': [
    deployment({}, {}, { deletionTimestamp: '2026-03-02T09:00:00Z' }),
    'progressing: being deleted since 2026-03-02T09:00:00Z',
  ],
  'ConfigMap with a stuck finalizer': [
    live('v1', 'ConfigMap', { metadata: { deletionTimestamp: '2026-03-02T09:00:00Z', finalizers: ['shop.example.com/backup'] } }),
    'progressing: being deleted since 2026-03-02T09:00:00Z, held by the finalizer shop.example.com/backup',
  ],
  'StatefulSet rolled out': [statefulSet(), 'healthy'],
  'StatefulSet not observed': [statefulSet({}, { observedGeneration: 0 }), 'progressing: not yet seen by its controller'],
  'StatefulSet not ready': [statefulSet({}, { readyReplicas: 1 }), 'progressing: 1 of 3 replicas ready'],
  'StatefulSet changing revision': [statefulSet({}, { updateRevision: 'web-2' }), 'progressing: waiting for the rolling update'],
  'StatefulSet at its partition': [
    statefulSet(
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { updatedReplicas: 1, updateRevision: 'web-2' },
    ),
    'healthy',
  ],
  'StatefulSet before its partition': [
    statefulSet(
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      { updatedReplicas: 1, updateRevision: 'web-2' },
    ),
    'progressing: 1 of 2 replicas updated',
  ],
  'StatefulSet updated on delete': [
    statefulSet({ updateStrategy: { type: 'OnDelete' } }, { updatedReplicas: 0, updateRevision: 'web-2' }),
    'healthy',
  ],
  'DaemonSet rolled out': [daemonSet(), 'healthy'],
  'DaemonSet being updated': [daemonSet({}, { updatedNumberScheduled: 1 }), 'progressing: 1 of 2 Pods updated'],
  'DaemonSet updated on delete': [daemonSet({ updateStrategy: { type: 'OnDelete' } }, { updatedNumberScheduled: 1 }), 'healthy'],
  'ReplicaSet complete': [
    live('apps/v1', 'ReplicaSet', {
      spec: { replicas: 1 },
      status: { replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1 },
    }),
    'healthy',
  ],
  'ReplicaSet that may not create Pods': [
    live('apps/v1', 'ReplicaSet', {
      spec: { replicas: 1 },
      status: { conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota')] },
    }),
    'degraded: FailedCreate: exceeded quota',
  ],
  'Pod ready': [
    pod({ phase: 'Running', conditions: [condition('Ready', 'True')], containerStatuses: [container(running, { ready: true })] }),
    'healthy',
  ],
  'Pod started, not ready': [pod({ phase: 'Running', containerStatuses: [container(running)] }), 'progressing: running, not ready'],
  'Pod crash-looping': [crashLoopingPod, 'degraded: container web crash-loops (exit code 137, out of memory (OOMKilled), 7 restarts)'],
  'Pod with an unpullable image': [
    unpullablePod,
    'degraded: container web cannot pull registry.example.com/web:1 (ImagePullBackOff: Back-off pulling image)',
  ],
  'Pod with a missing Secret': [
    pod({
      phase: 'Pending',
      containerStatuses: [container({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "db" not found' } })],
    }),
    'degraded: container web cannot start (CreateContainerConfigError: secret "db" not found)',
  ],
  'Pod whose init container crash-loops': [
    pod({
      phase: 'Pending',
      initContainerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } }, { name: 'migrate', restartCount: 2 })],
      containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
    }),
    'degraded: init container migrate crash-loops (2 restarts)',
  ],
  'Pod being created': [
    pod({ phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] }),
    'progressing: pending',
  ],
  'Pod that no node fits': [
    pod({
      phase: 'Pending',
      conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/1 nodes are available: 1 Insufficient cpu.')],
    }),
    'degraded: no node fits: 0/1 nodes are available: 1 Insufficient cpu.',
  ],
  'Pod that the scheduler is still placing': [
    pod(
      { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/1 nodes')] },
      {},
      { creationTimestamp: '2026-03-02T09:59:50Z' },
    ),
    'progressing: no node fits: 0/1 nodes',
  ],
  'Pod evicted': [pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }), 'degraded: Evicted: low on memory'],
  'Pod restarted once': [
    pod({ phase: 'Running', containerStatuses: [container(running, { lastState: { terminated: { exitCode: 1, reason: 'Error' } } })] }),
    'degraded: container web ended (exit code 1)',
  ],
  'Pod of a Job': [
    pod({ phase: 'Running', conditions: [condition('Ready', 'True')] }, { restartPolicy: 'Never' }),
    'progressing: running to completion',
  ],
  'Pod succeeded': [pod({ phase: 'Succeeded' }, { restartPolicy: 'Never' }), 'healthy'],
  'Pod unseen': [pod({}), 'progressing: no phase yet'],
  'Pod of an unknown phase': [pod({ phase: 'Unknown' }), 'unknown'],
  'PersistentVolumeClaim bound': [live('v1', 'PersistentVolumeClaim', { status: { phase: 'Bound' } }), 'healthy'],
  'PersistentVolumeClaim pending': [
    live('v1', 'PersistentVolumeClaim', { status: { phase: 'Pending' } }),
    'progressing: not bound, phase Pending',
  ],
  'PersistentVolumeClaim lost': [live('v1', 'PersistentVolumeClaim', { status: { phase: 'Lost' } }), 'degraded: its volume is lost'],
  'Service of a cluster IP': [live('v1', 'Service', { spec: { type: 'ClusterIP' } }), 'healthy'],
  'Service without a balancer': [
    live('v1', 'Service', { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.9' } }),
    'progressing: no load balancer address yet',
  ],
  'Ingress with an address': [
    live('networking.k8s.io/v1', 'Ingress', { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }),
    'healthy',
  ],
  'Ingress without an address': [live('networking.k8s.io/v1', 'Ingress', {}), 'progressing: no load balancer address yet'],
  'Job complete': [live('batch/v1', 'Job', { status: { conditions: [condition('Complete', 'True')] } }), 'healthy'],
  'Job failed': [
    live('batch/v1', 'Job', { status: { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded', 'too often')] } }),
    'degraded: BackoffLimitExceeded: too often',
  ],
  'Job running': [
    live('batch/v1', 'Job', { status: { startTime: '2026-03-02T09:00:00Z', active: 1, failed: 2 } }),
    'progressing: 1 active, 2 failed',
  ],
  'Job suspended': [
    live('batch/v1', 'Job', { spec: { suspend: true }, status: { conditions: [condition('Suspended', 'True')] } }),
    'suspended: suspended',
  ],
  'CronJob scheduled': [live('batch/v1', 'CronJob', {}), 'healthy'],
  'CronJob suspended': [live('batch/v1', 'CronJob', { spec: { suspend: true } }), 'suspended: the schedule is suspended'],
  'HorizontalPodAutoscaler scaling': [
    autoscaler('autoscaling/v2', [
      ['AbleToScale', 'True'],
      ['ScalingActive', 'True'],
    ]),
    'healthy',
  ],
  'HorizontalPodAutoscaler without metrics': [
    autoscaler('autoscaling/v2', [
      ['AbleToScale', 'True'],
      ['ScalingActive', 'False', 'FailedGetResourceMetric', 'no metrics'],
    ]),
    'degraded: FailedGetResourceMetric: no metrics',
  ],
  'HorizontalPodAutoscaler new': [autoscaler('autoscaling/v2', []), 'progressing: waiting to scale'],
  'HorizontalPodAutoscaler v1 by its annotation': [
    autoscaler('autoscaling/v1', [], JSON.stringify([condition('AbleToScale', 'True', 'ReadyForNewScale')])),
    'healthy',
  ],
  'HorizontalPodAutoscaler v1 with a broken annotation': [autoscaler('autoscaling/v1', [], '{'), 'progressing: waiting to scale'],
  'APIService available': [
    live('apiregistration.k8s.io/v1', 'APIService', { status: { conditions: [condition('Available', 'True')] } }),
    'healthy',
  ],
  'APIService unavailable': [
    live('apiregistration.k8s.io/v1', 'APIService', { status: { conditions: [condition('Available', 'False', 'MissingEndpoints')] } }),
    'progressing: MissingEndpoints',
  ],
  'CustomResourceDefinition established': [
    live('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: { conditions: [condition('NamesAccepted', 'True'), condition('Established', 'True')] },
    }),
    'healthy',
  ],
  'CustomResourceDefinition with a taken name': [
    live('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: { conditions: [condition('NamesAccepted', 'False', 'ListKindConflict', 'taken')] },
    }),
    'degraded: ListKindConflict: taken',
  ],
  'CustomResourceDefinition installing': [
    live('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: { conditions: [condition('Established', 'False', 'Installing')] },
    }),
    'progressing: not established yet',
  ],
  'Workflow failed': [live('argoproj.io/v1alpha1', 'Workflow', { status: { phase: 'Failed', message: 'step 2' } }), 'degraded: step 2'],
  'custom resource without status': [live('shop.example.com/v1', 'Campaign', {}), 'healthy'],
  'custom resource ready': [live('shop.example.com/v1', 'Campaign', { status: { conditions: [condition('Ready', 'True')] } }), 'healthy'],
  'custom resource not ready': [
    live('shop.example.com/v1', 'Campaign', { status: { conditions: [condition('Ready', 'False', 'NoBudget', 'the budget is spent')] } }),
    'progressing: NoBudget: the budget is spent',
  ],
  'custom resource reconciling': [
    live('shop.example.com/v1', 'Campaign', {
      status: { conditions: [condition('Ready', 'True'), condition('Reconciling', 'True', 'Working')] },
    }),
    'progressing: Working',
  ],
  'custom resource stalled': [
    live('shop.example.com/v1', 'Campaign', { status: { conditions: [condition('Stalled', 'True', 'BadSpec', 'no such product')] } }),
    'degraded: BadSpec: no such product',
  ],
  'custom resource behind its generation': [
    live('shop.example.com/v1', 'Campaign', { metadata: { generation: 3 }, status: { observedGeneration: 2 } }),
    'progressing: generation 3 is not yet seen by its controller (2)',
  ],
  ConfigMap: [live('v1', 'ConfigMap', {}), 'healthy'],
  PodDisruptionBudget: [live('policy/v1', 'PodDisruptionBudget', { status: { conditions: [condition('Ready', 'False')] } }), 'healthy'],
  'Ready as a text': [{ ...live('shop.example.com/v1', 'Campaign', {}), status: { conditions: 'Ready' } }, 'healthy'],
} as const;

test('health of one object by its state', () => {
  const found = Object.fromEntries(
    Object.entries(table).map(([name, [object]]) => {
      const { status, message } = healthOf(object, { nowMs });
      return [name, message === undefined ? status : `${status}: ${message}`];
    }),
  );
  assert.deepEqual(found, Object.fromEntries(Object.entries(table).map(([name, [, expected]]) => [name, expected])));
});

test('an absent object is missing', () => {
  assert.deepEqual(healthOf(undefined, { nowMs }), { status: 'missing', message: 'not in the cluster' });
});

test('the worst of several, in Argo CD’s order', () => {
  assert.deepEqual(
    [
      worstHealth([]),
      worstHealth([{ status: 'healthy' }, { status: 'suspended' }, { status: 'progressing' }]),
      worstHealth([{ status: 'missing' }, { status: 'degraded', message: 'a' }, { status: 'degraded', message: 'b' }]),
      worstHealth([{ status: 'degraded' }, { status: 'degraded', message: 'why' }]),
      worstHealth([{ status: 'degraded' }, { status: 'unknown' }]),
    ],
    [
      undefined,
      { status: 'progressing' },
      { status: 'degraded', message: 'a' },
      { status: 'degraded', message: 'why' },
      { status: 'unknown' },
    ],
  );
});
