import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/engine/apps/configFile.ts';
import { describe } from '../../../src/engine/model/describe.ts';

const schema = JSON.parse(readFileSync(new URL('../../../media/plumbline.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

const head = 'apiVersion: plumbline.dev/v1alpha1\nkind: Config\n';
const environments = 'environments:\n  prod: {context: prod-eu}\n';
const shop = '  - name: shop\n    environment: prod\n    path: apps/shop\n';
const good = `${head}${environments}applications:\n${shop}`;

test('the whole format', () => {
  const text = `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: prod-eu, clusterUid: 5f0c, branch: main, protected: true}
  dev: {context: kind, allowDirty: true}
applications:
  - name: shop
    environment: prod
    path: apps/shop/overlays/prod
    namespace: shop
    helm: {releaseName: shop, valueFiles: [values-prod.yaml], values: {replicas: 2, on: [1, true, null]}}
    policy: {prune: true}
    ignore: [{kind: Deployment, paths: [/spec/replicas]}]
  - {name: web, environment: dev, path: .}
`;
  const { environments: found, applications, problems } = parseConfig(text);
  const at = (startLine: number, startColumn: number, endColumn: number): object => ({
    file: 'plumbline.yaml',
    startLine,
    startColumn,
    endLine: startLine,
    endColumn,
  });
  const prod = {
    name: 'prod',
    context: 'prod-eu',
    clusterUid: '5f0c',
    branch: 'main',
    isProtected: true,
    allowDirty: false,
    declaredAt: at(3, 2, 6),
  };
  const dev = { name: 'dev', context: 'kind', isProtected: false, allowDirty: true, declaredAt: at(4, 2, 5) };
  assert.deepEqual(
    [found, applications, problems],
    [
      [prod, dev],
      [
        {
          name: 'shop',
          environment: prod,
          path: 'apps/shop/overlays/prod',
          namespace: 'shop',
          helm: { releaseName: 'shop', valueFiles: ['values-prod.yaml'], values: { replicas: 2, on: [1, true, null] } },
          prune: true,
          ignore: [{ kind: 'Deployment', paths: ['/spec/replicas'], declaredBy: 'plumbline.yaml:13' }],
          declaredAt: at(6, 10, 14),
          pathAt: at(8, 10, 33),
        },
        {
          name: 'web',
          environment: dev,
          path: '.',
          namespace: 'default',
          prune: false,
          ignore: [],
          declaredAt: at(13, 11, 14),
          pathAt: at(13, 40, 41),
        },
      ],
      [],
    ],
  );
});

/** Texts with whether they are right, by structure alone: parser and published schema must say the same. */
const structures: readonly (readonly [text: string, isRight: boolean])[] = [
  [good, true],
  [head, true],
  [`${head}environments: {}\napplications: []\n`, true],
  ['[]\n', false],
  ['text\n', false],
  ['kind: Config\n', false],
  ['apiVersion: plumbline.dev/v1alpha1\n', false],
  [good.replace('v1alpha1', 'v2'), false],
  [good.replace('kind: Config', 'kind: Configuration'), false],
  [`${good}extra: 1\n`, false],
  [good.replace('environments:', 'environment:'), false],
  [`${head}environments:\n`, false],
  [`${head}environments: []\n`, false],
  [`${head}applications: {}\n`, false],
  [`${head}environments:\n  prod:\n`, false],
  [`${head}environments:\n  prod: {}\n`, false],
  [`${head}environments:\n  prod: {context: 1}\n`, false],
  [`${head}environments:\n  prod: {context: "  "}\n`, false],
  [`${head}environments:\n  a/b: {context: x}\n`, false],
  [`${head}environments:\n  prod: {context: x, protected: "yes"}\n`, false],
  [`${head}environments:\n  prod: {context: x, protcted: true}\n`, false],
  [`${head}environments:\n  dev: {context: x, allowDirty: true, protected: false}\n`, true],
  [`${head}environments:\n  prod: {context: x, allowDirty: true, protected: true}\n`, false],
  [`${head}environments:\n  prod: {context: x, branch: -x}\n`, false],
  [`${head}environments:\n  prod: {context: x, branch: release/1.x}\n`, true],
  [`${head}${environments}applications:\n  - name: shop\n    environment: prod\n`, false],
  [`${head}${environments}applications:\n  -\n`, false],
  [good.replace('name: shop', 'name: Shop'), false],
  [good.replace('name: shop', `name: ${'x'.repeat(64)}`), false],
  [good.replace('name: shop', 'name: 12'), false],
  [good.replace('apps/shop', '/apps/shop'), false],
  [good.replace('apps/shop', 'apps\\shop'), false],
  [`${good}    namespace: shop-1\n`, true],
  [`${good}    namespace: Shop\n`, false],
  [`${good}    namespace: a.b\n`, false],
  [`${good}    helm: {}\n`, true],
  [`${good}    helm: {valueFiles: values.yaml}\n`, false],
  [`${good}    helm: {valueFiles: [values.yaml, 1]}\n`, false],
  [`${good}    helm: {valueFiles: [../common/values.yaml]}\n`, true],
  [`${good}    helm: {values: []}\n`, false],
  [`${good}    helm: {version: 1}\n`, false],
  [`${good}    policy: {prune: false}\n`, true],
  [`${good}    policy: {prune: no}\n`, false],
  [`${good}    policy: {prun: true}\n`, false],
  [`${good}    ignore: [{paths: [/a/*/b~1c]}]\n`, true],
  [`${good}    ignore: [{paths: []}]\n`, false],
  [`${good}    ignore: [{paths: [spec.replicas]}]\n`, false],
  [`${good}    ignore: [{paths: [/]}]\n`, false],
  [`${good}    ignore: [{kind: Deployment}]\n`, false],
  [`${good}    ignore: [{group: "", kind: Secret, name: a, namespace: b, paths: [/data]}]\n`, true],
  [`${good}    ignore: {paths: [/a]}\n`, false],
];

test('parser and published schema accept and reject the same', () => {
  const disagreements = structures.filter(([text, isRight]) => {
    const bySchema = validate(parse(text));
    const byParser = parseConfig(text).problems.length === 0;
    return bySchema !== isRight || byParser !== isRight;
  });
  assert.deepEqual(disagreements, []);
});

/** `line:column code`, and the words. */
function problemsOf(text: string): string[] {
  return parseConfig(text).problems.map(
    ({ code, details, range }) => `${String(range.startLine + 1)}:${String(range.startColumn)} ${describe(code, details)}`,
  );
}

test('every problem names its line, cause and cure', () => {
  const cases: readonly (readonly [text: string, ...problems: string[]])[] = [
    ['', '1:0 plumbline.yaml is empty. Declare environments and applications in it, or delete it.'],
    [`${good}    helm: {releaseNam: x}\n`, '9:11 "releaseNam" is not known in shop.helm. Did you mean "releaseName"?'],
    [
      `${good}    colour: red\n`,
      '9:4 "colour" is not known in applications[0]. Known are: name, environment, path, namespace, helm, policy, ignore.',
    ],
    [good.replace('environment: prod', 'environment: prd'), '7:17 There is no environment "prd". Did you mean "prod"?'],
    [good.replace('environment: prod', 'environment: qa'), '7:17 There is no environment "qa". Declared are: prod.'],
    [
      good.replace('prod-eu}', 'prod-eu, protectd: true}'),
      '4:27 "protectd" is not known in environments.prod. Did you mean "protected"?',
      '7:17 The environment "prod" has errors, so this application has no destination. Correct the environment.',
    ],
    [
      good.replace('prod-eu}', 'prod-eu, protected: true, allowDirty: true}'),
      '4:56 "true" cannot be used for environments.prod.allowDirty. Needed: false, since the environment is protected.',
      '7:17 The environment "prod" has errors, so this application has no destination. Correct the environment.',
    ],
    [`${good}${shop}`, '9:10 The application "shop" is declared twice for the environment "prod", first on line 6. Rename one.'],
    [`${good}    path: other\n`, '9:4 "path" stands twice in applications[0]. Keep one of them.'],
    [good.replace('    path: apps/shop\n', ''), '6:4 applications[0] has no "path". Add it.'],
    [good.replace('path: apps/shop', 'path: [a]'), '8:10 shop.path must be a string, not a list.'],
    [
      good.replace('v1alpha1', 'v1'),
      '1:12 apiVersion is "plumbline.dev/v1", but this version of Plumbline reads "plumbline.dev/v1alpha1". Change it, or update Plumbline.',
    ],
    [`${good}---\na: 1\n`, '10:0 plumbline.yaml has a second document, which is not read. Move its content into the first.'],
  ];
  assert.deepEqual(
    cases.map(([text]) => problemsOf(text)),
    cases.map(([, ...problems]) => problems),
  );
  const broken = problemsOf(`${good}  bad indent: [\n`);
  assert.ok(broken.length > 0 && broken.every((problem) => problem.includes('is not valid YAML')), broken.join('\n'));
});

test('one bad application leaves the others working; aliases and merge keys are read', () => {
  const text = `${head}environments:
  prod: &prod {context: prod-eu}
  qa: {<<: *prod, branch: qa}
applications:
  - name: bad
    environment: prod
  - &web {name: web, environment: prod, path: web}
  - {<<: *web, environment: qa}
  - 12
`;
  const { environments: found, applications, problems } = parseConfig(text);
  assert.deepEqual(
    [
      found.map(({ name, context, branch }) => [name, context, branch]),
      applications.map(({ name, environment }) => `${environment.name}/${name}`),
      problems.map(({ code }) => code),
    ],
    [
      [
        ['prod', 'prod-eu', undefined],
        ['qa', 'prod-eu', 'qa'],
      ],
      ['prod/web', 'qa/web'],
      ['config-missing-key', 'config-wrong-type'],
    ],
  );
});

test('alias bombs, deep nesting and odd keys end in problems or values, never in a hang or a throw', () => {
  const bomb = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x]',
    ...Array.from(
      { length: 12 },
      (_, i) =>
        `a${String(i + 1)}: &a${String(i + 1)} [${Array(9)
          .fill(`*a${String(i)}`)
          .join(', ')}]`,
    ),
  ];
  const texts = [
    `${good}    helm:\n      values:\n${bomb.map((line) => `        ${line}`).join('\n')}\n`,
    `${head}environments: ${'['.repeat(2_000)}\n`,
    `${head}environments: &e {a: *e}\n`,
    `${good}    helm: {values: {__proto__: {x: 1}, constructor: 1}}\n`,
    `${head}environments: {? [a] : {context: x}, 1: {context: y}}\n`,
    '\0\u0001: x',
    `${head}environments: {<<: *missing}\n`,
  ];
  const before = process.cpuUsage();
  for (const text of texts) parseConfig(text);
  // Of its own: what else the machine does is no matter.
  assert.ok(process.cpuUsage(before).user < 2_000_000);
  assert.equal(({} as { x?: number }).x, undefined);
});
