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

test('with controllers, scheduler and kwok, Pods run, jobs complete, and simulated trouble shows as the kubelet would show it', async (t) => {
  const controlPlane = await startControlPlane({ components: ['controller-manager', 'scheduler', 'kwok'] });
  t.after(() => controlPlane.stop());
  const template = (app: string, simulate?: string): object => ({
    metadata: { labels: { app }, ...(simulate === undefined ? {} : { annotations: { 'plumbline.dev/simulate': simulate } }) },
    spec: { containers: [{ name: 'main', image: 'example.org/main:1' }] },
  });
  const deployment = (app: string, simulate?: string): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app, namespace: 'default' },
    spec: { replicas: 1, selector: { matchLabels: { app } }, template: template(app, simulate) },
  });
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'job', namespace: 'default' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.org/main:1' }] } } },
  };
  await controlPlane.apply([
    deployment('runs'),
    deployment('crashes', 'crash-loop'),
    deployment('pulls', 'image-pull-error'),
    deployment('waits', 'not-ready'),
    job,
  ]);
  await controlPlane.kubectl(['wait', '--for=condition=Available', '--timeout=120s', 'deployment/runs']);
  await controlPlane.kubectl(['wait', '--for=condition=Complete', '--timeout=120s', 'job/job']);
  const reason = (app: string, wanted: string): Promise<string> =>
    controlPlane.kubectl([
      'wait',
      'pod',
      `--selector=app=${app}`,
      '--timeout=120s',
      `--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=${wanted}`,
    ]);
  await Promise.all([reason('crashes', 'CrashLoopBackOff'), reason('pulls', 'ImagePullBackOff')]);
  await controlPlane.kubectl(['delete', 'deployment', 'runs', '--timeout=120s']);
  await controlPlane.kubectl(['wait', 'pod', '--selector=app=runs', '--for=delete', '--timeout=120s']);
});
