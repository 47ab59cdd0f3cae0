import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { freePort } from '../tools/controlPlane.ts';
import { clusterUidOf, createSampleRepo, git } from '../tools/sample.ts';
import { flow, startSession } from './session.ts';

// The API server alone, one application deployed, one environment on a cluster that does not answer.
const session = await startSession({
  prepare: async (cluster, dir) => {
    const admin = { kubeconfig: cluster.kubeconfigPath, context: cluster.name };
    const { repo } = await createSampleRepo({ dir, context: cluster.name, clusterUid: await clusterUidOf(admin) });
    await cluster.kubectl(['apply', '-f', join(repo, 'platform/namespaces.yaml')]);
    await cluster.kubectl(['apply', '-n', 'shop-dev', '-f', join(repo, 'apps/storefront/dev')]);
    await cluster.kubectl(['-n', 'shop-dev', 'scale', 'deployment/storefront', '--replicas=3']);
    await moveStagingAway(repo);
    await writeFile(join(dir, 'kubeconfig'), await withDeadCluster(cluster.kubeconfigPath));
    return { folder: repo, hasKubeconfig: true };
  },
});
after(() => session.end());
const { cluster, themes, workbench, dir } = session;

/** Staging belongs to a cluster of its own. */
async function moveStagingAway(repo: string): Promise<void> {
  const path = join(repo, 'plumbline.yaml');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/( {2}staging:\n {4}context: ).*\n {4}clusterUid: .*/, '$1shop-staging-eu'));
  await git(repo, ['commit', '-q', '-am', 'Move staging to a cluster of its own']);
  await git(repo, ['push', '-q', 'origin', 'main']);
}

/** The kubeconfig with a second context whose cluster does not answer. */
async function withDeadCluster(path: string): Promise<string> {
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<'clusters' | 'contexts', object[]>;
  const server = `https://127.0.0.1:${String(await freePort())}`;
  config.clusters.push({ name: 'shop-staging-eu', cluster: { server } });
  config.contexts.push({ name: 'shop-staging-eu', context: { cluster: 'shop-staging-eu', user: 'admin' } });
  return JSON.stringify(config, null, 2);
}

flow(session, 'two clusters, one unreachable: the other works, and the cause is named', '11-two-clusters', async () => {
  await workbench.openPlumbline();
  await workbench.widenSidebar(440);
  await workbench.row(/^application storefront, dev, 1 drifted/);
  await workbench.row(/^application storefront, staging, cannot compare/i);
  await workbench.row(/^cluster shop-staging-eu, cluster unreachable/);
  await workbench.row(/^cluster plumbline-dev, connected/);
  await workbench.restMouse();
  await themes.pictures('clusters');
});

flow(session, 'a view-only user sees the drift and is told which right a revert needs', '12-view-only', async () => {
  // The same file with other credentials: it is read again by itself.
  await writeFile(join(dir, 'kubeconfig'), await withDeadCluster(await cluster.kubeconfig('viewer')));
  await workbench.row(/^cluster plumbline-dev, connected, read only/);
  await workbench.row(/^application storefront, dev, 1 drifted/);
  await workbench.expand(/^application storefront, dev/);
  await workbench.chooseInMenu(/spec\.replicas/, /Revert/, async () => {
    const texts = [...(await workbench.notifications()), ...(await workbench.dialog().allInnerTexts())];
    return texts.some((text) => /patch|update/.test(text) && /deployments/.test(text)) ? undefined : texts.join(' | ');
  });
  assert.equal(await cluster.kubectl(['-n', 'shop-dev', 'get', 'deployment/storefront', '-o', 'jsonpath={.spec.replicas}']), '3');
});
