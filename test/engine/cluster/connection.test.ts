import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { allowed } from '../../tools/rights.ts';
import { CONFIG_MAP, configMap, DEPLOYMENT, failure, keyOfConfigMap, SECRET, testConnection, until } from './support.ts';

let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ users: { deployer: [] } });
  await controlPlane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    configMap('settings', { color: 'red' }),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'deployer', namespace: 'team' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'deployer', namespace: 'team' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'deployer' }],
    },
  ]);
  await allowed(controlPlane, 'deployer', { verb: 'create', resource: 'configmaps', namespace: 'team' });
});

after(() => controlPlane.stop());

test('connects with a token and reads, writes and deletes raw objects', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  await connection.ready();
  const created = await connection.create(configMap('raw', { a: '1' }), { fieldManager: 'test' });
  const patched = await connection.patch(CONFIG_MAP, keyOfConfigMap('raw'), { data: { a: '2' } }, { type: 'merge', fieldManager: 'test' });
  const dry = await connection.patch(
    CONFIG_MAP,
    keyOfConfigMap('raw'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'raw', namespace: 'default' }, data: { a: '3' } },
    { type: 'apply', fieldManager: 'other', force: true, dryRun: true, fieldValidation: 'Strict' },
  );
  const tested = await connection.patch(
    CONFIG_MAP,
    keyOfConfigMap('raw'),
    [
      { op: 'test', path: '/data/a', value: '2' },
      { op: 'replace', path: '/data/a', value: '4' },
    ],
    { type: 'json' },
  );
  const uid = stringAt(created.object.metadata, 'uid') ?? '';
  const wrongUid = await failure(connection.delete(CONFIG_MAP, keyOfConfigMap('raw'), { uid: 'another' }));
  await connection.delete(CONFIG_MAP, keyOfConfigMap('raw'), { uid, propagation: 'Background' });
  const gone = await failure(connection.get(CONFIG_MAP, keyOfConfigMap('raw')), 'resource', 'name', 'namespace');
  assert.deepEqual(
    {
      version: connection.version,
      status: connection.state.status,
      data: [patched, dry, tested].map(({ object }) => object['data']),
      wrongUid,
      gone,
      counters: { dryRuns: connection.counters.dryRuns, writes: connection.counters.writes },
    },
    {
      version: 'v1.36.3',
      status: 'connected',
      data: [{ a: '2' }, { a: '3' }, { a: '4' }],
      wrongUid: { code: 'conflict' },
      gone: { code: 'not-found', resource: 'configmaps', name: 'raw', namespace: 'default' },
      counters: { dryRuns: 1, writes: 5 },
    },
  );
});

test('a reader is told which right is missing, an unknown user that nothing is allowed', async (t) => {
  const viewer = await testConnection(t, await controlPlane.kubeconfig('viewer'), controlPlane.name);
  const nobody = await testConnection(t, await controlPlane.kubeconfig('nobody'), controlPlane.name);
  const names = ['verb', 'group', 'resource', 'namespace'] as const;
  const deployments = { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'default' };
  assert.deepEqual(
    {
      read: (await viewer.get(CONFIG_MAP, keyOfConfigMap('settings')))['data'],
      write: await failure(viewer.patch(CONFIG_MAP, keyOfConfigMap('settings'), { data: {} }, { type: 'merge', dryRun: true }), ...names),
      secret: await failure(viewer.list(SECRET, { namespace: 'default' }), ...names),
      nobody: await failure(nobody.list(CONFIG_MAP, { namespace: 'default' }), ...names),
      may: await Promise.all([viewer, nobody].map((connection) => connection.canI({ ...deployments, verb: 'get' }))),
      mayPatch: await viewer.canI(deployments),
      states: [viewer.state.status, nobody.state.status],
    },
    {
      read: { color: 'red' },
      write: { code: 'forbidden', verb: 'patch', group: '', resource: 'configmaps', namespace: 'default' },
      secret: { code: 'forbidden', verb: 'list', group: '', resource: 'secrets', namespace: 'default' },
      nobody: { code: 'forbidden', verb: 'list', group: '', resource: 'configmaps', namespace: 'default' },
      may: [true, false],
      mayPatch: false,
      states: ['connected', 'connected'],
    },
  );
});

