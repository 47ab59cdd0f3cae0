import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { manageText } from '../../../src/engine/apps/manageText.ts';
import { parseConfig } from '../../../src/engine/apps/configFile.ts';
import type { Application, Environment } from '../../../src/engine/model/application.ts';

const environment: Environment = { name: 'prod', context: 'prod-eu', clusterUid: '5f0c', isProtected: false, allowDirty: false };
const application: Application = {
  id: 'prod-eu/web',
  name: 'web',
  repoRoot: '/r',
  source: { type: 'helm', path: 'charts/web', helm: { valueFiles: ['values-prod.yaml'] } },
  destination: { context: 'prod-eu', namespace: 'shop' },
  policy: { prune: false },
  owner: 'unmanaged',
  ignore: [],
  origin: 'convention',
  isProtected: false,
};
const head = 'apiVersion: plumbline.dev/v1alpha1\nkind: Config\n';
const environmentLines = '  prod:\n    context: prod-eu\n    clusterUid: 5f0c\n';
const itemLines =
  '  - name: web\n    environment: prod\n    path: charts/web\n    namespace: shop\n    helm: {valueFiles: [values-prod.yaml]}\n';

test('a new file', () => {
  assert.equal(manageText(undefined, application, environment), `${head}environments:\n${environmentLines}applications:\n${itemLines}`);
});

test('text is only put in: comments, layout and line ends stay', () => {
  const existing = `# ours
${head}
environments:
  prod: {context: prod-eu}   # inline

applications: # list
  - name: shop   # first
    environment: prod
    path: shop
    # a comment of shop

# the end
`;
  const wanted = existing.replace('    # a comment of shop\n', `    # a comment of shop\n${itemLines}`);
  const cases: Record<string, [text: string, result: string]> = {
    'an item after the last one': [
      existing.replace('    # a comment of shop\n', ''),
      existing.replace('    # a comment of shop\n', itemLines),
    ],
    'a comment below the last item': [existing, wanted],
    CRLF: [existing.replaceAll('\n', '\r\n'), wanted.replaceAll('\n', '\r\n')],
    'a new environment': [
      existing.replace('prod: {', 'dev: {').replace('environment: prod', 'environment: dev').replace('    # a comment of shop\n', ''),
      existing
        .replace('  prod: {context: prod-eu}   # inline\n', `  dev: {context: prod-eu}   # inline\n${environmentLines}`)
        .replace('environment: prod', 'environment: dev')
        .replace('    # a comment of shop\n', itemLines),
    ],
    'no indentation of lists': [
      `${head}environments:\n    prod:\n        context: prod-eu\napplications:\n- {name: shop, environment: prod, path: shop}\n`,
      `${head}environments:\n    prod:\n        context: prod-eu\napplications:\n- {name: shop, environment: prod, path: shop}\n${itemLines.replaceAll(/^ {2}/gm, '')}`,
    ],
    'neither key is there': [head, `${head}environments:\n${environmentLines}applications:\n${itemLines}`],
    'no end of line at the end': [head.trimEnd(), `${head}environments:\n${environmentLines}applications:\n${itemLines}`.trimEnd()],
    'empty keys': [`${head}environments: {}\napplications:\n`, `${head}environments:\n${environmentLines}applications:\n${itemLines}`],
    'empty list': [
      `${head}applications: []  # none\nenvironments:\n`,
      `${head}applications:\n${itemLines.trimEnd()}  # none\nenvironments:\n${environmentLines}`,
    ],
    'flow style': [
      `${head}environments: {dev: {context: kind}}\napplications: [{name: shop, environment: dev, path: shop}]\n`,
      `${head}environments: {dev: {context: kind}, prod: {context: prod-eu, clusterUid: 5f0c}}\napplications: [{name: shop, environment: dev, path: shop}, {name: web, environment: prod, path: charts/web, namespace: shop, helm: {valueFiles: [values-prod.yaml]}}]\n`,
    ],
  };
  const seen = Object.fromEntries(Object.entries(cases).map(([name, [text]]) => [name, manageText(text, application, environment)]));
  assert.deepEqual(seen, Object.fromEntries(Object.entries(cases).map(([name, [, result]]) => [name, result])));
});

test('odd names are quoted so that they are read back as they are', () => {
  const odd: Application = {
    ...application,
    name: '1e3',
    source: { type: 'directory', path: 'a, b/#c: [d]' },
    destination: { context: 'x', namespace: '12' },
  };
  const config = parseConfig(
    manageText(undefined, odd, { ...environment, name: 'yes', context: 'arn:aws:eks:eu: #1', isProtected: true, branch: 'no' }),
  );
  assert.deepEqual(
    [
      config.problems,
      config.applications.map(({ name, path, namespace }) => [name, path, namespace]),
      config.environments.map(({ name, context, branch, isProtected }) => [name, context, branch, isProtected]),
    ],
    [[], [['1e3', 'a, b/#c: [d]', '12']], [['yes', 'arn:aws:eks:eu: #1', 'no', true]]],
  );
});

test('what cannot be extended safely is refused', () => {
  const texts = [
    'a: [\n',
    '- a\n',
    '{"apiVersion": "plumbline.dev/v1alpha1", "kind": "Config"}\n',
    `${head}applications: &a []\nx: 1\nenvironments: text\n`,
  ];
  for (const text of texts)
    assert.throws(
      () => manageText(text, application, environment),
      (error) => isAppError(error, 'config-not-extensible'),
      text,
    );
  const once = manageText(undefined, application, environment);
  assert.throws(
    () => manageText(once, application, environment),
    (error) => isAppError(error, 'config-already-declared'),
  );
});
