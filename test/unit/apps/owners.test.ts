import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoreDifferencesOf, luaCheckFor, readCustomizations } from '../../../src/engine/apps/argocd/customizations.ts';
import { argoGlob } from '../../../src/engine/apps/argocd/glob.ts';
import { argoForecast, respectsIgnoredDifferences } from '../../../src/engine/apps/argocd/forecast.ts';
import { durationSeconds, fluxForecast } from '../../../src/engine/apps/flux/forecast.ts';
import { fluxIgnoreRules, fluxMerges, fluxSkips, fluxTakesOver } from '../../../src/engine/apps/flux/rules.ts';
import { matchesSelector } from '../../../src/engine/apps/flux/selector.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { describe } from '../../../src/engine/model/describe.ts';

const none = { jsonPointers: [], jqPathExpressions: [], managedFieldsManagers: [] };

function configMap(data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data };
}

function application(spec: JsonObject, annotations: JsonObject = {}): KubeObject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'shop', namespace: 'argocd', annotations }, spec };
}

test('argocd-cm: rules and checks by key, by the older text, exact ones before patterns', () => {
  const read = readCustomizations(
    configMap({
      'resource.customizations.ignoreDifferences.all': 'managedFieldsManagers: [kube-controller-manager]\njsonPointers: [/spec/replicas]\n',
      'resource.customizations.ignoreDifferences.admissionregistration.k8s.io_MutatingWebhookConfiguration':
        'jqPathExpressions: ["\\u002ewebhooks[]?.clientConfig.caBundle"]\n',
      'resource.customizations.ignoreDifferences.ConfigMap': 'not: [closed',
      'resource.customizations.health.*.example.com_*': 'return {status = "Healthy"}',
      'resource.customizations.health.example.com_Widget': 'return nil',
      'resource.customizations.useOpenLibs.example.com_Widget': 'true',
      'resource.customizations':
        'apps/Deployment:\n  ignoreDifferences: |\n    jsonPointers: [/spec/paused]\n  ignoreResourceUpdates: |\n    jsonPointers: [/x]\n  health.lua: return {}\n',
      // What spares Argo CD work hides no difference.
      'resource.customizations.ignoreResourceUpdates.all': 'jsonPointers: [/status, /spec/replicas]',
      'resource.ignoreResourceUpdatesEnabled': 'true',
      'timeout.reconciliation': '180s',
    }),
  );
  assert.deepEqual(read.ignore, [
    {
      group: 'apps',
      kind: 'Deployment',
      ...none,
      jsonPointers: ['/spec/paused'],
      declaredBy: 'argocd-cm resource.customizations apps/Deployment',
    },
    {
      group: '*',
      kind: '*',
      ...none,
      jsonPointers: ['/spec/replicas'],
      managedFieldsManagers: ['kube-controller-manager'],
      declaredBy: 'argocd-cm resource.customizations.ignoreDifferences.all',
    },
    {
      group: 'admissionregistration.k8s.io',
      kind: 'MutatingWebhookConfiguration',
      ...none,
      jqPathExpressions: ['.webhooks[]?.clientConfig.caBundle'],
      declaredBy: 'argocd-cm resource.customizations.ignoreDifferences.admissionregistration.k8s.io_MutatingWebhookConfiguration',
    },
  ]);
  assert.deepEqual(read.health, [
    { pattern: 'apps/Deployment', script: 'return {}', declaredBy: 'argocd-cm resource.customizations apps/Deployment', openLibs: false },
    {
      pattern: '*.example.com/*',
      script: 'return {status = "Healthy"}',
      declaredBy: 'argocd-cm resource.customizations.health.*.example.com_*',
      openLibs: false,
    },
    {
      pattern: 'example.com/Widget',
      script: 'return nil',
      declaredBy: 'argocd-cm resource.customizations.health.example.com_Widget',
      openLibs: true,
    },
  ]);
  const rollout = {
    group: 'argoproj.io',
    kind: 'Rollout',
    field: 'spec.template.spec',
    type: 'core/v1/PodSpec',
    declaredBy: 'Argo CD (known types of Rollout)',
  };
  assert.deepEqual(readCustomizations(undefined), {
    ignore: [],
    health: [],
    ignoredStatus: 'all',
    knownTypes: [rollout],
    filter: { exclusions: [], inclusions: [] },
  });
});

