import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { RollbackPlan, RollbackTarget } from '../../../src/engine/model/rollback.ts';
import type { SyncResult } from '../../../src/engine/model/sync.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { git, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
});
after(() => plane.stop());

const configMap = (name: string, data: Readonly<Record<string, string>>): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n${Object.entries(data)
    .map(([key, value]) => `  ${key}: "${value}"\n`)
    .join('')}`;

const overlay = (level: string): string => `resources: [../base]\nconfigMapGenerator: []\npatches:\n  - target: {kind: ConfigMap}
    patch: |-\n      - {op: add, path: /data/level, value: ${level}}\n`;

/** A repo of two Kustomize overlays over one base, in two namespaces, and of a folder with a Secret and a Job. */
const files = (name: string): Readonly<Record<string, string>> => ({
  'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  dev: {context: plumbline-dev, clusterUid: ${uid}, branch: main}
  prod: {context: plumbline-dev, clusterUid: ${uid}, branch: main}
applications:
  - {name: shop, environment: dev, path: shop/dev, namespace: ${name}-dev}
  - {name: shop, environment: prod, path: shop/prod, namespace: ${name}-prod, policy: {prune: true}}
  - {name: tools, environment: dev, path: tools, namespace: ${name}-dev}
`,
  'shop/base/kustomization.yaml': 'resources: [settings.yaml]\n',
  'shop/base/settings.yaml': configMap('settings', { color: 'blue' }),
  'shop/dev/kustomization.yaml': overlay('debug'),
  'shop/prod/kustomization.yaml': overlay('warn'),
  'tools/settings.yaml': configMap('tools', { a: '1' }),
});

async function commit(repo: string, edits: Readonly<Record<string, string>>, message: string): Promise<string> {
  await writeFiles(repo, edits);
  await git(repo, 'add', '-A');
  await git(repo, 'commit', '-q', '-m', message);
  return (await git(repo, 'rev-parse', 'HEAD')).trim();
}

async function opened(t: TestContext, name: string): Promise<{ repo: string; engine: Engine; first: string }> {
  const repo = await testRepo(t, files(name));
  await git(repo, 'config', 'user.name', 'Mara');
  await git(repo, 'config', 'user.email', 'mara@example.org');
  for (const each of ['dev', 'prod']) await run('create', 'namespace', `${name}-${each}`);
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  return { repo, engine, first: (await git(repo, 'rev-parse', 'HEAD')).trim() };
}

/** Waits until the engine compares with what is checked out now. */
async function taken(engine: Engine, t: TestContext): Promise<void> {
  const head = (await git(engine.repos()[0]?.root ?? '', 'rev-parse', 'HEAD')).trim();
  for (const id of engine.applicationIds()) assert.ok(await engine.rollbacks.arrived(id, head, t.signal), id);
}

async function sync(engine: Engine, applicationId: string, t: TestContext): Promise<SyncResult['outcome'] | undefined> {
  await taken(engine, t);
  const { plans } = await engine.syncs.plan([{ applicationId }], { kind: 'sync' }, t.signal);
  const options = { ticks: [], wait: false, timeoutSeconds: 60 };
  const [plan] = plans;
  if (plan === undefined) return undefined;
  return (await engine.syncs.execute(plan.id, options, () => undefined, t.signal)).outcome;
}

async function planned(engine: Engine, target: Partial<RollbackTarget> & { revision: string }, t: TestContext): Promise<RollbackPlan> {
  const planning = await engine.rollbacks.plan({ applicationId: 'prod/shop', method: 'restore', ...target }, t.signal);
  if (planning.kind !== 'plan') assert.fail(JSON.stringify(planning));
  return planning.plan;
}

const briefly = (changes: RollbackPlan['rendered']): readonly string[] => changes.map(({ action, key }) => `${action} ${key}`);

