import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { helm, kubectl } from '../tools/binaries.ts';
import { clusterUidOf, git } from '../tools/sample.ts';
import { makeConfigRepo } from './configRepo.ts';
import { flow, startSession } from './session.ts';
import { until } from './workbench.ts';

const configMap = (name: string, level: string, metadata = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${metadata}data:\n  level: ${level}\n`;
const definition =
  'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: gears.larkfield.example\nspec:\n  group: larkfield.example\n  scope: Namespaced\n  names: {kind: Gear, plural: gears}\n  versions:\n    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n';
const deployment =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: web, image: registry.example/web:1}]\n';
const late = configMap('late', 'info', '  annotations: {argocd.argoproj.io/sync-wave: "1"}\n');
const names = ['legacy', 'kinds', 'slow', 'seen'] as const;

// The API server alone, so that a Deployment never becomes healthy; the application `seen` is reached by a user who may only look.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const clusterUid = await clusterUidOf({ kubeconfig: cluster.kubeconfigPath, context: cluster.name });
    const looking = join(dir, 'viewer.kubeconfig');
    const viewer = await readFile(await cluster.kubeconfig('viewer'), 'utf8');
    await writeFile(looking, viewer.replaceAll(`"name": "${cluster.name}",\n      "context"`, '"name": "look-only",\n      "context"'), {
      mode: 0o600,
    });
    const environment = (name: string, context: string): string =>
      `  ${name}: {context: ${context}, clusterUid: ${clusterUid}, branch: main}\n`;
    const application = (name: string): string =>
      `  - {name: ${name}, environment: ${name === 'seen' ? 'look' : 'dev'}, path: ${name}, namespace: ${name}, policy: {prune: true}}\n`;
    const files = {
      'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n${environment('dev', cluster.name)}${environment('look', 'look-only')}applications:\n${names.map(application).join('')}`,
      'legacy/settings.yaml': configMap('settings', 'info'),
      'legacy/chart.yaml': configMap('from-chart', 'info'),
      'kinds/gears.yaml': definition,
      'kinds/settings.yaml': configMap('settings', 'info'),
      'slow/web.yaml': deployment,
      'slow/late.yaml': late,
      'seen/settings.yaml': configMap('settings', 'info'),
    };
    const repo = await makeConfigRepo(dir, files);
    for (const name of names) await cluster.kubectl(['create', 'namespace', name]);
    await cluster.kubectl(['create', 'clusterrole', 'namespaces', '--verb=get', '--resource=namespaces']);
    await cluster.kubectl(['create', 'clusterrolebinding', 'namespaces', '--clusterrole=namespaces', '--user=viewer']);
    await cluster.kubectl(['apply', '-n', 'legacy', '-f', '-'], configMap('settings', 'info'));
    const chart = join(dir, 'chart');
    await mkdir(join(chart, 'templates'), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: old\nversion: 1.0.0\n');
    await writeFile(join(chart, 'templates', 'all.yaml'), configMap('from-chart', 'info'));
    await helm(['install', 'old', chart, '-n', 'legacy'], { kubeconfig: cluster.kubeconfigPath });
    const both = await kubectl(['config', 'view', '--raw', '--flatten'], { kubeconfig: `${cluster.kubeconfigPath}:${looking}` });
    await writeFile(join(dir, 'kubeconfig'), both, { mode: 0o600 });
    return { folder: repo, hasKubeconfig: true };
  },
});
after(() => session.end());
const { cluster, folder, workbench } = session;
const { page } = workbench;

const live = (namespace: string, kind: string, name: string, jsonpath: string): Promise<string> =>
  cluster.kubectl(['-n', namespace, 'get', kind, name, '--ignore-not-found', '-o', `jsonpath={${jsonpath}}`]);