test('argocd-cm: the check of exactly the kind goes before a pattern; open libraries as Go reads booleans', () => {
  const prefix = 'resource.customizations';
  const { health } = readCustomizations(
    configMap({
      [`${prefix}.health.*.example.com_*`]: 'wide',
      [`${prefix}.health.a.example.com_Widget`]: 'exact',
      [`${prefix}.health.ConfigMap`]: 'core',
      [`${prefix}.useOpenLibs.ConfigMap`]: 'T',
      [`${prefix}.health.{b,c}.org_[A-F]?o`]: 'classes',
    }),
  );
  const checkOf = (apiVersion: string, kind: string): unknown => {
    const check = luaCheckFor(health, { apiVersion, kind, metadata: {} });
    return check === undefined ? undefined : `${check.script} ${String(check.openLibs)}`;
  };
  assert.deepEqual(
    [
      checkOf('a.example.com/v1', 'Widget'),
      checkOf('b.example.com/v1', 'Widget'),
      checkOf('v1', 'ConfigMap'),
      checkOf('apps/v1', 'ConfigMap'),
      checkOf('c.org/v1', 'Foo'),
      checkOf('c.org/v1', 'Goo'),
    ],
    ['exact false', 'wide false', 'core true', undefined, 'classes false', undefined],
  );
});

test('argocd-cm: of which objects the status counts, and whose managers are trusted', () => {
  const read = (compareOptions: string): string =>
    readCustomizations(configMap({ 'resource.compareoptions': `ignoreResourceStatusField: ${compareOptions}\n` })).ignoredStatus;
  assert.deepEqual(['all', 'crd', 'none', 'off', '"false"', 'odd'].map(read), ['all', 'crd', 'none', 'none', 'none', 'all']);
  const managersFor = (key: string): readonly string[] =>
    readCustomizations(configMap({ [`resource.customizations.ignoreDifferences.${key}`]: 'managedFieldsManagers: [m]' })).ignore.flatMap(
      (rule) => rule.managedFieldsManagers,
    );
  assert.deepEqual(['all', 'apps_Deployment', 'apps_*', 'ConfigMap'].map(managersFor), [['m'], ['m'], [], []]);
});

test('globs as Argo CD reads them', () => {
  const cases: [glob: string, text: string, expected: boolean][] = [
    ['*', '', true],
    ['*.k8s.io', 'networking.k8s.io', true],
    ['Deploy*', 'Deployment', true],
    ['Deploymen?', 'Deployment', true],
    ['{Deployment,StatefulSet}', 'StatefulSet', true],
    ['[!D]*', 'Deployment', false],
    ['[A-D]*', 'Deployment', true],
    ['a.b', 'aXb', false],
    ['[', 'x', false],
    ['\\*', '*', true],
  ];
  for (const [glob, text, expected] of cases) assert.equal(argoGlob(glob, text), expected, `${glob} ${text}`);
});

test('an Application’s own rules; a rule without group is about the core group', () => {
  const rules = [{ kind: 'Service', name: 'web', namespace: '', jsonPointers: ['/spec/x'] }];
  assert.deepEqual(ignoreDifferencesOf(application({ ignoreDifferences: rules }), 'argocd/shop'), [
    {
      group: '',
      kind: 'Service',
      name: 'web',
      ...none,
      jsonPointers: ['/spec/x'],
      declaredBy: 'Application argocd/shop ignoreDifferences[0]',
    },
  ]);
});

