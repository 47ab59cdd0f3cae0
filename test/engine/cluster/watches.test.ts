import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClusterConnection, WatchInterest } from '../../../src/engine/cluster/api.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { allowed } from '../../tools/rights.ts';
import { definitionCases } from './definitionCases.ts';
import {
  CONFIG_MAP,
  configMap,
  DEPLOYMENT,
  FaultyProxy,
  keyOfConfigMap,
  kubeconfigText,
  managing,
  recordChanges,
  SECRET,
  testConnection,
  until,
} from './support.ts';

let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ users: { narrow: [] } });
});

after(() => controlPlane.stop());

definitionCases(() => controlPlane);

async function namespace(name: string): Promise<void> {
  await controlPlane.request('/api/v1/namespaces', { method: 'POST', body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });
}

async function put(name: string, data: Record<string, string>, where: string): Promise<void> {
  const path = `/api/v1/namespaces/${where}/configmaps/${name}?fieldManager=test&force=true`;
  const answer = await controlPlane.request(path, {
    method: 'PATCH',
    body: { ...configMap(name, data, where) },
    contentType: 'application/apply-patch+yaml',
  });
  assert.ok(answer.status < 300, answer.body);
}

function dataOf(connection: ClusterConnection, name: string, where: string): unknown {
  return connection.watches.get(keyOfConfigMap(name, where))?.['data'];
}

test('managed objects are held in full, others as metadata; both ways when that changes', async (t) => {
  await namespace('full');
  await put('ours', { a: '1' }, 'full');
  await put('theirs', { a: '1' }, 'full');
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const { watches } = connection;
  const ours = keyOfConfigMap('ours', 'full');
  const theirs = keyOfConfigMap('theirs', 'full');
  await watches.change(managing([ours]));
  const outcomes = await watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'full' }]);
  const held = (): unknown[] =>
    [ours, theirs].map((key) => [
      watches.isFull(key),
      watches.get(key)?.['data'],
      watches.get(key)?.metadata['managedFields'] !== undefined,
    ]);
  const first = held();
  await watches.change(managing([theirs], [ours]));
  assert.deepEqual(
    {
      outcomes: outcomes.map(({ state }) => state),
      first,
      second: held(),
      synced: ['full', 'default'].map((where) => watches.isSynced(CONFIG_MAP, where)),
    },
    {
      outcomes: ['synced'],
      first: [
        [true, { a: '1' }, true],
        [false, undefined, false],
      ],
      second: [
        [false, undefined, false],
        [true, { a: '1' }, true],
      ],
      synced: [true, false],
    },
  );
});

