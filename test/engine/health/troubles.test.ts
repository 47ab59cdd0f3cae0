import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { healthOf } from '../../../src/engine/health/health.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';

const cluster = await startControlPlane({ components: ['controller-manager', 'scheduler', 'kwok'] });
after(() => cluster.stop());

/** A Deployment of one replica whose Pod acts out a trouble (kwok stages) or misses what it needs. */
function deployment(name: string, simulate: string, spec: object = {}, container: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { 'plumbline.dev/simulate': simulate } },
        spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1', ...container }] },
      },
      ...spec,
    },
  };
}

async function read(path: string): Promise<KubeObject> {
  const { status, body } = await cluster.request(path);
  assert.equal(status, 200, body);
  return JSON.parse(body) as KubeObject;
}

/** The Deployment with the ReplicaSets and Pods that carry its label. */
async function healthOfDeployment(name: string): Promise<string> {
  const object = await read(`/apis/apps/v1/namespaces/default/deployments/${name}`);
  const lists = await Promise.all(
    [
      ['/apis/apps/v1/namespaces/default/replicasets', 'apps/v1', 'ReplicaSet'],
      ['/api/v1/namespaces/default/pods', 'v1', 'Pod'],
    ].map(async ([path = '', apiVersion, kind]) => {
      const { items } = (await read(`${path}?labelSelector=app%3D${name}`)) as unknown as { items: KubeObject[] };
      return items.map((item) => ({ ...item, apiVersion, kind }) as KubeObject);
    }),
  );
  const { status, message } = healthOf(object, { children: lists.flat(), nowMs: Date.now() });
  // Names of Pods and ReplicaSets end in what the controllers chose.
  return `${status}: ${message ?? ''}`.replaceAll(/(Pod|ReplicaSet) ([a-z]+(?:-[a-z]+)?)-[a-z0-9]{8,10}(-[a-z0-9]{5})?:/g, '$1 $2-*:');
}

async function until(read: () => Promise<string>, expected: string): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  let found = await read();
  while (found !== expected && Date.now() < deadlineMs) found = await read();
  assert.equal(found, expected);
}

test('troubles of Deployments, from the API server’s own objects', async () => {
  const expected = {
    fine: 'healthy: ',
    looping: 'degraded: 0 of 1 updated replicas available; Pod looping-*: container web crash-loops (exit code 1, 5 restarts)',
    unpullable:
      'degraded: 0 of 1 updated replicas available; Pod unpullable-*: container web cannot pull registry.example.com/web:1 (ImagePullBackOff: Back-off pulling image registry.example.com/web:1)',
    late: 'degraded: the rollout missed its deadline of 1 s',
    paused: 'suspended: the rollout is paused',
  };
  await cluster.apply([
    deployment('fine', 'none'),
    deployment('looping', 'crash-loop'),
    deployment('unpullable', 'image-pull-error'),
    deployment('late', 'not-ready', { progressDeadlineSeconds: 1 }),
    deployment('paused', 'none', { paused: true }),
  ]);
  for (const name of ['fine', 'looping', 'unpullable', 'late', 'paused'] as const) {
    await until(() => healthOfDeployment(name), expected[name]);
  }
});

test('Pods that a quota refuses', async () => {
  await cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'small' } },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace: 'small' }, spec: { hard: { pods: '0' } } },
    { ...deployment('refused', 'none'), metadata: { name: 'refused', namespace: 'small' } },
  ]);
  await until(async () => {
    const object = await read('/apis/apps/v1/namespaces/small/deployments/refused');
    const { items } = (await read('/apis/apps/v1/namespaces/small/replicasets')) as unknown as { items: KubeObject[] };
    const children = items.map((item) => ({ ...item, apiVersion: 'apps/v1', kind: 'ReplicaSet' }));
    const { status, message } = healthOf(object, { children, nowMs: Date.now() });
    return `${status}: ${/exceeded quota: none/.exec(message ?? '')?.[0] ?? message ?? ''}`;
  }, 'degraded: exceeded quota: none');
});

test('a Pod that no node fits', async () => {
  await cluster.apply([deployment('huge', 'none', {}, { resources: { requests: { cpu: '100k' } } })]);
  // Judged 20 s later: the scheduler's 15 s are over.
  await until(async () => {
    const object = await read('/apis/apps/v1/namespaces/default/deployments/huge');
    const { items } = (await read('/api/v1/namespaces/default/pods?labelSelector=app%3Dhuge')) as unknown as { items: KubeObject[] };
    const children = items.map((item) => ({ ...item, apiVersion: 'v1', kind: 'Pod' }));
    const { status, message } = healthOf(object, { children, nowMs: Date.now() + 20_000 });
    return `${status}: ${/no node fits: 0\/2 nodes are available/.exec(message ?? '')?.[0] ?? message ?? ''}`;
  }, 'degraded: no node fits: 0/2 nodes are available');
});

test('a stuck finalizer', async () => {
  const path = '/api/v1/namespaces/default/configmaps/held';
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', namespace: 'default', finalizers: ['shop.example.com/backup'] } },
  ]);
  await cluster.request(path, { method: 'DELETE' });
  const object = await read(path);
  assert.deepEqual(healthOf(object, { nowMs: Date.now() }), {
    status: 'progressing',
    message: `being deleted since ${stringAt(object.metadata, 'deletionTimestamp') ?? ''}, held by the finalizer shop.example.com/backup`,
  });
  await cluster.kubectl(['patch', 'configmap/held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
});

test('built-in objects as the controllers leave them', async () => {
  await cluster.apply([
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace: 'default' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'run', image: 'registry.example.com/run:1' }] } } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'claim', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: {
          metadata: { labels: { app: 'agent' } },
          spec: { containers: [{ name: 'agent', image: 'registry.example.com/agent:1' }] },
        },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'store', namespace: 'default' },
      spec: {
        replicas: 2,
        serviceName: 'store',
        selector: { matchLabels: { app: 'store' } },
        template: {
          metadata: { labels: { app: 'store' } },
          spec: { containers: [{ name: 'store', image: 'registry.example.com/store:1' }] },
        },
      },
    },
  ]);
  const table = {
    '/apis/batch/v1/namespaces/default/jobs/once': 'healthy: ',
    '/api/v1/namespaces/default/persistentvolumeclaims/claim': 'progressing: not bound, phase Pending',
    '/apis/apps/v1/namespaces/default/daemonsets/agent': 'healthy: ',
    '/apis/apps/v1/namespaces/default/statefulsets/store': 'healthy: ',
  };
  for (const [path, expected] of Object.entries(table)) {
    await until(async () => {
      const { status, message } = healthOf(await read(path), { nowMs: Date.now() });
      return `${status}: ${message ?? ''}`;
    }, expected);
  }
});
