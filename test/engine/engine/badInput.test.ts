import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import type { EngineOptions } from '../../../src/engine/engineServices.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { kubectl } from '../../tools/binaries.ts';
import { atEnd, git, objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let admin: string;
let uid: string;

before(async () => {
  plane = await startControlPlane();
  admin = plane.kubeconfigPath;
  uid = await plane.uid();
  await kubectl(['apply', '-f', '-'], { kubeconfig: admin, input: configMap('good') });
});
after(() => plane.stop());

function configMap(name: string, namespace = 'default'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\ndata:\n  colour: blue\n`;
}

function config(applications: Readonly<Record<string, string>>, clusterUid = uid, context = 'plumbline-dev'): string {
  const entries = Object.entries(applications).map(
    ([name, path]) => `  - name: ${name}\n    environment: test\n    path: ${path}\n    namespace: default\n`,
  );
  const environments = `environments:\n  test:\n    context: ${context}\n    clusterUid: ${clusterUid}\n`;
  return `apiVersion: plumbline.dev/v1alpha1\nkind: Config\n${environments}applications:\n${entries.join('')}`;
}

/** What failed is tried again at once. */
const soon: EngineOptions['clusterTimes'] = {
  monitorTimes: { retryMinMs: 200, retryMaxMs: 500, signInRetryMs: 500 },
  reflectorTimes: { backoffMinMs: 100, backoffMaxMs: 500, failedRetryMs: 500 },
};

/** Sources that cannot be compared, and what a user reads of each. */
const broken: readonly { name: string; files: Readonly<Record<string, string>>; says: readonly RegExp[] }[] = [
  {
    name: 'broken-yaml',
    files: { 'broken-yaml/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n data: [\n' },
    says: [/broken-yaml\/a\.yaml/, /5|4/],
  },
  {
    name: 'missing-base',
    files: { 'missing-base/kustomization.yaml': 'resources:\n  - ../nowhere\n' },
    says: [/missing-base\/kustomization\.yaml/, /nowhere/],
  },
  {
    name: 'cycle',
    files: { 'cycle/kustomization.yaml': 'resources:\n  - ../cycle-b\n', 'cycle-b/kustomization.yaml': 'resources:\n  - ../cycle\n' },
    says: [/cycle/],
  },
  {
    name: 'failing-template',
    files: {
      'failing-template/Chart.yaml': 'apiVersion: v2\nname: failing\nversion: 1.0.0\n',
      'failing-template/values.yaml': 'colour: blue\n',
      'failing-template/templates/cm.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ required "a name is needed" .Values.name }}\n',
    },
    says: [/templates\/cm\.yaml/, /a name is needed/],
  },
  {
    name: 'duplicates',
    files: { 'duplicates/a.yaml': configMap('twice'), 'duplicates/b.yaml': configMap('twice') },
    says: [/twice/, /a\.yaml/, /b\.yaml/],
  },
];

test('each broken source says file, place and cure, and the rest of the tree works', async (t) => {
  const applications = Object.fromEntries([...broken.map(({ name }) => [name, name]), ['good', 'good']]) as Record<string, string>;
  const files = Object.assign({}, ...broken.map((each) => each.files)) as Record<string, string>;
  const repo = await testRepo(t, { 'plumbline.yaml': config(applications), 'good/cm.yaml': configMap('good'), ...files });
  const { engine, errors } = await startEngine(t, repo, settingsFor(admin));
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'test/good').state, 'synced');
  for (const { name, says } of broken) {
    const row = rowOf(engine, `test/${name}`);
    const text = reasonTexts(row).join('\n');
    assert.equal(row.state, 'cannot compare', `${name}: ${text}`);
    for (const pattern of says) assert.match(text, pattern, name);
  }
  assert.deepEqual(errors, []);
});

test('a chart without values renders, and mending a broken file brings its application back', async (t) => {
  const repo = await testRepo(t, {
    'plumbline.yaml': config({ chart: 'chart', mended: 'mended' }),
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'chart/templates/cm.yaml': configMap('good'),
    'mended/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {\n',
  });
  const { engine } = await startEngine(t, repo, settingsFor(admin));
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'test/chart').state, 'synced');
  assert.equal(rowOf(engine, 'test/mended').state, 'cannot compare');
  await writeFiles(repo, { 'mended/cm.yaml': configMap('good') });
  await git(repo, 'commit', '-qam', 'mend');
  await until(engine, 'mended is synced', () => rowOf(engine, 'test/mended').state === 'synced');
});

test('an unknown kind and a missing namespace are told on the object; its neighbours are judged', async (t) => {
  const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\n';
  const repo = await testRepo(t, {
    'plumbline.yaml': config({ app: 'app' }),
    'app/good.yaml': configMap('good'),
    'app/widget.yaml': widget,
    'app/elsewhere.yaml': configMap('lost', 'no-such-namespace'),
  });
  const { engine } = await startEngine(t, repo, settingsFor(admin));
  await engine.check(undefined);
  const [good, unknown, lost] = ['ConfigMap/good', 'Widget/w', 'ConfigMap/lost'].map((name) => objectOf(engine, 'test/app', name));
  assert.equal(good?.state, 'synced');
  assert.equal(unknown?.state, 'cannot compare');
  assert.match(JSON.stringify(unknown.reason), /kind/);
  assert.equal(lost?.state, 'missing');
  assert.match(JSON.stringify(lost.reason), /namespace/);
});

test('a wrong cluster behind a known context name is refused before anything is read from it', async (t) => {
  const repo = await testRepo(t, {
    'plumbline.yaml': config({ good: 'good' }, '00000000-0000-0000-0000-000000000000'),
    'good/cm.yaml': configMap('good'),
  });
  const { engine } = await startEngine(t, repo, settingsFor(admin));
  await engine.check(undefined);
  const row = rowOf(engine, 'test/good');
  assert.equal(row.state, 'cannot compare');
  assert.deepEqual(
    row.reasons.map((reason) => reason.code),
    ['wrong-cluster'],
  );
  assert.equal(engine.clusters()[0]?.status, 'refused');
});

test('an unreachable cluster, an unknown context and an expired token leave the applications of the others alone', async (t) => {
  const kubeconfig = JSON.parse(await kubectl(['config', 'view', '--raw', '-o', 'json'], { kubeconfig: admin })) as {
    clusters: { name: string; cluster: object }[];
    contexts: { name: string; context: { cluster: string; user: string } }[];
    users: { name: string; user: object }[];
  };
  const [{ cluster } = { cluster: {} }] = kubeconfig.clusters;
  kubeconfig.clusters.push({ name: 'dead', cluster: { ...cluster, server: 'https://127.0.0.1:1' } });
  kubeconfig.users.push({ name: 'expired', user: { token: 'no-longer-valid' } });
  const [{ context } = { context: { cluster: '', user: '' } }] = kubeconfig.contexts;
  kubeconfig.contexts.push({ name: 'dead', context: { ...context, cluster: 'dead' } });
  kubeconfig.contexts.push({ name: 'expired', context: { ...context, user: 'expired' } });
  const environments = ['plumbline-dev', 'dead', 'expired', 'unheard-of'].map((name) => `  ${name}: {context: ${name}}\n`).join('');
  const applications = ['plumbline-dev', 'dead', 'expired', 'unheard-of']
    .map((name) => `  - {name: app, environment: ${name}, path: good, namespace: default}\n`)
    .join('');
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n${environments}applications:\n${applications}`,
    'good/cm.yaml': configMap('good'),
    '../kubeconfig.json': JSON.stringify(kubeconfig),
  });
  const { engine } = await startEngine(t, repo, settingsFor(join(repo, '../kubeconfig.json')));
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'plumbline-dev/app').state, 'synced');
  const texts = ['dead', 'expired', 'unheard-of'].map((name) => reasonTexts(rowOf(engine, `${name}/app`)).join(' '));
  for (const [index, pattern] of [/127\.0\.0\.1:1/, /expired|credential|token/i, /unheard-of/].entries())
    assert.match(texts[index] ?? '', pattern);
});

