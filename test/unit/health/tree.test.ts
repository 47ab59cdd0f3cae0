import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from '../../../src/engine/health/health.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { condition, container, crashLoopingPod, deployment, live, nowMs, pod, unpullablePod } from './fixtures.ts';

const rollingOut = deployment({}, { updatedReplicas: 1, availableReplicas: 0 });
const late = deployment({}, { updatedReplicas: 1, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] });
const restarted = pod({
  phase: 'Running',
  containerStatuses: [container({ running: { startedAt: 'x' } }, { lastState: { terminated: { exitCode: 2, reason: 'Error' } } })],
});
const deletedPod: KubeObject = {
  ...crashLoopingPod,
  metadata: { ...crashLoopingPod.metadata, deletionTimestamp: '2026-03-02T09:00:00Z' },
};
const refusedReplicaSet = live('apps/v1', 'ReplicaSet', {
  metadata: { name: 'web-7d4' },
  status: { conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota: small')] },
});
const job = (name: string, day: string, type: string): KubeObject =>
  live('batch/v1', 'Job', {
    metadata: { name, creationTimestamp: `2026-03-${day}T00:00:00Z` },
    status: { conditions: [condition(type, 'True', type === 'Failed' ? 'BackoffLimitExceeded' : 'Done')] },
  });

const crashText = 'Pod web-7d4-x: container web crash-loops (exit code 137, out of memory (OOMKilled), 7 restarts)';
const table: Record<string, [KubeObject, KubeObject[], string]> = {
  'a Pod crash-loops during a rollout': [rollingOut, [crashLoopingPod], `degraded: 1 of 3 replicas updated; ${crashText}`],
  'a Pod cannot pull during a rollout': [
    rollingOut,
    [unpullablePod],
    'degraded: 1 of 3 replicas updated; Pod web-7d4-x: container web cannot pull registry.example.com/web:1 (ImagePullBackOff: Back-off pulling image)',
  ],
  'a missed deadline names the Pod': [late, [crashLoopingPod], `degraded: the rollout missed its deadline of 600 s; ${crashText}`],
  'a blocking cause goes before a passing one': [
    rollingOut,
    [restarted, crashLoopingPod],
    `degraded: 1 of 3 replicas updated; ${crashText}`,
  ],
  'a passing cause does not degrade': [
    rollingOut,
    [restarted],
    'progressing: 1 of 3 replicas updated; Pod web-7d4-x: container web ended (exit code 2)',
  ],
  'a Pod on its way out is no cause': [rollingOut, [deletedPod], 'progressing: 1 of 3 replicas updated'],
  'a Deployment that is healthy stays so': [deployment(), [crashLoopingPod], 'healthy'],
  'refused Pods': [
    rollingOut,
    [refusedReplicaSet],
    'degraded: 1 of 3 replicas updated; ReplicaSet web-7d4: FailedCreate: exceeded quota: small',
  ],
  'the latest Job failed': [
    live('batch/v1', 'CronJob', {}),
    [job('report-1', '01', 'Complete'), job('report-2', '02', 'Failed')],
    'degraded: its latest Job report-2 failed: BackoffLimitExceeded',
  ],
  'an older Job failed': [live('batch/v1', 'CronJob', {}), [job('report-2', '02', 'Complete'), job('report-1', '01', 'Failed')], 'healthy'],
};

test('health of an object in the light of its children', () => {
  const found = Object.fromEntries(
    Object.entries(table).map(([name, [object, children]]) => {
      const { status, message } = healthOf(object, { children, nowMs });
      return [name, message === undefined ? status : `${status}: ${message}`];
    }),
  );
  assert.deepEqual(found, Object.fromEntries(Object.entries(table).map(([name, [, , expected]]) => [name, expected])));
});
