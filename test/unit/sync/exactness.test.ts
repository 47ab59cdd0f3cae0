import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { besideIntent, leafChanges, type WriteIntent } from '../../../src/engine/sync/plan/exactness.ts';
import { podSchema } from './podSchema.ts';

function object(spec: JsonObject, held: Readonly<Record<string, JsonObject>> = {}): KubeObject {
  const managedFields = Object.entries(held).map(([manager, fieldsV1]) => ({
    manager,
    operation: manager === 'owner' ? 'Apply' : 'Update',
    apiVersion: 'v1',
    fieldsV1,
  }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', resourceVersion: String(Math.random()), managedFields }, spec };
}

const replicas = [{ field: 'spec' }, { field: 'replicas' }] as const;
const texts = (paths: readonly Parameters<typeof formatPath>[0][]): readonly string[] => paths.map((path) => formatPath(path));

test('leaf changes name leaves: items by key, atomic values whole', () => {
  const before = object({
    replicas: 5,
    nodeSelector: { a: '1' },
    containers: [{ name: 'web', env: [{ name: 'A', value: '1' }], command: ['x'] }, { name: 'gone' }],
  });
  const after = object({
    replicas: 3,
    nodeSelector: { a: '2' },
    containers: [{ name: 'web', env: [{ name: 'A', value: '2' }], command: ['y'] }],
  });
  assert.deepEqual(texts(leafChanges(before, after, podSchema).map((change) => change.path)), [
    'spec.replicas',
    'spec.nodeSelector',
    'spec.containers[name=web].env[name=A].value',
    'spec.containers[name=web].command',
    'spec.containers[name=gone].name',
  ]);
});

const intent = (mayGain = false, operation: 'Apply' | 'Update' = 'Apply'): WriteIntent => ({
  writer: { manager: 'owner', operation },
  chosen: [replicas],
  ownable: [replicas],
  expected: {},
  mayGain,
});

test('a change beside the chosen field counts when somebody holds it, a server default does not', () => {
  const held = { other: { 'f:spec': { 'f:nodeSelector': {} } } };
  const before = object({ replicas: 5, nodeSelector: { a: '1' }, strategy: { type: 'X' } }, held);
  const after = object({ replicas: 3, nodeSelector: {}, strategy: { type: 'Y' } }, held);
  assert.deepEqual(texts(besideIntent(before, after, intent(), podSchema)), ['spec.nodeSelector']);
});

test('ownership: only the chosen fields may change hands', () => {
  const spec = { replicas: 3 };
  const before = object(spec, { owner: { 'f:spec': { 'f:a': {} } }, human: { 'f:spec': { 'f:replicas': {} } } });
  const right = object(spec, { owner: { 'f:spec': { 'f:a': {}, 'f:replicas': {} } } });
  const lost = object(spec, { owner: { 'f:spec': { 'f:replicas': {} } } });
  const grabbed = object(spec, { owner: { 'f:spec': { 'f:a': {}, 'f:b': {}, 'f:replicas': {} } } });
  const beside = (after: KubeObject, mayGain = false): readonly string[] => texts(besideIntent(before, after, intent(mayGain), podSchema));
  assert.deepEqual([beside(right), beside(lost), beside(grabbed), beside(grabbed, true)], [[], ['spec.a'], ['spec.b'], []]);
});

test('an atomic value may change in the chosen place only', () => {
  const path = [{ field: 'spec' }, { field: 'nodeSelector' }, { field: 'zone' }] as const;
  const meant = (zone: string, disk: string): readonly string[] => {
    const before = object({ nodeSelector: { zone: 'b', disk: 'ssd' } });
    const after = object({ nodeSelector: { zone, disk } }, { owner: { 'f:spec': { 'f:nodeSelector': {} } } });
    const chosen = { ...intent(), chosen: [path], ownable: [path.slice(0, 2)], expected: {} };
    return texts(besideIntent(before, after, chosen, podSchema));
  };
  assert.deepEqual([meant('a', 'ssd'), meant('a', 'hdd')], [[], ['spec.nodeSelector']]);
});
