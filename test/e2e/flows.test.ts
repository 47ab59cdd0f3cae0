import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { git, setUpSample } from '../tools/sample.ts';
import { enginePids, flow, startSession } from './session.ts';
import { until } from './workbench.ts';

// One control plane, one sample and one workbench for all: each flow leaves behind what the next may see.
const session = await startSession({
  components: ['controller-manager', 'scheduler', 'kwok'],
  prepare: async (cluster, dir) => ({
    folder: (await setUpSample({ dir, kubeconfig: cluster.kubeconfigPath, context: cluster.name })).repo,
  }),
});
after(() => session.end());
const { cluster, folder, themes, workbench } = session;

const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
const live = (namespace: string, object: string, jsonpath: string): Promise<string> =>
  cluster.kubectl(['-n', namespace, 'get', object, '-o', `jsonpath={${jsonpath}}`]);

flow(session, 'open: applications stand in the tree, worst first, with their health', '01-open', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  await workbench.untilStatus(/^\d+ drifted$/);
  await workbench.row(/^application recommendations, dev, .*[Dd]egraded/);
  await workbench.row(/^application recommendations, staging, missing/i);
  await workbench.row(/^application storefront, prod, .*drifted/);
  await workbench.row(/^application storefront, staging, out of sync/i);
  await workbench.row(/^application catalog, dev, synced/i);
});

flow(session, 'every drifted field is marked on the line that sets it', '01-marks', async () => {
  await workbench.openFile('apps/storefront/dev/storefront.yaml');
  await workbench.goToLine(27);
  await workbench.untilNote('LOG_LEVEL:', /^live: trace · kubectl-edit \d\d:\d\d$/);
  await workbench.untilNote('replicas:', /^live: 3 · kubectl$/);
  await workbench.untilNote('value: "200"', /^live: 500 · kubectl-set \d\d:\d\d$/);
  await workbench.expand(/^application storefront, dev/);
  await workbench.row(/spec\.replicas/);
  await workbench.restMouse();
  await workbench.readmePicture('drift');
  await workbench.expand(/^ReplicaSet\/storefront/);
  await workbench.row(/^Pod\/storefront/);
  await workbench.restMouse();
  await themes.pictures('tree-and-marks', async ({ kind, isHighContrast }) => {
    const contrast = await workbench.noteContrast();
    assert.ok(contrast >= (isHighContrast ? 7 : 4.5), `contrast ${String(contrast)} in ${kind}`);
  });
  await workbench.row(/^application storefront, dev/).then((row) => row.locator('.monaco-tl-twistie').click());
  await workbench.closeEditors();
});

flow(session, 'drift appears on the line after a live edit', '02-live-edit', async () => {
  await workbench.openFile('apps/storefront/staging/resizer.yaml');
  await workbench.untilNote('replicas:', undefined);
  await cluster.kubectl(['-n', 'shop-staging', 'scale', 'deployment/image-resizer', '--replicas=5']);
  await workbench.untilNote('replicas:', /live: 5/);
  await workbench.row(/^application storefront, staging, 1 drifted/);
});

flow(session, 'hover tells both values, who and when', '03-hover', async () => {
  const text = await workbench.hover('replicas: 1');
  assert.match(text, /Git[\s\S]*1[\s\S]*live[\s\S]*5/);
  assert.match(text, /kubectl/);
  assert.match(text, /Revert/);
  await workbench.readmePicture('hover');
  await themes.pictures('hover');
});

flow(session, 'the Explorer tells which files set drifted fields, in words too', '03-explorer', async () => {
  await workbench.command('View: Show Explorer');
  const badge = workbench.page.locator('.explorer-folders-view [aria-label*="resizer.yaml • 1 difference in the cluster (staging)"]');
  await badge.waitFor();
  await workbench.restMouse();
  await themes.pictures('explorer');
  await workbench.openPlumbline();
});

flow(session, 'diff: left live, right Git, and only what counts', '04-diff', async () => {
  await workbench.expand(/^application storefront, staging/);
  await (await workbench.row(/^Deployment\/image-resizer/)).click();
  const { original, modified } = await workbench.diffSides();
  assert.match(original, /replicas: 5/);
  assert.match(modified, /replicas: 1/);
  assert.doesNotMatch(original, /managedFields|resourceVersion/);
  await workbench.restMouse();
  await workbench.readmePicture('diff');
  await themes.pictures('diff');
});