test('refusals are told apart: validation, immutable fields, missing namespaces, unknown kinds, quota, masked Secrets', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const selector = { matchLabels: { app: 'x' } };
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await controlPlane.apply([
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: 'default' }, spec: { selector, template } },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace: 'team' }, spec: { hard: { pods: '0' } } },
  ]);
  const deploymentKey = { group: 'apps', kind: 'Deployment', namespace: 'default', name: 'x' };
  const merge = { type: 'merge', dryRun: true } as const;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' }, spec: template.spec };
  // No controller runs here that would compute it.
  const status = { status: { hard: { pods: '0' }, used: { pods: '0' } } };
  const quotaPath = '/api/v1/namespaces/team/resourcequotas/none/status';
  await controlPlane.request(quotaPath, { method: 'PATCH', body: status, contentType: 'application/merge-patch+json' });
  await until('the quota counts', async () => (await failure(connection.create(pod, { dryRun: true })))['code'] !== 'no failure');
  const secretValue = 'dG9wLXNlY3JldA';
  let secretWords = '';
  await connection
    .create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': secretValue },
    })
    .catch((error: unknown) => {
      secretWords = JSON.stringify(error) + String(error);
    });
  assert.deepEqual(
    {
      negative: await failure(connection.patch(DEPLOYMENT, deploymentKey, { spec: { replicas: -1 } }, merge), 'fields', 'isImmutable'),
      immutable: await failure(
        connection.patch(DEPLOYMENT, deploymentKey, { spec: { selector: { matchLabels: { app: 'x', b: 'c' } } } }, merge),
        'isImmutable',
      ),
      namespace: await failure(connection.create(configMap('a', {}, 'nowhere')), 'namespace'),
      kind: await failure(connection.list({ group: 'shop.example', version: 'v1', kind: 'Order' }), 'group', 'version', 'kind'),
      quota: await failure(connection.create(pod, { dryRun: true }), 'quota', 'namespace'),
      conflict: await failure(
        connection.patch(
          DEPLOYMENT,
          deploymentKey,
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'x' },
            spec: { template: { spec: { containers: [{ name: 'c', image: 'j' }] } } },
          },
          { type: 'apply', fieldManager: 'other', dryRun: true },
        ),
        'managers',
      ),
      exists: await failure(connection.create(configMap('settings', {}))),
      secretIsRefused: secretWords.includes('bad-request'),
      secretIsQuoted: secretWords.includes(secretValue),
    },
    {
      negative: { code: 'invalid', fields: ['spec.replicas'], isImmutable: false },
      immutable: { code: 'invalid', isImmutable: true },
      namespace: { code: 'namespace-missing', namespace: 'nowhere' },
      kind: { code: 'unknown-kind', group: 'shop.example', version: 'v1', kind: 'Order' },
      quota: { code: 'quota-exceeded', quota: 'none', namespace: 'team' },
      conflict: { code: 'field-conflict', managers: ['kubectl'] },
      exists: { code: 'already-exists' },
      secretIsRefused: true,
      secretIsQuoted: false,
    },
  );
});

test('a pinned cluster is verified; another cluster behind the context gets nothing but the question who it is', async (t) => {
  const open = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  await open.ready();
  const right = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { expectedUid: String(open.uid) });
  const wrong = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { expectedUid: 'other-uid' });
  await right.ready();
  const refused = await failure(wrong.ready(), 'context', 'uid', 'expectedUid');
  const list = await failure(wrong.list(CONFIG_MAP));
  const [watch] = await wrong.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'default' }]);
  assert.deepEqual(
    { right: right.state.status, refused, list, watch: watch?.reason?.code, status: wrong.state.status, requests: wrong.counters.requests },
    {
      right: 'connected',
      refused: { code: 'wrong-cluster', context: controlPlane.name, uid: open.uid, expectedUid: 'other-uid' },
      list: { code: 'wrong-cluster' },
      watch: 'wrong-cluster',
      status: 'refused',
      requests: 2,
    },
  );
});

test('who may not read kube-system reads and dry-runs a pinned cluster, and does not write to it', async (t) => {
  const path = await controlPlane.kubeconfig('deployer', 'team');
  const pinned = await testConnection(t, path, controlPlane.name, { expectedUid: 'cannot-be-seen' });
  const free = await testConnection(t, path, controlPlane.name);
  const object = configMap('mine', { a: 'b' }, 'team');
  assert.deepEqual(
    {
      uid: (await pinned.ready(), pinned.uid),
      read: (await pinned.list(CONFIG_MAP, { namespace: 'team' })).length,
      dryRun: await failure(pinned.create(object, { dryRun: true })),
      write: await failure(pinned.create(object)),
      unpinned: await failure(free.create(object)),
    },
    { uid: undefined, read: 0, dryRun: { code: 'no failure' }, write: { code: 'cluster-not-verified' }, unpinned: { code: 'no failure' } },
  );
});

test('schemas come from the disk the second time', async (t) => {
  const cacheFolder = join(controlPlane.dir, 'schemas');
  t.after(() => rm(cacheFolder, { recursive: true, force: true }));
  const first = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { cacheFolder });
  const second = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { cacheFolder });
  await Promise.all([first.ready(), second.ready()]);
  const schema = await first.schemas.schemaOf(DEPLOYMENT);
  const before = second.counters.bytesReceived;
  const again = await second.schemas.schemaOf(DEPLOYMENT);
  assert.deepEqual(again, schema);
  assert.ok(second.counters.bytesReceived - before < 50_000, 'only the index is read');
});

test('events of an object come oldest first; logs of a Pod that never ran are empty, of none not found', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const event = (name: string, uid: string, lastTimestamp: string): object => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'x', uid },
    reason: name,
    lastTimestamp,
  });
  const spec = { containers: [{ name: 'main', image: 'i' }] };
  await controlPlane.apply([
    event('second', 'u-1', '2026-01-02T00:00:00Z'),
    event('first', 'u-1', '2026-01-01T00:00:00Z'),
    event('other', 'u-2', '2026-01-01T00:00:00Z'),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits', namespace: 'default' }, spec },
  ]);
  const events = await connection.events({ namespace: 'default', uid: 'u-1' });
  const pod = { namespace: 'default', name: 'waits', container: 'main' };
  assert.deepEqual(
    [
      events.map((one) => one['reason']),
      await connection.podLogs(pod, { tailLines: 10 }),
      await failure(connection.podLogs({ ...pod, name: 'none' }, { previous: true }), 'name'),
    ],
    [['first', 'second'], '', { code: 'not-found', name: 'none' }],
  );
});
