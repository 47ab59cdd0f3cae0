import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionOf, writerOf } from '../../../src/engine/compare/direction.ts';
import { holdingOf, managedEntries, type ManagedEntry } from '../../../src/engine/compare/fieldsV1.ts';
import { classOfManager, isAutoscalerEntry, owningManager } from '../../../src/engine/compare/managers.ts';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { builtin } from './schemas.ts';

const entry = (manager: string, operation: 'Apply' | 'Update', fields: JsonObject, more: Partial<ManagedEntry> = {}): ManagedEntry => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  subresource: '',
  fields,
  ...more,
});

test('managedFields entries are read, others are left out', () => {
  const found = managedEntries({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      managedFields: [
        {
          manager: 'a',
          operation: 'Apply',
          apiVersion: 'v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': {} },
        },
        { manager: 'b', operation: 'Update', apiVersion: 'v1', subresource: 'status', fieldsV1: {} },
        { manager: 'c', operation: 'Apply' },
        { manager: 'd', operation: 'Other', fieldsV1: {} },
        'nonsense',
      ],
    },
  });
  assert.deepEqual(found, [
    { manager: 'a', operation: 'Apply', apiVersion: 'v1', time: '2026-01-01T00:00:00Z', subresource: '', fields: { 'f:data': {} } },
    { manager: 'b', operation: 'Update', apiVersion: 'v1', subresource: 'status', fields: {} },
  ]);
});

test('a path is held whole, in parts, or not', () => {
  const set = {
    'f:spec': {
      'f:args': {},
      'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
      'f:env': { 'k:{"name":"a\\u003cb"}': { '.': {}, 'f:value': {} } },
      'f:set': { 'v:"x"': {} },
      'f:nested': { 'f:a': {} },
      'f:selector': {},
    },
    'f:metadata': { 'f:labels': {} },
  };
  const paths: readonly [FieldPath, string][] = [
    [[{ field: 'spec' }, { field: 'args' }], 'whole'],
    [[{ field: 'spec' }, { field: 'args' }, { index: 1 }], 'whole'],
    [[{ field: 'spec' }, { field: 'ports' }, { keys: { protocol: 'TCP', containerPort: 80 } }, { field: 'name' }], 'whole'],
    [[{ field: 'spec' }, { field: 'ports' }, { keys: { protocol: 'UDP', containerPort: 80 } }], 'none'],
    [[{ field: 'spec' }, { field: 'env' }, { keys: { name: 'a<b' } }, { field: 'value' }], 'whole'],
    [[{ field: 'spec' }, { field: 'set' }, { value: 'x' }], 'whole'],
    [[{ field: 'spec' }, { field: 'nested' }], 'parts'],
    [[{ field: 'spec' }, { field: 'nested' }, { field: 'b' }], 'none'],
    [[{ field: 'status' }], 'none'],
    [[{ field: 'metadata' }, { field: 'labels' }, { field: 'lost' }], 'none'],
    [[{ field: 'spec' }, { field: 'selector' }, { field: 'matchLabels' }], 'whole'],
  ];
  assert.deepEqual(
    paths.map(([path]) => holdingOf(set, path, builtin)),
    paths.map(([, holding]) => holding),
  );
});

test('managers are told apart by their names', () => {
  const names = {
    person: ['kubectl', 'kubectl-edit', 'k9s', 'node-fetch', 'Mozilla', 'argocd-server', 'Lens', 'oc'],
    controller: [
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'argocd-controller',
      'kustomize-controller',
      'manager',
      'keda-operator',
      'vpa-updater',
      'cert-manager-cainjector',
      'clusterrole-aggregation-controller',
      'cluster-autoscaler',
    ],
    unknown: ['Terraform', 'pulumi', 'deploy-script', 'ocean', 'managerial'],
  };
  for (const [expected, list] of Object.entries(names)) {
    assert.deepEqual(
      list.map((name) => [name, classOfManager(name)]),
      list.map((name) => [name, expected]),
    );
  }
  const scale = (manager: string): boolean => isAutoscalerEntry(entry(manager, 'Update', {}, { subresource: 'scale' }));
  assert.deepEqual([scale('kube-controller-manager'), scale('custom-scaler'), scale('kubectl')], [true, true, false]);
});