test('restore: what it changes, in all applications that read the files; committed and synced, the cluster is as it was', async (t) => {
  const { repo, engine, first } = await opened(t, 'restore');
  assert.equal(await sync(engine, 'prod/shop', t), 'done');
  const second = await commit(
    repo,
    {
      'shop/base/settings.yaml': configMap('settings', { color: 'red' }),
      'shop/base/kustomization.yaml': 'resources: [settings.yaml, banner.yaml]\n',
      'shop/base/banner.yaml': configMap('banner', { text: 'sale' }),
    },
    'Go red for the sale',
  );
  await commit(repo, { 'tools/settings.yaml': configMap('tools', { a: '2' }) }, 'Elsewhere');
  assert.equal(await sync(engine, 'prod/shop', t), 'done');
  // Uncommitted work stands beside, and stays.
  await writeFiles(repo, { 'tools/settings.yaml': configMap('tools', { a: 'edited' }) });

  const history = await engine.rollbacks.history('prod/shop', 50, t.signal);
  assert.deepEqual(
    [
      history.commits.map(({ id, subject, isCurrent, syncs }) => [id, subject, isCurrent, syncs.length]),
      history.endsBy,
      history.otherSyncs,
    ],
    [
      [
        // Synced at the commit that touched something else.
        [second, 'Go red for the sale', true, 1],
        [first, 'first', false, 1],
      ],
      'start',
      [],
    ],
  );

  const plan = await planned(engine, { revision: first.slice(0, 10) }, t);
  assert.deepEqual(
    {
      revision: plan.revision,
      files: plan.commit.files.map(({ path, status }) => `${status} ${path}`),
      refused: plan.commit.refused,
      rendered: briefly(plan.rendered),
      shared: plan.shared.map(({ applicationId, files: read, rendered }) => [applicationId, read, briefly(rendered)]),
      isExact: plan.isExact,
      notes: plan.notes,
      cannotUndo: plan.cannotUndo,
    },
    {
      revision: first,
      files: ['deleted shop/base/banner.yaml', 'modified shop/base/kustomization.yaml', 'modified shop/base/settings.yaml'],
      refused: undefined,
      rendered: ['prune /ConfigMap/restore-prod/banner', 'configure /ConfigMap/restore-prod/settings'],
      shared: [
        [
          'dev/shop',
          ['shop/base/banner.yaml', 'shop/base/kustomization.yaml', 'shop/base/settings.yaml'],
          ['prune /ConfigMap/restore-dev/banner', 'configure /ConfigMap/restore-dev/settings'],
        ],
      ],
      isExact: true,
      notes: [],
      cannotUndo: [],
    },
  );
  assert.match(plan.commit.files[2]?.patch ?? '', /^-\s+color: "red"\n\+\s+color: "blue"$/m);
  const settings = plan.rendered[1];
  assert.deepEqual([/color: red/.test(settings?.before ?? ''), /color: blue/.test(settings?.after ?? '')], [true, true]);
  assert.match(plan.commit.message, /^Roll back prod\/shop to [0-9a-f]{7}\n\n.*"first"[\s\S]*dev\/shop/s);

  const made = await engine.commits.commit(plan.commit.id, { message: plan.commit.message }, t.signal);
  assert.deepEqual(
    [await git(repo, 'diff', '--name-only', first, made.commit), (await git(repo, 'status', '--porcelain')).trim()],
    ['tools/settings.yaml\n', 'M tools/settings.yaml'],
  );
  assert.equal(await sync(engine, 'prod/shop', t), 'done');
  await until(engine, 'synced after the roll back', () => rowOf(engine, 'prod/shop').state === 'synced');
  const live = await run(
    '-n',
    'restore-prod',
    'get',
    'configmap',
    'settings',
    'banner',
    '--ignore-not-found',
    '-o',
    'jsonpath={.items[*].data}',
  );
  assert.deepEqual(JSON.parse(live), { color: 'blue', level: 'warn' });
  await assert.rejects(planned(engine, { revision: first }, t), { code: 'rollback-nothing' });
});

