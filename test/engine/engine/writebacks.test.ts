import assert from 'node:assert/strict';
import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import { parseKeyString } from '../../../src/engine/model/objects.ts';
import type { WritebackPlan, WritebackRequest, WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { helm, kubectl, kustomize } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const deployment = `# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web} # one
spec:
  replicas: 2   # two
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: 'registry.example/web:1.0'
          args: [serve, --quiet]
          env:
            - name: MODE
              value: fast
`;

const config = (namespace: string, ...paths: readonly string[]): string => `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev}
applications:
${paths.map((path) => `  - {name: ${path.replaceAll('/', '-')}, environment: prod, path: ${path}, namespace: ${namespace}}`).join('\n')}
`;

interface Opened {
  readonly engine: Engine;
  readonly repo: string;
  plan(request: WritebackRequest): Promise<WritebackPlan>;
  /** the target of a drifted field; waits until it is seen */
  field(application: string, object: string, fieldId: string): Promise<WritebackTarget>;
  object(application: string, object: string): WritebackTarget;
}

async function opened(
  t: TestContext,
  namespace: string,
  files: Readonly<Record<string, string>>,
  apply: () => Promise<unknown>,
): Promise<Opened> {
  const repo = await testRepo(t, files);
  await run('create', 'namespace', namespace);
  process.chdir(repo);
  await apply();
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const object = (applicationId: string, name: string): WritebackTarget => {
    const row = engine.objects(applicationId).find((each) => `${each.kind}/${each.name}` === name);
    assert.ok(row, `no ${name} in ${applicationId}`);
    return { applicationId, key: row.key };
  };
  return {
    engine,
    repo,
    plan: (request) => engine.writebacks.plan(request, AbortSignal.timeout(60_000)),
    object,
    async field(applicationId, name, fieldId) {
      const target = object(applicationId, name);
      await until(engine, `${name} ${fieldId} differs`, () =>
        engine.objects(applicationId).some((row) => row.key === target.key && row.fields.some((field) => field.id === fieldId)),
      );
      return { ...target, fieldId };
    },
  };
}

/** Writes what a plan says, as the editor does. */
async function carryOut(repo: string, { edits, newFiles }: WritebackPlan): Promise<void> {
  const offset = (text: string, line: number, column: number): number =>
    text
      .split('\n')
      .slice(0, line)
      .reduce((sum, each) => sum + each.length + 1, 0) + column;
  for (const file of new Set(edits.map(({ range }) => range.file))) {
    const path = join(repo, file);
    let text = await readFile(path, 'utf8');
    const own = edits
      .filter(({ range }) => range.file === file)
      .sort((a, b) => b.range.startLine - a.range.startLine || b.range.startColumn - a.range.startColumn);
    for (const { range, newText } of own)
      text =
        text.slice(0, offset(text, range.startLine, range.startColumn)) +
        newText +
        text.slice(offset(text, range.endLine, range.endColumn));
    await writeFile(path, text);
  }
  await writeFiles(repo, Object.fromEntries(newFiles.map(({ file, text }) => [file, text])));
}

/** What a native tool renders, by `Kind/name`. */
function objectsIn(text: string): Readonly<Record<string, JsonValue>> {
  const documents = parseAllDocuments(text);
  const objects = ('empty' in documents ? [] : documents).flatMap((document) => {
    const value = document.toJS() as { kind: string; metadata: { name: string } } | null;
    return value === null ? [] : [[`${value.kind}/${value.metadata.name}`, value] as const];
  });
  return Object.fromEntries(objects);
}

const built = async (repo: string, path: string): Promise<Readonly<Record<string, JsonValue>>> =>
  objectsIn(await kustomize(['build', join(repo, path)], {}));

const spec = (
  object: unknown,
): { replicas?: number; template: { spec: { containers: { image: string; args: unknown; env: unknown }[] } } } =>
  (object as { spec: never }).spec;

test('several live values go into a plain manifest at once; layout, comments and quotes stay', async (t) => {
  const shop = await opened(t, 'plain', { 'plumbline.yaml': config('plain', 'shop'), 'shop/web.yaml': deployment }, () =>
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
    'plumbline.yaml': config('shared', 'one', 'two'),
    'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - COLOR=green\n',
    'base/web.yaml': deployment.replace(
      '          env:\n',
      '          envFrom:\n            - configMapRef: {name: settings}\n          env:\n',
    ),
    'one/kustomization.yaml': '# one\nresources: [../base]\nnamePrefix: one-\n',
    'two/kustomization.yaml': 'resources: [../base]\nnamePrefix: two-\npatches:\n  - path: patch.yaml\n',
    'two/patch.yaml': '# ours\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  minReadySeconds: 3\n',
  };
  const shop = await opened(t, 'shared', files, async () => {
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
    'plumbline.yaml': config('derived', 'prod'),
    'prod/kustomization.yaml':
      "resources: [web.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals:\n      - COLOR=green # now\n    files: [motd.txt]\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: add\n        path: /spec/template/spec/priorityClassName\n        value: ''\n      - op: replace\n        path: /spec/replicas\n        value: 3 # three\n",
    'prod/motd.txt': 'welcome\n',
    'prod/web.yaml': deployment.replace(
      '          env:\n',
      '          envFrom:\n            - configMapRef: {name: settings}\n          env:\n',
    ),
  };
  const shop = await opened(t, 'derived', files, () => run('apply', '--server-side', '-n', 'derived', '-k', 'prod'));
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
  const shop = await opened(t, 'charts', files, async () => {
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

test('an object that only the cluster has becomes a file without defaults, named by its kustomization; a chart takes none', async (t) => {
  const files = {
    'plumbline.yaml': config('extras', 'overlay', 'plain'),
    'overlay/kustomization.yaml': '# ours\nnamePrefix: p-\nresources:\n  - web.yaml # the shop\n',
    'overlay/web.yaml': deployment,
    'plain/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n',
  };
  const shop = await opened(t, 'extras', files, async () => {
    await run('apply', '--server-side', '-n', 'extras', '-k', 'overlay');
    await run('apply', '--server-side', '-n', 'extras', '-f', 'plain');
    await run('create', 'deployment', 'p-extra', '-n', 'extras', '--image=registry.example/extra:1', '--port=80');
    await run('create', 'configmap', 'more', '-n', 'extras', '--from-literal=COLOR=on', '--from-literal=n=012');
    await run('label', 'deployment/p-web', 'deployment/p-extra', '-n', 'extras', 'applyset.kubernetes.io/part-of=applyset-one-v1');
    await run('label', 'configmap/settings', 'configmap/more', '-n', 'extras', 'applyset.kubernetes.io/part-of=applyset-two-v1');
  });
  const isSeen = (application: string, name: string): boolean => shop.engine.objects(application).some((row) => row.name === name);
  await until(shop.engine, 'extra objects', () => isSeen('prod/overlay', 'p-extra') && isSeen('prod/plain', 'more'));
  const targets = [shop.object('prod/overlay', 'Deployment/p-extra'), shop.object('prod/plain', 'ConfigMap/more')];
  const plan = await shop.plan({ targets });
  assert.deepEqual(
    [plan.refused, plan.choices, plan.affected.map(({ object, paths, kind }) => [object, paths, kind])],
    [
      [],
      [],
      [
        ['Deployment/p-extra', [''], 'intended'],
        ['ConfigMap/more', [''], 'intended'],
      ],
    ],
  );
  await carryOut(shop.repo, plan);
  const text = (path: string): Promise<string> => readFile(join(shop.repo, path), 'utf8');
  assert.equal(
    await text('overlay/deployment-p-extra.yaml'),
    'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: extra\n  labels:\n    app: p-extra\nspec:\n  selector:\n    matchLabels:\n      app: p-extra\n  template:\n    metadata:\n      labels:\n        app: p-extra\n    spec:\n      containers:\n        - name: extra\n          image: registry.example/extra:1\n          ports:\n            - containerPort: 80\n',
  );
  assert.equal(await text('overlay/kustomization.yaml'), `${files['overlay/kustomization.yaml']}  - deployment-p-extra.yaml\n`);
  assert.equal(
    await text('plain/configmap-more.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata:\n  COLOR: "on"\n  "n": "012"\n',
  );
  assert.ok((await built(shop.repo, 'overlay'))['Deployment/p-extra'] !== undefined);
});

test('what is refused says why and what else there is; Remove from Git leaves the field to live', async (t) => {
  const files = {
    'plumbline.yaml': config('refused', 'shop'),
    'shop/extra.txt': 'no manifest\n',
    'shop/web.yaml': deployment.replace("web:1.0'", 'web:1.0\' # {"$imagepolicy": "flux-system:web"}'),
    'shop/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: password}\nstringData: {key: one}\n',
    'shop/sops.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sealed}\ndata: {a: one}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\nsops: {version: "3"}\n',
    'shop/twice.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: linked}\ndata: {a: one}\n',
    'shop/held.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held}\ndata:\n  b: one\n  a: one # two\n',
  };
  const shop = await opened(t, 'refused', files, async () => {
    const [sealed = ''] = files['shop/sops.yaml'].split('---');
    for (const name of ['web', 'secret', 'twice', 'held']) await run('apply', '--server-side', '-n', 'refused', '-f', `shop/${name}.yaml`);
    await kubectl(['apply', '--server-side', '-n', 'refused', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: sealed });
  });
  await run('set', 'image', '-n', 'refused', 'deployment/web', 'web=registry.example/web:1.1');
  await run('patch', '-n', 'refused', 'secret', 'password', '--type=merge', '-p', '{"stringData":{"key":"two"}}');
  for (const name of ['sealed', 'linked'])
    await run('patch', '-n', 'refused', 'configmap', name, '--type=merge', '-p', '{"data":{"a":"two"}}');
  const image = await shop.field('prod/shop', 'Deployment/web', 'spec.template.spec.containers[name=web].image');
  const targets = [
    image,
    await shop.field('prod/shop', 'Secret/password', 'data.key'),
    await shop.field('prod/shop', 'ConfigMap/sealed', 'data.a'),
    await shop.field('prod/shop', 'ConfigMap/linked', 'data.a'),
  ];
  await rename(join(shop.repo, 'shop/twice.yaml'), join(shop.repo, 'real.yaml'));
  await symlink('../real.yaml', join(shop.repo, 'shop/twice.yaml'));
  const plan = await shop.plan({ targets });
  assert.deepEqual(plan.edits, []);
  assert.deepEqual(
    plan.refused.map(({ target, reason }) => [parseKeyString(target.key).name, reason.code]),
    [
      ['web', 'adopt-image-automation'],
      ['password', 'adopt-secret'],
      ['sealed', 'edit-encrypted'],
      ['linked', 'edit-link'],
    ],
  );
  for (const { reason } of plan.refused.slice(0, 2)) assert.match(describe(reason.code, reason.details), /Ignore This Field/);
  const patch = ['--type=merge', '-p', '{"data":{"a":"two"}}', '--field-manager=cert-manager-cainjector'];
  await run('patch', '-n', 'refused', 'configmap', 'held', ...patch);
  const held = await shop.field('prod/shop', 'ConfigMap/held', 'data.a');
  const [refusal] = (await shop.plan({ targets: [held] })).refused;
  assert.match(
    describe(refusal?.reason.code ?? '', refusal?.reason.details),
    /^cert-manager-cainjector sets this field.*Use Remove from Git/,
  );
  const removed = await shop.plan({ targets: [image, held], action: 'remove' });
  assert.deepEqual(removed.refused, []);
  await carryOut(shop.repo, removed);
  assert.equal(await readFile(join(shop.repo, 'shop/web.yaml'), 'utf8'), files['shop/web.yaml'].replace(/ {10}image: .*\n/, ''));
});

test('Ignore This Field: the smallest rule, where the owner of the object looks, with all that it hides', async (t) => {
  const application =
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec:\n  project: default # ours\n  ignoreDifferences:\n    - group: apps\n      kind: Deployment\n      name: web\n      namespace: ignored\n      jsonPointers: [/spec/paused]\n';
  const release =
    'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: apps}\nspec:\n  interval: 5m\n';
  const files = {
    'plumbline.yaml': config('ignored', 'shop', 'argo', 'flux'),
    'shop/web.yaml': deployment.replace('name: web\n  labels', 'name: own\n  labels'),
    'argo/web.yaml': deployment,
    'flux/web.yaml': deployment.replace('name: web\n  labels', 'name: flux\n  labels'),
    'owners/argo.yaml': application,
    'owners/flux.yaml': `# releases\n---\n${release}`,
  };
  const shop = await opened(t, 'ignored', files, async () => {
    for (const path of ['shop', 'argo', 'flux']) await run('apply', '--server-side', '-n', 'ignored', '-f', path);
    await run('annotate', 'deployment/web', '-n', 'ignored', 'argocd.argoproj.io/tracking-id=shop:apps/Deployment:ignored/web');
    await run('label', 'deployment/flux', '-n', 'ignored', 'helm.toolkit.fluxcd.io/name=shop', 'helm.toolkit.fluxcd.io/namespace=apps');
  });
  for (const name of ['own', 'web', 'flux']) {
    await run('scale', `deployment/${name}`, '-n', 'ignored', '--replicas=5');
    await run('set', 'image', '-n', 'ignored', `deployment/${name}`, 'web=registry.example/web:1.1');
  }
  const image = 'spec.template.spec.containers[name=web].image';
  const ask = async (id: string, name: string): Promise<WritebackTarget[]> => [
    await shop.field(id, name, 'spec.replicas'),
    await shop.field(id, name, image),
  ];
  const targets = [
    ...(await ask('prod/shop', 'Deployment/own')),
    ...(await ask('prod/argo', 'Deployment/web')),
    ...(await ask('prod/flux', 'Deployment/flux')),
  ];
  const plan = await shop.engine.ignoreEdits.plan({ targets }, AbortSignal.timeout(60_000));
  assert.deepEqual(
    [plan.refused, plan.places, plan.effects.map(({ object, fieldId, isIntended }) => [object, fieldId, isIntended])],
    [
      [],
      [
        { rule: 'plumbline.yaml', file: 'plumbline.yaml' },
        { rule: 'Application shop', file: 'owners/argo.yaml' },
        { rule: 'HelmRelease apps/shop', file: 'owners/flux.yaml' },
      ],
      ['own', 'web', 'flux'].flatMap((name) => [
        [`Deployment/${name}`, 'spec.replicas', true],
        [`Deployment/${name}`, image, true],
      ]),
    ],
  );
  await carryOut(shop.repo, { ...plan, newFiles: [], affected: [], choices: [] });
  const text = (path: string): Promise<string> => readFile(join(shop.repo, path), 'utf8');
  assert.equal(
    await text('plumbline.yaml'),
    files['plumbline.yaml'].replace(
      'path: shop, namespace: ignored}',
      'path: shop, namespace: ignored, ignore: [{kind: Deployment, name: own, paths: [/spec/replicas, /spec/template/spec/containers/web/image]}]}',
    ),
  );
  assert.equal(
    await text('owners/argo.yaml'),
    `${application.replace('[/spec/paused]', '[/spec/paused, /spec/replicas]')}      jqPathExpressions:\n        - .spec.template.spec.containers[] | select(.name == "web") | .image\n`,
  );
  assert.equal(
    await text('owners/flux.yaml'),
    `${files['owners/flux.yaml']}  driftDetection:\n    ignore:\n      - paths:\n          - /spec/replicas\n          - /spec/template/spec/containers/0/image\n        target:\n          kind: Deployment\n          name: flux\n`,
  );
  // The rule of plumbline.yaml counts as soon as the file is saved.
  await until(shop.engine, 'the fields do not count any more', () =>
    shop.engine.objects('prod/shop').every((row) => row.fields.length === 0),
  );
});

test('Flux substitution: what it builds is compared, and a live value goes into the variable', async (t) => {
  const build =
    'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop, namespace: flux-system}\nspec:\n  path: ./shop\n  postBuild:\n    substitute:\n      replicas: "2" # of prod\n    substituteFrom:\n      - {kind: ConfigMap, name: vars}\n';
  const vars = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  tag: "1.0"\n';
  const web = deployment.replace('replicas: 2 ', 'replicas: ${replicas} ').replace('web:1.0', 'web:${tag}');
  const files = {
    'plumbline.yaml': config('fluxed', 'shop', 'lost'),
    'shop/web.yaml': web,
    'lost/web.yaml': web.replace('name: web\n  labels', 'name: lost\n  labels'),
    'clusters/prod/shop.yaml': `${build}---\n${build.replaceAll('shop', 'lost').replace('name: vars', 'name: sealed')}`,
    'clusters/prod/vars.yaml': vars,
  };
  const shop = await opened(t, 'fluxed', files, () =>
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
