import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { completeConfig, configKeyDocs, type ConfigNames, configKeyAt, placeOf } from '../../../src/engine/apps/configCompletion.ts';
import { deployerLinks } from '../../../src/engine/apps/deployerLinks.ts';
import { fileLinks, keyRange } from '../../../src/engine/apps/fileLinks.ts';

const targets = (file: string, text: string, chart?: string): unknown =>
  fileLinks(file, text, chart).map(({ range, target, key }) => [
    range.startLine,
    range.startColumn,
    target,
    ...(key === undefined ? [] : [key.join('.')]),
  ]);

test('a kustomization names its resources, patches and generator files, but nothing remote', () => {
  const text = [
    'resources: [../base, https://example.com/x//y?ref=v1, web.yaml]',
    'components:',
    '  - ../../components/a',
    'patches:',
    '  - path: patch.yaml',
    '    target: {kind: Deployment}',
    '  - patch: |-',
    '      kind: X',
    'configMapGenerator:',
    '  - name: settings',
    '    files: [app.properties, renamed=files/other.txt]',
    'openapi: {path: schema.json}',
    '',
  ].join('\r\n');
  assert.deepEqual(targets('apps/one/kustomization.yaml', text), [
    [0, 12, 'apps/base'],
    [0, 54, 'apps/one/web.yaml'],
    [2, 4, 'components/a'],
    [4, 10, 'apps/one/patch.yaml'],
    [11, 16, 'apps/one/schema.json'],
    [10, 12, 'apps/one/app.properties'],
    [10, 28, 'apps/one/files/other.txt'],
  ]);
});

test('plumbline.yaml, charts and templates name paths, environments and values', () => {
  const config = 'applications:\n  - {name: a, environment: prod, path: charts/a, helm: {valueFiles: [values-prod.yaml]}}\n';
  assert.deepEqual(targets('plumbline.yaml', config), [
    [1, 39, 'charts/a'],
    [1, 27, 'plumbline.yaml', 'environments.prod'],
    [1, 69, 'charts/a/values-prod.yaml'],
  ]);
  assert.deepEqual(
    targets('charts/a/Chart.yaml', 'dependencies:\n  - {name: b, repository: "file://../b"}\n  - {name: c, repository: "https://x"}\n'),
    [[1, 26, 'charts/b']],
  );
  assert.deepEqual(targets('charts/a/templates/x.yaml', 'a: {{ .Values.image.tag }}-{{ $.Values.n }}{{ .Values }}\n', 'charts/a'), [
    [0, 6, 'charts/a/values.yaml', 'image.tag'],
    [0, 30, 'charts/a/values.yaml', 'n'],
  ]);
  assert.deepEqual(keyRange('v.yaml', 'image:\n  tag: 1\n', ['image', 'tag'])?.startLine, 1);
});

test('broken, empty and odd texts name nothing and throw nothing', () => {
  for (const text of ['', ':', '\t- a', '{{ if }}\n', 'resources: [', '- 1', 'resources: *x', '\u0000', 'a: &a [*a]']) {
    assert.ok(Array.isArray(fileLinks('kustomization.yaml', text)), text);
    assert.ok(Array.isArray(fileLinks('plumbline.yaml', text)), text);
  }
});

const names: ConfigNames = {
  environments: ['dev', 'prod'],
  paths: ['apps/web', 'charts/shop'],
  contexts: ['kind', 'prod-eu'],
  namespaces: ['shop'],
  valueFiles: new Map([['charts/shop', ['values-prod.yaml', 'values.yaml']]]),
};

/** Completes at the mark `|`. */
function labels(marked: string): readonly string[] {
  const offset = marked.indexOf('|');
  const before = marked.slice(0, offset).split('\n');
  return completeConfig(marked.replace('|', ''), before.length - 1, before.at(-1)?.length ?? 0, names).map(({ label }) => label);
}

