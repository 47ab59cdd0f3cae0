import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastAppliedOf } from '../../../src/engine/compare/baseline.ts';
import { expandPointer, ignoredBy, ignoredFields, ignoredPlaces, ruleMatches, withLiveAt } from '../../../src/engine/compare/ignore.ts';
import { MASK, MASK_OTHER, maskDifference, maskSecrets } from '../../../src/engine/compare/mask.ts';
import { normalizeDesired, normalizeLive } from '../../../src/engine/compare/normalize.ts';
import { LAST_APPLIED, ownerMarkOf } from '../../../src/engine/compare/ownerMarks.ts';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { FieldDifference } from '../../../src/engine/model/states.ts';
import { builtin } from './schemas.ts';
import { fieldDifference } from '../support/fieldDifference.ts';

const object = (metadata: JsonObject, more: JsonObject = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  ...more,
});

test('owners are recognised by their marks', () => {
  const tracking = (id: string): KubeObject => object({ annotations: { 'argocd.argoproj.io/tracking-id': id } });
  const helm = {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'shop' },
  };
  const cases: readonly [KubeObject, string | undefined][] = [
    [tracking('shop:apps/Deployment:shop/web'), 'argocd shop'],
    [tracking('shop:apps/Deployment:other/web'), undefined],
    [tracking('shop:apps/Deployment:shop/copy'), undefined],
    [tracking('shop:apps/StatefulSet:shop/web'), undefined],
    [tracking('nonsense'), undefined],
    [
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'a:b', annotations: { 'argocd.argoproj.io/tracking-id': 'shop:rbac.authorization.k8s.io/ClusterRole:shop/a:b' } },
      },
      'argocd shop',
    ],
    [
      object({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } }),
      'flux flux-system/apps',
    ],
    [
      object({ ...helm, labels: { ...helm.labels, 'helm.toolkit.fluxcd.io/name': 'shop', 'helm.toolkit.fluxcd.io/namespace': 'x' } }),
      'flux x/shop',
    ],
    [object(helm), 'helm shop'],
    [object({ labels: helm.labels }), undefined],
    [object({ labels: { 'applyset.kubernetes.io/part-of': 'applyset-1-v1' } }), 'applyset applyset-1-v1'],
    [object({ labels: { 'app.kubernetes.io/instance': 'shop' } }), undefined],
    [object({ labels: { 'app.kubernetes.io/instance': 'shop' }, managedFields: [{ manager: 'argocd-controller' }] }), 'argocd shop'],
    [object({}), undefined],
  ];
  assert.deepEqual(
    cases.map(([live]) => {
      const mark = ownerMarkOf(live);
      return mark === undefined ? undefined : `${mark.owner} ${mark.name}`;
    }),
    cases.map((item) => item[1]),
  );
});

test('sides are normalized', () => {
  const live = object(
    {
      uid: '1',
      resourceVersion: '5',
      managedFields: [],
      annotations: { [LAST_APPLIED]: '{}' },
      labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'x', own: '1' },
    },
    { status: { ready: 1 }, spec: { template: { metadata: { creationTimestamp: null, labels: {} } } } },
  );
  assert.deepEqual(
    [
      normalizeLive(live, { hasStatus: true }),
      normalizeLive(live, { hasStatus: false })['status'],
      normalizeDesired({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }, live, { hasStatus: true }).metadata,
      normalizeDesired(
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'YQ==', n: null }, stringData: { a: 'b', c: 'ü' } },
        undefined,
        { hasStatus: false },
      ),
      normalizeDesired(
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'r' }, aggregationRule: {}, rules: [{}] },
        undefined,
        { hasStatus: false },
      )['rules'],
    ],
    [
      object({ labels: live.metadata['labels'] ?? null }, { spec: { template: { metadata: { labels: {} } } } }),
      { ready: 1 },
      {
        name: 'web',
        namespace: 'shop',
        labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'x' },
      },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'Yg==', n: '', c: 'w7w=' } },
      undefined,
    ],
  );
});

test('last-applied is read only where it can be', () => {
  const record = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };
  const annotated = (text: string): KubeObject => object({ annotations: { [LAST_APPLIED]: text } });
  assert.deepEqual(
    [annotated(JSON.stringify(record)), annotated('{'), annotated('[]'), annotated(''), annotated('{"kind":"x"}'), object({})].map(
      lastAppliedOf,
    ),
    [record, undefined, undefined, undefined, undefined, undefined],
  );
});

