import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { clusterUidOf, git } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const settings = (level: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: ${level}\n  region: eu\n`;
const banner = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: banner\ndata:\n  text: hello\n';

// The API server alone: one application, in an open and in a protected environment.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const environment = (name: string, isProtected: boolean): string =>
      `  ${name}: {context: ${cluster.name}, clusterUid: ${clusterUid}, branch: main, protected: ${String(isProtected)}}\n`;
    const application = (name: string): string =>
      `  - {name: shop, environment: ${name}, path: shop/${name}, namespace: shop-${name}, policy: {prune: true}}\n`;
    const files = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n${environment('dev', false)}${environment('prod', true)}applications:\n${application('dev')}${application('prod')}`,
      'shop/dev/settings.yaml': settings('info'),
      'shop/dev/banner.yaml': banner,
      'shop/prod/settings.yaml': settings('warn'),
    };
    const repo = await makeConfigRepo(dir, files);
    for (const name of ['dev', 'prod']) await cluster.kubectl(['create', 'namespace', `shop-${name}`]);
    return { folder: repo };
  },
});
after(() => session.end());
const { cluster, folder, themes, workbench } = session;

const live = (namespace: string, name: string, jsonpath: string): Promise<string> =>
  cluster.kubectl(['-n', namespace, 'get', 'configmap', name, '--ignore-not-found', '-o', `jsonpath={${jsonpath}}`]);

async function untilLive(namespace: string, name: string, jsonpath: string, expected: string): Promise<void> {
  await until(`${name} ${jsonpath}`, async () => {
    const value = await live(namespace, name, jsonpath);
    return value === expected ? undefined : value;
  });
}

flow(session, 'preview: the plan as a tree and as a highlighted document, and nothing is written', '20-preview', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  const tab = workbench.page.locator('.tab', { hasText: '.plumbline-plan' });
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
  const input = workbench.page.locator('.quick-input-widget .quick-input-box input');
  await input.fill('dev');
  await workbench.page.locator('.quick-input-message', { hasText: 'This is not prod' }).waitFor();
  await workbench.picture('23-name');
  assert.equal(await live('shop-prod', 'settings', '.data.level'), 'trace');
  await input.fill('prod');
  await workbench.page.keyboard.press('Enter');
  await untilLive('shop-prod', 'settings', '.data.level', 'warn');
});
