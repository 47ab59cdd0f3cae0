import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { git } from '../tools/sample.ts';
import { flow, startEditor } from './session.ts';

// No cluster and no kubeconfig: what is seen before there is anything to see.
const session = await startEditor({
  prepare: async (dir) => {
    for (const name of ['plain', 'empty', 'broken']) await mkdir(join(dir, name));
    await writeFile(join(dir, 'plain', 'web.yaml'), 'kind: ConfigMap\n');
    await writeFile(join(dir, 'broken', 'plumbline.yaml'), 'environments: {\n');
    for (const name of ['empty', 'broken']) await git(join(dir, name), ['init', '-q', '-b', 'main']);
    return join(dir, 'plain');
  },
});
after(() => session.end());
const { dir, themes, workbench } = session;
const { page } = workbench;
const sidebarTab = page.getByRole('tab', { name: /^Plumbline/ }).first();

flow(session, 'a workbench opens in the browser and shows the files of a folder', '00-files', async () => {
  await page.getByRole('treeitem', { name: 'web.yaml' }).dblclick();
  await workbench.tab('web.yaml').waitFor();
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

const others = [
  ['no-folder', undefined, 'Open the folder of a Git repository'],
  ['no-applications', 'empty', 'No applications were found, and no kubeconfig'],
  ['broken', 'broken', 'plumbline.yaml cannot be read'],
] as const;
for (const [name, folder, words] of others) {
  flow(session, `welcome: ${words}`, `00-${name}`, async () => {
    await session.show(folder === undefined ? undefined : join(dir, folder));
    const view = page.locator('.part.sidebar').getByRole('button', { name: 'Applications Section' });
    // The window may remember the view that was shown last; a click on its tab would hide it.
    if (!(await view.isVisible())) await sidebarTab.click();
    await page.getByText(words).first().waitFor();
    await workbench.restMouse();
    await themes.pictures(`welcome-${name}`);
  });
}
