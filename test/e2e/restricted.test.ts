import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { createSampleRepo, git } from '../tools/sample.ts';
import { flow, startEditor } from './session.ts';

// A hostile folder: its kubeconfig plugin and its Git configuration write a file when something runs them.
const session = await startEditor({
  workspaceTrust: true,
  prepare: async (dir) => {
    const { repo } = await createSampleRepo({ dir, context: 'plumbline-dev' });
    const trap = async (name: string): Promise<string> => {
      const path = join(dir, `${name}.sh`);
      await writeFile(path, `#!/bin/sh\necho "$0 $*" >> ${join(dir, name)}-ran\nexit 1\n`, { mode: 0o755 });
      return path;
    };
    await git(repo, ['config', 'core.fsmonitor', await trap('git')]);
    const command = await trap('plugin');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'shop', cluster: { server: 'https://127.0.0.1:9' } }],
      users: [{ name: 'shop', user: { exec } }],
      contexts: [{ name: 'plumbline-dev', context: { cluster: 'shop', user: 'shop' } }],
    };
    await writeFile(join(dir, 'kubeconfig'), JSON.stringify(config));
    return repo;
  },
  // The editor's own Git support is not what is tested.
  settings: { 'git.enabled': false },
});
after(() => session.end());
const { themes, workbench, dir } = session;

flow(session, 'restricted mode: applications are listed, no process starts, no cluster is contacted', '13-restricted', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  await workbench.restMouse();
  await workbench.row(/^application storefront, prod, cannot compare/);
  await workbench.page.locator('[id="status.workspaceTrust"]').waitFor();
  await workbench.untilStatus(/^not compared$/);
  await themes.pictures('restricted');
  await assert.rejects(access(join(dir, 'plugin-ran')));
  await assert.rejects(access(join(dir, 'git-ran')));
});

flow(session, 'trust takes effect without a reload', '13-trusted', async () => {
  await workbench.command('Workspaces: Manage Workspace Trust');
  await workbench.page.getByRole('button', { name: 'Trust', exact: true }).click();
  await workbench.page.keyboard.press('Escape');
  // Now the plugin is allowed to run: it fails, and that is said.
  await workbench.row(/^cluster plumbline-dev, (cluster unreachable|sign in needed|cluster refused)/);
  await access(join(dir, 'plugin-ran'));
  await assert.rejects(access(join(dir, 'git-ran')));
});
