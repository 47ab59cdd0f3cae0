import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveAsCompared, withValue } from '../../../src/engine/sessions/projection.ts';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import type { FieldDifference } from '../../../src/engine/model/states.ts';
import { fieldDifference } from '../support/fieldDifference.ts';

const desired: JsonObject = {
  kind: 'Deployment',
  spec: {
    replicas: 2,
    containers: [
      { name: 'web', image: 'a:1', args: ['x'] },
      { name: 'log', image: 'b:1' },
    ],
  },
};
const field = (name: string) => ({ field: name });
const container = (name: string) => ({ keys: { name } });

function difference(path: FieldPath, live: JsonValue | undefined, isCosmetic = false): FieldDifference {
  return fieldDifference({ id: 'x', path, isCosmetic, ...(live === undefined ? {} : { live }) });
}

const cases: readonly { name: string; differences: readonly FieldDifference[]; expected: JsonValue }[] = [
  { name: 'nothing differs', differences: [], expected: desired },
  {
    name: 'a changed scalar',
    differences: [difference([field('spec'), field('replicas')], 5)],
    expected: { ...desired, spec: { ...(desired['spec'] as JsonObject), replicas: 5 } },
  },
  {
    name: 'a cosmetic difference does not show',
    differences: [difference([field('spec'), field('replicas')], 5, true)],
    expected: desired,
  },
  {
    name: 'a field of a keyed list item, an added item and a removed one',
    differences: [
      difference([field('spec'), field('containers'), container('web'), field('image')], 'a:2'),
      difference([field('spec'), field('containers'), container('new')], { name: 'new', image: 'c' }),
      difference([field('spec'), field('containers'), container('log')], undefined),
    ],
    expected: {
      ...desired,
      spec: {
        replicas: 2,
        containers: [
          { name: 'web', image: 'a:2', args: ['x'] },
          { name: 'new', image: 'c' },
        ],
      },
    },
  },
  {
    name: 'an added map entry with no parent in Git',
    differences: [difference([field('metadata'), field('labels'), field('a.b/c')], 'd')],
    expected: { ...desired, metadata: { labels: { 'a.b/c': 'd' } } },
  },
  {
    name: 'a removed field',
    differences: [difference([field('spec'), field('containers'), container('web'), field('args')], undefined)],
    expected: {
      ...desired,
      spec: {
        replicas: 2,
        containers: [
          { name: 'web', image: 'a:1' },
          { name: 'log', image: 'b:1' },
        ],
      },
    },
  },
];

for (const { name, differences, expected } of cases) {
  test(`live as compared: ${name}`, () => {
    const before = structuredClone(desired);
    assert.deepEqual(liveAsCompared(desired, differences, undefined), expected);
    assert.deepEqual(desired, before, 'the desired object must stay as it was');
  });
}

test('setting inside a list item that is not there makes it with its keys', () => {
  assert.deepEqual(withValue({ list: [] }, [field('list'), container('a'), field('image')], 'x', undefined), {
    list: [{ name: 'a', image: 'x' }],
  });
});
