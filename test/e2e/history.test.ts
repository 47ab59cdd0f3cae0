import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { clusterUidOf, git } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const settings = (level: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: ${level}\n`;

// The API server alone: one application, where files may be tried out and where they may not.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const place = `context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main`;
    const files = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  dev: {${place}, allowDirty: true}
  prod: {${place}}
applications:
  - {name: shop, environment: dev, path: shop/dev, namespace: shop-dev}
  - {name: shop, environment: prod, path: shop/prod, namespace: shop-prod}
`,
      'shop/dev/settings.yaml': settings('info'),
      'shop/prod/settings.yaml': settings('warn'),
    };
    const repo = await makeConfigRepo(dir, files);
    for (const name of ['dev', 'prod']) await cluster.kubectl(['create', 'namespace', `shop-${name}`]);
    return { folder: repo };
  },
});
after(() => session.end());
const { cluster, folder, themes, workbench } = session;
const { page } = workbench;
const records = workbench.rows(/^sync of [0-9a-f]{7}/);

async function untilLevel(expected: string): Promise<void> {
  await until(`level ${expected}`, async () => {
    const level = await cluster.kubectl([
      ...['-n', 'shop-dev', 'get', 'configmap', 'settings', '--ignore-not-found', '-o', 'jsonpath={.data.level}'],
    ]);
    return level === expected ? undefined : level;
  });
}

/** As another person does, in a terminal of their own. */
function plumbline(...args: readonly string[]): void {
  const main = join(import.meta.dirname, '../../dist/cli.mjs');
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, KUBECONFIG: cluster.kubeconfigPath },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
}

flow(session, 'an application that was never synced says so, and offers to', '60-history-empty', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(460);
  const welcome = page.getByText('No sync of this application is recorded in its cluster.');
  await workbench.chooseInMenu(/^application shop, dev/, /^Show Sync History/, async () =>
    (await welcome.count()) > 0 ? undefined : 'no welcome',
  );
});

flow(session, "another person's sync from a terminal shows without a refresh", '61-history', async () => {
  plumbline('sync', '--app', 'dev/shop', '--yes');
  await workbench.row(/^sync of [0-9a-f]{7}, done, .*@.* 1 created/);
  await writeFile(join(folder, 'shop/dev/settings.yaml'), settings('debug'));
  await git(folder, ['commit', '-q', '-am', 'Log more']);
  await workbench.row(/^application shop, dev, .*out of sync · 1 behind/);
  plumbline('sync', '--app', 'dev/shop', '--yes');
  await workbench.row(/^sync of [0-9a-f]{7}, done, .*@.* 1 configured/);
  await workbench.row(/^application shop, dev, synced/i);
  assert.equal(await records.count(), 2);
  await workbench.openFile('shop/dev/settings.yaml');
  await page.locator('.codelens-decoration', { hasText: /synced to dev/ }).waitFor();
  await workbench.restMouse();
  await themes.pictures('history-and-lens');
  await workbench.closeEditors();
});

flow(session, 'the commit diff of a sync: what it brought since the one before', '62-commit-diff', async () => {
  const tab = page.locator('.tab', { hasText: /shop: [0-9a-f]{7} ↔ [0-9a-f]{7}/ });
  await workbench.chooseInMenu(/^sync of [0-9a-f]{7}, done, .* 1 configured/, /^Open Commit Diff/, async () =>
    (await tab.count()) > 0 ? undefined : 'no diff',
  );
  await workbench.untilText(/level: debug/);
  await workbench.restMouse();
});

flow(session, 'the working tree, unsaved, is applied where it may be, and marked dirty', '63-dirty', async () => {
  await workbench.closeEditors();
  await workbench.openFile('shop/dev/settings.yaml');
  await workbench.goToLine(6);
  await page.keyboard.press('End');
  for (let index = 0; index < 'debug'.length; index += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('tried');
  await workbench.untilText(/level: tried/);
  const question = await workbench.askInMenu(/^application shop, dev/, /^Apply Working Tree/);
  assert.match(question, /Apply 1 object of shop as the files are here to namespace shop-dev/);
  assert.match(question, /marked dirty until the next sync/);
  await workbench.picture('63-question');
  await workbench.answer('Apply Working Tree');
  await untilLevel('tried');
  await workbench.row(/^application shop, dev, .*dirty/);
  await workbench.row(/^sync of [0-9a-f]{7}, done, /);
  await workbench.restMouse();
});

flow(session, 'where it may not be applied, the message says what to write and where', '64-dirty-refused', async () => {
  await workbench
    .rows(/^application shop, prod/)
    .first()
    .click();
  await workbench.command('Plumbline: Apply Working Tree…');
  const question = await workbench.question();
  assert.match(question, /Apply Working Tree is off for prod/);
  assert.match(question, /write .allowDirty: true. below environments\.prod in plumbline\.yaml/);
});

flow(session, 'a sync that was cut off is offered, and finished by one click', '65-unfinished', async () => {
  await workbench.answer('Cancel');
  const parent = ['-n', 'shop-dev', 'configmap/plumbline-shop'] as const;
  const text = await cluster.kubectl(['get', ...parent, '-o', 'json']);
  const { annotations } = (JSON.parse(text) as { metadata: { annotations: Record<string, string> } }).metadata;
  const [record] = JSON.parse(annotations['plumbline.dev/syncs'] ?? '[]') as object[];
  const running = { record: { ...record, id: 'cut', outcome: 'running', isDirty: false, by: 'noa@tablet' }, until: '2020-01-01T00:00:00Z' };
  await cluster.kubectl(['annotate', ...parent, '--overwrite', `plumbline.dev/running=${JSON.stringify(running)}`]);
  await workbench.row(/^application shop, dev, .*its sync did not end/);
  // A notification that nobody asked for may stand in the centre alone.
  await page.locator('[id="status.notifications"]').click();
  const offer = page.locator('.notifications-center .notification-list-item', { hasText: 'The sync of shop by noa@tablet did not end' });
  await offer.waitFor();
  await workbench.picture('65-offer');
  await offer.getByRole('button', { name: 'Sync…' }).click();
  assert.match(await workbench.question(), /shop has uncommitted edits/);
  await workbench.answer('Sync Without the Edits');
  await workbench.question('Sync 1 object of shop');
  await workbench.answer('Sync');
  await untilLevel('debug');
  await workbench.row(/^application shop, dev, synced(?!.*(dirty|did not end))/i);
  const failed = workbench.rows(/^sync of [0-9a-f]{7}, failed, .*noa@tablet/);
  await workbench.chooseInMenu(/^application shop, dev/, /^Show Sync History/, async () =>
    (await failed.count()) > 0 ? undefined : 'no record',
  );
  await workbench.restMouse();
});
