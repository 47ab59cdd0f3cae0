import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
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
  uid = await plane.uid();
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

/** What a user sees of the order: its state and why, the fields that differ, and those that are ignored. */
function shown(engine: Engine): readonly unknown[] {
  const { state, reason, fields, ignored = [] } = objectOf(engine, 'prod/shop', 'Order/first');
  return [state, reason?.code, fields.map(({ id }) => id), ...ignored.map(({ id, by }) => `${id} ignored by ${by}`)];
}

/** For what no event tells of. */
async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`never: ${what}`);
    await delay(50);
  }
}

/** Waits until the live side of the order, as the editor shows it, has a text in it. */
async function untilLiveHas(engine: Engine, text: string): Promise<void> {
  const { key } = objectOf(engine, 'prod/shop', 'Order/first');
  const live = async (): Promise<string> => (await engine.sideDocument('prod/shop', key, 'live', true, new AbortController().signal)).text;
  await eventually(`live has '${text}'`, async () => (await live()).includes(text));
}

/** Gives the order's kind another definition, and waits until its schema is published. */
async function redefine(changed: JsonObject): Promise<void> {
  const published = async (): Promise<string> =>
    /"apis\/bakery\.example\/v1":\{[^}]*\}/.exec((await plane.request('/openapi/v3')).body)?.[0] ?? '';
  const before = await published();
  await plane.apply([changed]);
  await eventually('the schema is published', async () => (await published()) !== before);
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
  await redefine(definition(itemsByKey, { priority: { type: 'integer', default: 5 } }));
  const wanted = await fresh();
  assert.equal(wanted[0], 'synced');
  await until(engine, 'all is as after a fresh start', () => isDeepStrictEqual(shown(engine), wanted));
  await untilLiveHas(engine, 'priority: 5');

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
  const refresh = (): Promise<void> => engine.refresh(undefined, { fetch: false }, new AbortController().signal);
  await refresh();
  await until(engine, 'it is in sync', () => shown(engine)[0] === 'synced');

  // The server puts the default into what it reads, without telling of any change.
  await redefine(definition(itemsByKey, { priority: { type: 'integer', default: 5 } }));
  await refresh();
  await untilLiveHas(engine, 'priority: 5');

  await plane.kubectl(['delete', 'crd', 'orders.bakery.example']);
  await engine.refresh(undefined, { fetch: false }, new AbortController().signal);
  await until(engine, 'its kind is unknown again', () => shown(engine)[1] === 'kind-unknown');
});
