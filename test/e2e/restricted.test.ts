import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { createSampleRepo, git } from '../tools/sample.ts';
import { flow, startSession } from './session.ts';

// A hostile folder: its kubeconfig plugin and its Git configuration write a file when something runs them.
const session = await startSession({
  workspaceTrust: true,
  prepare: async (cluster, dir) => {
    const { repo } = await createSampleRepo({ dir, context: cluster.name });
    const trap = async (name: string): Promise<string> => {
      const path = join(dir, `${name}.sh`);
      await writeFile(path, `#!/bin/sh\necho "$0 $*" >> ${join(dir, name)}-ran\nexit 1\n`, { mode: 0o755 });
      return path;
    };
    await git(repo, ['config', 'core.fsmonitor', await trap('git')]);
    const command = await trap('plugin');
    const config = JSON.parse(await readFile(cluster.kubeconfigPath, 'utf8')) as { users: { user: object }[] };
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    const kubeconfig = join(dir, 'kubeconfig');
    await writeFile(kubeconfig, JSON.stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { exec } })) }));
    return { folder: repo, kubeconfig };
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
