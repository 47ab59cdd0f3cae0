import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startControlPlane } from '../tools/controlPlane.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { setUpSample } from '../tools/sample.ts';
import { runInExtensionHost } from './harness.ts';

test('in the extension host, on the sample repo and a real cluster', async (t) => {
  const folder = await temporaryFolder('plumbline-host-');
  t.after(() => folder.remove());
  const controlPlane = await startControlPlane({ components: ['controller-manager', 'scheduler', 'kwok'] });
  t.after(() => controlPlane.stop());
  const kubeconfig = controlPlane.kubeconfigPath;
  const { repo } = await setUpSample({ dir: folder.path, kubeconfig, context: controlPlane.name });
  const results = await runInExtensionHost({ folder: repo, kubeconfig });
  assert.ok(results.length > 0, 'no test ran in the extension host');
  for (const { title, error } of results) {
    await t.test(title, () => {
      if (error !== undefined) assert.fail(error);
    });
  }
});
