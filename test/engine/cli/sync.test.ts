import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { CliFolder, schemaCheck } from './support.ts';

let plane: ControlPlane;
let folder: CliFolder;
let config: (more: string) => string;
let validate: (value: unknown) => readonly string[];

const settings = (level: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: ${level}}
`;
const extra = `apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
data: {a: b}
`;

async function live(name: string, path: string): Promise<string> {
  return plane.kubectl(['-n', 'shop', 'get', 'configmap', name, '--ignore-not-found', '-o', `jsonpath={${path}}`]);
}

before(async () => {
  plane = await startControlPlane({ name: 'cli-sync' });
  folder = await CliFolder.create(plane.kubeconfigPath);
  const uid = await plane.uid();
  config = (more) => `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: cli-sync, clusterUid: ${uid.trim()}, branch: main${more}}
applications:
  - {name: shop, environment: prod, path: shop, namespace: shop, policy: {prune: true}}
`;
  await folder.commit({
    'plumbline.yaml': config(''),
    'shop/settings.yaml': settings('info'),
    'shop/extra.yaml': extra,
  });
  await plane.kubectl(['create', 'namespace', 'shop']);
  validate = await schemaCheck('plumbline-sync');
});
after(async () => {
  await folder.remove();
  await plane.stop();
});

test('plan: exit 1, names what it would do, and writes nothing; JSON by the published schema', async () => {
  const text = await folder.run(['plan', '--app', 'shop']);
  assert.deepEqual([text.code, text.err], [1, '']);
  assert.match(text.out, /^ {2}shop {2}shop · to main [0-9a-f]{7} · without pruning$/m);
  assert.match(text.out, /^ {4}create {4}ConfigMap\/settings {2}shop$/m);
  const json = await folder.run(['plan', '--output', 'json']);
  assert.deepEqual([json.code, validate(JSON.parse(json.out))], [1, []]);
  assert.equal(await live('settings', '.data.level'), '');
});

test('sync: without --yes nothing is written; with it all is, and it is recorded', async () => {
  const asked = await folder.run(['sync', '--app', 'shop']);
  assert.deepEqual([asked.code, /give --yes/.test(asked.err), await live('settings', '.data.level')], [1, true, '']);
  const none = await folder.run(['history', '--app', 'shop']);
  assert.deepEqual([none.code, none.out], [0, 'prod/shop\n  No sync is recorded.\n']);
  const done = await folder.run(['sync', '--app', 'shop', '--yes', '--wait', '--timeout', '60', '--output', 'json']);
  assert.deepEqual([done.code, validate(JSON.parse(done.out)), await live('settings', '.data.level')], [0, [], 'info']);
  assert.deepEqual([(await folder.run(['plan'])).code, (await folder.run(['diff'])).code], [0, 0]);
  const history = await folder.run(['history', '--output', 'json']);
  const report = JSON.parse(history.out) as { applications: { syncs: { outcome: string; counts: object }[] }[] };
  assert.deepEqual([history.code, validate(report)], [0, []]);
  assert.deepEqual(
    report.applications[0]?.syncs.map(({ outcome, counts }) => ({ outcome, counts })),
    [{ outcome: 'done', counts: { created: 2, configured: 0, recreated: 0, pruned: 0, unchanged: 0, failed: 0 } }],
  );
});

test('a live change is named as undone, and is undone', async () => {
  await plane.kubectl(['-n', 'shop', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"trace"}}']);
  const plan = await folder.run(['plan']);
  assert.deepEqual([plan.code, /data\.level: trace → info .*\[undoes a live change\]/.test(plan.out)], [1, true]);
  assert.deepEqual([(await folder.run(['sync', '--yes'])).code, await live('settings', '.data.level')], [0, 'info']);
});

test('what Git no longer has is pruned only with --prune', async () => {
  await folder.delete('shop/extra.yaml');
  assert.deepEqual([(await folder.run(['sync', '--yes'])).code, await live('extra', '.data.a')], [0, 'b']);
  const diff = await folder.run(['diff']);
  assert.deepEqual([diff.code, /^ {2}ConfigMap\/extra {2}shop {2}extraneous/m.test(diff.out)], [1, true], diff.out);
  const revert = await folder.run(['revert', '--app', 'shop', '--object', 'ConfigMap/extra', '--yes']);
  assert.deepEqual([revert.code, /not in Git/.test(revert.err)], [2, true], revert.err);
  const plan = await folder.run(['plan', '--prune']);
  assert.match(plan.out, /^ {4}prune {5}ConfigMap\/extra {2}shop$/m);
  assert.deepEqual([(await folder.run(['sync', '--prune', '--yes'])).code, await live('extra', '.data.a')], [0, '']);
});

interface HistoryReport {
  readonly applications: readonly {
    readonly dirty: boolean;
    readonly unfinished: boolean;
    readonly syncs: readonly {
      readonly outcome: string;
      readonly dirty: boolean;
      readonly kubernetes: string;
      readonly renderer: string;
    }[];
  }[];
}

async function history(): Promise<HistoryReport['applications'][number]> {
  const run = await folder.run(['history', '--output', 'json']);
  const report = JSON.parse(run.out) as HistoryReport;
  assert.deepEqual([run.code, validate(report)], [0, []]);
  const [first] = report.applications;
  assert(first !== undefined);
  return first;
}

test('--working-tree: refused with what to write where; where allowed it applies the files, and is dirty until the next sync', async () => {
  await folder.write({ 'shop/settings.yaml': settings('tried'), 'shop/new.yaml': extra.replace('name: extra', 'name: new') });
  const refused = await folder.run(['sync', '--working-tree', '--yes']);
  assert.deepEqual([refused.code, await live('settings', '.data.level')], [4, 'info']);
  assert.match(refused.out + refused.err, /write `allowDirty: true` below environments\.prod in plumbline\.yaml/);
  await folder.write({ 'plumbline.yaml': config(', allowDirty: true') });
  const done = await folder.run(['sync', '--working-tree', '--yes']);
  assert.deepEqual(
    [done.code, await live('settings', '.data.level'), await live('new', '.data.a')],
    [0, 'tried', 'b'],
    done.out + done.err,
  );
  assert.match((await folder.run(['history'])).out, /^ {2}Dirty: .*\n.* uncommitted edits$/m);
  const dirty = await history();
  assert.deepEqual([dirty.dirty, dirty.syncs[0]?.dirty, dirty.syncs[0]?.kubernetes.startsWith('v1.')], [true, true, true]);
  assert.equal((await folder.run(['sync', '--yes'])).code, 0);
  assert.deepEqual([(await history()).dirty, await live('settings', '.data.level')], [false, 'info']);
  await folder.write({ 'shop/settings.yaml': settings('info'), 'plumbline.yaml': config('') });
});

test('a sync that is killed is taken up at once by the same person on the same machine, and recorded as failed', async () => {
  const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`;
  await folder.commit({ 'shop/web.yaml': web });
  // Without controllers it waits until it is killed.
  const killed = await folder.run(['sync', '--yes', '--wait', '--timeout', '300'], (text, kill) => {
    if (text.includes('waiting for')) kill('SIGKILL');
  });
  assert.equal(killed.code, null);
  const left = await history();
  assert.deepEqual([left.unfinished, left.syncs[0]?.outcome], [process.platform === 'linux', 'running']);
  assert.equal((await folder.run(['sync', '--yes'])).code, 0);
  const after = await history();
  assert.deepEqual([after.unfinished, after.syncs.slice(0, 2).map(({ outcome }) => outcome)], [false, ['done', 'failed']]);
  await folder.delete('shop/web.yaml');
});

