import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleObjects } from '../../../src/engine/sessions/desiredObjects.ts';
import { extraneousOf } from '../../../src/engine/sessions/extraneous.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { keyOf, keyString, type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import type { RenderedObject } from '../../../src/engine/model/render.ts';

function configMap(name: string, metadata: JsonObject = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', ...metadata } };
}
const annotated = (name: string, annotations: JsonObject): KubeObject => configMap(name, { annotations });

test('live objects that Git does not have: what an owner tolerates, runs or makes from others is none', () => {
  const live = [
    configMap('left'),
    annotated('kept', { 'argocd.argoproj.io/sync-options': 'Validate=false, Prune=false' }),
    annotated('tolerated', { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true, IgnoreExtraneous' }),
    annotated('other-option', { 'argocd.argoproj.io/compare-options': 'IncludeMutationWebhook=true' }),
    annotated('hook', { 'argocd.argoproj.io/hook': 'PreSync' }),
    configMap('made', { ownerReferences: [{ uid: 'u' }] }),
  ];
  const byKey = new Map(live.map((object) => [keyString(keyOf(object)), object]));
  const found = extraneousOf([...byKey.keys()], new Map(), { get: (key) => byKey.get(keyString(key)), isFull: () => false });
  assert.deepEqual(
    found.map(({ key, verdict }) => `${key.name}: ${verdict.reason?.code ?? ''}`),
    ['left: not-in-git', 'kept: kept-not-in-git', 'other-option: not-in-git'],
  );
});

test('hooks of Helm and of Argo CD are run, not kept: no desired object of theirs is missing', async () => {
  const rendered: RenderedObject[] = [
    { object: configMap('kept') },
    { object: configMap('helm'), hook: { events: ['pre-install'], weight: 0, deletePolicies: [] } },
    { object: annotated('argo', { 'argocd.argoproj.io/hook': 'Sync' }) },
  ];
  const kinds = { resource: () => Promise.resolve(undefined), known: () => [] };
  const settled = await settleObjects(rendered, { context: 'c', namespace: 'shop' }, kinds, new AbortController().signal);
  assert.deepEqual(
    settled.map(({ object }) => nameOf(object)),
    ['kept'],
  );
});