test('revert: commits one by one, a merge by its mainline, on a new branch that leaves the checkout alone', async (t) => {
  const { repo, engine, first } = await opened(t, 'revert');
  await git(repo, 'checkout', '-q', '-b', 'side');
  await commit(repo, { 'shop/base/settings.yaml': configMap('settings', { color: 'green' }), 'docs.md': 'green\n' }, 'Go green');
  await git(repo, 'checkout', '-q', 'main');
  await git(repo, 'merge', '-q', '--no-ff', '-m', 'Merge side', 'side');
  const merge = (await git(repo, 'rev-parse', 'HEAD')).trim();
  const last = await commit(repo, { 'shop/prod/kustomization.yaml': overlay('error') }, 'Only errors');
  await taken(engine, t);
  const target = { applicationId: 'prod/shop', revision: first, method: 'revert' } as const;

  const asked = await engine.rollbacks.plan(target, t.signal);
  if (asked.kind !== 'mainline') assert.fail(asked.kind);
  assert.deepEqual(
    asked.questions.map(({ commit: { id, subject }, parents }) => [id, subject, parents.map((parent) => parent.subject)]),
    [[merge, 'Merge side', ['first', 'Go green']]],
  );
  await assert.rejects(engine.rollbacks.plan({ ...target, mainlines: { [merge]: 3 } }, t.signal), { code: 'rollback-mainline-unknown' });

  const plan = await planned(engine, { ...target, mainlines: { '': 1 } }, t);
  assert.deepEqual(
    [plan.reverted.map(({ id }) => id), plan.commit.files.map(({ path, status }) => `${status} ${path}`), plan.isExact],
    // A revert takes the whole commit back, also what no application reads.
    [[last, merge], ['deleted docs.md', 'modified shop/base/settings.yaml', 'modified shop/prod/kustomization.yaml'], true],
  );
  assert.deepEqual(
    plan.shared.map(({ applicationId, rendered }) => [applicationId, briefly(rendered)]),
    [['dev/shop', ['configure /ConfigMap/revert-dev/settings']]],
  );
  assert.match(
    plan.commit.message,
    /^Revert 2 commits of prod\/shop since [0-9a-f]{7}\n[\s\S]*This reverts commit [0-9a-f]{40}, reversing$/m,
  );
  const made = await engine.commits.commit(plan.commit.id, { message: plan.commit.message, newBranch: 'back' }, t.signal);
  assert.deepEqual(
    {
      branch: made.branch,
      tree: (await git(repo, 'rev-parse', 'back^{tree}')).trim(),
      head: (await git(repo, 'rev-parse', 'HEAD')).trim(),
      status: await git(repo, 'status', '--porcelain'),
    },
    { branch: 'back', tree: (await git(repo, 'rev-parse', `${first}^{tree}`)).trim(), head: last, status: '' },
  );
});

test('a revert that conflicts is left to the merge editor only when asked for, and never over edits', async (t) => {
  const { repo, engine, first } = await opened(t, 'conflict');
  const red = await commit(repo, { 'shop/prod/kustomization.yaml': overlay('info'), 'docs.md': 'one\n' }, 'Tell more');
  await commit(repo, { 'docs.md': 'two\n' }, 'Elsewhere');
  await taken(engine, t);
  const target = { applicationId: 'prod/shop', revision: first, method: 'revert' } as const;
  const planning = await engine.rollbacks.plan(target, t.signal);
  assert.deepEqual(planning.kind === 'conflict' && [planning.commit.id, planning.files, planning.refused], [red, ['docs.md'], undefined]);

  await writeFiles(repo, { 'docs.md': 'mine\n' });
  const kept = await engine.rollbacks.plan(target, t.signal);
  assert.deepEqual(kept.kind === 'conflict' && kept.refused, { code: 'rollback-revert-dirty', details: { files: ['docs.md'] } });
  await assert.rejects(engine.rollbacks.startRevert(target, t.signal), { code: 'rollback-revert-dirty' });
  assert.equal(await readFile(join(repo, 'docs.md'), 'utf8'), 'mine\n');
  await git(repo, 'checkout', '-q', 'docs.md');

  const { conflicts } = await engine.rollbacks.startRevert(target, t.signal);
  assert.deepEqual(
    [conflicts, (await git(repo, 'rev-parse', 'REVERT_HEAD')).trim()],
    [[{ file: join(repo, 'docs.md'), isMergeable: false }], red],
  );
  const refused = await planned(engine, { revision: first }, t);
  assert.equal(refused.commit.refused?.code, 'git-operation');
});