test('the manager that owns an object', () => {
  const apply = (manager: string): ManagedEntry => entry(manager, 'Apply', {});
  const update = (manager: string, time = '2026-01-01T00:00:00Z', subresource = ''): ManagedEntry =>
    entry(manager, 'Update', {}, { time, subresource });
  const cases: readonly { entries: ManagedEntry[]; owners?: Parameters<typeof owningManager>[1]; last?: boolean; owner?: string }[] = [
    { entries: [apply('kubectl'), apply('kustomize-controller')], owner: 'kustomize-controller Apply' },
    { entries: [apply('kubectl'), apply('kustomize-controller')], owners: ['plumbline'], owner: 'kustomize-controller Apply' },
    { entries: [apply('kubectl'), apply('plumbline')], owners: ['plumbline'], owner: 'plumbline Apply' },
    { entries: [apply('helm'), update('argocd-controller')], owners: ['argocd'], owner: 'argocd-controller Update' },
    { entries: [update('kubectl-edit'), update('kubectl-client-side-apply')], owner: 'kubectl-client-side-apply Update' },
    { entries: [apply('some-operator'), update('kubectl-client-side-apply')], owner: 'kubectl-client-side-apply Update' },
    { entries: [apply('deploy-script'), update('kubectl-edit')], owner: 'deploy-script Apply' },
    { entries: [update('kube-controller-manager'), update('kubectl-create')], last: true, owner: 'kubectl-client-side-apply Update' },
    {
      entries: [update('kubectl-edit', '2026-01-02T00:00:00Z'), update('kubectl-create'), update('kube-scheduler', '2025-01-01T00:00:00Z')],
      owner: 'kubectl-create Update',
    },
    { entries: [update('kubectl-edit'), update('kubectl-label')] },
    { entries: [update('kubectl', '2026-01-01T00:00:00Z', 'scale')] },
    { entries: [] },
  ];
  assert.deepEqual(
    cases.map(({ entries, owners = [], last = false }) => {
      const owner = owningManager(entries, owners, last);
      return owner === undefined ? undefined : `${owner.manager} ${owner.operation}`;
    }),
    cases.map((item) => item.owner),
  );
});

test('which side of a field moved', () => {
  const path: FieldPath = [{ field: 'spec' }, { field: 'replicas' }];
  const holds = { 'f:spec': { 'f:replicas': {} } };
  const owner = { manager: 'kubectl', operation: 'Apply', time: '2026-01-01T10:00:00Z' } as const;
  const own = entry('kubectl', 'Apply', holds);
  const other = (time: string, fields: JsonObject = holds): ManagedEntry => entry('kubectl-edit', 'Update', fields, { time });
  const base = (replicas?: number): JsonObject => ({ spec: replicas === undefined ? {} : { replicas } });
  type Case = [entries: ManagedEntry[], git: number | undefined, live: number | undefined, base: JsonObject | undefined, expected: string];
  const cases: readonly Case[] = [
    [[own], 3, 2, undefined, 'out of sync'],
    [[other('2026-01-01T11:00:00Z')], 3, 2, undefined, 'drifted'],
    [[other('2026-01-01T10:00:00Z')], 3, 2, undefined, 'drifted'],
    [[{ ...other('2026-01-01T09:00:00Z'), manager: 'deploy-script' }], 3, 2, undefined, 'out of sync'],
    [[], 3, 1, undefined, 'out of sync'],
    [[], 3, undefined, undefined, 'differs'],
    [[own], undefined, 2, undefined, 'out of sync'],
    [[], 3, 2, base(3), 'drifted'],
    [[own], 3, 2, base(2), 'out of sync'],
    [[], 3, 2, base(1), 'drifted'],
    [[], 3, undefined, base(3), 'drifted'],
    [[], 3, undefined, base(), 'out of sync'],
    [[], 3, 1, base(), 'out of sync'],
    [[other('2026-01-01T11:00:00Z')], 3, 7, base(), 'drifted'],
    [[], undefined, 2, base(), 'drifted'],
    [[own], undefined, 2, base(2), 'out of sync'],
    [[], undefined, 5, base(2), 'drifted'],
  ];
  assert.deepEqual(
    cases.map(([entries, git, live, old]) =>
      directionOf({
        path,
        change: git === undefined ? 'added' : live === undefined ? 'removed' : 'changed',
        ...(git === undefined ? {} : { git }),
        ...(live === undefined ? {} : { live }),
        base: old,
        schema: builtin,
        entries,
        owner,
      }),
    ),
    cases.map((item) => item[4]),
  );
});

test('the newest other holder is the writer, else the owner', () => {
  const path: FieldPath = [{ field: 'data' }];
  const fields = { 'f:data': {} };
  const owner = { manager: 'kubectl', operation: 'Apply' } as const;
  const own = entry('kubectl', 'Apply', fields, { time: '2026-01-03T00:00:00Z' });
  const older = entry('a', 'Update', fields, { time: '2026-01-01T00:00:00Z' });
  const newer = entry('b', 'Update', fields, { time: '2026-01-02T00:00:00Z', subresource: 'scale' });
  assert.deepEqual(
    [
      writerOf([own, older, newer], path, owner, undefined),
      writerOf([own], path, owner, undefined)?.manager,
      writerOf([], path, owner, undefined),
    ],
    [{ manager: 'b', operation: 'Update', time: '2026-01-02T00:00:00Z', subresource: 'scale' }, 'kubectl', undefined],
  );
});