test('a reader without rights is told the right that is missing', async (t) => {
  const repo = await testRepo(t, { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') });
  const { engine } = await startEngine(t, repo, settingsFor(await plane.kubeconfig('nobody')));
  await engine.check(undefined);
  const row = rowOf(engine, 'test/good');
  assert.equal(row.state, 'cannot compare');
  assert.match(reasonTexts(row).join(' '), /kube-system|list|configmaps|may not|right/i);
});

test('a right that is granted later is used without a restart', async (t) => {
  const repo = await testRepo(t, { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') });
  const { engine } = await startEngine(t, repo, settingsFor(await plane.kubeconfig('nobody')), undefined, soon);
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'test/good').state, 'cannot compare');
  await kubectl(['create', 'clusterrolebinding', 'nobody-admin', '--clusterrole=cluster-admin', '--user=nobody'], { kubeconfig: admin });
  atEnd(t, () => kubectl(['delete', 'clusterrolebinding', 'nobody-admin'], { kubeconfig: admin }));
  await until(engine, 'compared with the new right', () => rowOf(engine, 'test/good').state === 'synced');
});

test('a restart of the API server in mid-watch loses no change', async (t) => {
  const own = await startControlPlane();
  atEnd(t, () => own.stop());
  const ownUid = await own.uid();
  await kubectl(['apply', '-f', '-'], { kubeconfig: own.kubeconfigPath, input: configMap('good') });
  const repo = await testRepo(t, { 'plumbline.yaml': config({ good: 'good' }, ownUid), 'good/cm.yaml': configMap('good') });
  const { engine } = await startEngine(t, repo, settingsFor(own.kubeconfigPath), undefined, soon);
  await engine.check(undefined);
  assert.equal(rowOf(engine, 'test/good').state, 'synced');
  await own.stopApiServer();
  await until(engine, 'stale while the cluster is away', () => rowOf(engine, 'test/good').staleSinceMs !== undefined);
  assert.equal(rowOf(engine, 'test/good').state, 'synced', 'the last known state stays');
  await own.startApiServer();
  await kubectl(['patch', 'configmap', 'good', '--type=merge', '-p', '{"data":{"colour":"red"}}'], { kubeconfig: own.kubeconfigPath });
  await until(engine, 'drift is seen after the restart', () => {
    const row = rowOf(engine, 'test/good');
    return row.state === 'drifted' && row.staleSinceMs === undefined;
  });
});

test('Git in trouble is told, and what can be compared still is', async (t) => {
  const files = { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') };
  const cases: readonly { name: string; code: string; make: (repo: string) => Promise<unknown> }[] = [
    { name: 'detached', code: 'git-detached', make: (repo) => git(repo, 'checkout', '-q', '--detach') },
    { name: 'locked index', code: 'git-index-locked', make: (repo) => writeFiles(repo, { '.git/index.lock': '' }) },
    { name: 'merge in progress', code: 'git-operation', make: startMerge },
  ];
  for (const { name, code, make } of cases) {
    const repo = await testRepo(t, files);
    await make(repo);
    const { engine } = await startEngine(t, repo, settingsFor(admin));
    await engine.check(undefined);
    assert.equal(rowOf(engine, 'test/good').state, 'synced', name);
    assert.ok(
      engine.repos()[0]?.problems.some((problem) => problem.code === code),
      `${name}: ${JSON.stringify(engine.repos())}`,
    );
  }
});

async function startMerge(repo: string): Promise<void> {
  await git(repo, 'checkout', '-q', '-b', 'other');
  await writeFiles(repo, { 'note.txt': 'theirs' });
  await git(repo, 'add', '-A');
  await git(repo, 'commit', '-qm', 'theirs');
  await git(repo, 'checkout', '-q', 'main');
  await writeFiles(repo, { 'note.txt': 'ours' });
  await git(repo, 'add', '-A');
  await git(repo, 'commit', '-qm', 'ours');
  await assert.rejects(git(repo, 'merge', 'other'));
}

test('a repo without commits says so, and works from the first commit on', async (t) => {
  const repo = await testRepo(t, { 'note.txt': 'x' });
  await git(repo, 'update-ref', '-d', 'HEAD');
  await writeFiles(repo, { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') });
  const { engine } = await startEngine(t, repo, settingsFor(admin));
  await engine.check(undefined);
  assert.deepEqual(
    rowOf(engine, 'test/good').reasons.map((reason) => reason.code),
    ['git-no-commits'],
  );
  await git(repo, 'add', '-A');
  await git(repo, 'commit', '-qm', 'first');
  await until(engine, 'the first commit is compared', () => rowOf(engine, 'test/good').state === 'synced');
});

test('two windows on one repo share the caches and both are right', async (t) => {
  const repo = await testRepo(t, { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') });
  const storage = join(repo, '../storage');
  const [one, two] = await Promise.all([1, 2].map(() => startEngine(t, repo, settingsFor(admin), storage)));
  assert.ok(one && two);
  await Promise.all([one.engine.check(undefined), two.engine.check(undefined)]);
  await kubectl(['annotate', 'configmap', 'good', 'example.com/by-hand=yes'], { kubeconfig: admin });
  for (const { engine } of [one, two]) await until(engine, 'drift in each window', () => rowOf(engine, 'test/good').state === 'drifted');
  await kubectl(['annotate', 'configmap', 'good', 'example.com/by-hand-'], { kubeconfig: admin });
  for (const { engine, errors } of [one, two]) {
    await until(engine, 'in sync again', () => rowOf(engine, 'test/good').state === 'synced');
    assert.deepEqual(errors, []);
  }
});

test('an untrusted workspace lists applications, and no process starts and no cluster is contacted until it is trusted', async (t) => {
  const repo = await testRepo(t, { 'plumbline.yaml': config({ good: 'good' }), 'good/cm.yaml': configMap('good') });
  const { engine } = await startEngine(t, repo, settingsFor(admin, { isTrusted: false }));
  engine.setInterest({ applicationIds: [], isViewVisible: true });
  await engine.settled();
  assert.deepEqual(
    engine.applications().map(({ id, state, reasons }) => [id, state, reasons.map((reason) => reason.code)]),
    [['test/good', 'cannot compare', ['workspace-untrusted']]],
  );
  assert.deepEqual([engine.clusters(), engine.counters()], [[], []]);
  assert.ok(engine.repos()[0]?.problems.some((problem) => problem.code === 'workspace-untrusted'));
  engine.updateSettings(settingsFor(admin));
  await until(engine, 'compared once trusted', () => rowOf(engine, 'test/good').state === 'synced');
});
