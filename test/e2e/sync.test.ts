import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { freePort } from '../tools/controlPlane.ts';
import { clusterUidOf, git } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const settings = (level: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: ${level}\n  region: eu\n`;
const deadContext = 'shop-far-eu';
const banner = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: banner\ndata:\n  text: hello\n';

// The API server alone: two applications, in an environment where files may be tried out, and in a protected one; a third on a dead cluster.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const environments = Object.entries({ dev: 'allowDirty', prod: 'protected' });
    const places = environments.flatMap(([environment]) => ['shop', 'till'].map((name) => ({ name, environment })));
    const config = [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      'environments:',
      ...environments.map(
        ([name, flag]) => `  ${name}: {context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main, ${flag}: true}`,
      ),
      `  far: {context: ${deadContext}, branch: main}`,
      'applications:',
      `  - {name: shop, environment: far, path: shop/prod, namespace: shop-far}`,
      ...places.map(
        ({ name, environment }) =>
          `  - {name: ${name}, environment: ${environment}, path: ${name}/${environment}, namespace: ${name}-${environment}, policy: {prune: true}}`,
      ),
      '',
    ];
    const files = {
      'plumbline.yaml': config.join('\n'),
      ...Object.fromEntries(
        places.map(({ name, environment }) => [`${name}/${environment}/settings.yaml`, settings(environment === 'dev' ? 'info' : 'warn')]),
      ),
      'shop/dev/banner.yaml': banner,
    };
    const repo = await makeConfigRepo(dir, files);
    for (const { name, environment } of places) await cluster.kubectl(['create', 'namespace', `${name}-${environment}`]);
    await writeFile(join(dir, 'kubeconfig'), await withDeadCluster(cluster.kubeconfigPath));
    return { folder: repo, hasKubeconfig: true };
  },
});
after(() => session.end());
const { cluster, dir, folder, themes, workbench } = session;
const { page } = workbench;
const records = workbench.rows(/^sync of [0-9a-f]{7}/);

const live = (namespace: string, name: string, jsonpath: string): Promise<string> =>
  cluster.kubectl(['-n', namespace, 'get', 'configmap', name, '--ignore-not-found', '-o', `jsonpath={${jsonpath}}`]);

async function untilLive(namespace: string, name: string, jsonpath: string, expected: string): Promise<void> {
  await until(`${name} ${jsonpath}`, async () => {
    const value = await live(namespace, name, jsonpath);
    return value === expected ? undefined : value;
  });
}

/** The kubeconfig with a second context whose cluster does not answer. */
async function withDeadCluster(path: string): Promise<string> {
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<'clusters' | 'contexts', object[]>;
  const server = `https://127.0.0.1:${String(await freePort())}`;
  config.clusters.push({ name: deadContext, cluster: { server } });
  config.contexts.push({ name: deadContext, context: { cluster: deadContext, user: 'admin' } });
  return JSON.stringify(config, null, 2);
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

flow(session, 'two clusters, one unreachable: the other works, and the cause is named', '11-two-clusters', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  await workbench.row(/^application shop, dev, missing/i);
  await workbench.row(/^application shop, far, cannot compare/i);
  await workbench.row(/^cluster shop-far-eu, cluster unreachable/);
  await workbench.row(/^cluster plumbline-dev, connected/);
  await workbench.restMouse();
  await themes.pictures('clusters');
});

flow(session, 'preview: the plan as a tree and as a highlighted document, and nothing is written', '20-preview', async () => {
  const tab = page.locator('.tab', { hasText: '.plumbline-plan' });
  await workbench.chooseInMenu(/^application shop, dev/, /^Preview Sync/, async () =>
    (await tab.count()) > 0 ? undefined : 'no document',
  );
  await workbench.row(/^ConfigMap\/settings, create/);
  await workbench.untilText(/^@ shop {2}shop-dev · main [0-9a-f]{7}[\s\S]*\+ create ConfigMap\/banner/m);
  await workbench.restMouse();
  await themes.pictures('plan');
  assert.equal(await live('shop-dev', 'settings', '.data.level'), '');
});

flow(session, 'sync: one question with cluster, namespace and counts; the history records it', '21-synced', async () => {
  assert.match(
    await workbench.askInMenu(/^application shop, dev/, /^Sync…/),
    /Sync 2 objects of shop to namespace shop-dev on cluster plumbline-dev/,
  );
  await workbench.picture('21-question');
  await workbench.answer('Sync');
  await untilLive('shop-dev', 'settings', '.data.level', 'info');
  await workbench.row(/^application shop, dev, synced/i);
  const record = workbench.rows(/^sync of [0-9a-f]{7}, done, .*2 created/);
  await workbench.chooseInMenu(/^application shop, dev/, /^Show Sync History/, async () =>
    (await record.count()) > 0 ? undefined : 'no record',
  );
  await workbench.restMouse();
});

