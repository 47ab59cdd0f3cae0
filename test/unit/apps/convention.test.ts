import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ApplicationFinder, type FoundApplications, suggestionKey } from '../../../src/engine/apps/applications.ts';
import { sourceDeclaredAt } from '../../../src/engine/apps/declaredAt.ts';
import { recogniseSource } from '../../../src/engine/apps/convention.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';

const object = (kind: string): string => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: x\n`;
const kustomization = (...resources: string[]): string => `resources: [${resources.join(', ')}]\n`;
const config = (...applications: string[]): string =>
  `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments: {prod: {context: prod-eu, clusterUid: u, protected: true}}\napplications:\n${applications.map((one) => `  - {${one}}\n`).join('')}`;

function find(t: TestContext, files: Readonly<Record<string, string>>): Promise<FoundApplications> {
  return new ApplicationFinder('/config').find(new MemoryTree(files), {}, undefined, t.signal);
}

/** `id type path values` of each. */
function rows({ applications }: FoundApplications): string[] {
  return applications.map(({ id, source }) => [id, source.type, suggestionKey(source)].join(' '));
}

test('kustomizations that no other includes, charts per values file, topmost plain folders', async (t) => {
  const found = await find(t, {
    'apps/shop/base/kustomization.yaml': kustomization('deploy.yaml'),
    'apps/shop/base/deploy.yaml': object('Deployment'),
    'apps/shop/components/tls/kustomization.yaml': 'kind: Component\nresources: [tls.yaml]\n',
    'apps/shop/components/tls/tls.yaml': object('Secret'),
    'apps/shop/overlays/prod/kustomization.yaml':
      'resources: [../../base]\ncomponents:\n- ../../components/tls\npatches:\n- path: patches/p.yaml\n',
    'apps/shop/overlays/prod/patches/p.yaml': object('Deployment'),
    'apps/shop/overlays/dev/kustomization.yml': kustomization('../../base/'),
    'charts/web/Chart.yaml': 'name: web\ndependencies:\n- name: common\n  repository: file://../common\n',
    'charts/web/values.yaml': 'a: 1\n',
    'charts/web/values-prod.yaml': 'a: 1\n',
    'charts/web/values.dev.yml': 'a: 1\n',
    'charts/web/templates/deploy.yaml': object('Deployment'),
    'charts/web/charts/sub/Chart.yaml': 'name: sub\n',
    'charts/common/Chart.yaml': 'name: common\n',
    'charts/lib/Chart.yaml': 'name: lib\ntype: library\n',
    'charts/single/Chart.yaml': 'name: single\n',
    'plain/a.yaml': object('ConfigMap'),
    'plain/deep/er/b.json': '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}',
    'mixed/a.yaml': object('ConfigMap'),
    'mixed/below/kustomization.yaml': kustomization(),
    'list/l.yaml': 'apiVersion: v1\nkind: List\nitems: []\n',
    'nothing/values.yaml': 'a: 1\n',
    'nothing/kind.yaml': 'apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nmetadata:\n  name: x\n',
    'nothing/skaffold.yaml': 'apiVersion: skaffold/v2beta\nkind: Config\nmetadata:\n  name: x\n',
    'nothing/template.yaml': `{{- if x }}\n${object('ConfigMap')}{{ end }}\n`,
    '.github/workflow.yaml': object('ConfigMap'),
    'node_modules/x/a.yaml': object('ConfigMap'),
  });
  assert.deepEqual(rows(found), [
    '-/shop-dev kustomize apps/shop/overlays/dev',
    '-/shop-prod kustomize apps/shop/overlays/prod',
    '-/single helm charts/single',
    '-/web-prod helm charts/web#values-prod.yaml',
    '-/web-dev helm charts/web#values.dev.yml',
    '-/list directory list',
    '-/mixed-below kustomize mixed/below',
    '-/plain directory plain',
  ]);
  assert.ok(
    found.applications.every(
      ({ owner, origin, destination }) => owner === 'unmanaged' && origin === 'convention' && destination === undefined,
    ),
  );
});

test('what plumbline.yaml declares is not suggested again; its sources are recognised', async (t) => {
  const found = await find(t, {
    'plumbline.yaml': config(
      'name: k, environment: prod, path: k/overlay/, namespace: shop',
      'name: h, environment: prod, path: ./h, helm: {valueFiles: [../common.yaml]}',
      'name: d, environment: prod, path: d, policy: {prune: true}',
      'name: both, environment: prod, path: both, helm: {}',
      'name: file, environment: prod, path: files/a.yaml',
    ),
    'k/overlay/kustomization.yaml': kustomization('../base'),
    'k/base/kustomization.yaml': kustomization(),
    'h/Chart.yaml': 'name: h\n',
    'h/values-prod.yaml': '',
    'd/deep/a.yaml': object('ConfigMap'),
    'both/Chart.yaml': 'name: both\n',
    'both/kustomization.yaml': kustomization(),
    'files/a.yaml': object('ConfigMap'),
    'a.yaml': object('ConfigMap'),
    'rest/a.yaml': object('ConfigMap'),
  });
  assert.deepEqual(
    [found.problems, rows(found)],
    [
      [],
      [
        'prod/k kustomize k/overlay',
        'prod/h helm h#../common.yaml',
        'prod/d directory d',
        'prod/both helm both',
        'prod/file directory files/a.yaml',
        '-/rest directory rest',
      ],
    ],
  );
  assert.deepEqual(found.applications[0], {
    id: 'prod/k',
    name: 'k',
    repoRoot: '/config',
    source: { type: 'kustomize', path: 'k/overlay' },
    destination: { environment: 'prod', context: 'prod-eu', clusterUid: 'u', namespace: 'shop' },
    policy: { prune: false },
    owner: 'plumbline',
    ignore: [],
    origin: 'plumbline.yaml',
    declaredAt: { file: 'plumbline.yaml', startLine: 4, startColumn: 11, endLine: 4, endColumn: 12 },
    isProtected: true,
  });
});

test('paths that lead nowhere or out of the repo leave only their application out', async (t) => {
  const found = await find(t, {
    'plumbline.yaml': config(
      'name: gone, environment: prod, path: gone',
      'name: out, environment: prod, path: ../other',
      'name: values, environment: prod, path: chart, helm: {valueFiles: [../../x.yaml]}',
      'name: empty, environment: prod, path: docs',
      'name: nochart, environment: prod, path: plain, helm: {}',
      'name: good, environment: prod, path: plain',
    ),
    'chart/Chart.yaml': 'name: c\n',
    'docs/readme.md': '',
    'plain/a.yaml': object('ConfigMap'),
  });
  assert.deepEqual(
    [
      found.problems.map(({ code, applicationId, range }) => `${applicationId ?? ''} ${code} ${String(range.startLine + 1)}`),
      found.applications[0]?.id,
    ],
    [
      [
        'prod/gone config-path-missing 5',
        'prod/out config-path-escapes 6',
        'prod/values config-path-escapes 7',
        'prod/empty config-no-source 8',
        'prod/nochart config-helm-without-chart 9',
      ],
      'prod/good',
    ],
  );
});

test('a chosen destination makes a suggestion comparable and stays read-only', async (t) => {
  const files = { 'plain/a.yaml': object('ConfigMap'), 'c/Chart.yaml': 'name: c\n', 'c/values-x.yaml': '', 'c/values-y.yaml': '' };
  const chosen = {
    c: { context: 'kind', namespace: 'y' },
    plain: { context: 'kind', namespace: 'web' },
    'c#values-x.yaml': { context: 'kind', namespace: 'x' },
  };
  const found = await new ApplicationFinder('/r').find(new MemoryTree(files), chosen, undefined, t.signal);
  assert.deepEqual(
    found.applications.map(({ id, owner, destination }) => [id, owner, destination]),
    [
      ['kind/c-x', 'unmanaged', { context: 'kind', namespace: 'x' }],
      ['kind/c-y', 'unmanaged', { context: 'kind', namespace: 'y' }],
      ['kind/plain', 'unmanaged', { context: 'kind', namespace: 'web' }],
    ],
  );
});

/** A tree with a folder that may not be read. */
class LockedTree extends MemoryTree {
  override list(folder: string): ReturnType<SourceTree['list']> {
    return folder.startsWith('locked') ? Promise.reject(new Error('EACCES')) : super.list(folder);
  }
}

test('a folder that may not be read hides nothing else', async (t) => {
  const tree = new LockedTree({
    'plumbline.yaml': config('name: a, environment: prod, path: locked/a'),
    'locked/a/x.yaml': object('A'),
    'b/x.yaml': object('A'),
  });
  const found = await new ApplicationFinder('/r').find(tree, {}, undefined, t.signal);
  assert.deepEqual([rows(found), found.problems.map(({ code }) => code)], [['-/b directory b'], ['config-path-unreadable']]);
});

test('names are unique, and usable in plumbline.yaml', async (t) => {
  const found = await find(t, {
    'a/apps/web/x.yaml': object('ConfigMap'),
    'a/k8s/web/x.yaml': object('ConfigMap'),
    'Über Shop/x.yaml': object('ConfigMap'),
    'overlays/kustomization.yaml': kustomization(),
  });
  assert.deepEqual(
    found.applications.map(({ name }) => name),
    ['a-apps-web', 'a-k8s-web', 'overlays', 'ber-shop'],
  );
  const long = await find(t, { [`${'deep/'.repeat(14)}a/Chart.yaml`]: 'name: a\n', [`${'deep/'.repeat(14)}b/Chart.yaml`]: 'name: b\n' });
  assert.deepEqual(
    long.applications.map(({ name }) => [name.length <= 53, name.slice(-5)]),
    [
      [true, '-deep'],
      [true, 'eep-2'],
    ],
  );
  const root = await find(t, { 'x.yaml': object('ConfigMap') });
  assert.deepEqual(rows(root), ['-/config directory ']);
});

test('source types', async () => {
  const tree = new MemoryTree({
    'k/Kustomization': '',
    'b/kustomization.yml': '',
    'b/Chart.yaml': '',
    'h/Chart.yaml': '',
    'd/e/f/x.yml': '',
    'n/x.txt': '',
    'n/.h/x.yaml': '',
  });
  const types = await Promise.all(
    ['k', 'b', 'h', 'd', 'd/e/f/x.yml', 'n', 'n/x.txt', 'missing'].map((path) => recogniseSource(tree, path)),
  );
  assert.deepEqual(types, ['kustomize', 'kustomize', 'helm', 'directory', 'directory', undefined, undefined, undefined]);
});

test('charts and kustomizations that a HelmRelease or Application of the repo deploys, with where its values stand', async (t) => {
  const release = (name: string, chart: string, more = ''): string =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: ${name}, namespace: shop}\nspec:\n  chart:\n    spec:\n      chart: ${chart}\n      sourceRef: {kind: GitRepository, name: repo}\n${more}`;
  const application = (name: string, source: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}}\nspec:\n  ${source}\n`;
  const found = await find(t, {
    'plumbline.yaml': config(
      'name: shop, environment: prod, path: charts/shop, namespace: shop',
      'name: other, environment: prod, path: charts/shop, namespace: shop',
      'name: own, environment: prod, path: charts/own, namespace: shop, helm: {valueFiles: [values-prod.yaml]}',
    ),
    'charts/shop/Chart.yaml': 'name: shop\n',
    'charts/own/Chart.yaml': 'name: own\n',
    'charts/own/values-prod.yaml': 'a: 1\n',
    'charts/web/Chart.yaml': 'name: web\n',
    'charts/web/values-prod.yaml': 'a: 1\n',
    'charts/plain/Chart.yaml': 'name: plain\n',
    'charts/patched/Chart.yaml': 'name: patched\n',
    'overlay/kustomization.yaml': kustomization(),
    'clusters/shop.yaml': release('shop', './charts/shop'),
    'clusters/own.yaml': release('own', './charts/own'),
    'clusters/staging/web.yaml': `# staging\n${release('web', 'charts/web', '  valuesFrom: [{kind: ConfigMap, name: settings}]\n')}`,
    'clusters/prod/web.yaml': release('web', 'charts/web'),
    'clusters/prod/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n',
    'clusters/registry.yaml':
      'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: plain}\nspec: {chart: {spec: {chart: charts/plain, sourceRef: {kind: HelmRepository, name: r}}}}\n',
    'patched/release.yaml': release('patched', './charts/patched'),
    'patched/kustomization.yaml': 'resources: [release.yaml]\npatches:\n  - target: {kind: HelmRelease}\n    patch: "[]"\n',
    'argo/apps.yaml': `${application('front', 'source: {path: overlay, repoURL: x}')}---\n${application('nowhere', 'source: {path: gone}')}---\n${application('registry', 'source: {chart: web, repoURL: y}')}---\n${application('second', 'sources: [{ref: values}, {path: overlay/, repoURL: x}]')}`,
  });
  assert.deepEqual(
    found.applications
      .filter(({ source }) => source.type !== 'directory')
      .map(({ id, source: { path, deployedBy: by }, declaredAt }) =>
        [id, path, by && `${by.kind} ${by.file} ${by.sources.map(({ file }) => String(file)).join()}`, by && declaredAt?.startLine].join(
          ' ',
        ),
      ),
    [
      'prod/shop charts/shop HelmRelease clusters/shop.yaml  4',
      'prod/other charts/shop  ',
      'prod/own charts/own  ',
      '-/front overlay Application argo/apps.yaml  0',
      '-/second overlay Application argo/apps.yaml  18',
      '-/web charts/web HelmRelease clusters/prod/web.yaml  0',
      '-/charts/web#web charts/web HelmRelease clusters/staging/web.yaml clusters/prod/settings.yaml 1',
      '-/charts-patched charts/patched  ',
      '-/plain charts/plain  ',
      '-/patched patched  ',
    ],
  );
});