flow(session, 'revert a field', '05-revert-field', async () => {
  await workbench.closeEditors();
  await workbench.openFile('apps/storefront/staging/resizer.yaml');
  await workbench.untilNote('replicas:', /live: 5/);
  assert.match(await workbench.askInMenu(/spec\.replicas/, /Revert/), /shop-staging/);
  await workbench.picture('05-question');
  await workbench.answer(/Revert/);
  await until('live replicas', async () => {
    const replicas = await live('shop-staging', 'deployment/image-resizer', '.spec.replicas');
    return replicas === '1' ? undefined : replicas;
  });
  await workbench.untilNote('replicas:', undefined);
});

flow(session, 'an application in the multi-diff editor: every object that differs, live against Git', '05-multi-diff', async () => {
  await workbench.closeEditors();
  const entries = workbench.page.locator('.multiDiffEntry');
  await workbench.chooseInMenu(/^application storefront, dev, .*drifted/, /^Open Live-vs-Git Diff/, async () => {
    const names = await entries.locator('.file-path').allInnerTexts();
    return names.length === 3 ? undefined : names.join(' | ');
  });
  await workbench.page.locator('.tab', { hasText: /storefront: .* live ↔ Git [0-9a-f]{7}/ }).waitFor();
  await workbench.restMouse();
  await themes.pictures('multi-diff');
});

flow(session, 'Show Ignored Fields: what is left out, by which rule, and the way to the rule', '05-ignored', async () => {
  const { page } = workbench;
  const list = page.locator('.quick-input-widget', { hasText: 'Ignored fields of checkout' });
  await workbench.chooseInMenu(/^application checkout, prod/, /^Show Ignored Fields/, async () =>
    (await list.isVisible()) ? undefined : 'no list',
  );
  assert.match(await list.innerText(), /Deployment\/checkout-worker\s*spec\.replicas\s*plumbline\.yaml:\d+: \/spec\/replicas/);
  await themes.pictures('ignored');
  await workbench.pick('Deployment/checkout-worker');
  await workbench.untilText(/name: checkout-worker\n *paths: \[\/spec\/replicas\]/);
  const rule = (await read('plumbline.yaml')).split('\n').indexOf('        paths: [/spec/replicas]') + 1;
  await until('the cursor on the rule', async () => {
    const place = await page.locator('[id="status.editor.selection"]').innerText();
    const line = Number(/Ln (\d+)/.exec(place)?.[1]);
    return line > rule - 4 && line <= rule ? undefined : `${place}, the rule ends on line ${String(rule)}`;
  });
});

