import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchBrowser, openWorkbench, screenshot } from '../tools/browser.ts';
import { startCodeServer } from '../tools/codeServer.ts';
import { temporaryFolder } from '../tools/processes.mjs';

test('a workbench opens in the browser and shows the files of a folder', async (t) => {
  const folder = await temporaryFolder('plumbline-smoke-');
  t.after(() => folder.remove());
  await mkdir(join(folder.path, 'apps'));
  await writeFile(join(folder.path, 'apps', 'web.yaml'), 'kind: ConfigMap\n');
  const server = await startCodeServer({ folder: folder.path });
  t.after(() => server.stop());
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const page = await openWorkbench(browser, server.url());
  await page.getByRole('treeitem', { name: 'apps' }).click();
  await page.getByRole('treeitem', { name: 'web.yaml' }).dblclick();
  await page.locator('.tab[data-resource-name="web.yaml"]').waitFor();
  await screenshot(page, 'smoke');
  assert.equal(await page.locator('.notification-toast').count(), 0);
});