test('the source of an earlier commit keeps what Flux and Argo CD add to its path, and no other one does', async (t) => {
  const files = {
    'plumbline.yaml': config('name: shop, environment: prod, path: charts/shop, namespace: shop'),
    'charts/shop/Chart.yaml': 'name: shop\n',
    'charts/old/Chart.yaml': 'name: shop\n',
    'clusters/shop.yaml':
      'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\nspec: {chart: {spec: {chart: charts/shop, sourceRef: {kind: GitRepository, name: r}}}}\n',
  };
  const [shop] = (await find(t, files)).applications;
  assert.ok(shop?.source.deployedBy);
  // While somebody types in it, it deploys on.
  const typed = `${files['clusters/shop.yaml'].trimEnd()}\n  values: {replicas: "3\n  interval: 1m\n`;
  const [meanwhile] = (await find(t, { ...files, 'clusters/shop.yaml': typed })).applications;
  assert.deepEqual(meanwhile, shop);
  const moved = { ...files, 'plumbline.yaml': config('name: shop, environment: prod, path: charts/old, namespace: shop') };
  assert.deepEqual(
    await Promise.all([files, moved].map(async (then) => (await sourceDeclaredAt(new MemoryTree(then), shop))?.deployedBy?.file)),
    ['clusters/shop.yaml', undefined],
  );
});