test('completion of plumbline.yaml: keys of the place, names of the repo', () => {
  const keys = (place: keyof typeof configKeyDocs): readonly string[] => Object.keys(configKeyDocs[place]);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['|', keys('root')],
    ['apiVersion: |', ['plumbline.dev/v1alpha1']],
    ['environments:\n  prod:\n    |', keys('environment')],
    ['environments:\n  prod:\n    context: |', names.contexts],
    ['environments:\n  |', []],
    ['applications:\n  - |', keys('application')],
    ['applications:\n  - name: a\n    |', keys('application')],
    ['applications:\n  - name: a\n    environment: p|', names.environments],
    ['applications:\n  - path: |', names.paths],
    ['applications:\n  - name: a\n    path: charts/shop\n    helm:\n      |', keys('helm')],
    ['applications:\n  - name: a\n    path: charts/shop\n    helm:\n      valueFiles:\n        - |', ['values-prod.yaml', 'values.yaml']],
    [
      'applications:\n  - name: a\n    ignore:\n      - kind: D|',
      ['Deployment', 'StatefulSet', 'DaemonSet', 'Service', 'Ingress', 'ConfigMap', 'Secret', 'CronJob', 'HorizontalPodAutoscaler'],
    ],
    ['applications:\n  - name: a\n    policy:\n      prune: |', ['true', 'false']],
  ];
  for (const [text, expected] of cases) assert.deepEqual(labels(text), expected, text);
  assert.equal(placeOf('', 0, 0).within, 'root');
});

test('what keys mean is what the published schema says', async () => {
  const schema = JSON.parse(await readFile(new URL('../../../media/plumbline.schema.json', import.meta.url), 'utf8')) as {
    properties: Record<string, { description?: string }>;
    definitions: Record<
      string,
      { properties: Record<string, { description?: string; properties?: Record<string, { description?: string }> }> }
    >;
  };
  const said = (properties: Record<string, { description?: string }> | undefined): unknown =>
    Object.fromEntries(Object.entries(properties ?? {}).map(([name, { description }]) => [name, description]));
  const application = schema.definitions['application']?.properties;
  assert.deepEqual(
    {
      root: said(schema.properties),
      environment: said(schema.definitions['environment']?.properties),
      application: said(application),
      helm: said(application?.['helm']?.properties),
      policy: said(application?.['policy']?.properties),
      ignoreRule: said(schema.definitions['ignoreRule']?.properties),
    },
    configKeyDocs,
  );
  assert.equal(configKeyAt('applications:\n  - name: a\n    path: b\n', 2)?.key, 'path');
});

test('a HelmRelease and an Application name their chart, values files and what they take values from', () => {
  const text = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  chart:
    spec:
      chart: ./charts/shop
      sourceRef: {kind: GitRepository, name: repo}
      valuesFiles: [charts/shop/values.yaml]
  valuesFrom:
    - {kind: ConfigMap, name: settings}
    - {kind: Secret, name: elsewhere}
---
kind: HelmRelease
spec: {chart: {spec: {chart: shop, sourceRef: {kind: HelmRepository, name: r}}}}
---
kind: Application
spec:
  sources:
    - {ref: config, repoURL: x}
    - path: charts/shop
      helm:
        valueFiles: [values-prod.yaml, $config/shared/prod.yaml, https://example.com/v.yaml]
        fileParameters: [{name: motd, path: /motd.txt}]
`;
  const found = deployerLinks('clusters/prod/shop.yaml', text, [
    { kind: 'ConfigMap', name: 'settings', isOptional: false, file: 'clusters/prod/settings.yaml' },
    { kind: 'Secret', name: 'elsewhere', isOptional: true },
  ]);
  assert.deepEqual(
    found.map(({ range, target }) => `${String(range.startLine)}: ${target}`),
    [
      '5: charts/shop',
      '7: charts/shop/values.yaml',
      '9: clusters/prod/settings.yaml',
      '19: charts/shop',
      '21: charts/shop/values-prod.yaml',
      '21: shared/prod.yaml',
      '22: motd.txt',
    ],
  );
  assert.deepEqual(deployerLinks('x.yaml', 'kind: Application\n\t- : [', []), []);
});