flow(session, 'take over: the plan names managers, marks and the release; nothing but ownership changes', '24-taken-over', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(460);
  const before = await live('legacy', 'configmap', 'from-chart', '.metadata.uid');
  const question = await workbench.askInMenu(/^application legacy, dev/, /^Take Over…/);
  assert.match(question, /Take over 2 objects of legacy in namespace legacy on cluster plumbline-dev/);
  assert.match(question, /Nothing is deleted, restarted or applied/);
  assert.match(question, /Helm’s record of the release legacy\/old, revision 1 stays as it is \(1 Secrets?\)/);
  await workbench.picture('24-question');
  await workbench.answer('Show Plan');
  await workbench.untilText(/^> take over ConfigMap\/from-chart {2}legacy\n {4}\d+ fields?: helm → plumbline$/m);
  await workbench.untilText(/^ {4}\d+ fields?: kubectl-client-side-apply → plumbline$/m);
  await workbench.restMouse();
  await workbench.picture('24-plan');
  await workbench.askInMenu(/^application legacy, dev/, /^Take Over…/);
  await workbench.answer('Take Over');
  await until('ownership of both', async () => {
    const seen = await Promise.all(
      ['settings', 'from-chart'].map((name) =>
        live('legacy', 'configmap', name, '.metadata.managedFields[?(@.operation=="Apply")].manager'),
      ),
    );
    return seen.join() === 'plumbline,plumbline' ? undefined : seen.join();
  });
  assert.equal(await live('legacy', 'configmap', 'from-chart', '.metadata.uid'), before);
  assert.equal(await live('legacy', 'configmap', 'from-chart', '.metadata.annotations'), '');
  assert.match(await cluster.kubectl(['-n', 'legacy', 'get', 'secrets', '-o', 'name']), /sh\.helm\.release\.v1\.old\.v1/);
  await workbench.row(/^application legacy, dev, synced/i);
});

flow(session, 'prune: what holds data goes only when it is ticked', '25-pruned', async () => {
  await workbench.askInMenu(/^application kinds, dev/, /^Sync…/);
  await workbench.answer('Sync');
  await workbench.row(/^application kinds, dev, synced/i);
  await rm(join(folder, 'kinds/gears.yaml'));
  await git(folder, ['commit', '-q', '-am', 'Drop the gears']);
  const list = page.locator('.quick-input-widget .quick-input-list .monaco-list-row', { hasText: 'CustomResourceDefinition/gears' });
  await workbench.chooseInMenu(/^application kinds, dev/, /^Sync…/, async () => ((await list.count()) > 0 ? undefined : 'no list'));
  await workbench.picture('25-ticks');
  await list.locator('input[type=checkbox], .monaco-checkbox, .quick-input-list-checkbox').first().click();
  await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
  assert.match(await workbench.question(), /1 to delete/);
  await workbench.answer('Sync');
  await until('the kind is deleted', async () => {
    const seen = await live('kinds', 'crd', 'gears.larkfield.example', '.metadata');
    return seen === '' || seen.includes('deletionTimestamp') ? undefined : seen;
  });
});

flow(session, 'cancel: the sync says what it waits for, ends when asked to, and the next wave is not begun', '26-cancelled', async () => {
  await workbench.askInMenu(/^application slow, dev/, /^Sync…/);
  await workbench.answer('Sync');
  await workbench.row(/^Deployment\/web, create · not yet seen by its controller/);
  await workbench.command('Notifications: Show Notifications');
  const toast = page.locator('.notifications-center .notification-list-item', { hasText: 'Deployment/web:' });
  await toast.waitFor();
  await workbench.picture('26-waiting');
  await toast.hover();
  await toast.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.notification-list-item', { hasText: 'The sync was cancelled; running it again finishes it.' }).waitFor();
  assert.notEqual(await live('slow', 'deployment', 'web', '.metadata.uid'), '');
  assert.equal(await live('slow', 'configmap', 'late', '.metadata.uid'), '');
});

flow(session, 'a user who may only look sees which right is missing, before anything is asked', '27-view-only', async () => {
  const question = await workbench.askInMenu(/^application seen, look/, /^Sync…/);
  assert.match(question, /There is nothing to sync\./);
  assert.match(question, /patch configmaps/);
  await workbench.picture('27-question');
  await page.keyboard.press('Escape');
  const tab = page.locator('.tab', { hasText: '.plumbline-plan' });
  await workbench.closeEditors();
  await workbench.chooseInMenu(/^application seen, look/, /^Preview Sync/, async () =>
    (await tab.count()) > 0 ? undefined : 'no document',
  );
  await workbench.untilText(/^! refused ConfigMap\/settings {2}seen {2}# .*patch configmaps/m);
  await workbench.restMouse();
  assert.equal(await live('seen', 'configmap', 'settings', '.metadata.uid'), '');
});
