import assert from 'node:assert/strict';
import { after } from 'node:test';
import { clusterUidOf, git } from '../tools/sample.ts';
import { commitFiles, makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const settings = (color: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  color: ${color}\n  region: eu\n`;
const banner = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: banner\ndata:\n  text: sale\n';

// One application in two environments over a shared base; the API server alone.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const names = ['dev', 'prod'];
    const environments = names.map((name) => `  ${name}: {context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main}\n`);
    const applications = names.map(
      (name) => `  - {name: shop, environment: ${name}, path: shop/${name}, namespace: shop-${name}, policy: {prune: true}}\n`,
    );
    const repo = await makeConfigRepo(dir, {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n${environments.join('')}applications:\n${applications.join('')}`,
      'notes.md': 'blue\n',
      'shop/base/kustomization.yaml': 'resources:\n  - settings.yaml\n',
      'shop/base/settings.yaml': settings('blue'),
      'shop/dev/kustomization.yaml': 'resources:\n  - ../base\n',
      'shop/prod/kustomization.yaml': 'resources:\n  - ../base\n',
    });
    for (const name of names) await cluster.kubectl(['create', 'namespace', `shop-${name}`]);
    return { folder: repo };
  },
});
after(() => session.end());
const { cluster, folder, workbench } = session;
const { page } = workbench;
const quickPick = page.locator('.quick-input-widget .quick-input-list .monaco-list-row');
// Rows of a list that was closed stay in the page.
const offered = async (): Promise<string | undefined> => ((await quickPick.first().isVisible()) ? undefined : 'no list yet');
const head = async (name = 'HEAD'): Promise<string> => (await git(folder, ['rev-parse', name])).trim();

async function untilLive(name: string, jsonpath: string, expected: string): Promise<void> {
  const args = ['-n', 'shop-dev', 'get', 'configmap', name, '--ignore-not-found', '-o', `jsonpath={${jsonpath}}`];
  await until(`${name} ${jsonpath}`, async () => {
    const value = await cluster.kubectl(args);
    return value === expected ? undefined : value;
  });
}

async function syncDev(): Promise<void> {
  await workbench.askInMenu(/^application shop, dev/, /^Sync…/);
  await workbench.answer('Sync');
  await workbench.row(/^application shop, dev, synced/i);
}

/** Takes the message that is proposed in a document. */
async function acceptMessage(): Promise<void> {
  await page.getByRole('button', { name: 'Accept Commit Message' }).first().click();
}

flow(session, 'pick: commits of the application with author, age, and who synced them', '50-pick', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(420);
  await syncDev();
  await untilLive('settings', '.data.color', 'blue');
  await commitFiles(
    folder,
    {
      'shop/base/settings.yaml': settings('red'),
      'shop/base/kustomization.yaml': 'resources:\n  - settings.yaml\n  - banner.yaml\n',
      'shop/base/banner.yaml': banner,
    },
    'Go red for the sale',
  );
  await workbench.row(/^application shop, dev, out of sync/i);
  await syncDev();
  await untilLive('banner', '.data.text', 'sale');
  await workbench.chooseInMenu(/^application shop, dev/, /^Roll Back…/, offered);
  const items = await quickPick.allInnerTexts();
  assert.match(items.join('\n'), /Declare the shop[\s\S]*[0-9a-f]{7} · Mara · [\s\S]*synced .* by /);
  await workbench.restMouse();
});

flow(session, 'preview: the patch, what else changes, and the objects before and after', '51-objects', async () => {
  await workbench.pick('Declare the shop');
  await workbench.pick('Restore Files');
  const question = await workbench.question();
  assert.match(question, /Roll back dev\/shop to [0-9a-f]{7} “Declare the shop”\?/);
  assert.match(question, /Other applications read these files:\s+•\s+prod\/shop: remove ConfigMap\/banner, configure ConfigMap\/settings/);
  await workbench.untilText(/# dev\/shop back to [0-9a-f]{7}[\s\S]*-\s+color: red\s+\+\s+color: blue/);
  await workbench.picture('51-question');
  await workbench.answer('Show Objects');
  await page.locator('.multiDiffEntry').first().waitFor();
  await workbench.restMouse();
});

flow(session, 'commit, then the sync with its own plan: the cluster is as it was', '52-rolled-back', async () => {
  const before = await head();
  await workbench.pick('Commit…');
  await acceptMessage();
  assert.match(await workbench.question(), /shop\/base\/settings\.yaml/);
  await workbench.answer('Commit');
  await until('committed', async () => ((await head('HEAD~1')) === before ? undefined : 'no commit'));
  assert.equal(await git(folder, ['diff', '--stat', 'HEAD', 'HEAD~2']), '');
  // The sync deletes what the base no longer has, and says so.
  await workbench.question('Sync 2 objects of shop');
  await workbench.picture('52-sync');
  await workbench.answer('Sync');
  await untilLive('settings', '.data.color', 'blue');
  await untilLive('banner', '.data.text', '');
  await workbench.row(/^application shop, dev, synced/i);
  assert.equal(await git(folder, ['status', '--porcelain']), '');
});

flow(session, 'from a recorded sync, as a new branch: the checkout stays', '53-branch', async () => {
  const before = await head();
  const record = workbench.rows(/^sync of [0-9a-f]{7}, done, .*1 created, 1 configured/);
  await workbench.chooseInMenu(/^application shop, dev/, /^Show Sync History/, async () =>
    (await record.count()) > 0 ? undefined : 'no record',
  );
  await workbench.chooseInMenu(/^sync of [0-9a-f]{7}, done, .*1 created, 1 configured/, /^Roll Back…/, offered);
  await workbench.pick('Restore Files');
  await workbench.answer('Pull Request…');
  await acceptMessage();
  const name = page.locator('.quick-input-widget .quick-input-box input');
  await until('name of the branch', async () =>
    (await name.inputValue()).includes('rollback-shop') ? undefined : await name.inputValue(),
  );
  await name.press('Enter');
  assert.match(await workbench.question(), /to the new branch/);
  await workbench.answer('Commit to New Branch');
  await until('branch', async () => {
    const branches = await git(folder, ['branch', '--format=%(refname:short)']);
    return branches.includes('rollback-shop') ? undefined : branches;
  });
  const branch = (await git(folder, ['branch', '--format=%(refname:short)', '--list', '*rollback-shop*'])).trim();
  assert.deepEqual([await head(), await head(`${branch}~1`), await git(folder, ['status', '--porcelain'])], [before, before, '']);
  assert.match(await git(folder, ['show', `${branch}:shop/base/settings.yaml`]), /color: red/);
});

flow(session, 'a revert that conflicts opens the merge editor, once that is chosen', '54-merge', async () => {
  await commitFiles(folder, { 'shop/base/settings.yaml': settings('green'), 'notes.md': 'green\n' }, 'Go green');
  await commitFiles(folder, { 'notes.md': 'greener\n' }, 'Note it');
  await workbench.closeEditors();
  await workbench.row(/^application shop, dev, out of sync/i);
  await workbench.chooseInMenu(/^application shop, dev/, /^Roll Back…/, offered);
  await workbench.pick('Roll back dev/shop to');
  await workbench.pick('Revert Commits');
  assert.match(await workbench.question(), /notes\.md/);
  await workbench.picture('54-conflict');
  await workbench.answer('Resolve in Merge Editor');
  await page.locator('.merge-editor .view-line', { hasText: 'greener' }).first().waitFor();
  // The merge editor may save its result at any time, so the files on disk tell nothing.
  assert.equal(await head('REVERT_HEAD'), await head('HEAD~1'));
  await workbench.restMouse();
});