test('who reverts, and when', () => {
  const flux = (kind: string, spec: JsonObject, status: JsonObject = {}): KubeObject => ({
    apiVersion: 'x/v1',
    kind,
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec,
    status,
  });
  const failing = (reason: string): JsonObject => ({ conditions: [{ type: 'Ready', status: 'False', reason }] });
  const stalled = { conditions: [{ type: 'Stalled', status: 'True', reason: 'RetriesExceeded' }] };
  const automated = (policy: JsonObject | null): KubeObject => application({ syncPolicy: { automated: policy } });
  /** after a sync of that outcome, while the commit `1` is wanted */
  const after = (phase: string, syncResult?: JsonObject): KubeObject => ({
    ...automated({ selfHeal: true }),
    status: { sync: { revision: '1' }, operationState: { phase, ...(syncResult === undefined ? {} : { syncResult }) } },
  });
  const cases = [
    [argoForecast(automated({ selfHeal: true }), 'a'), 'soon', 'note-argo-self-heals'],
    [argoForecast(automated({ prune: true }), 'a'), 'on-sync', 'note-argo-no-self-heal'],
    [argoForecast(automated({ enabled: false, selfHeal: true }), 'a'), 'on-sync', 'note-argo-manual'],
    [argoForecast(application({}), 'a'), 'on-sync', 'note-argo-manual'],
    [argoForecast(application({}, { 'argocd.argoproj.io/skip-reconcile': 'true' }), 'a'), 'never', 'note-argo-skips'],
    [argoForecast(after('Failed', { revision: '1' }), 'a'), 'on-sync', 'note-argo-failed'],
    [argoForecast(after('Error'), 'a'), 'on-sync', 'note-argo-failed'],
    [argoForecast(after('Failed', { revision: '0' }), 'a'), 'soon', 'note-argo-self-heals'],
    [argoForecast(after('Succeeded', { revision: '1' }), 'a'), 'soon', 'note-argo-self-heals'],
    [fluxForecast(flux('Kustomization', { interval: '10m', suspend: true }), 'k'), 'never', 'note-flux-suspended'],
    [fluxForecast(flux('HelmRelease', { interval: '10m' }), 'h'), 'never', 'note-flux-helm-keeps'],
    [fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'warn' } }), 'h'), 'never', 'note-flux-helm-keeps'],
    [fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'enabled' } }), 'h'), 'scheduled', 'note-flux-reverts'],
    [fluxForecast(flux('Kustomization', { interval: '10m' }, failing('BuildFailed')), 'k'), 'never', 'note-flux-fails'],
    [fluxForecast(flux('Kustomization', { interval: '10m' }, failing('HealthCheckFailed')), 'k'), 'scheduled', 'note-flux-reverts'],
    [
      fluxForecast(flux('Kustomization', { interval: '10m', retryInterval: '2m' }, failing('ReconciliationFailed')), 'k'),
      'scheduled',
      'note-flux-reverts',
    ],
    [fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'enabled' } }, stalled), 'h'), 'never', 'note-flux-fails'],
  ] as const;
  assert.deepEqual(
    cases.map(([forecast]) => [forecast.mode, forecast.reason.code]),
    cases.map(([, mode, code]) => [mode, code]),
  );
  assert.deepEqual(
    cases.map(([{ reason }]) => describe(reason.code, reason.details)),
    [
      'Argo CD undoes it within seconds (Application a heals itself)',
      'Argo CD keeps it until the next sync (Application a syncs by itself, without self-heal)',
      'Argo CD keeps it until somebody syncs (Application a has no auto-sync)',
      'Argo CD keeps it until somebody syncs (Application a has no auto-sync)',
      'Argo CD keeps it (Application a is not reconciled: skip-reconcile)',
      'Argo CD keeps it until somebody syncs: the last sync of Application a failed, and auto-sync tries no commit twice',
      'Argo CD keeps it until somebody syncs: the last sync of Application a failed, and auto-sync tries no commit twice',
      'Argo CD undoes it within seconds (Application a heals itself)',
      'Argo CD undoes it within seconds (Application a heals itself)',
      'Flux keeps it while k is suspended',
      'Flux keeps it (h has drift detection disabled)',
      'Flux keeps it (h has drift detection warn)',
      'Flux undoes it at the next turn of h, every 10m',
      'Flux keeps it until k works again (BuildFailed)',
      'Flux undoes it at the next turn of k, every 10m',
      'Flux undoes it at the next turn of k, every 2m',
      'Flux keeps it until h works again (RetriesExceeded)',
    ],
  );
  const marked = (annotations: JsonObject): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', annotations } });
  const onRecreate = [
    fluxForecast(flux('Kustomization', { interval: '10m' }), 'k', marked({})),
    fluxForecast(flux('Kustomization', { interval: '10m', force: true }), 'k', marked({})),
    fluxForecast(flux('Kustomization', { interval: '10m' }), 'k', marked({ 'kustomize.toolkit.fluxcd.io/force': 'enabled' })),
    fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'enabled' } }), 'h', marked({})),
    argoForecast(automated({ selfHeal: true }), 'a', undefined, marked({})),
    argoForecast(automated({ selfHeal: true }), 'a', undefined, marked({ 'argocd.argoproj.io/sync-options': 'Force=true, Replace=true' })),
  ];
  assert.deepEqual(
    onRecreate.map((forecast) => describe(forecast.onRecreate?.code ?? '', forecast.onRecreate?.details)),
    [
      'Flux cannot undo it: a field differs that cannot be changed, so k fails until the object is deleted, or spec.force is set',
      'Flux deletes and creates it at the next turn of k, every 10m: a field differs that cannot be changed',
      'Flux deletes and creates it at the next turn of k, every 10m: a field differs that cannot be changed',
      'Flux cannot undo it: a field differs that cannot be changed, so h fails to correct drift until the object is deleted',
      'Argo CD cannot undo it: a field differs that cannot be changed, so each sync of Application a fails until the object is deleted',
      'Argo CD deletes and creates it within seconds (Force=true): a field differs that cannot be changed',
    ],
  );
  const scheduled = (nowMs: number): ReturnType<typeof fluxForecast> =>
    fluxForecast(
      flux('Kustomization', { interval: '3m' }, { history: [{ lastReconciled: '2026-01-01T00:00:00Z' }] }),
      'Kustomization flux-system/apps',
      undefined,
      nowMs,
    );
  const wordsOf = ({ reason }: ReturnType<typeof fluxForecast>): string => describe(reason.code, reason.details);
  const soon = scheduled(Date.parse('2026-01-01T00:01:00Z'));
  assert.equal(soon.atMs, Date.parse('2026-01-01T00:03:00Z'));
  assert.deepEqual([soon, scheduled(Date.parse('2026-01-01T00:04:00Z'))].map(wordsOf), [
    'Flux undoes it at the next turn of Kustomization flux-system/apps, by 2026-01-01T00:03:00Z (every 3m)',
    'Flux undoes it at the next turn of Kustomization flux-system/apps, every 3m',
  ]);
  const withOptions = (...syncOptions: string[]): boolean => respectsIgnoredDifferences(application({ syncPolicy: { syncOptions } }));
  assert.deepEqual(
    [withOptions(), withOptions('RespectIgnoreDifferences=true'), withOptions('RespectIgnoreDifferences=false')],
    [false, true, false],
  );
  assert.deepEqual(['1h30m', '90s', '500ms', '', '5'].map(durationSeconds), [5400, 90, 0.5, undefined, undefined]);
});

