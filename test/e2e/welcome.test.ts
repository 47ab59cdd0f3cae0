import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { flow, startEditor } from './session.ts';

// No cluster and no kubeconfig: what is seen before there is anything to see.
const session = await startEditor({
  prepare: async (dir) => {
    const folder = join(dir, 'plain');
    await mkdir(folder);
    await writeFile(join(folder, 'notes.md'), 'Notes\n');
    return folder;
  },
});
after(() => session.end());
const { folder, themes, workbench } = session;
const { page } = workbench;
const sidebarTab = page.getByRole('tab', { name: /^Plumbline/ }).first();

flow(session, 'a workbench opens in the browser and shows the files of a folder', '00-files', async () => {
  await page.getByRole('treeitem', { name: 'notes.md' }).dblclick();
  await workbench.tab('notes.md').waitFor();
  assert.equal(await page.locator('.notification-toast').count(), 0);
});

flow(session, 'a folder that is in no repository: what to do, and the sidebar says so', '00-no-repository', async () => {
  await sidebarTab.click();
  await page.getByText('This folder is not in a Git repository').waitFor();
  await page.getByRole('button', { name: 'Initialize Repository' }).waitFor();
  await workbench.restMouse();
  await themes.pictures('welcome-no-repository');
});

flow(session, 'the walkthrough: five steps, with a picture in the colours of the theme', '00-walkthrough', async () => {
  await workbench.command('View: Toggle Primary Side Bar Visibility');
  await workbench.command('Welcome: Open Walkthrough...');
  await workbench.pick('See and Undo Drift');
  const steps = page.locator('.getting-started-step');
  await steps.first().waitFor();
  assert.deepEqual(
    (await steps.allInnerTexts()).map((text) => text.split('\n')[0]),
    ['Open a config repo', 'Say where it is deployed', 'See drift on its line', 'Read the diff', 'Revert the drift'],
  );
  await steps.nth(2).click();
  await page.locator('.getting-started-step.expanded', { hasText: 'See drift on its line' }).waitFor();
  await themes.pictures('walkthrough');
  await workbench.closeEditors();
});

flow(session, 'no applications: seen as soon as there is a repository', '00-no-applications', async () => {
  await workbench.command('View: Toggle Primary Side Bar Visibility');
  await page.getByRole('button', { name: 'Initialize Repository' }).click();
  await page.getByText('No applications were found, and no kubeconfig').waitFor();
  await workbench.restMouse();
  await themes.pictures('welcome-no-applications');
});

flow(session, 'a plumbline.yaml that cannot be read', '00-broken', async () => {
  await writeFile(join(folder, 'plumbline.yaml'), 'environments: {\n');
  await page.getByText('plumbline.yaml cannot be read').waitFor();
  await themes.pictures('welcome-broken');
});

flow(session, 'no folder', '00-no-folder', async () => {
  await session.show(undefined);
  const view = page.locator('.part.sidebar').getByRole('button', { name: 'Applications Section' });
  // The window may remember the view that was shown last; a click on its tab would hide it.
  if (!(await view.isVisible())) await sidebarTab.click();
  await page.getByText('Open the folder of a Git repository').waitFor();
  await workbench.restMouse();
  await themes.pictures('welcome-no-folder');
});
