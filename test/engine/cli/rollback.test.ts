import assert from 'node:assert/strict';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { git } from '../../tools/sample.ts';
import { CliFolder, schemaCheck } from './support.ts';

let plane: ControlPlane;
let folder: CliFolder;
let validate: (value: unknown) => readonly string[];

const settings = (level: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: ${level}}\n`;
const live = (): Promise<string> =>
  plane.kubectl(['-n', 'shop', 'get', 'configmap', 'settings', '--ignore-not-found', '-o', 'jsonpath={.data.level}']);
const head = async (name = 'HEAD'): Promise<string> => (await git(folder.repo, ['rev-parse', name])).trim();

before(async () => {
  plane = await startControlPlane({ name: 'cli-rollback' });
  folder = await CliFolder.create(plane.kubeconfigPath);
  const uid = await plane.uid();
  const application = (name: string): string => `  - {name: ${name}, environment: prod, path: ${name}, namespace: shop}\n`;
  await folder.commit({
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:
  prod: {context: cli-rollback, clusterUid: ${uid}, branch: main}\napplications:\n${application('shop')}${application('other')}`,
    'shop/settings.yaml': settings('info'),
    'other/other.yaml': settings('other').replace('name: settings', 'name: other'),
  });
  await git(folder.repo, ['config', 'user.name', 'Mara']);
  await git(folder.repo, ['config', 'user.email', 'mara@larkfield.example']);
  await plane.kubectl(['create', 'namespace', 'shop']);
  validate = await schemaCheck('plumbline-rollback');
});
after(async () => {
  await folder.remove();
  await plane.stop();
});

test('without --to the commits to go back to are listed, with the syncs that applied them', async () => {
  assert.equal((await folder.run(['sync', '--app', 'shop', '--yes'])).code, 0);
  await folder.commit({ 'shop/settings.yaml': settings('debug') });
  const text = await folder.run(['rollback', '--app', 'shop']);
  assert.deepEqual([text.code, text.err], [0, '']);
  assert.match(text.out, /^prod\/shop\n {2}[0-9a-f]{7} {2}.* {2}change {2}T {2}\[current\]\n {2}[0-9a-f]{7} {2}.*\[synced .* by .*\]\n$/);
  const json = await folder.run(['rollback', '--app', 'shop', '--output', 'json']);
  assert.deepEqual([json.code, validate(JSON.parse(json.out))], [0, []]);
  const several = await folder.run(['rollback', '--to', 'HEAD~1']);
  assert.deepEqual([several.code, /one application at a time: prod\/shop, prod\/other/.test(several.err)], [2, true]);
});

test('a plan is shown, and without --yes nothing is written: exit 1', async () => {
  const before = await head();
  const run = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1']);
  assert.deepEqual([run.code, /give --yes/.test(run.err), await head()], [1, true, before]);
  assert.match(run.out, /^ {4}-data: \{level: debug\}\n {4}\+data: \{level: info\}\n {2}configure ConfigMap\/settings {2}shop$/m);
});

test('refusals tell cause and cure by exit 4; what is not there by exit 2; nothing to do by exit 0', async () => {
  const broken = await folder.run(['rollback', '--app', 'shop', '--to', 'nowhere', '--yes']);
  assert.deepEqual([broken.code, /There is no commit "nowhere"/.test(broken.err)], [2, true]);
  const same = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD', '--yes', '--output', 'json']);
  assert.deepEqual([same.code, validate(JSON.parse(same.out)), /nothing to roll back/.test(same.out)], [0, [], true]);
  await git(folder.repo, ['checkout', '--quiet', '--detach']);
  const detached = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1', '--yes', '--output', 'json']);
  await git(folder.repo, ['checkout', '--quiet', 'main']);
  assert.deepEqual([detached.code, validate(JSON.parse(detached.out)), /detached/.test(detached.err)], [4, [], true]);
});

test('a failing hook commits nothing: exit 5, and all is as before', async () => {
  const hook = join(folder.repo, '.git/hooks/pre-commit');
  await folder.write({ '../repo/.git/hooks/pre-commit': '#!/bin/sh\necho never on fridays\nexit 1\n' });
  await chmod(hook, 0o755);
  const before = await head();
  const run = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1', '--yes']);
  await rm(hook);
  assert.deepEqual([run.code, /never on fridays/.test(run.err), await head()], [5, true, before]);
  assert.equal(await git(folder.repo, ['status', '--porcelain']), '');
});

test('restored, committed, synced and waited for: the cluster is as it was', async () => {
  assert.equal((await folder.run(['sync', '--app', 'shop', '--yes'])).code, 0);
  assert.equal(await live(), 'debug');
  const args = ['rollback', '--app', 'shop', '--to', 'HEAD~1', '--sync', '--wait', '--timeout', '60', '--yes', '--output', 'json'];
  const run = await folder.run(args);
  const report = JSON.parse(run.out) as { committed?: { commit: string }; synced?: { results: { outcome: string }[] } };
  assert.deepEqual([run.code, run.err.includes('plumbline:'), validate(report)], [0, false, []]);
  assert.deepEqual(
    [report.committed?.commit, report.synced?.results.map(({ outcome }) => outcome), await live()],
    [await head(), ['done'], 'info'],
  );
  assert.equal((await folder.run(['diff', '--app', 'shop'])).code, 0);
});

test('with a remote: unpushed is refused before anything is written; pushed, it is synced; a revert goes to a new branch', async () => {
  await git(folder.dir, ['init', '--quiet', '--bare', '--initial-branch=main', 'origin.git']);
  await git(folder.repo, ['remote', 'add', 'origin', '../origin.git']);
  await folder.commit({ 'shop/settings.yaml': settings('trace') });
  await git(folder.repo, ['push', '--quiet', '-u', 'origin', 'main']);
  const before = await head();
  const unpushed = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1', '--sync', '--yes']);
  assert.deepEqual([unpushed.code, /Give --push too/.test(unpushed.err), await head()], [4, true, before]);

  const branched = ['rollback', '--app', 'shop', '--to', 'HEAD~1', '--method', 'revert', '--new-branch', 'undo', '--push', '--yes'];
  const revert = await folder.run(branched);
  assert.deepEqual([revert.code, revert.err], [0, '']);
  assert.match(revert.out, /^committed [0-9a-f]{7} to undo\npushed$/m);
  assert.deepEqual(
    [await head(), await head('origin/undo~1'), (await git(folder.repo, ['log', '-1', '--format=%s', 'undo'])).trim()],
    [before, before, 'Revert "change"'],
  );
  const done = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1', '--push', '--sync', '--wait', '--yes']);
  assert.deepEqual([done.code, await head('origin/main'), await live()], [0, await head(), 'info']);
});

test('a push that the remote refuses leaves the commit, which is told apart: exit 6', async () => {
  await folder.write({ '../origin.git/hooks/pre-receive': '#!/bin/sh\nexit 1\n' });
  await chmod(join(folder.dir, 'origin.git/hooks/pre-receive'), 0o755);
  const run = await folder.run(['rollback', '--app', 'shop', '--to', 'HEAD~1', '--push', '--sync', '--yes', '--output', 'json']);
  const report = JSON.parse(run.out) as { committed?: object; pushed?: { outcome: string }; synced?: object };
  assert.deepEqual([run.code, validate(report), report.pushed?.outcome, report.synced], [6, [], 'failed', undefined]);
  assert.ok(report.committed);
});
