import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClusterConnection, WatchInterest } from '../../../src/engine/cluster/api.ts';
import { type JsonObject, stringAt } from '../../../src/engine/model/json.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import { customDefinition, established } from '../../tools/definitions.ts';
import { allowed } from '../../tools/rights.ts';
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

test('a kind whose CRD is added later is watched from then on, and told as gone with its CRD', async (t) => {
  const gvk = { group: 'shop.example', version: 'v1', kind: 'Order' };
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const told = recordChanges(t, connection);
  const [before] = await connection.watches.ensureWatched([{ gvk, namespace: 'default' }]);
  await controlPlane.apply([
    customDefinition({
      group: gvk.group,
      kind: gvk.kind,
      properties: {
        spec: {
          type: 'object',
          properties: {
            items: {
              type: 'array',
              items: {
                type: 'object',
                properties: { sku: { type: 'string' }, size: { type: 'string', default: 'M' } },
                required: ['sku'],
              },
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['sku', 'size'],
            },
          },
        },
      },
    }),
  ]);
  await established(controlPlane, 'orders.shop.example');
  await controlPlane.apply([
    { apiVersion: 'shop.example/v1', kind: 'Order', metadata: { name: 'first', namespace: 'default' }, spec: { items: [] } },
  ]);
  await until('the custom resource arrives', () => told.includes('added Order/first'));
  const info = await connection.discovery.resource(gvk);
  // The server publishes a schema a while after it serves the kind.
  await until('its schema is published', async () => (await connection.schemas.schemaOf(gvk)) !== undefined);
  const schema = await connection.schemas.schemaOf(gvk);
  const dry = await connection.patch(
    gvk,
    { group: gvk.group, kind: gvk.kind, namespace: 'default', name: 'first' },
    { spec: { items: [{ sku: 'a' }] } },
    { type: 'merge', dryRun: true },
  );
  await controlPlane.kubectl(['delete', 'crd', 'orders.shop.example']);
  await until('its deletion arrives', () => told.includes('deleted Order/first'));
  assert.deepEqual(
    {
      before: before?.reason?.code,
      servedBy: info?.servedBy,
      hasStatus: info?.hasStatus,
      origin: schema?.document.origin,
      dry: dry.object['spec'],
    },
    { before: 'unknown-kind', servedBy: 'crd', hasStatus: true, origin: 'crd', dry: { items: [{ sku: 'a', size: 'M' }] } },
  );
});

test('a new default of a definition is in what is held, though no watch tells of it and the definition may not be watched', async (t) => {
  const gvk = { group: 'mill.example', version: 'v1', kind: 'Stone' };
  const key = { ...gvk, namespace: 'default', name: 'first' };
  const define = async (more: JsonObject): Promise<void> => {
    const properties = { spec: { type: 'object', properties: { size: { type: 'integer' }, ...more } } };
    await controlPlane.apply([customDefinition({ group: gvk.group, kind: gvk.kind, properties })]);
  };
  await define({});
  await established(controlPlane, 'stones.mill.example');
  await controlPlane.apply([
    { apiVersion: 'mill.example/v1', kind: 'Stone', metadata: { name: 'first', namespace: 'default' }, spec: { size: 1 } },
  ]);
  const rights = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'stones' } };
  await controlPlane.apply([
    { ...rights, kind: 'ClusterRole', rules: [{ apiGroups: ['mill.example'], resources: ['stones'], verbs: ['get', 'list', 'watch'] }] },
    {
      ...rights,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'stones' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'narrow' }],
    },
  ]);
  await allowed(controlPlane, 'narrow', { verb: 'watch', group: gvk.group, resource: 'stones' });

  const follow = async (file?: string): Promise<{ proxy: ChaosProxy; connection: ClusterConnection; told: string[] }> => {
    const proxy = await ChaosProxy.start(controlPlane);
    t.after(() => proxy.stop());
    const connection = await testConnection(t, await proxy.kubeconfig(file), controlPlane.name);
    await connection.watches.change(managing([key]));
    await connection.watches.ensureWatched([gvk, CONFIG_MAP].map((each) => ({ gvk: each, namespace: 'default' })));
    await until('its schema is published', async () => (await connection.schemas.schemaOf(gvk)) !== undefined);
    return { proxy, connection, told: recordChanges(t, connection) };
  };
  const admin = await follow();
  const narrow = await follow(await controlPlane.kubeconfig('narrow'));
  // It knows by now where schemas stand, and reads this one when it has changed.
  const late = await testConnection(t, await controlPlane.kubeconfig('narrow'), controlPlane.name);
  await late.schemas.schemaOf(CONFIG_MAP);
  const grains = (): unknown[] => [admin, narrow].map(({ connection }) => stringAt(connection.watches.get(key), 'spec', 'grain'));
  const before = grains();
  await define({ grain: { type: 'string', default: 'coarse' } });
  await until('who may watch definitions knows', () => grains()[0] === 'coarse');
  await until('who may not knows it by a look', async () => {
    await narrow.connection.lookAgain();
    return grains()[1] === 'coarse';
  });
  const schema = await late.schemas.schemaOf(gvk);
  const lists = (plural: string): number[] =>
    [admin, narrow].map(({ proxy }) => proxy.seen.filter((seen) => seen.includes(`/${plural}?limit=`)).length);
  assert.deepEqual(
    {
      before,
      late: schema?.node.properties?.['spec']?.properties?.['grain']?.default,
      told: [admin.told, narrow.told].map((told) => told.filter((one) => one.endsWith('Stone/first'))),
      configMaps: lists('configmaps')[0],
      // Once more than at first, and again where the server itself ends the watch of a kind that it defines anew.
      isFew: lists('stones').every((count) => count <= 3),
      mostAlike: [admin, narrow].map(({ proxy }) => proxy.mostAlike),
    },
    {
      before: [undefined, undefined],
      late: 'coarse',
      told: Array(2).fill(['modified Stone/first']),
      configMaps: 1,
      isFew: true,
      mostAlike: [1, 1],
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