test('ignore rules match objects and places', () => {
  const live = object(
    { labels: { 'a/b': '1', c: '2' } },
    { spec: { replicas: 3, containers: [{ name: 'web', image: 'x', args: ['p', 'q'] }] } },
  );
  const desired = object({}, { spec: { replicas: 2, containers: [{ name: 'web', image: 'y' }] } });
  const expand = (pointer: string): readonly string[] => expandPointer(live, pointer, builtin).map(formatPath);
  assert.deepEqual(
    [
      expand('/spec/replicas'),
      expand('/metadata/labels/a~1b'),
      expand('/metadata/labels/*'),
      expand('/spec/containers/0/image'),
      expand('/spec/containers/web/image'),
      expand('/spec/containers/*/args/1'),
      expand('/spec/nothing'),
      expand(''),
      [
        { kind: 'Deploy*', paths: [], declaredBy: '' },
        { group: '*', kind: 'Deployment', name: 'web', paths: [], declaredBy: '' },
        { group: 'batch', paths: [], declaredBy: '' },
        { namespace: 'other', paths: [], declaredBy: '' },
      ].map((rule) => ruleMatches(rule, live)),
    ],
    [
      ['spec.replicas'],
      ['metadata.labels["a/b"]'],
      ['metadata.labels["a/b"]', 'metadata.labels.c'],
      ['spec.containers[name=web].image'],
      ['spec.containers[name=web].image'],
      ['spec.containers[name=web].args[1]'],
      [],
      [''],
      [true, true, false, false],
    ],
  );
  const places = ignoredPlaces(
    [{ paths: ['/spec/replicas', '/metadata/labels/c', '/metadata/name'], declaredBy: 'x' }],
    desired,
    live,
    builtin,
  );
  assert.deepEqual(
    [
      withLiveAt(desired, live, places, builtin)['spec'],
      ignoredFields(places, desired, live, builtin),
      ignoredBy(places, [{ field: 'spec' }, { field: 'replicas' }]),
      ignoredBy(places, [{ field: 'spec' }]),
    ],
    [
      { replicas: 3, containers: [{ name: 'web', image: 'y' }] },
      [
        { id: 'spec.replicas', by: 'x' },
        { id: 'metadata.labels.c', by: 'x' },
      ],
      'x',
      undefined,
    ],
  );
});

test('secret values are masked, and masks tell only equal from different', () => {
  const secret = (data: JsonObject, more: JsonObject = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', annotations: { [LAST_APPLIED]: '{"data":{"a":"hunter2"}}', other: 'x' } },
    data,
    ...more,
  });
  const git = secret({ a: 'YQ==', b: 'Yg==' }, { stringData: { c: 'plain' } });
  const live = secret({ a: 'Y\nQ==', b: 'Yg', c: 'b3RoZXI=', d: 'ZA==' });
  const annotations = { [LAST_APPLIED]: MASK, other: 'x' };
  assert.deepEqual(
    [maskSecrets(git), maskSecrets(live, git)],
    [
      { ...git, metadata: { name: 's', annotations }, data: { a: MASK, b: MASK }, stringData: { c: MASK } },
      { ...live, metadata: { name: 's', annotations }, data: { a: MASK, b: MASK, c: MASK_OTHER, d: MASK_OTHER } },
    ],
  );
  const field = (id: string, path: FieldDifference['path'], values: Partial<FieldDifference>): FieldDifference =>
    fieldDifference({ id, path, ...values });
  const masked = [
    field('data.a', [{ field: 'data' }, { field: 'a' }], { git: 'eA==', live: 'eQ==', base: 'eA==' }),
    field('data', [{ field: 'data' }], { live: { a: 'eA==' } }),
    field('data.a', [{ field: 'data' }, { field: 'a' }], { git: { nested: 'x' } }),
    field('type', [{ field: 'type' }], { git: 'Opaque', live: 'x' }),
  ].map((difference) => maskDifference(git, difference));
  assert.deepEqual(
    masked.map(({ git: left, live: right, base, isMasked }) => [left, right, base, isMasked]),
    [
      [MASK, MASK_OTHER, MASK, true],
      [undefined, { a: MASK }, undefined, true],
      [MASK, undefined, undefined, true],
      ['Opaque', 'x', undefined, false],
    ],
  );
});