test('Secrets are watched without their data; a managed one is read when it changes', async (t) => {
  await namespace('secrets');
  const secret = (name: string, value: string): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: 'secrets',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"stringData":{"p":"${value}"}}` },
    },
    stringData: { p: value },
  });
  await controlPlane.apply([secret('managed', 'value-one'), secret('other', 'value-two')]);
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const { watches } = connection;
  const managed = { group: '', kind: 'Secret', namespace: 'secrets', name: 'managed' };
  await watches.change(managing([managed]));
  await watches.ensureWatched([{ gvk: SECRET, namespace: 'secrets' }]);
  const value = (): string => Buffer.from(stringAt(watches.get(managed), 'data', 'p') ?? '', 'base64').toString();
  const before = value();
  const other = JSON.stringify(watches.objects('', 'Secret').filter((object) => object.metadata['name'] === 'other'));
  await controlPlane.apply([secret('managed', 'value-three')]);
  await until('the new value arrives', () => value() === 'value-three');
  await watches.change(managing([], [managed]));
  assert.deepEqual(
    {
      before,
      hasOther: other.includes('"other"'),
      leaks: other.includes('value-two') || other.includes('dmFsdWUtdHdv'),
      after: watches.get(managed)?.['data'],
    },
    { before: 'value-one', hasOther: true, leaks: false, after: undefined },
  );
});

test('an API server restarted in mid-watch: no change is missed and none told twice', async (t) => {
  await namespace('restart');
  for (const name of ['kept', 'changed', 'deleted']) await put(name, { a: '1' }, 'restart');
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  await connection.watches.change(managing(['kept', 'changed', 'added', 'later'].map((name) => keyOfConfigMap(name, 'restart'))));
  await connection.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'restart' }]);
  const told = recordChanges(t, connection);
  const states: string[] = [];
  connection.onDidChangeState(({ status }) => states.push(status));
  // Changes elsewhere move the cluster's revision on, so that the watch cannot be resumed: the server answers 410.
  await namespace('elsewhere');
  for (let index = 0; index < 30; index += 1) await put('busy', { index: String(index) }, 'elsewhere');
  await controlPlane.stopApiServer('SIGKILL');
  await until('it is seen as unreachable', () => connection.state.status === 'unreachable');
  await controlPlane.startApiServer();
  await put('changed', { a: '2' }, 'restart');
  await put('added', { a: '1' }, 'restart');
  await controlPlane.request('/api/v1/namespaces/restart/configmaps/deleted', { method: 'DELETE' });
  await put('later', { a: '1' }, 'restart');
  await until('the last change arrives', () => told.includes('added ConfigMap/later'));
  assert.deepEqual(
    { told: [...told].sort(), changed: dataOf(connection, 'changed', 'restart'), states, reason: connection.state.reason },
    {
      told: ['added ConfigMap/added', 'added ConfigMap/later', 'deleted ConfigMap/deleted', 'modified ConfigMap/changed'],
      changed: { a: '2' },
      states: ['unreachable', 'connected'],
      reason: undefined,
    },
  );
});

test('who may not list cluster-wide is watched namespace by namespace; a missing right is named, a missing namespace is empty', async (t) => {
  const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
  for (const name of names) await namespace(name);
  const allowedIn = names.slice(0, 5);
  await controlPlane.apply(
    allowedIn.flatMap((where) => [
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'read', namespace: where },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'read', namespace: where },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'narrow' }],
      },
      configMap('here', {}, where),
    ]),
  );
  await allowed(controlPlane, 'narrow', ...allowedIn.map((where) => ({ verb: 'watch', resource: 'configmaps', namespace: where })));
  const interests: WatchInterest[] = names.map((where) => ({ gvk: CONFIG_MAP, namespace: where }));
  const narrow = await testConnection(t, await controlPlane.kubeconfig('narrow'), controlPlane.name);
  const admin = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const outcomes = await narrow.watches.ensureWatched(interests);
  await admin.watches.ensureWatched([...interests, { gvk: CONFIG_MAP, namespace: 'not-there' }]);
  const wide = admin.watches.statuses().map((status) => status.namespace);
  const unwanted = [...interests, { gvk: CONFIG_MAP, namespace: 'not-there' }].filter(({ namespace: of }) => of !== 'n1');
  await admin.watches.change({ managed: [], unmanaged: [], unwanted });
  await until('the wide watch has ended', () => admin.watches.statuses().every((status) => status.namespace === 'n1'));
  const details = outcomes[5]?.reason?.details;
  assert.deepEqual(
    {
      states: outcomes.map(({ state }) => state),
      missing: [outcomes[5]?.reason?.code, details?.['verb'], details?.['resource'], details?.['namespace']],
      narrowHas: narrow.watches.objects('', 'ConfigMap').length,
      wide,
      afterwards: await admin.watches
        .ensureWatched([{ gvk: CONFIG_MAP, namespace: 'n1' }])
        .then(() => admin.watches.objects('', 'ConfigMap').length),
    },
    {
      states: ['synced', 'synced', 'synced', 'synced', 'synced', 'failed'],
      missing: ['forbidden', 'list', 'configmaps', 'n6'],
      narrowHas: 5,
      wide: [''],
      afterwards: 1,
    },
  );
});

test('5,000 objects are listed in pages and watched on', async (t) => {
  await namespace('many');
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const data = { text: 'x'.repeat(200) };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < 5000) await connection.create(configMap(`m-${next++}`, data, 'many'));
  };
  await Promise.all(Array.from({ length: 12 }, work));
  await connection.ready();
  await connection.discovery.refresh();
  const before = connection.counters.requests;
  await connection.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'many' }]);
  const pages = connection.counters.requests - before;
  const told = recordChanges(t, connection);
  await put('m-1', { text: 'new' }, 'many');
  await until('a change arrives', () => told.includes('modified ConfigMap/m-1'));
  const listed = await connection.list(CONFIG_MAP, { namespace: 'many', metadataOnly: true });
  assert.deepEqual(
    [
      connection.watches.objects('', 'ConfigMap', 'many').length,
      pages >= 10 && pages <= 12,
      listed.length,
      listed[0]?.kind,
      listed[0]?.['data'],
    ],
    [5000, true, 5000, 'ConfigMap', undefined],
  );
});

test('a stalled watch, a cut one and one with half an event are resumed without loss', async (t) => {
  await namespace('faults');
  await put('one', { a: '1' }, 'faults');
  const proxy = new FaultyProxy(controlPlane.serverUrl);
  t.after(() => {
    proxy.close();
  });
  const text = await kubeconfigText(controlPlane, { token: controlPlane.token('admin') }, { server: await proxy.listen() });
  const path = join(controlPlane.dir, 'faults.kubeconfig');
  await writeFile(path, text);
  const connection = await testConnection(t, path, controlPlane.name, {
    reflectorTimes: { backoffMinMs: 20, backoffMaxMs: 100, quietMs: 400 },
  });
  await connection.watches.change(managing([keyOfConfigMap('one', 'faults')]));
  await connection.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'faults' }]);
  const told = recordChanges(t, connection);
  const arrives = (a: string): Promise<void> =>
    until(`value ${a} arrives`, () => JSON.stringify(dataOf(connection, 'one', 'faults')) === JSON.stringify({ a }));
  await put('one', { a: '2' }, 'faults');
  await arrives('2');
  proxy.stall();
  await put('one', { a: '3' }, 'faults');
  await arrives('3');
  proxy.cutAfter(150);
  await put('one', { a: '4' }, 'faults');
  await arrives('4');
  proxy.cutAfter(0);
  await put('one', { a: '5' }, 'faults');
  await arrives('5');
  assert.deepEqual([told, connection.watches.statuses().map(({ state }) => state)], [Array(4).fill('modified ConfigMap/one'), ['synced']]);
});

test('beyond the limit of watches kinds are polled', async (t) => {
  await namespace('polled');
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, {
    maxWatches: 1,
    reflectorTimes: { pollMs: 100 },
  });
  const outcomes = await connection.watches.ensureWatched([
    { gvk: DEPLOYMENT, namespace: 'polled' },
    { gvk: CONFIG_MAP, namespace: 'polled' },
  ]);
  const told = recordChanges(t, connection);
  await put('seen', {}, 'polled');
  await until('it is seen', () => told.includes('added ConfigMap/seen'));
  assert.deepEqual(
    [outcomes.map(({ state }) => state), connection.watches.statuses().map(({ gvk, state }) => `${gvk.kind} ${state}`)],
    [
      ['synced', 'synced'],
      ['Deployment synced', 'ConfigMap polling'],
    ],
  );
});
