import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Engine } from '../../../src/engine/engine.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { customDefinition, established } from '../../tools/definitions.ts';
import { configYaml } from '../../tools/manifests.ts';
import { allowed } from '../../tools/rights.ts';
import { objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until } from './support.ts';

let plane: ControlPlane;
let uid: string;
before(async () => {
  plane = await startControlPlane({ users: { reader: [] } });
  uid = await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
});
after(() => plane.stop());

const order = `apiVersion: bakery.example/v1
kind: Order
metadata:
  name: first
spec:
  note: rye
  items:
    - sku: a
    - sku: b
`;

/** The CRD of orders, whose items are a list of this kind. */
const definition = (list: JsonObject, more: JsonObject = {}): JsonObject =>
  customDefinition({
    group: 'bakery.example',
    kind: 'Order',
    properties: {
      spec: {
        type: 'object',
        properties: {
          note: { type: 'string' },
          ...more,
          items: {
            type: 'array',
            items: { type: 'object', properties: { sku: { type: 'string' }, size: { type: 'string', default: 'M' } }, required: ['sku'] },
            ...list,
          },
        },
      },
    },
  });

const itemsByKey = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['sku'] };

/** What a user sees of the order: its state and why, and the fields that differ. */
function shown(engine: Engine): readonly unknown[] {
  const { state, reason, fields } = objectOf(engine, 'prod/shop', 'Order/first');
  return [state, reason?.code, fields.map(({ id }) => id)];
}

async function liveItems(items: readonly JsonObject[]): Promise<void> {
  const path = '/apis/bakery.example/v1/namespaces/default/orders/first';
  const contentType = 'application/merge-patch+json';
  const { status } = await plane.request(path, { method: 'PATCH', body: { spec: { items } }, contentType });
  assert.equal(status, 200);
}

test('a kind that comes, gets another schema and goes moves the verdicts of its objects, as a fresh start would give them', async (t) => {
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'shop', namespace: 'default' }], { clusterUid: uid }),
    'shop/order.yaml': order,
  });
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const fresh = async (): Promise<readonly unknown[]> => {
    const other = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
    await other.engine.check(undefined);
    const seen = shown(other.engine);
    other.engine.dispose();
    return seen;
  };
  assert.deepEqual(
    [shown(engine), reasonTexts(rowOf(engine, 'prod/shop'))],
    [
      ['cannot compare', 'kind-unknown', []],
      [
        'The cluster does not know the kind Order of bakery.example/v1. Install the CustomResourceDefinition or the API, or correct the manifest.',
      ],
    ],
  );

  await plane.apply([definition({ 'x-kubernetes-list-type': 'atomic' })]);
  await until(engine, 'its kind is known', () => shown(engine)[0] === 'missing');

  await established(plane, 'orders.bakery.example');
  await plane.kubectl(['apply', '--server-side', '-f', join(repo, 'shop/order.yaml')]);
  await until(engine, 'it is in sync', () => shown(engine)[0] === 'synced');
  await liveItems([{ sku: 'a', size: 'L' }, { sku: 'b' }]);
  const drifted = (...ids: readonly string[]): boolean => isDeepStrictEqual(shown(engine), ['drifted', undefined, ids]);
  // The server publishes a schema a while after it has accepted the definition.
  await until(engine, 'the list is compared as one value', () => drifted('spec.items[0].size'));

  // No object changes: items are merged by their keys now, and the server puts another default into what it reads.
  await plane.apply([definition(itemsByKey, { priority: { type: 'integer', default: 5 } })]);
  await until(engine, 'an apply would leave the size', () => shown(engine)[0] === 'synced');
  assert.deepEqual(shown(engine), await fresh());

  await plane.kubectl(['delete', 'crd', 'orders.bakery.example']);
  await until(engine, 'its kind is unknown again', () => shown(engine)[1] === 'kind-unknown');
  assert.deepEqual(shown(engine), await fresh());
});

test('who may not watch definitions is told of other kinds by a refresh', async (t) => {
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'shop', namespace: 'default' }]),
    'shop/order.yaml': order,
  });
  const mayRead = ['get', 'list', 'watch'].join(',');
  await plane.kubectl(['create', 'clusterrole', 'reader', `--verb=${mayRead}`, '--resource=namespaces']);
  await plane.kubectl(['create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--user=reader']);
  await allowed(plane, 'reader', { verb: 'list', resource: 'namespaces' });
  const { engine } = await startEngine(t, repo, settingsFor(await plane.kubeconfig('reader')));
  await engine.check(undefined);
  assert.deepEqual(shown(engine), ['cannot compare', 'kind-unknown', []]);

  await plane.apply([definition(itemsByKey)]);
  await established(plane, 'orders.bakery.example');
  await plane.kubectl(['create', 'clusterrole', 'orders', `--verb=${mayRead}`, '--resource=orders.bakery.example']);
  await plane.kubectl(['create', 'clusterrolebinding', 'orders', '--clusterrole=orders', '--user=reader']);
  await allowed(plane, 'reader', { verb: 'watch', group: 'bakery.example', resource: 'orders' });
  await plane.kubectl(['apply', '--server-side', '-f', join(repo, 'shop/order.yaml')]);
  await engine.refresh(undefined, { fetch: false }, new AbortController().signal);
  await until(engine, 'it is in sync', () => shown(engine)[0] === 'synced');

  await plane.kubectl(['delete', 'crd', 'orders.bakery.example']);
  await engine.refresh(undefined, { fetch: false }, new AbortController().signal);
  await until(engine, 'its kind is unknown again', () => shown(engine)[1] === 'kind-unknown');
});
