import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOfRule, type RuleFact, ruleFacts } from '../../../src/engine/apps/ruleFacts.ts';
import { placeText } from '../../../src/engine/model/application.ts';
import type { IgnoreRule } from '../../../src/engine/model/application.ts';
import type { OwnerView } from '../../../src/engine/model/ownerView.ts';

const argo = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  ignoreDifferences:
    - group: apps
      kind: Deployment
      jsonPointers:
        - /spec/replicas
    # the image is somebody else's
    - kind: Service
      jqPathExpressions: [.spec.type]
      managedFieldsManagers: [bot]
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops}
spec:
  template:
    spec:
      ignoreDifferences:
        - {kind: Secret, jsonPointers: [/data/x]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data:
  resource.customizations.ignoreDifferences.apps_Deployment: |
    jsonPointers: [/spec/paused]
  resource.customizations.knownTypeFields.example.com_Widget: |
    - {field: spec.size, type: core/Quantity}
  resource.customizations.health.example.com_Widget: |
    return {}
  resource.customizations: |
    example.com/Widget:
      knownTypeFields: []
    "apps/*":
      ignoreDifferences: |
        jsonPointers: [/spec/x]
`;

const flux = `# comments and documents of other kinds do not disturb
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  ignore:
    - paths: [/spec/replicas]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  driftDetection:
    mode: enabled
    ignore:
      - paths: ["/spec/replicas", ""]
        target: {kind: Deployment}
`;

function shown(facts: readonly RuleFact[]): readonly string[] {
  return facts.map(({ owner, rule, texts, range }) => `${placeText(range)} ${owner} ${rule}: ${texts.join(' ')}`);
}

test('rules of Argo CD and Flux with the lines on which manifests write them', () => {
  assert.deepEqual(shown([...ruleFacts('a.yaml', argo), ...ruleFacts('f.yaml', flux)]), [
    'a.yaml:6 Application argocd/shop ignoreDifferences[0]: /spec/replicas',
    'a.yaml:11 Application argocd/shop ignoreDifferences[1]: jq .spec.type manager bot',
    'a.yaml:22 ApplicationSet shops ignoreDifferences[0]: /data/x',
    'a.yaml:37 argocd-cm resource.customizations apps/*: /spec/x',
    'a.yaml:28 argocd-cm resource.customizations.ignoreDifferences.apps_Deployment: /spec/paused',
    'a.yaml:30 argocd-cm resource.customizations.knownTypeFields.example.com_Widget: spec.size: core/Quantity',
    'a.yaml:32 argocd-cm resource.customizations.health.example.com_Widget: ',
    'f.yaml:7 Kustomization flux-system/apps ignore[0]: /spec/replicas',
    'f.yaml:16 HelmRelease shop/web driftDetection.ignore[0]: /spec/replicas ',
  ]);
  assert.deepEqual(
    ['ignoreDifferences: [', 'kind: ConfigMap\n', 'ignoreDifferences: 1\n---\n- 2\n'].flatMap((text) => ruleFacts('x', text)),
    [],
  );
});

test('a rule is found by what it says, since lists move on, and every place that says it is told', () => {
  const facts = [...ruleFacts('a.yaml', argo), ...ruleFacts('f.yaml', flux)];
  const at = (by: string, rules: readonly IgnoreRule[], more: readonly RuleFact[] = [], generatedBy?: string): string | undefined => {
    const view = { rules, ...(generatedBy === undefined ? {} : { generatedBy }) } as unknown as OwnerView;
    const places = placesOfRule(by, { facts: [...facts, ...more], view });
    return places.length === 0 ? undefined : places.map((place) => placeText(place)).join(', ');
  };
  const rule = (declaredBy: string, ...paths: string[]): readonly IgnoreRule[] => [{ declaredBy, paths }];
  const first = 'Application argocd/shop ignoreDifferences[0]';
  const key = 'argocd-cm resource.customizations.ignoreDifferences.apps_Deployment';
  const elsewhere = ruleFacts('b.yaml', argo);
  const excluding =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  resource.exclusions: |\n    - {kinds: [Lease]}\n';
  assert.deepEqual(
    [
      at('plumbline.yaml:12', []),
      at(first, rule(first, '/spec/replicas')),
      // In the cluster it stands first, in the repo second by now.
      at(`${first} jq .spec.type`, rule(first, 'jq .spec.type', 'manager bot')),
      at(first, rule(first, '/spec/other')),
      at('Application argocd/other ignoreDifferences[0]', rule('Application argocd/other ignoreDifferences[0]', '/spec/replicas')),
      at(`${key} manager x`, rule(key, '/spec/paused')),
      at('argocd-cm resource.customizations apps/*', rule('argocd-cm resource.customizations apps/*', '/spec/x')),
      at('Kustomization flux-system/apps ignore[0]', rule('Kustomization flux-system/apps ignore[0]', '/spec/replicas')),
      at('HelmRelease shop/web driftDetection.ignore[0]', rule('HelmRelease shop/web driftDetection.ignore[0]', '/spec/replicas', '')),
      at(
        'Application argocd/shop-eu ignoreDifferences[0]',
        rule('Application argocd/shop-eu ignoreDifferences[0]', '/data/x'),
        [],
        'ApplicationSet argocd/shops',
      ),
      // Two clusters' manifests say the same: nobody knows which is meant, so both are named.
      at(`${key} manager x`, rule(key, '/spec/paused'), elsewhere),
      at('argocd-cm resource.exclusions', [], ruleFacts('x.yaml', excluding)),
      at(first, rule(first, '/spec/replicas'), elsewhere),
      at('API server (defaults, admission)', []),
    ],
    [
      'plumbline.yaml:12',
      'a.yaml:6',
      'a.yaml:11',
      undefined,
      undefined,
      'a.yaml:28',
      'a.yaml:37',
      'f.yaml:7',
      'f.yaml:16',
      'a.yaml:22',
      'a.yaml:28, b.yaml:28',
      'x.yaml:5',
      'a.yaml:6, b.yaml:6',
      undefined,
    ],
  );
});