flow(session, 'three sides of a synced object: live, the last sync and the working tree', '24-three-sides', async () => {
  await cluster.kubectl(['-n', 'shop-dev', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"trace"}}']);
  await workbench.row(/^application shop, dev, .*drifted/);
  await workbench.openFile('shop/dev/settings.yaml');
  const text = await readFile(join(folder, 'shop/dev/settings.yaml'), 'utf8');
  await workbench.goToLine(text.split('\n').findIndex((line) => line.includes('level: info')) + 1);
  await page.keyboard.press('End');
  await page.keyboard.type('rmative');
  await workbench.command('Plumbline: Open Live, Last Sync and Working Tree');
  const names = page.locator('.multiDiffEntry .file-path');
  await until('two pairs', async () => ((await names.count()) === 2 ? undefined : (await names.allInnerTexts()).join(' | ')));
  const shown = async (): Promise<string[]> =>
    (await page.locator('.multiDiffEntry .view-line', { hasText: 'level' }).allInnerTexts()).map((line) =>
      line.replaceAll('\u00a0', ' ').trim(),
    );
  const expected = ['level: trace', 'level: info', 'level: info', 'level: informative'];
  await until('the values of the three sides', async () =>
    (await shown()).join() === expected.join() ? undefined : (await shown()).join(' | '),
  );
  const entries = (await page.locator('.multiDiffEntry').allInnerTexts()).join('\n');
  for (const pair of ['live ↔ last sync', 'last sync ↔ working tree']) assert.ok(entries.includes(pair), entries);
  await workbench.picture('24-sides');
  await workbench.closeEditors();
  // This editor may have saved by itself.
  await writeFile(join(folder, 'shop/dev/settings.yaml'), text);
});

flow(session, 'undo of a live change and prune stand in the question, and are done', '22-undone', async () => {
  await cluster.kubectl(['-n', 'shop-dev', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"trace"}}']);
  await rm(join(folder, 'shop/dev/banner.yaml'));
  await git(folder, ['commit', '-q', '-am', 'Drop the banner']);
  await workbench.row(/^application shop, dev, .*drifted.*behind/);
  const question = await workbench.askInMenu(/^application shop, dev/, /^Sync…/);
  assert.match(question, /1 to delete/);
  assert.match(question, /data\.level: trace → info/);
  await workbench.picture('22-question');
  await workbench.answer(/^Sync and Undo 1 Live Change$/);
  await untilLive('shop-dev', 'settings', '.data.level', 'info');
  await untilLive('shop-dev', 'banner', '.data.text', '');
  await workbench.row(/^application shop, dev, synced/i);
});

flow(session, 'a protected environment asks for its name when a live change is undone', '23-protected', async () => {
  await workbench.askInMenu(/^application shop, prod/, /^Sync…/);
  await workbench.answer('Sync');
  await untilLive('shop-prod', 'settings', '.data.level', 'warn');
  await workbench.row(/^application shop, prod, synced/i);
  await cluster.kubectl(['-n', 'shop-prod', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"trace"}}']);
  await workbench.row(/^application shop, prod, .*drifted/);
  await workbench.askInMenu(/^application shop, prod/, /^Sync…/);
  await workbench.answer(/^Sync and Undo/);
  const input = page.locator('.quick-input-widget .quick-input-box input');
  await input.fill('dev');
  await page.locator('.quick-input-message', { hasText: 'This is not prod' }).waitFor();
  await workbench.picture('23-name');
  assert.equal(await live('shop-prod', 'settings', '.data.level'), 'trace');
  await input.fill('prod');
  await page.keyboard.press('Enter');
  await untilLive('shop-prod', 'settings', '.data.level', 'warn');
});

flow(session, 'an application that was never synced says so, and offers to', '60-history-empty', async () => {
  await workbench.closeEditors();
  const welcome = page.getByText('No sync of this application is recorded in its cluster.');
  await workbench.chooseInMenu(/^application till, dev/, /^Show Sync History/, async () =>
    (await welcome.count()) > 0 ? undefined : 'no welcome',
  );
});

flow(session, "another person's sync from a terminal shows without a refresh", '61-history', async () => {
  plumbline('sync', '--app', 'dev/till', '--yes');
  await workbench.row(/^sync of [0-9a-f]{7}, done, .*@.* 1 created/);
  await writeFile(join(folder, 'till/dev/settings.yaml'), settings('debug'));
  await git(folder, ['commit', '-q', '-am', 'Log more']);
  await workbench.row(/^application till, dev, .*out of sync · 1 behind/);
  plumbline('sync', '--app', 'dev/till', '--yes');
  await workbench.row(/^sync of [0-9a-f]{7}, done, .*@.* 1 configured/);
  await workbench.row(/^application till, dev, synced/i);
  assert.equal(await records.count(), 2);
  await workbench.openFile('till/dev/settings.yaml');
  await page.locator('.codelens-decoration', { hasText: /synced to dev/ }).waitFor();
  await workbench.restMouse();
  await themes.pictures('history-and-lens');
  await workbench.closeEditors();
});

