import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedFields, parseServerPath } from '../../../src/engine/drift/serverPaths.ts';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import { fieldAt } from '../../../src/engine/provenance/fieldAt.ts';
import { changedLines, lineOfEdit } from '../../../src/engine/provenance/changedLines.ts';

test('fields that the API server names', () => {
  assert.deepEqual(
    [
      'unknown field "spec.replicaz"',
      'strict decoding error: unknown field "spec.a", duplicate field "spec.b"',
      'failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].imagee: field not declared in schema',
      'admission webhook "x" denied the request: no',
    ].map(namedFields),
    [['spec.replicaz'], ['spec.a', 'spec.b'], ['.spec.template.spec.containers[name="web"].imagee'], []],
  );
  const paths = ['spec.a[0].b', '.spec.containers[name="web",port=80].image', 'metadata.labels[a.b/c]', 'data'];
  assert.deepEqual(
    paths.map((text) => formatPath(parseServerPath(text, {}, undefined) ?? [])),
    ['spec.a[0].b', 'spec.containers[name=web,port=80].image', 'metadata.labels["a.b/c"]', 'data'],
  );
});

test('the field on a line', () => {
  const text =
    'kind: A\nmetadata: {name: a}\n---\napiVersion: v1\nkind: B\nmetadata:\n  name: b\nspec:\n  list:\n    - name: x\n      image: y # note\n    - z\n';
  const at = (line: number): unknown => {
    const found = fieldAt(text, line);
    return found === undefined ? undefined : [found.kind, found.name, formatPath(found.path)];
  };
  assert.deepEqual([0, 2, 6, 9, 10, 11].map(at), [
    ['A', 'a', 'kind'],
    undefined,
    ['B', 'b', 'metadata.name'],
    ['B', 'b', 'spec.list[0].name'],
    ['B', 'b', 'spec.list[0].image'],
    ['B', 'b', 'spec.list[1]'],
  ]);
  for (const broken of ['', '{{ x }}', '\t', 'a: [', 'x'.repeat(10)]) assert.equal(fieldAt(broken, 0), undefined, broken);
});

test('the line that an edit is on, or none when two may be', () => {
  const before = 'a: 1\r\nb: 2\r\nc: 3\r\n';
  const line = (after: string, key: string, value: number): number | undefined =>
    lineOfEdit(changedLines('f.yaml', before, after), [{ field: key }], value)?.startLine;
  assert.deepEqual(
    [
      line('a: 1\r\nb: 5\r\nc: 3\r\n', 'b', 5),
      line('a: 1\r\nb: 5\r\nc: 3\r\n', 'other', 7),
      line('a: 5\r\nb: 5\r\nc: 3\r\n', 'b', 5),
      line('a: 5\r\nb: 5\r\nc: 3\r\n', 'other', 5),
      line(before, 'b', 2),
    ],
    [1, 1, 1, undefined, undefined],
  );
});