test('Flux: rules by target, marks by which it leaves an object alone', () => {
  const object = (annotations: JsonObject = {}, labels: JsonObject = {}): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web-1', namespace: 'shop', annotations, labels },
  });
  const controller: KubeObject = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: {
      ignore: [
        { paths: ['/spec/replicas'], target: { kind: 'Deployment', name: 'web-.*' } },
        { paths: ['/spec/paused'], target: { kind: 'Deploy' } },
        { paths: ['/metadata/labels/x'], target: { labelSelector: 'app=web,tier notin (db, cache)' } },
        { paths: [''], target: { annotationSelector: 'hands-off' } },
        { paths: ['/spec/broken'], target: { name: '(' } },
      ],
    },
  };
  const pathsFor = (target: KubeObject): readonly string[] => fluxIgnoreRules(controller, 'K', target).flatMap((rule) => rule.paths);
  assert.deepEqual(pathsFor(object({}, { app: 'web' })), ['/spec/replicas', '/metadata/labels/x']);
  assert.deepEqual(pathsFor(object({ 'hands-off': '' }, { app: 'web', tier: 'db' })), ['/spec/replicas', '']);
  const ssa = 'kustomize.toolkit.fluxcd.io/ssa';
  const skips = (desired: JsonObject, live: JsonObject = {}): string | undefined =>
    fluxSkips('Kustomization', object(desired), object(live));
  assert.deepEqual(
    [
      skips({}),
      skips({ [ssa]: 'Ignore' }),
      skips({ [ssa]: 'IfNotPresent' }),
      skips({ [ssa]: 'Merge' }),
      skips({}, { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' }),
      fluxSkips('HelmRelease', object(), object({}, { 'helm.toolkit.fluxcd.io/driftDetection': 'disabled' })),
    ],
    [
      undefined,
      `${ssa}: Ignore`,
      `${ssa}: IfNotPresent`,
      undefined,
      'kustomize.toolkit.fluxcd.io/reconcile: disabled',
      'helm.toolkit.fluxcd.io/driftDetection: disabled',
    ],
  );
  assert.deepEqual([fluxMerges(object({ [ssa]: 'merge' })), fluxMerges(object())], [true, false]);
  assert.deepEqual(['kubectl-edit', 'kubectl', 'before-first-apply', 'k9s'].map(fluxTakesOver), [true, true, true, false]);
});

test('label selectors as kubectl writes them', () => {
  const labels = { app: 'web', tier: 'front' };
  const cases: Record<string, boolean> = {
    '': true,
    'app=web': true,
    'app==web, tier!=back': true,
    'app!=web': false,
    'app in (web, api)': true,
    'app notin (web)': false,
    app: true,
    '!app': false,
    '!other': true,
    'app=web,other': false,
    'a b c': false,
  };
  for (const [selector, expected] of Object.entries(cases)) assert.equal(matchesSelector(selector, labels), expected, selector);
});
