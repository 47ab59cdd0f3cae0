import assert from 'node:assert/strict';
import { readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import { parseKeyString } from '../../../src/engine/model/objects.ts';
import type { WritebackTarget } from '../../../src/engine/model/writeback.ts';
import { helm, kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { git, until } from './support.ts';
import { built, carryOut, deployment, opened } from './writebackSupport.ts';

let plane: ControlPlane;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

test('an object that only the cluster has becomes a file without defaults, named by its kustomization; a chart takes none', async (t) => {
  const files = {
    'plumbline.yaml': configOfPaths('extras', 'overlay', 'plain'),
    'overlay/kustomization.yaml': '# ours\nnamePrefix: p-\nresources:\n  - web.yaml # the shop\n',
    'overlay/web.yaml': deployment,
    'plain/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n',
  };
  const shop = await opened(plane, t, 'extras', files, async () => {
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
    'plumbline.yaml': configOfPaths('refused', 'shop', 'chart'),
    'queue/Chart.yaml': 'apiVersion: v2\nname: queue\nversion: 0.1.0\n',
    'queue/values.yaml': 'size: small\n',
    'queue/templates/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: queue}\ndata:\n  size: {{ .Values.size }}\n',
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\ndependencies:\n  - {name: queue, version: 0.1.0}\n',
    'shop/extra.txt': 'no manifest\n',
    'shop/web.yaml': deployment.replace("web:1.0'", 'web:1.0\' # {"$imagepolicy": "flux-system:web"}'),
    'shop/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: password}\nstringData: {key: one}\n',
    'shop/sops.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sealed}\ndata: {a: one}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\nsops: {version: "3"}\n',
    'shop/twice.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: linked}\ndata: {a: one}\n',
    'shop/held.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held}\ndata:\n  b: one\n  a: one # two\n',
  };
  const shop = await opened(plane, t, 'refused', files, async () => {
    const [sealed = ''] = files['shop/sops.yaml'].split('---');
    for (const name of ['web', 'secret', 'twice', 'held']) await run('apply', '--server-side', '-n', 'refused', '-f', `shop/${name}.yaml`);
    await helm(['package', 'queue', '--destination', 'chart/charts'], {});
    await git('.', 'add', '-A');
    await git('.', 'commit', '-qm', 'package');
    for (const input of [sealed, await helm(['template', 'chart', 'chart'], {})])
      await kubectl(['apply', '--server-side', '-n', 'refused', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input });
    await run('patch', '-n', 'refused', 'configmap', 'queue', '--type=merge', '-p', '{"data":{"size":"large"}}');
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
    await shop.field('prod/chart', 'ConfigMap/queue', 'data.size'),
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
      // It is set in a chart that only stands packed in the repo.
      ['queue', 'lines-packed'],
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
  const kustomization =
    'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: built, namespace: apps}\nspec:\n  path: ./built # here\n';
  const files = {
    'plumbline.yaml': configOfPaths('ignored', 'shop', 'argo', 'flux', 'built'),
    'shop/web.yaml': deployment.replace('name: web\n  labels', 'name: own\n  labels'),
    'argo/web.yaml': deployment,
    'flux/web.yaml': deployment.replace('name: web\n  labels', 'name: flux\n  labels'),
    'built/web.yaml': deployment.replace('name: web\n  labels', 'name: built\n  labels'),
    'owners/built.yaml': kustomization,
    'owners/argo.yaml': application,
    'owners/flux.yaml': `# releases\n---\n${release}`,
  };
  const shop = await opened(plane, t, 'ignored', files, async () => {
    for (const path of ['shop', 'argo', 'flux', 'built']) await run('apply', '--server-side', '-n', 'ignored', '-f', path);
    await run(
      'label',
      'deployment/built',
      '-n',
      'ignored',
      'kustomize.toolkit.fluxcd.io/name=built',
      'kustomize.toolkit.fluxcd.io/namespace=apps',
    );
    await run('annotate', 'deployment/web', '-n', 'ignored', 'argocd.argoproj.io/tracking-id=shop:apps/Deployment:ignored/web');
    await run('label', 'deployment/flux', '-n', 'ignored', 'helm.toolkit.fluxcd.io/name=shop', 'helm.toolkit.fluxcd.io/namespace=apps');
  });
  for (const name of ['own', 'web', 'flux', 'built']) {
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
    ...(await ask('prod/built', 'Deployment/built')),
  ];
  const plan = await shop.engine.ignoreEdits.plan({ targets }, AbortSignal.timeout(180_000));
  assert.deepEqual(
    [plan.refused, plan.places, plan.effects.map(({ object, fieldId, isIntended }) => [object, fieldId, isIntended])],
    [
      [],
      [
        { rule: 'plumbline.yaml', file: 'plumbline.yaml' },
        { rule: 'Application shop', file: 'owners/argo.yaml' },
        { rule: 'HelmRelease apps/shop', file: 'owners/flux.yaml' },
        { rule: 'Kustomization apps/built', file: 'owners/built.yaml' },
      ],
      ['own', 'web', 'flux', 'built'].flatMap((name) => [
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
  assert.equal(
    await text('owners/built.yaml'),
    `${kustomization}  ignore:\n    - paths:\n        - /spec/replicas\n        - /spec/template/spec/containers/0/image\n      target:\n        kind: Deployment\n        name: built\n`,
  );
  // The rule of plumbline.yaml counts as soon as the file is saved.
  await until(shop.engine, 'the fields do not count any more', () =>
    shop.engine.objects('prod/shop').every((row) => row.fields.length === 0),
  );
});
