import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { FieldChange } from '../../../src/engine/model/states.ts';
import { Locator, type ObjectOrigin } from '../../../src/engine/provenance/locate.ts';

const text = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: ClusterIP
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: web
        image: nginx:1.25
---
apiVersion: v1
kind: Secret
metadata:
  name: web
stringData:
  password: x
`;
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'shop' };
const secret = { apiVersion: 'v1', kind: 'Secret', name: 'web', namespace: 'shop' };
const fields = (...names: string[]): FieldPath => names.map((field) => ({ field }));
const image: FieldPath = [...fields('spec', 'template', 'spec', 'containers'), { keys: { name: 'web' } }, { field: 'image' }];

/** Line (from 1) and whether it is exact. */
function line(
  origin: Omit<ObjectOrigin, 'file'>,
  identity: typeof deployment,
  path: FieldPath,
  change: FieldChange = 'changed',
  git?: JsonValue,
  of = text,
): string {
  const field = { path, change, ...(git !== undefined && { git }) };
  const location = new Locator().locateField({ file: 'f', ...origin }, of, of, identity, field);
  return location === undefined ? 'nowhere' : `${String(location.range.startLine + 1)}${location.isExact ? ' exact' : ''}`;
}

test('plain manifests: the very line', () => {
  const at = { kind: 'directory', documentIndex: 1 } as const;
  assert.deepEqual(
    {
      changed: line(at, deployment, fields('spec', 'replicas')),
      'wrong document index': line({ ...at, documentIndex: 0 }, deployment, fields('spec', 'replicas')),
      'no document index': line({ kind: 'directory' }, deployment, fields('spec', 'replicas')),
      'added at a known parent': line(at, deployment, fields('spec', 'paused'), 'added'),
      'added deeper': line(at, deployment, fields('metadata', 'annotations', 'x'), 'added'),
      'added item': line(at, deployment, [...fields('spec', 'template', 'spec', 'containers'), { keys: { name: 'sidecar' } }], 'added'),
      'added at the top': line(at, deployment, fields('status'), 'added'),
      'changed but not in the text': line(at, deployment, fields('spec', 'paused')),
      'stringData for data': line({ kind: 'directory', documentIndex: 2 }, secret, fields('data', 'password')),
      'another object': line(at, { ...deployment, name: 'other' }, fields('spec', 'replicas')),
      'broken text': line(at, deployment, fields('spec', 'replicas'), 'changed', 2, 'a: [\n'),
    },
    {
      changed: '13 exact',
      'wrong document index': '13 exact',
      'no document index': '13 exact',
      'added at a known parent': '12 exact',
      'added deeper': '10',
      'added item': '16 exact',
      'added at the top': '8',
      'changed but not in the text': '8',
      'stringData for data': '25 exact',
      'another object': 'nowhere',
      'broken text': 'nowhere',
    },
  );
});

test('behind Kustomize: the line only where it holds the very value and nothing else may write it', () => {
  const at = { kind: 'kustomize', documentIndex: 1 } as const;
  const renamed = { ...deployment, name: 'prod-web' };
  const images = 'kind: Kustomization\nimages:\n- name: nginx\n  newTag: "1.25"\n';
  const patch = '- op: replace\n  path: /spec/replicas\n  value: 2\n';
  assert.deepEqual(
    {
      'same value': line(at, renamed, fields('spec', 'replicas'), 'changed', 2),
      'another value': line(at, renamed, fields('spec', 'replicas'), 'changed', 3),
      'not in the file': line(at, renamed, fields('spec', 'paused'), 'changed', true),
      added: line(at, renamed, fields('spec', 'paused'), 'added'),
      'added at the top': line(at, renamed, fields('status'), 'added'),
      'image set by the kustomization too': line({ ...at, otherWriters: [images] }, renamed, image, 'changed', 'nginx:1.25'),
      'image of its own': line({ ...at, otherWriters: [patch] }, renamed, image, 'changed', 'nginx:1.25'),
      'patched too': line({ ...at, otherWriters: [patch] }, renamed, fields('spec', 'replicas'), 'changed', 2),
      helm: line({ kind: 'helm' }, deployment, fields('spec', 'replicas'), 'changed', 2, '{{ if }}\n'),
    },
    {
      'same value': '13 exact',
      'another value': '8',
      'not in the file': '8',
      added: '12',
      'added at the top': '8',
      'image set by the kustomization too': '8',
      'image of its own': '18 exact',
      'patched too': '8',
      helm: '1',
    },
  );
});

test('texts are parsed once per content, and the cache has a bound', () => {
  const locator = new Locator(2);
  for (const hash of ['a', 'b', 'c', 'a']) {
    const found = locator.locateObject({ file: 'f', kind: 'directory' }, text, hash, deployment);
    assert.deepEqual(found, { range: { file: 'f', startLine: 7, startColumn: 0, endLine: 7, endColumn: 19 }, isExact: false });
  }
  // The hash stands for the text: the same hash is not parsed again.
  assert.equal(locator.locateObject({ file: 'f', kind: 'directory' }, 'kind: Other\n', 'a', deployment)?.range.startLine, 7);
});
