import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startControlPlane } from '../../tools/controlPlane.ts';

test('a control plane answers its users by their rights, and keeps its data over a restart of the API server', async (t) => {
  const controlPlane = await startControlPlane();
  t.after(() => controlPlane.stop());
  const configMaps = '/api/v1/namespaces/default/configmaps';
  const post = await controlPlane.request(configMaps, {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' }, data: { key: 'value' } },
  });
  const statuses = async (): Promise<readonly number[]> =>
    Promise.all(['admin', 'viewer', 'nobody'].map(async (user) => (await controlPlane.request(`${configMaps}/kept`, { user })).status));
  const before = await statuses();
  await controlPlane.restartApiServer();
  assert.deepEqual({ post: post.status, before, after: await statuses() }, { post: 201, before: [200, 200, 403], after: [200, 200, 403] });
  assert.equal(await controlPlane.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.key}'], undefined, 'viewer'), 'value');
});

test('two control planes run side by side and do not know each other', async (t) => {
  const [first, second] = await Promise.all([startControlPlane({ name: 'first' }), startControlPlane({ name: 'second' })]);
  t.after(() => Promise.all([first.stop(), second.stop()]));
  await first.kubectl(['create', 'namespace', 'only-first']);
  assert.deepEqual(
    [(await first.request('/api/v1/namespaces/only-first')).status, (await second.request('/api/v1/namespaces/only-first')).status],
    [200, 404],
  );
});
