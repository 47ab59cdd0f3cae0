import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectChange } from '../../../src/engine/cluster/api.ts';
import { LiveRouter } from '../../../src/engine/live/liveRouter.ts';
import { keyOf, keyString, type KubeObject } from '../../../src/engine/model/objects.ts';

function object(apiVersion: string, kind: string, name: string, owner?: string): KubeObject {
  const ownerReferences = owner === undefined ? [] : [{ uid: owner }];
  return { apiVersion, kind, metadata: { name, namespace: 'shop', uid: `uid-${name}`, ownerReferences } };
}

const deployment = object('apps/v1', 'Deployment', 'web');
const replicaSet = object('apps/v1', 'ReplicaSet', 'web-1', 'uid-web');
const pod = object('v1', 'Pod', 'web-1-x', 'uid-web-1');
const byUid = new Map([deployment, replicaSet, pod].map((each) => [each.metadata['uid'], each]));
const watches = { byUid: (uid: string): KubeObject | undefined => byUid.get(uid) };

function change(changed: KubeObject, type: ObjectChange['type'] = 'modified'): ObjectChange {
  const base = { type, key: keyOf(changed), uid: `uid-${keyOf(changed).name}` };
  return type === 'deleted' ? base : { ...base, object: changed };
}

function routed(
  router: LiveRouter<string>,
  changes: readonly ObjectChange[],
): Record<string, { keys: readonly string[]; namespaces: readonly string[] }> {
  const entries = [...router.route('here', changes, watches)].map(
    ([receiver, { keys, namespaces }]) => [receiver, { keys: [...keys], namespaces: [...namespaces] }] as const,
  );
  return Object.fromEntries(entries);
}

test('a change reaches who holds the object, or what it belongs to, and nobody else', () => {
  const router = new LiveRouter<string>();
  const web = keyString(keyOf(deployment));
  router.set('a', 'here', [web]);
  router.set('b', 'here', ['/ConfigMap/shop/other']);
  router.set('elsewhere', 'there', [web]);
  const onlyWeb = { a: { keys: [web], namespaces: [] } };
  assert.deepEqual([routed(router, [change(deployment)]), routed(router, [change(pod), change(replicaSet)])], [onlyWeb, onlyWeb]);
});

test('a child that went touches the applications of its namespace, since nobody can tell whose it was', () => {
  const router = new LiveRouter<string>();
  router.set('a', 'here', ['apps/Deployment/shop/web']);
  router.set('b', 'here', ['apps/Deployment/other/web']);
  assert.deepEqual(routed(router, [change(pod, 'deleted')]), { a: { keys: [], namespaces: ['shop'] } });
});

test('what a receiver no longer holds does not reach it', () => {
  const router = new LiveRouter<string>();
  router.set('a', 'here', ['apps/Deployment/shop/web']);
  router.set('a', 'here', ['/ConfigMap/shop/web']);
  assert.deepEqual(routed(router, [change(deployment)]), {});
  router.delete('a');
  assert.deepEqual(routed(router, [change(object('v1', 'ConfigMap', 'web'))]), {});
});