flow(session, 'the commit diff of a sync: what it brought since the one before', '62-commit-diff', async () => {
  const tab = page.locator('.tab', { hasText: /till: [0-9a-f]{7} ↔ [0-9a-f]{7}/ });
  await workbench.chooseInMenu(/^sync of [0-9a-f]{7}, done, .* 1 configured/, /^Open Commit Diff/, async () =>
    (await tab.count()) > 0 ? undefined : 'no diff',
  );
  await workbench.untilText(/level: debug/);
  await workbench.restMouse();
});

flow(session, 'the working tree, unsaved, is applied where it may be, and marked dirty', '63-dirty', async () => {
  await workbench.closeEditors();
  await workbench.openFile('till/dev/settings.yaml');
  await workbench.goToLine(6);
  await page.keyboard.press('End');
  for (let index = 0; index < 'debug'.length; index += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('tried');
  await workbench.untilText(/level: tried/);
  const question = await workbench.askInMenu(/^application till, dev/, /^Apply Working Tree/);
  assert.match(question, /Apply 1 object of till as the files are here to namespace till-dev/);
  assert.match(question, /marked dirty until the next sync/);
  await workbench.picture('63-question');
  await workbench.answer('Apply Working Tree');
  await untilLive('till-dev', 'settings', '.data.level', 'tried');
  await workbench.row(/^application till, dev, .*dirty/);
  await workbench.row(/^sync of [0-9a-f]{7}, done, /);
  await workbench.restMouse();
});

flow(session, 'where it may not be applied, the message says what to write and where', '64-dirty-refused', async () => {
  await workbench
    .rows(/^application till, prod/)
    .first()
    .click();
  await workbench.command('Plumbline: Apply Working Tree…');
  const question = await workbench.question();
  assert.match(question, /Apply Working Tree is off for prod/);
  assert.match(question, /write .allowDirty: true. below environments\.prod in plumbline\.yaml/);
});

flow(session, 'a sync that was cut off is offered, and finished by one click', '65-unfinished', async () => {
  await workbench.answer('Cancel');
  const parent = ['-n', 'till-dev', 'configmap/plumbline-till'] as const;
  const text = await cluster.kubectl(['get', ...parent, '-o', 'json']);
  const { annotations } = (JSON.parse(text) as { metadata: { annotations: Record<string, string> } }).metadata;
  const [record] = JSON.parse(annotations['plumbline.dev/syncs'] ?? '[]') as object[];
  const running = { record: { ...record, id: 'cut', outcome: 'running', isDirty: false, by: 'noa@tablet' }, until: '2020-01-01T00:00:00Z' };
  await cluster.kubectl(['annotate', ...parent, '--overwrite', `plumbline.dev/running=${JSON.stringify(running)}`]);
  await workbench.row(/^application till, dev, .*its sync did not end/);
  // A notification that nobody asked for may stand in the centre alone.
  await page.locator('[id="status.notifications"]').click();
  const offer = page.locator('.notifications-center .notification-list-item', { hasText: 'The sync of till by noa@tablet did not end' });
  await offer.waitFor();
  await workbench.picture('65-offer');
  await offer.getByRole('button', { name: 'Sync…' }).click();
  assert.match(await workbench.question(), /till has uncommitted edits/);
  await workbench.answer('Sync Without the Edits');
  await workbench.question('Sync 1 object of till');
  await workbench.answer('Sync');
  await untilLive('till-dev', 'settings', '.data.level', 'debug');
  await workbench.row(/^application till, dev, synced(?!.*(dirty|did not end))/i);
  const failed = workbench.rows(/^sync of [0-9a-f]{7}, failed, .*noa@tablet/);
  await workbench.chooseInMenu(/^application till, dev/, /^Show Sync History/, async () =>
    (await failed.count()) > 0 ? undefined : 'no record',
  );
  await workbench.restMouse();
});

flow(session, 'a view-only user sees the drift and is told which right a revert needs', '12-view-only', async () => {
  await cluster.kubectl(['-n', 'till-dev', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"trace"}}']);
  // The same file with other credentials: it is read again by itself.
  await writeFile(join(dir, 'kubeconfig'), await withDeadCluster(await cluster.kubeconfig('viewer')));
  await workbench.row(/^cluster plumbline-dev, connected, read only/);
  await workbench.row(/^application till, dev, .*1 drifted/);
  await workbench.expand(/^application till, dev/);
  await workbench.chooseInMenu(/data\.level/, /Revert/, async () => {
    const texts = [...(await workbench.notifications()), ...(await workbench.dialog().allInnerTexts())];
    return texts.some((text) => /patch|update/.test(text) && /configmaps/.test(text)) ? undefined : texts.join(' | ');
  });
  assert.equal(await live('till-dev', 'settings', '.data.level'), 'trace');
});