test('who may not write is refused with the right that is missing: exit 4, nothing written', async () => {
  await folder.commit({ 'shop/settings.yaml': settings('debug') });
  const run = await folder.run(['sync', '--yes', '--kubeconfig', await plane.kubeconfig('viewer')]);
  assert.deepEqual([run.code, /patch/.test(run.out + run.err), await live('settings', '.data.level')], [4, true, 'info']);
});

test('a kind that the cluster does not serve is refused by name: exit 4', async () => {
  await folder.commit({ 'shop/stray.yaml': 'apiVersion: example.org/v1\nkind: Nothing\nmetadata: {name: stray}\n' });
  const plan = await folder.run(['plan']);
  assert.deepEqual([plan.code, /Nothing/.test(plan.out)], [4, true]);
});

test('take over: names whose fields move, applies nothing, and leaves nothing for the next plan', async () => {
  const uid = await plane.uid();
  await folder.commit({
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: cli-sync, clusterUid: ${uid.trim()}, branch: main}
applications:
  - {name: legacy, environment: prod, path: legacy, namespace: legacy}
`,
    'legacy/settings.yaml': settings('warn'),
  });
  await plane.kubectl(['create', 'namespace', 'legacy']);
  await plane.kubectl(['apply', '-n', 'legacy', '-f', '-'], settings('info'));
  const plan = await folder.run(['plan', '--take-over']);
  assert.equal(plan.code, 1);
  assert.match(plan.out, /^ {4}take-over ConfigMap\/settings {2}legacy\n {8}\d fields?: kubectl-client-side-apply → plumbline\n/m);
  const json = await folder.run(['plan', '--take-over', '--output', 'json']);
  assert.deepEqual(validate(JSON.parse(json.out)), []);
  assert.equal((await folder.run(['sync', '--take-over', '--yes'])).code, 0);
  const path = 'jsonpath={.data.level} {.metadata.annotations} {.metadata.managedFields[?(@.operation=="Apply")].manager}';
  assert.equal(await plane.kubectl(['-n', 'legacy', 'get', 'configmap', 'settings', '-o', path]), 'info  plumbline');
  assert.equal((await folder.run(['plan', '--take-over'])).code, 0);
  const next = await folder.run(['plan']);
  assert.deepEqual([next.code, /data\.level: info → warn/.test(next.out)], [1, true]);
});