test('the entry in plumbline.yaml is an input too: its changes are in the history, and it is brought back', async (t) => {
  const { repo, engine, first } = await opened(t, 'entry');
  const text = files('entry')['plumbline.yaml'] ?? '';
  await commit(repo, { 'plumbline.yaml': `# Where things are.\n${text}` }, 'A comment, which changes nothing');
  const moved = `# Where things are.\n${text}`.replace('path: shop/prod,', 'path: shop/blue,');
  const second = await commit(repo, { 'plumbline.yaml': moved, 'shop/blue/kustomization.yaml': overlay('fatal') }, 'Move to blue');
  await commit(repo, { 'plumbline.yaml': moved.replace('{name: tools', '# Mara owns them\n  - {name: tools') }, 'Another comment');
  await until(engine, 'moved', () => engine.session('prod/shop')?.application.source.path === 'shop/blue');
  await taken(engine, t);
  const { commits } = await engine.rollbacks.history('prod/shop', 50, t.signal);
  assert.deepEqual(
    commits.map(({ id }) => id),
    [second, first],
  );
  const plan = await planned(engine, { revision: first }, t);
  assert.deepEqual(
    [
      plan.commit.files.map(({ path, status }) => `${status} ${path}`),
      plan.isExact,
      plan.notes.map(({ code }) => code),
      briefly(plan.rendered),
    ],
    [
      ['modified plumbline.yaml', 'deleted shop/blue/kustomization.yaml'],
      true,
      ['rollback-entry'],
      ['configure /ConfigMap/entry-prod/settings'],
    ],
  );
  await engine.commits.commit(plan.commit.id, { message: plan.commit.message }, t.signal);
  const now = await readFile(join(repo, 'plumbline.yaml'), 'utf8');
  assert.equal(now, moved.replace('shop/blue', 'shop/prod').replace('{name: tools', '# Mara owns them\n  - {name: tools'));
});

test('Secrets are masked; Jobs that ran and data are said; what target has otherwise, and another branch', async (t) => {
  const { repo, engine } = await opened(t, 'secret');
  const secret = (value: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: ${value}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}
spec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: a, image: "a:1"}]\n---\napiVersion: v1\nkind: PersistentVolumeClaim
metadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n`;
  const old = await commit(repo, { 'tools/key.yaml': secret('canary-old') }, 'A key');
  await sync(engine, 'dev/tools', t);
  await commit(repo, { 'tools/key.yaml': secret('canary-new') }, 'Another key');
  await taken(engine, t);
  const plan = await planned(engine, { applicationId: 'dev/tools', revision: old }, t);
  assert.deepEqual(
    [briefly(plan.rendered), plan.cannotUndo.map(({ code, details }) => describe(code, details))],
    [
      ['configure /Secret/secret-dev/key'],
      ['Jobs that ran are not undone: Job/migrate.', 'Data in volumes stays as it is: PersistentVolumeClaim/data.'],
    ],
  );
  assert.notEqual(plan.rendered[0]?.before, plan.rendered[0]?.after);
  assert.doesNotMatch(JSON.stringify(plan), /canary/);

  await git(repo, 'init', '-q', '--bare', '-b', 'main', '../origin.git');
  await git(repo, 'remote', 'add', 'origin', '../origin.git');
  await git(repo, 'push', '-q', '-u', 'origin', 'main');
  await git(repo, 'reset', '-q', '--hard', 'HEAD~1');
  assert.ok(await engine.rollbacks.arrived('dev/tools', (await git(repo, 'rev-parse', 'origin/main')).trim(), t.signal));
  const first = (await git(repo, 'rev-parse', 'HEAD~1')).trim();
  await assert.rejects(planned(engine, { applicationId: 'dev/tools', revision: first }, t), { code: 'rollback-behind' });

  // On a branch that the environment does not follow, it goes to a new branch that starts where the environment is.
  const tip = (await git(repo, 'rev-parse', 'origin/main')).trim();
  await git(repo, 'checkout', '-q', '-b', 'feature', 'origin/main');
  const ahead = await commit(repo, { 'docs.md': 'a feature\n' }, 'A feature');
  const other = await planned(engine, { applicationId: 'dev/tools', revision: first }, t);
  assert.equal(other.commit.mustBranch?.code, 'rollback-other-branch');
  const made = await engine.commits.commit(other.commit.id, { message: 'back', newBranch: 'undo' }, t.signal);
  assert.deepEqual(
    [
      await git(repo, 'log', '-1', '--format=%P', 'undo'),
      made.branch,
      await git(repo, 'rev-parse', 'HEAD'),
      await git(repo, 'status', '--porcelain'),
    ],
    [`${tip}\n`, 'undo', `${ahead}\n`, ''],
  );
});
