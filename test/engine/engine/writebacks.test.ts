import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { testAddedWritebacks } from './addedWritebackCases.ts';
import { testDeployerWritebacks } from './deployerWritebackCases.ts';
import { testHelmWritebacks } from './helmWritebackCases.ts';
import { built, carryOut, deployment, opened, spec } from './writebackSupport.ts';

const plane = await startControlPlane();
after(() => plane.stop());
const run = (...args: readonly string[]): Promise<string> => plane.kubectl(args);

test('several live values go into a plain manifest at once; layout, comments and quotes stay', async (t) => {
  const shop = await opened(plane, t, 'plain', { 'plumbline.yaml': configOfPaths('plain', 'shop'), 'shop/web.yaml': deployment }, () =>
    run('apply', '--server-side', '-n', 'plain', '-f', 'shop'),
  );
  await run('scale', 'deployment/web', '-n', 'plain', '--replicas=5');
  await run('set', 'image', '-n', 'plain', 'deployment/web', 'web=registry.example/web:1.1');
  await run('label', '-n', 'plain', 'deployment/web', 'team=market');
  const patch = [
    { op: 'replace', path: '/spec/template/spec/containers/0/args', value: ['serve', '--loud', 'a, b'] },
    { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'LEVEL', value: '3' } },
  ];
  await run('patch', '-n', 'plain', 'deployment/web', '--type=json', '-p', JSON.stringify(patch));
  await shop.field('prod/shop', 'Deployment/web', 'spec.template.spec.containers[name=web].env[name=LEVEL]');
  const plan = await shop.plan({ targets: [shop.object('prod/shop', 'Deployment/web')] });
  assert.deepEqual([plan.refused, plan.choices, plan.affected.map(({ kind }) => kind)], [[], [], ['intended']]);
  await carryOut(shop.repo, plan);
  assert.equal(
    await readFile(join(shop.repo, 'shop/web.yaml'), 'utf8'),
    deployment
      .replace('replicas: 2', 'replicas: 5')
      .replace('web:1.0', 'web:1.1')
      .replace('{app: web} # one', '{app: web, team: market} # one')
      .replace('[serve, --quiet]', '[serve, --loud, "a, b"]')
      .replace('value: fast\n', 'value: fast\n            - name: LEVEL\n              value: "3"\n'),
  );
  // What is in Git now is what is live: applying it changes nothing.
  await run('diff', '--server-side', '--force-conflicts', '-n', 'plain', '-f', join(shop.repo, 'shop/web.yaml')).catch((error: unknown) => {
    assert.fail(String(error));
  });
});

test('a base that others read: which would change, and a patch in the overlay instead', async (t) => {
  const files = {
    'plumbline.yaml': configOfPaths('shared', 'one', 'two'),
    'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - COLOR=green\n',
    'base/web.yaml': deployment.replace(
      '          env:\n',
      '          envFrom:\n            - configMapRef: {name: settings}\n          env:\n',
    ),
    'one/kustomization.yaml': '# one\nresources: [../base]\nnamePrefix: one-\n',
    'two/kustomization.yaml': 'resources: [../base]\nnamePrefix: two-\npatches:\n  - path: patch.yaml\n',
    'two/patch.yaml': '# ours\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  minReadySeconds: 3\n',
  };
  const shop = await opened(plane, t, 'shared', files, async () => {
    for (const path of ['one', 'two']) await run('apply', '--server-side', '-n', 'shared', '-k', path);
  });
  await run('scale', 'deployment/one-web', 'deployment/two-web', '-n', 'shared', '--replicas=4');
  await run('set', 'image', '-n', 'shared', 'deployment/two-web', 'web=registry.example/web:1.2');
  const one = await shop.field('prod/one', 'Deployment/one-web', 'spec.replicas');
  const two = await shop.field('prod/two', 'Deployment/two-web', 'spec.replicas');
  const image = await shop.field('prod/two', 'Deployment/two-web', 'spec.template.spec.containers[name=web].image');

  // Both ask for the same: one edit of the base serves both.
  const both = await shop.plan({ targets: [one, two] });
  assert.deepEqual(
    [both.edits.length, both.choices, both.affected.map(({ applicationId, kind }) => [applicationId, kind])],
    [
      1,
      [],
      [
        ['prod/one', 'intended'],
        ['prod/two', 'intended'],
      ],
    ],
  );

  const inBase = await shop.plan({ targets: [image] });
  assert.deepEqual(
    [
      inBase.edits.map(({ range }) => range.file),
      inBase.choices,
      inBase.affected.map(({ applicationId, object, kind }) => [applicationId, object, kind]),
    ],
    [
      ['base/web.yaml'],
      ['source', 'overlay'],
      [
        ['prod/one', 'Deployment/one-web', 'other'],
        ['prod/two', 'Deployment/two-web', 'intended'],
      ],
    ],
  );

  const before = { one: await built(shop.repo, 'one'), two: await built(shop.repo, 'two') };
  const inOverlay = await shop.plan({ targets: [image, one], place: 'overlay' });
  assert.deepEqual(inOverlay.refused, []);
  await carryOut(shop.repo, inOverlay);
  assert.equal(
    await readFile(join(shop.repo, 'two/patch.yaml'), 'utf8'),
    `${files['two/patch.yaml']}  template:\n    spec:\n      containers:\n        - name: web\n          image: registry.example/web:1.2\n`,
  );
  assert.match(
    await readFile(join(shop.repo, 'one/kustomization.yaml'), 'utf8'),
    /^# one\nresources: \[..\/base\]\nnamePrefix: one-\npatches:\n {2}- patch: \|\n/,
  );
  const now = { one: await built(shop.repo, 'one'), two: await built(shop.repo, 'two') };
  assert.deepEqual(
    [
      spec(now.one['Deployment/one-web']).replicas,
      spec(now.two['Deployment/two-web']).replicas,
      spec(now.two['Deployment/two-web']).template.spec.containers[0]?.image,
    ],
    [4, 2, 'registry.example/web:1.2'],
  );
  assert.deepEqual({ ...now.one, 'Deployment/one-web': 0 }, { ...before.one, 'Deployment/one-web': 0 });
});

