import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import { type FieldPath, formatPath, startsWithPath, toJsonPointer, valueAtPath } from '../../../src/engine/model/fieldPath.ts';
import { canonicalJson, jsonEqual, type JsonValue } from '../../../src/engine/model/json.ts';
import { keyString, parseKeyString } from '../../../src/engine/model/objects.ts';

const object: JsonValue = {
  metadata: { labels: { 'a.b/c': 'd' } },
  spec: { containers: [{ name: 'log' }, { name: 'web', image: 'x' }], finalizers: ['a', 'b/c'], rules: [[1, 2]] },
};
const paths: readonly { path: FieldPath; text: string; pointer: string | undefined; value: JsonValue | undefined }[] = [
  {
    path: [{ field: 'metadata' }, { field: 'labels' }, { field: 'a.b/c' }],
    text: 'metadata.labels["a.b/c"]',
    pointer: '/metadata/labels/a.b~1c',
    value: 'd',
  },
  {
    path: [{ field: 'spec' }, { field: 'containers' }, { keys: { name: 'web' } }, { field: 'image' }],
    text: 'spec.containers[name=web].image',
    pointer: '/spec/containers/1/image',
    value: 'x',
  },
  {
    path: [{ field: 'spec' }, { field: 'finalizers' }, { value: 'b/c' }],
    text: 'spec.finalizers[="b/c"]',
    pointer: '/spec/finalizers/1',
    value: 'b/c',
  },
  {
    path: [{ field: 'spec' }, { field: 'rules' }, { index: 0 }, { index: 1 }],
    text: 'spec.rules[0][1]',
    pointer: '/spec/rules/0/1',
    value: 2,
  },
  {
    path: [{ field: 'spec' }, { field: 'containers' }, { keys: { name: 'gone' } }],
    text: 'spec.containers[name=gone]',
    pointer: undefined,
    value: undefined,
  },
];

for (const { path, text, pointer, value } of paths) {
  test(`path ${text}`, () => {
    assert.deepEqual([formatPath(path), toJsonPointer(object, path), valueAtPath(object, path)], [text, pointer, value]);
  });
}

test('a path starts with its prefixes and itself only', () => {
  const path: FieldPath = [{ field: 'a' }, { keys: { name: 'x' } }, { field: 'b' }];
  assert.deepEqual(
    [path.slice(0, 2), path, [...path, { field: 'c' }], [{ field: 'a' }, { keys: { name: 'y' } }]].map((prefix) =>
      startsWithPath(path, prefix),
    ),
    [true, true, false, false],
  );
});

test('equal values have equal canonical text whatever the key order', () => {
  const left: JsonValue = { b: [1, { y: null, x: 'é' }], a: true };
  const right: JsonValue = { a: true, b: [1, { x: 'é', y: null }], c: undefined };
  assert.ok(jsonEqual(left, right));
  assert.equal(canonicalJson(left), canonicalJson(right));
  assert.ok(!jsonEqual(left, { a: true, b: [{ x: 'é', y: null }, 1] }));
});

test('keys of objects survive the way through text, also names with colons and dots', () => {
  const key = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '', name: 'system:a.b' };
  assert.deepEqual(parseKeyString(keyString(key)), key);
});

test('words are filled from details, and an unknown code shows itself', () => {
  assert.match(describe('workspace-untrusted'), /Trust the workspace/);
  assert.equal(describe('never-heard-of'), 'never-heard-of');
});
