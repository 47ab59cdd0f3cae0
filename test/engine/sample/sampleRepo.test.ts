import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { temporaryFolder } from '../../tools/processes.mjs';
import { addPendingCommits, createSampleRepo, git } from '../../tools/sample.ts';

test('the sample’s history leaves exactly its tree, with the cluster filled in, and origin has it all', async (t) => {
  const folder = await temporaryFolder('plumbline-sample-');
  t.after(() => folder.remove());
  const { repo, origin } = await createSampleRepo({ dir: folder.path, context: 'my-cluster', clusterUid: 'uid-1' });

  const { pathname: tree } = new URL('../../sample/tree/', import.meta.url);
  const differing = await git(repo, ['diff', '--no-index', '--name-only', '--', tree, repo]).catch((error: unknown) =>
    error instanceof Error && 'stdout' in error ? String(error.stdout) : '',
  );
  const names = differing.split('\n').filter((name) => name !== '' && !name.includes('/.git/'));
  const config = await readFile(`${repo}/plumbline.yaml`, 'utf8');
  await addPendingCommits(repo);
  assert.deepEqual(
    {
      differing: names.map((name) => name.slice(name.lastIndexOf('/') + 1)),
      pins: config.match(/context: my-cluster\n {4}clusterUid: uid-1$/gm)?.length,
      pending: await git(repo, ['diff', '--name-only', 'HEAD~2']),
      status: await git(repo, ['status', '--short', '--branch']),
      isPushed: (await git(repo, ['rev-parse', 'HEAD'])) === (await git(origin, ['rev-parse', 'main'])),
      authors: (await git(repo, ['shortlog', '-sn', 'HEAD'])).trim().split('\n').length,
    },
    {
      differing: ['plumbline.yaml'],
      pins: 3,
      pending: 'apps/checkout/values-staging.yaml\napps/storefront/prod/storefront.yaml\napps/storefront/staging/storefront.yaml\n',
      status: '## main...origin/main\n',
      isPushed: true,
      authors: 4,
    },
  );
});