test('a generated ConfigMap: the name that follows is listed; JSON patches, inline patches and files of generators', async (t) => {
  const files = {
    'plumbline.yaml': configOfPaths('derived', 'prod'),
    'prod/kustomization.yaml':
      "resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - COLOR=green # now\n    files: [motd.txt]\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: add\n        path: /spec/template/spec/priorityClassName\n        value: ''\n      - op: replace\n        path: /spec/replicas\n        value: 3 # three\n",
    'prod/motd.txt': 'welcome\n',
    'prod/web.yaml': deployment.replace(
      '          env:\n',
      '          envFrom:\n            - configMapRef: {name: settings}\n          env:\n',
    ),
  };
  const shop = await opened(plane, t, 'derived', files, () => run('apply', '--server-side', '-n', 'derived', '-k', 'prod'));
  const [configMap] = Object.keys(await built(shop.repo, 'prod')).filter((name) => name.startsWith('ConfigMap/'));
  const name = (configMap ?? '').slice('ConfigMap/'.length);
  await run('patch', '-n', 'derived', 'configmap', name, '--type=merge', '-p', '{"data":{"COLOR":"red","motd.txt":"hello\\nall\\n"}}');
  await run('scale', 'deployment/web', '-n', 'derived', '--replicas=6');
  const targets = [
    await shop.field('prod/prod', `ConfigMap/${name}`, 'data.COLOR'),
    await shop.field('prod/prod', `ConfigMap/${name}`, 'data["motd.txt"]'),
    await shop.field('prod/prod', 'Deployment/web', 'spec.replicas'),
  ];
  const plan = await shop.plan({ targets });
  assert.deepEqual(plan.refused, []);
  assert.deepEqual(
    plan.affected.map(({ object, paths, kind }) => [object.split('-')[0], paths, kind]),
    [
      ['ConfigMap/settings', ['/data/COLOR', '/data/motd.txt'], 'intended'],
      ['ConfigMap/settings', ['/metadata/name'], 'derived'],
      ['Deployment/web', ['/spec/replicas'], 'intended'],
      ['Deployment/web', ['/spec/template/spec/containers/0/envFrom/0/configMapRef/name'], 'derived'],
    ].sort(([left], [right]) => (String(left) < String(right) ? -1 : 1)),
  );
  await carryOut(shop.repo, plan);
  assert.equal(
    await readFile(join(shop.repo, 'prod/kustomization.yaml'), 'utf8'),
    files['prod/kustomization.yaml'].replace('COLOR=green', 'COLOR=red').replace('value: 3', 'value: 6'),
  );
  assert.equal(await readFile(join(shop.repo, 'prod/motd.txt'), 'utf8'), 'hello\nall\n');
});

testHelmWritebacks(plane);
testDeployerWritebacks(plane);
testAddedWritebacks(plane);
