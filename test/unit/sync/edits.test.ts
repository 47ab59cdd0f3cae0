import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FieldEdit, patchOf, withEdits } from '../../../src/engine/sync/plan/edits.ts';
import { podSchema } from './podSchema.ts';

const live = {
  spec: {
    replicas: 5,
    containers: [
      { name: 'log', image: 'log:1' },
      {
        name: 'web',
        image: 'web:2',
        env: [{ name: 'B', value: '1' }],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
      },
    ],
  },
  metadata: { labels: { 'a.b/c': 'x', added: 'y' }, finalizers: ['one', 'by-hand'] },
};
const git = {
  spec: {
    replicas: 3,
    containers: [
      {
        name: 'web',
        image: 'web:1',
        env: [
          { name: 'A', value: '0' },
          { name: 'B', value: '1' },
          { name: 'C', value: '2' },
        ],
        ports: [{ containerPort: 80 }],
        securityContext: { runAsUser: 1 },
      },
      { name: 'log', image: 'log:1' },
    ],
  },
};
const web = [{ field: 'spec' }, { field: 'containers' }, { keys: { name: 'web' } }] as const;

const cases: readonly { readonly name: string; readonly edits: readonly FieldEdit[]; readonly operations: unknown }[] = [
  {
    name: 'a changed scalar is replaced behind a test on the value shown',
    edits: [{ path: [{ field: 'spec' }, { field: 'replicas' }], shown: 5, wanted: 3 }],
    operations: [
      { op: 'test', path: '/spec/replicas', value: 5 },
      { op: 'replace', path: '/spec/replicas', value: 3 },
    ],
  },
  {
    name: 'list items are found by key, names are escaped',
    edits: [
      { path: [...web, { field: 'image' }], shown: 'web:2', wanted: 'web:1' },
      { path: [{ field: 'metadata' }, { field: 'labels' }, { field: 'a.b/c' }], shown: 'x' },
    ],
    operations: [
      { op: 'test', path: '/spec/containers/1/image', value: 'web:2' },
      { op: 'replace', path: '/spec/containers/1/image', value: 'web:1' },
      { op: 'test', path: '/metadata/labels/a.b~1c', value: 'x' },
      { op: 'remove', path: '/metadata/labels/a.b~1c' },
    ],
  },
  {
    name: 'missing parents come with the field',
    edits: [{ path: [...web, { field: 'securityContext' }, { field: 'runAsUser' }], wanted: 1 }],
    operations: [{ op: 'add', path: '/spec/containers/1/securityContext', value: { runAsUser: 1 } }],
  },
  {
    name: 'removed items return to their place among their neighbours, pointers follow',
    edits: [
      { path: [...web, { field: 'env' }, { keys: { name: 'A' } }], wanted: { name: 'A', value: '0' } },
      { path: [...web, { field: 'env' }, { keys: { name: 'C' } }], wanted: { name: 'C', value: '2' } },
    ],
    operations: [
      { op: 'add', path: '/spec/containers/1/env/0', value: { name: 'A', value: '0' } },
      { op: 'add', path: '/spec/containers/1/env/2', value: { name: 'C', value: '2' } },
    ],
  },
  {
    name: 'a set item goes',
    edits: [{ path: [{ field: 'metadata' }, { field: 'finalizers' }, { value: 'by-hand' }], shown: 'by-hand' }],
    operations: [
      { op: 'test', path: '/metadata/finalizers/1', value: 'by-hand' },
      { op: 'remove', path: '/metadata/finalizers/1' },
    ],
  },
  {
    name: 'a field that is gone cannot be removed',
    edits: [{ path: [{ field: 'spec' }, { field: 'gone' }], shown: 1 }],
    operations: undefined,
  },
];

for (const { name, edits, operations } of cases) {
  test(`JSON patch: ${name}`, () => {
    assert.deepEqual(patchOf(live, edits, podSchema, git), operations);
  });
}

test('edits leave the object that they start from as it is', () => {
  const before = structuredClone(live);
  const path = [...web, { field: 'ports' }, { keys: { containerPort: 80, protocol: 'TCP' } }, { field: 'name' }];
  const edited = withEdits(live, [{ path, wanted: 'http' }], podSchema, git);
  assert.deepEqual(live, before);
  assert.deepEqual(edited, {
    ...live,
    spec: {
      ...live.spec,
      containers: [live.spec.containers[0], { ...live.spec.containers[1], ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] }],
    },
  });
});