flow(session, 'Show Events and Show Logs open read-only documents of the object', '05-events', async () => {
  await workbench.closeEditors();
  await workbench.expand(/^application storefront, dev/);
  const events = workbench.page.locator('.tab', { hasText: 'storefront events.log' });
  await workbench.chooseInMenu(/^Deployment\/storefront/, /^Show Events/, async () =>
    (await events.isVisible()) ? undefined : 'no events',
  );
  await workbench.untilText(/ScalingReplicaSet/);
  await workbench.picture('05-show-events');
  const pods = workbench.page.locator('.quick-input-widget');
  await workbench.chooseInMenu(/^Deployment\/storefront/, /^Show Logs/, async () => ((await pods.isVisible()) ? undefined : 'no question'));
  await workbench.pick('storefront');
  await workbench.page.locator('.tab', { hasText: /storefront-.* \(web\)\.log/ }).waitFor();
  // No kubelet stands behind these nodes: the document says what the cluster answered instead of looking empty.
  await workbench.untilText(/^# .*(log|kubelet|dial|container)/im);
  await workbench.picture('05-show-logs');
  await workbench.closeEditors();
  await workbench.row(/^application storefront, dev/).then((row) => row.locator('.monaco-tl-twistie').click());
});

flow(session, 'revert an application', '06-revert-application', async () => {
  assert.match(await workbench.askInMenu(/^application storefront, dev, .*drifted/, /Revert/), /shop-dev/);
  await themes.pictures('revert');
  await workbench.readmePicture('revert');
  await workbench.answer(/Revert/);
  await workbench.row(/^application storefront, dev, synced/i);
  assert.deepEqual(
    [
      await live('shop-dev', 'deployment/storefront', '.spec.replicas'),
      await live('shop-dev', 'configmap/storefront', '.data.LOG_LEVEL'),
      await live('shop-dev', 'deployment/image-resizer', '.metadata.labels.larkfield\\.example/debug'),
    ],
    ['1', 'debug', ''],
  );
});

flow(session, 'branch switch: the marks follow the lines of the other branch', '07-branch', async () => {
  await workbench.closeEditors();
  await workbench.openFile('apps/storefront/prod/storefront.yaml');
  await workbench.goToLine(30);
  await workbench.untilNote('image:', /live: .*kubectl-set/);
  await git(folder, ['switch', '-q', '-c', 'notes']);
  const text = await read('apps/storefront/prod/storefront.yaml');
  await writeFile(join(folder, 'apps/storefront/prod/storefront.yaml'), `# One more line.\n# And another.\n${text}`);
  await git(folder, ['commit', '-q', '-am', 'Add two lines']);
  await workbench.untilNote('image:', /live: .*kubectl-set/);
  await git(folder, ['switch', '-q', 'main']);
  await workbench.untilNote('image:', /live: .*kubectl-set/);
  await workbench.row(/^application storefront, prod, .*drifted/);
});

flow(session, 'a protected environment asks for its name before live changes are undone', '07-protected', async () => {
  assert.match(await workbench.askInMenu(/^application storefront, prod, .*drifted/, /Revert/), /shop-prod/);
  await workbench.answer(/Revert/);
  const input = workbench.page.locator('.quick-input-widget .quick-input-box input');
  await input.fill('dev');
  await workbench.page.locator('.quick-input-message', { hasText: 'This is not prod.' }).waitFor();
  await workbench.picture('07-typed-name');
  await workbench.page.keyboard.press('Enter');
  assert.match(await live('shop-prod', 'deployment/storefront', '.spec.template.spec.containers[0].image'), /hotfix$/);
  await input.fill('prod');
  await workbench.page.keyboard.press('Enter');
  await workbench.row(/^application storefront, prod, synced/i);
  assert.doesNotMatch(await live('shop-prod', 'deployment/storefront', '.spec.template.spec.containers[0].image'), /hotfix$/);
});

flow(session, 'broken template: named with its file, and the rest keeps working', '08-mended', async () => {
  const path = 'apps/checkout/templates/service.yaml';
  const text = await read(path);
  await writeFile(join(folder, path), text.replace('{{ .Release.Name }}', '{{ .Release.Name '));
  await git(folder, ['commit', '-q', '-am', 'Break the chart']);
  await git(folder, ['push', '-q', 'origin', 'main']);
  await workbench.restMouse();
  await workbench.row(/^application checkout, prod, cannot compare/i);
  await workbench.row(/^application catalog, dev, synced/i);
  await workbench.openFile(path);
  await workbench.page.locator('.squiggly-error').first().waitFor();
  await workbench.picture('08-broken-template');
  await git(folder, ['revert', '--no-edit', 'HEAD']);
  await git(folder, ['push', '-q', 'origin', 'main']);
  await workbench.row(/^application checkout, dev, synced/i);
  await workbench.page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
});

flow(session, 'engine killed: it comes back, the tree stays, and new drift is seen', '09-engine-killed', async () => {
  await workbench.expand(/^application storefront, staging/);
  const object = await workbench.row(/^Deployment\/image-resizer/);
  const pids = await enginePids();
  assert.equal(pids.length, 1);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('another engine', async () => {
    const now = await enginePids();
    return now.length === 1 && now[0] !== pids[0] ? undefined : now.join();
  });
  assert.equal(await object.isVisible(), true);
  await cluster.kubectl(['-n', 'shop-staging', 'label', 'deployment/image-resizer', 'larkfield.example/note=seen']);
  await workbench.row(/^application storefront, staging, 1 drifted/);
});

flow(session, 'cluster lost and back', '10-cluster-back', async () => {
  await cluster.stopApiServer('SIGKILL');
  await workbench.row(/^application catalog, dev, synced, just now, cluster unreachable/);
  await until('all rows stale', async () => {
    const fresh = await workbench.rows(/^application (?!price-watch)(?!.*cluster unreachable)/).count();
    return fresh === 0 ? undefined : `${String(fresh)} rows look fresh`;
  });
  await workbench.picture('10-cluster-lost');
  await cluster.startApiServer();
  await workbench.row(/^application catalog, dev, synced(, healthy)?$/i);
  await cluster.kubectl(['-n', 'shop-dev', 'scale', 'deployment/image-resizer', '--replicas=2']);
  await workbench.row(/^application storefront, dev, 1 drifted/);
});
