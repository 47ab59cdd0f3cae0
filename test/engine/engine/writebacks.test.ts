import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { helm, kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import type { WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { until } from './support.ts';
import { built, carryOut, deployment, objectsIn, opened, spec } from './writebackSupport.ts';

let plane: ControlPlane;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

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

test('Helm: the values that set a field; the values file of the environment where the chart serves others', async (t) => {
  const files = {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev}
applications:
  - {name: a, environment: prod, path: chart, namespace: charts, helm: {releaseName: a, valueFiles: [values-a.yaml]}}
  - {name: b, environment: prod, path: chart, namespace: charts, helm: {releaseName: b}}
  - name: c
    environment: prod
    path: chart
    namespace: charts
    helm:
      releaseName: c
      values:
        replicas: 3 # of c
`,
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
    'chart/values.yaml': 'replicas: 2\nimage:\n  repository: registry.example/web\n  tag: "1.0"\n',
    'chart/values-a.yaml': '# of a\nimage:\n  repository: registry.example/a # ours\n',
    'chart/templates/web.yaml': deployment
      .replace('name: web\n  labels', 'name: {{ .Release.Name }}-web\n  labels')
      .replace('replicas: 2 ', 'replicas: {{ .Values.replicas }} ')
      .replace("'registry.example/web:1.0'", "'{{ .Values.image.repository }}:{{ .Values.image.tag }}'"),
  };
  const shop = await opened(plane, t, 'charts', files, async () => {
    for (const name of ['a', 'b', 'c']) {
      const own = { a: ['-f', 'chart/values-a.yaml'], b: [], c: ['--set', 'replicas=3'] }[name] ?? [];
      const text = await helm(['template', name, 'chart', '-n', 'charts', ...own], {});
      await kubectl(['apply', '--server-side', '-n', 'charts', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: text });
    }
  });
  await run('scale', 'deployment/a-web', 'deployment/b-web', 'deployment/c-web', '-n', 'charts', '--replicas=4');
  await run('set', 'image', '-n', 'charts', 'deployment/a-web', 'web=registry.example/c:1.0');
  await run('patch', '-n', 'charts', 'deployment/b-web', '--type=merge', '-p', '{"spec":{"minReadySeconds":4}}');
  await run(
    'patch',
    '-n',
    'charts',
    'deployment/b-web',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/spec/template/spec/containers/0/args/1","value":"--loud"}]',
  );
  // Only live has it: it is marked where it would stand.
  const template = join(shop.repo, 'chart/templates/web.yaml');
  await until(shop.engine, 'the parent of a field that only live has', () =>
    shop.engine.marks(template).some(({ fieldId, range }) => fieldId === 'spec.minReadySeconds' && range.startLine === 6),
  );
  const replicas = await shop.field('prod/a', 'Deployment/a-web', 'spec.replicas');
  const image = await shop.field('prod/a', 'Deployment/a-web', 'spec.template.spec.containers[name=web].image');
  const args = await shop.field('prod/b', 'Deployment/b-web', 'spec.template.spec.containers[name=web].args[1]');
  const base = await shop.plan({ targets: [replicas] });
  assert.deepEqual([base.edits.map(({ range }) => range.file), base.choices], [['chart/values.yaml'], ['source', 'overlay']]);
  const inline = await shop.field('prod/c', 'Deployment/c-web', 'spec.replicas');
  const ofB = await shop.field('prod/b', 'Deployment/b-web', 'spec.replicas');
  const plan = await shop.plan({ targets: [replicas, image, args, inline], place: 'overlay' });
  // What both ask for goes into the chart's own values; what only one does, into its own.
  const forBoth = await shop.plan({ targets: [replicas, ofB] });
  assert.deepEqual([forBoth.edits.map(({ range }) => range.file), forBoth.choices], [['chart/values.yaml'], []]);
  const onlyB = await shop.plan({ targets: [ofB], place: 'overlay' });
  assert.deepEqual(
    onlyB.edits.map(({ range, newText }) => [range.file, newText]),
    [['plumbline.yaml', ', values: {replicas: 4}']],
  );
  assert.deepEqual(
    plan.refused.map(({ reason, target }) => [target.applicationId, reason.code]),
    [['prod/b', 'adopt-in-template']],
  );
  await carryOut(shop.repo, plan);
  assert.equal(
    await readFile(join(shop.repo, 'chart/values-a.yaml'), 'utf8'),
    '# of a\nimage:\n  repository: registry.example/c # ours\nreplicas: 4\n',
  );
  assert.equal(
    await readFile(join(shop.repo, 'plumbline.yaml'), 'utf8'),
    files['plumbline.yaml'].replace('replicas: 3 # of c', 'replicas: 4 # of c'),
  );
  const rendered = objectsIn(await helm(['template', 'a', join(shop.repo, 'chart'), '-f', join(shop.repo, 'chart/values-a.yaml')], {}));
  assert.deepEqual(
    [spec(rendered['Deployment/a-web']).replicas, spec(rendered['Deployment/a-web']).template.spec.containers[0]?.image],
    [4, 'registry.example/c:1.0'],
  );
});

test('what only live has goes into the empty mapping or list that a chart or base has for it', async (t) => {
  const files = {
    'plumbline.yaml': `${configOfPaths('empty', 'base')}  - {name: a, environment: prod, path: chart, namespace: empty, helm: {releaseName: a, valueFiles: [values-a.yaml]}}
  - {name: b, environment: prod, path: chart, namespace: empty, helm: {releaseName: b}}
`,
    'base/kustomization.yaml':
      'resources: [web.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: \'[{"op": "add", "path": "/metadata/annotations/one", "value": "1"}]\'\n',
    'base/web.yaml': deployment.replace('  labels: {app: web} # one\n', '  annotations: {} # none\n'),
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
    'chart/values.yaml': 'replicas: 2\nresources: {} # as you like\npodAnnotations: {}\ntolerations: []\nextraEnvs: []\n',
    'chart/values-a.yaml': 'replicas: 3\nresources: {}\n',
    'chart/templates/web.yaml': deployment
      .replace('name: web\n  labels: {app: web} # one', 'name: {{ .Release.Name }}-web')
      .replace('replicas: 2 ', 'replicas: {{ .Values.replicas }} ')
      .replace(
        '      labels: {app: web}\n    spec:\n',
        '      {{- with .Values.podAnnotations }}\n      annotations: {{- toYaml . | nindent 8 }}\n      {{- end }}\n      labels: {app: web}\n    spec:\n' +
          '      {{- with .Values.tolerations }}\n      tolerations: {{- toYaml . | nindent 8 }}\n      {{- end }}\n' +
          '      {{- with .Values.nodeSelector }}\n      nodeSelector: {{- toYaml . | nindent 8 }}\n      {{- end }}\n',
      )
      .replace(
        '              value: fast\n',
        '              value: fast\n            {{- with .Values.extraEnvs }}\n            {{- toYaml . | nindent 12 }}\n            {{- end }}\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n',
      ),
  };
  const shop = await opened(plane, t, 'empty', files, async () => {
    await run('apply', '--server-side', '-n', 'empty', '-k', 'base');
    for (const [name, ...own] of [['a', '-f', 'chart/values-a.yaml'], ['b']] as const) {
      const text = await helm(['template', name, 'chart', '-n', 'empty', ...own], {});
      await kubectl(['apply', '--server-side', '-n', 'empty', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: text });
    }
  });
  const pod = 'spec.template.spec';
  const web = { resources: { limits: { cpu: '2' } }, env: ['NEW', 'MORE'].map((name) => ({ name, value: 'on' })), name: 'web' };
  const spec = { containers: [web], tolerations: [{ key: 'gpu', operator: 'Exists' }], nodeSelector: { disk: 'ssd' }, hostNetwork: true };
  const template = { metadata: { annotations: { 'example.com/note': 'x', 'example.com/other': 'y' } }, spec };
  await run('annotate', 'deployment/web', '-n', 'empty', 'two=2');
  await run('patch', '-n', 'empty', 'deployment/a-web', '-p', JSON.stringify({ spec: { template } }));
  const a = (fieldId: string): Promise<WritebackTarget> => shop.field('prod/a', 'Deployment/a-web', fieldId);
  const targets = [
    await shop.field('prod/base', 'Deployment/web', 'metadata.annotations.two'),
    await a(`${pod}.containers[name=web].resources.limits.cpu`),
    await a(`${pod}.tolerations`),
    await a(`${pod}.containers[name=web].env[name=NEW]`),
    await a(`${pod}.containers[name=web].env[name=MORE]`),
    await a('spec.template.metadata.annotations["example.com/note"]'),
    await a('spec.template.metadata.annotations["example.com/other"]'),
    await a(`${pod}.nodeSelector`),
    await a(`${pod}.hostNetwork`),
  ];
  const plan = await shop.plan({ targets, place: 'overlay' });
  assert.deepEqual(
    plan.refused.map(({ target, reason }) => [target.fieldId, reason.code, reason.details]),
    [[`${pod}.hostNetwork`, 'adopt-add-in-template', { file: 'chart/templates/web.yaml' }]],
  );
  await carryOut(shop.repo, plan);
  const text = (path: string): Promise<string> => readFile(join(shop.repo, path), 'utf8');
  assert.equal(await text('base/web.yaml'), files['base/web.yaml'].replace('annotations: {} # none', 'annotations: {two: "2"} # none'));
  assert.equal(await text('chart/values.yaml'), files['chart/values.yaml']);
  assert.equal(
    await text('chart/values-a.yaml'),
    'replicas: 3\nresources: {limits: {cpu: "2"}}\ntolerations:\n  - key: gpu\n    operator: Exists\nextraEnvs:\n  - name: NEW\n    value: "on"\n' +
      '  - name: MORE\n    value: "on"\npodAnnotations:\n  example.com/note: x\n  example.com/other: "y"\nnodeSelector:\n  disk: ssd\n',
  );
  const rendered = await helm(['template', 'a', join(shop.repo, 'chart'), '-f', join(shop.repo, 'chart/values-a.yaml')], {});
  for (const line of ['disk: ssd', 'cpu: "2"', 'operator: Exists', 'example.com/note: x', 'name: NEW'])
    assert.ok(rendered.includes(line), line);
});

test('Flux substitution: what it builds is compared, and a live value goes into the variable', async (t) => {
  const build =
    'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop, namespace: flux-system}\nspec:\n  path: ./shop\n  postBuild:\n    substitute:\n      replicas: "2" # of prod\n    substituteFrom:\n      - {kind: ConfigMap, name: vars}\n';
  const vars = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  tag: "1.0"\n';
  const web = deployment.replace('replicas: 2 ', 'replicas: ${replicas} ').replace('web:1.0', 'web:${tag}');
  const files = {
    'plumbline.yaml': configOfPaths('fluxed', 'shop', 'lost'),
    'shop/web.yaml': web,
    'lost/web.yaml': web.replace('name: web\n  labels', 'name: lost\n  labels'),
    'clusters/prod/shop.yaml': `${build}---\n${build.replaceAll('shop', 'lost').replace('name: vars', 'name: sealed')}`,
    'clusters/prod/vars.yaml': vars,
  };
  const shop = await opened(plane, t, 'fluxed', files, () =>
    kubectl(['apply', '--server-side', '-n', 'fluxed', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: deployment }),
  );
  const rows = shop.engine.applications().filter(({ environment }) => environment === 'prod');
  assert.deepEqual(
    rows.map(({ name, state, reasons }) => [name, state, reasons[0]?.code]),
    [
      ['shop', 'synced', undefined],
      ['lost', 'cannot compare', 'variables-missing'],
    ],
  );
  await run('scale', 'deployment/web', '-n', 'fluxed', '--replicas=5');
  await run('set', 'image', '-n', 'fluxed', 'deployment/web', 'web=registry.example/web:1.1');
  const targets = [
    await shop.field('prod/shop', 'Deployment/web', 'spec.replicas'),
    await shop.field('prod/shop', 'Deployment/web', 'spec.template.spec.containers[name=web].image'),
  ];
  const plan = await shop.plan({ targets });
  assert.deepEqual([plan.refused, plan.choices], [[], []]);
  await carryOut(shop.repo, plan);
  assert.equal(
    await readFile(join(shop.repo, 'clusters/prod/shop.yaml'), 'utf8'),
    files['clusters/prod/shop.yaml'].replace('replicas: "2"', 'replicas: "5"'),
  );
  assert.equal(await readFile(join(shop.repo, 'clusters/prod/vars.yaml'), 'utf8'), vars.replace('"1.0"', '"1.1"'));
});

test('HelmRelease and Application: a live value goes into what they say, with its comments', async (t) => {
  const release = (name: string, values: string): string =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: ${name}, namespace: deployed}\nspec:\n  chart:\n    spec:\n      chart: ./chart\n      sourceRef: {kind: GitRepository, name: repo}\n  valuesFrom: [{kind: ConfigMap, name: settings}]\n${values}`;
  const application = (name: string, source: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}, namespace: argocd}\nspec:\n  destination: {namespace: deployed}\n  source:\n${source}`;
  const files = {
    'plumbline.yaml': configOfPaths('deployed', 'chart', 'clusters').replace(
      '  - {name: chart, environment: prod, path: chart,',
      ['first', 'second', 'third'].map((name) => `  - {name: ${name}, environment: prod, path: chart, namespace: deployed}`).join('\n') +
        '\n  - {name: front, environment: prod, path: front,',
    ),
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
    'chart/values.yaml': 'replicas: 2\nready: 1\n',
    'chart/templates/web.yaml': deployment
      .replace('name: web\n  labels', 'name: {{ .Release.Name }}-web\n  labels')
      .replace('replicas: 2 ', 'minReadySeconds: {{ .Values.ready }}\n  replicas: {{ .Values.replicas }} '),
    'front/kustomization.yaml': 'resources: [web.yaml]\n',
    'front/web.yaml': deployment.replace('name: web\n  labels', 'name: front\n  labels'),
    'clusters/first.yaml': release('first', '  values:\n    replicas: 3 # of first\n'),
    'clusters/second.yaml': release('second', '  values: {replicas: 3}\n'),
    'clusters/settings.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: deployed}\ndata:\n  values.yaml: |\n    # of all\n    ready: 5 # ours\n',
    'clusters/third.yaml': application(
      'third',
      '    path: chart\n    helm:\n      values: |\n        # of third\n        replicas: 3 # three\n',
    ),
    'clusters/front.yaml': application(
      'front',
      '    path: front\n    kustomize:\n      images:\n        - registry.example/web:1.0 # ours\n',
    ),
  };
  const shop = await opened(plane, t, 'deployed', files, async () => {
    for (const name of ['first', 'second', 'third']) {
      const text = await helm(
        ['template', name, 'chart', '-n', 'deployed', '--set', `replicas=3,ready=${name === 'third' ? '1' : '5'}`],
        {},
      );
      await kubectl(['apply', '--server-side', '-n', 'deployed', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: text });
    }
    await run('apply', '--server-side', '-n', 'deployed', '-f', 'front/web.yaml');
  });
  const states = shop.engine.applications().filter(({ environment, name }) => environment === 'prod' && name !== 'clusters');
  assert.deepEqual(
    states.map(({ name, state }) => `${name} ${state}`),
    ['first synced', 'second synced', 'third synced', 'front synced'],
  );
  await run('scale', 'deployment/first-web', 'deployment/third-web', '-n', 'deployed', '--replicas=4');
  await run('set', 'image', '-n', 'deployed', 'deployment/front', 'web=registry.example/web:2.0');
  await run('patch', '-n', 'deployed', 'deployment/first-web', '--type=merge', '-p', '{"spec":{"minReadySeconds":6}}');
  const inText = (name: string, from: string): readonly [string, number] => {
    const text = (files as Readonly<Record<string, string>>)[name] ?? '';
    return [name, text.slice(0, text.indexOf(from)).split('\n').length - 1];
  };
  const lines = [
    inText('clusters/first.yaml', 'replicas: 3'),
    inText('clusters/third.yaml', 'replicas: 3'),
    inText('clusters/front.yaml', '- registry.example'),
    inText('clusters/settings.yaml', 'ready:'),
  ];
  for (const [file, line] of lines) {
    await until(shop.engine, `${file} is marked`, () =>
      shop.engine.marks(join(shop.repo, file)).some(({ range }) => range.startLine === line),
    );
  }
  const image = 'spec.template.spec.containers[name=web].image';
  const targets = [
    await shop.field('prod/first', 'Deployment/first-web', 'spec.replicas'),
    await shop.field('prod/third', 'Deployment/third-web', 'spec.replicas'),
    await shop.field('prod/front', 'Deployment/front', image),
  ];
  const plan = await shop.plan({ targets });
  assert.deepEqual([plan.refused, plan.choices], [[], []]);
  const ready = await shop.field('prod/first', 'Deployment/first-web', 'spec.minReadySeconds');
  // What another HelmRelease takes, too, is asked about; what only this one has goes into its own values.
  const shared = await shop.plan({ targets: [ready] });
  assert.deepEqual([shared.edits.map(({ range }) => range.file), shared.choices], [['clusters/settings.yaml'], ['source', 'overlay']]);
  const own = await shop.plan({ targets: [ready], place: 'overlay' });
  await carryOut(shop.repo, plan);
  const read = (file: string): Promise<string> => readFile(join(shop.repo, file), 'utf8');
  assert.deepEqual(
    [await read('clusters/first.yaml'), await read('clusters/third.yaml'), await read('clusters/front.yaml')],
    [
      files['clusters/first.yaml'].replace('replicas: 3 #', 'replicas: 4 #'),
      files['clusters/third.yaml'].replace('replicas: 3 #', 'replicas: 4 #'),
      files['clusters/front.yaml'].replace('web:1.0', 'web:2.0'),
    ],
  );
  assert.deepEqual(
    own.edits.map(({ range, newText }) => [range.file, newText]),
    [['clusters/first.yaml', '\n    ready: 6']],
  );
  // Typing in a HelmRelease shows at once what it would change.
  const typed = (await read('clusters/first.yaml')).replace('replicas: 4', 'replicas: 7');
  shop.engine.setBuffer(join(shop.repo, 'clusters/first.yaml'), typed);
  await until(shop.engine, 'the unsaved value is told', () =>
    shop.engine.marks(join(shop.repo, 'clusters/first.yaml')).some(({ working, range }) => working === '7' && range.startLine === 10),
  );
  shop.engine.setBuffer(join(shop.repo, 'clusters/first.yaml'), undefined);
  const places = async (found: Promise<readonly { file: string; startLine: number }[]>): Promise<unknown> =>
    (await found).map(({ file, startLine }) => `${file.slice(shop.repo.length + 1)}:${String(startLine)}`);
  assert.deepEqual(await places(shop.engine.editor.definition(join(shop.repo, 'clusters/first.yaml'), 6, 16)), ['chart/Chart.yaml:0']);
  assert.deepEqual(
    [
      await places(shop.engine.editor.references(join(shop.repo, 'clusters/settings.yaml'), 0)),
      await places(shop.engine.editor.references(join(shop.repo, 'clusters/first.yaml'), 10)),
    ],
    [
      ['clusters/first.yaml:8', 'clusters/second.yaml:8', 'plumbline.yaml:5', 'plumbline.yaml:6', 'plumbline.yaml:9'],
      ['plumbline.yaml:5', 'plumbline.yaml:9', 'chart/templates/web.yaml:8'],
    ],
  );
});
