import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectStore, type StoredKind } from '../../../src/engine/cluster/objectStore.ts';
import { stripObject } from '../../../src/engine/cluster/strip.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

const POD: StoredKind = { group: '', version: 'v1', kind: 'Pod' };
const HPA1: StoredKind = { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' };
const HPA2: StoredKind = { ...HPA1, version: 'v2' };

function make(kind: StoredKind, name: string, resourceVersion: string, owner?: string, uid = name): KubeObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const ownerReferences = owner === undefined ? undefined : [{ uid: owner, kind: 'X', name: 'x' }];
  return { apiVersion, kind: kind.kind, metadata: { name, namespace: 'n', uid, resourceVersion, ownerReferences } };
}

function key(kind: StoredKind, name: string): { group: string; kind: string; namespace: string; name: string } {
  return { group: kind.group, kind: kind.kind, namespace: 'n', name };
}

test('changes are told once; children follow their owners', () => {
  const store = new ObjectStore();
  const types = [
    store.upsert(POD, make(POD, 'a', '1', 'rs'), false),
    store.upsert(POD, make(POD, 'a', '1', 'rs'), false),
    store.upsert(POD, make(POD, 'a', '1', 'rs'), true),
    store.upsert(POD, make(POD, 'b', '1', 'rs'), false),
    store.upsert(POD, make(POD, 'a', '2', 'other'), false),
    store.remove(POD, key(POD, 'c')),
    store.upsert(POD, make(POD, 'b', '1', 'rs', 'b-again'), false),
  ].map((change) => change?.type);
  const children = (owner: string): string[] => store.childrenOf(owner).map(({ uid }) => uid);
  const before = [children('rs'), children('other')];
  store.remove(POD, key(POD, 'a'));
  assert.deepEqual(
    { types, before, after: children('other'), old: store.byUid('b'), entries: store.entries('', 'Pod').length },
    {
      types: ['added', undefined, 'modified', 'added', 'modified', undefined, 'modified'],
      before: [['b-again'], ['a']],
      after: [],
      old: undefined,
      entries: 1,
    },
  );
});

test('the same version with another content is a change of what is held in full', () => {
  const store = new ObjectStore();
  const read = (spec: JsonObject): KubeObject => ({ ...make(HPA1, 'web', '1'), spec });
  const types = [
    store.upsert(HPA1, read({ size: 1 }), true),
    store.upsert(HPA1, read({ size: 1 }), true),
    store.upsert(HPA1, read({ size: 1, priority: 5 }), true),
    store.upsert(HPA1, read({ priority: 5, size: 1 }), true),
    store.upsert(HPA1, read({}), false),
    store.upsert(HPA1, read({ size: 2 }), false),
  ].map((change) => change?.type);
  assert.deepEqual(types, ['added', undefined, 'modified', undefined, 'modified', undefined]);
});

test('one object at two versions is one object, and survives the end of one of them', () => {
  const store = new ObjectStore();
  store.upsert(HPA1, make(HPA1, 'web', '1', 'd'), true);
  store.upsert(HPA2, make(HPA2, 'web', '1', 'd'), true);
  const both = [store.entries('autoscaling', HPA1.kind).length, store.childrenOf('d').length];
  store.remove(HPA2, key(HPA2, 'web'));
  assert.deepEqual(
    [
      both,
      store.get(key(HPA1, 'web'), 'v2'),
      store.get(key(HPA1, 'web'))?.version,
      store.byUid('web')?.version,
      store.childrenOf('d').length,
    ],
    [[1, 1], undefined, 'v1', 'v1', 1],
  );
});

test('unmanaged objects keep no values; Pods, ReplicaSets and Jobs keep what health reads', () => {
  const metadata = {
    name: 'x',
    labels: { a: 'b' },
    managedFields: [{}],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"secret":1}', keep: 'me' },
  };
  const kept = { name: 'x', labels: { a: 'b' }, annotations: { keep: 'me' } };
  const base = (apiVersion: string, kind: string): KubeObject => ({ apiVersion, kind, metadata });
  const containers = [{ name: 'c', image: 'i', env: [{ name: 'TOKEN', value: 'secret' }] }];
  assert.deepEqual(
    [
      stripObject('', { ...base('v1', 'ConfigMap'), data: { a: 'secret' } }),
      stripObject('', { ...base('v1', 'Pod'), spec: { restartPolicy: 'Always', volumes: [{}], containers }, status: { phase: 'Running' } }),
      stripObject('apps', { ...base('apps/v1', 'ReplicaSet'), spec: { replicas: 2, template: {} }, status: { replicas: 2 } }),
      stripObject('batch', { ...base('batch/v1', 'Job'), spec: { suspend: true, template: {} }, status: {} }),
    ],
    [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: kept },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: kept,
        spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'i' }], initContainers: [] },
        status: { phase: 'Running' },
      },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: kept, spec: { replicas: 2 }, status: { replicas: 2 } },
      { apiVersion: 'batch/v1', kind: 'Job', metadata: kept, spec: { suspend: true }, status: {} },
    ],
  );
});

test('the objects of one namespace are found without the others, each once, as long as a version holds them', () => {
  const store = new ObjectStore();
  store.upsert(HPA1, make(HPA1, 'web', '1'), true);
  store.upsert(HPA2, make(HPA2, 'web', '1'), true);
  store.upsert(HPA2, make(HPA2, 'api', '1'), true);
  store.upsert(HPA2, make(HPA2, 'api', '2'), true);
  const names = (namespace: string): string[] =>
    store.inNamespace('autoscaling', 'HorizontalPodAutoscaler', namespace).map((one) => one.key.name);
  const all = [names('n'), names('m')];
  store.remove(HPA1, key(HPA1, 'web'));
  const withoutOne = names('n');
  store.remove(HPA2, key(HPA2, 'web'));
  store.remove(HPA2, key(HPA2, 'api'));
  assert.deepEqual([all, withoutOne, names('n')], [[['web', 'api'], []], ['web', 'api'], []]);
});

test('events stand below what they are about, and of more than the limit those that changed last are held', () => {
  const EVENT: StoredKind = { group: '', version: 'v1', kind: 'Event' };
  const event = (name: string, resourceVersion = '1'): KubeObject => ({
    ...make(EVENT, name, resourceVersion),
    involvedObject: { uid: 'pod', kind: 'Pod', name: 'web' },
  });
  const store = new ObjectStore(2);
  const names = (): string[] => store.childrenOf('pod').map((one) => one.key.name);
  for (const name of ['a', 'b']) store.upsert(EVENT, event(name), false);
  store.upsert(EVENT, event('a', '2'), false);
  store.upsert(EVENT, event('c'), false);
  const held = names();
  store.remove(EVENT, key(EVENT, 'a'));
  assert.deepEqual([held, names(), store.byUid('b'), store.entries('', 'Event').length], [['a', 'c'], ['c'], undefined, 1]);
  const full = { ...event('d'), message: 'no disk', reason: 'FailedMount', type: 'Warning', source: { component: 'kubelet' }, count: 3 };
  assert.deepEqual(stripObject('', full), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'd', namespace: 'n', uid: 'd', resourceVersion: '1' },
    involvedObject: { uid: 'pod', kind: 'Pod' },
    message: 'no disk',
    reason: 'FailedMount',
    type: 'Warning',
    count: 3,
  });
});
