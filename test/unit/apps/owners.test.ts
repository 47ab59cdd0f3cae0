import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoreDifferencesOf, readCustomizations } from '../../../src/engine/apps/argocd/customizations.ts';
import { argoForecast } from '../../../src/engine/apps/argocd/forecast.ts';
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
      'resource.customizations': 'apps/Deployment:\n  ignoreDifferences: |\n    jsonPointers: [/spec/paused]\n  health.lua: return {}\n',
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
    { group: 'apps', kind: 'Deployment', script: 'return {}', openLibs: false },
    { group: 'example.com', kind: 'Widget', script: 'return nil', openLibs: true },
    { group: '*.example.com', kind: '*', script: 'return {status = "Healthy"}', openLibs: false },
  ]);
  assert.deepEqual(readCustomizations(undefined), { ignore: [], health: [] });
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
  const automated = (policy: JsonObject | null): KubeObject => application({ syncPolicy: { automated: policy } });
  const cases = [
    [argoForecast(automated({ selfHeal: true }), 'a'), 'soon', 'note-argo-self-heals'],
    [argoForecast(automated({ prune: true }), 'a'), 'on-sync', 'note-argo-no-self-heal'],
    [argoForecast(automated({ enabled: false, selfHeal: true }), 'a'), 'on-sync', 'note-argo-manual'],
    [argoForecast(application({}), 'a'), 'on-sync', 'note-argo-manual'],
    [argoForecast(application({}, { 'argocd.argoproj.io/skip-reconcile': 'true' }), 'a'), 'never', 'note-argo-skips'],
    [fluxForecast(flux('Kustomization', { interval: '10m', suspend: true }), 'k'), 'never', 'note-flux-suspended'],
    [fluxForecast(flux('HelmRelease', { interval: '10m' }), 'h'), 'never', 'note-flux-helm-keeps'],
    [fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'warn' } }), 'h'), 'never', 'note-flux-helm-keeps'],
    [fluxForecast(flux('HelmRelease', { interval: '10m', driftDetection: { mode: 'enabled' } }), 'h'), 'scheduled', 'note-flux-reverts'],
  ] as const;
  assert.deepEqual(
    cases.map(([forecast]) => [forecast.mode, forecast.reason.code]),
    cases.map(([, mode, code]) => [mode, code]),
  );
  const scheduled = fluxForecast(
    flux('Kustomization', { interval: '3m' }, { history: [{ lastReconciled: '2026-01-01T00:00:00Z' }] }),
    'Kustomization flux-system/apps',
  );
  assert.equal(scheduled.atMs, Date.parse('2026-01-01T00:03:00Z'));
  assert.equal(
    describe(scheduled.reason.code, scheduled.reason.details),
    'Flux undoes it at the next turn of Kustomization flux-system/apps, every 3m',
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
