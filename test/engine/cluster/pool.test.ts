import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { CONFIG_MAP, configMap, kubeconfigText, recordChanges, testPool, until } from './support.ts';

let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane();
});

after(() => controlPlane.stop());

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'no failure';
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    return error.code;
  }
}

/** A kubeconfig with a second cluster that counts who comes to it. */
async function withBystander(t: Parameters<typeof testPool>[0], name: string): Promise<{ path: string; visits: () => number }> {
  let visits = 0;
  const server = createTcpServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const config = JSON.parse(await kubeconfigText(controlPlane, { token: controlPlane.token('admin') })) as Record<string, object[]>;
  config['clusters']?.push({ name: 'bystander', cluster: { server: `https://127.0.0.1:${port}` } });
  config['contexts']?.push({ name: 'bystander', context: { cluster: 'bystander', user: controlPlane.name } });
  const path = join(controlPlane.dir, name);
  await writeFile(path, JSON.stringify(config));
  return { path, visits: () => visits };
}

test('only the cluster that somebody asked for is contacted, and its connection ends after the last lease', async (t) => {
  const { path, visits } = await withBystander(t, 'two.kubeconfig');
  const pool = testPool(t, path, { graceMs: 20 });
  const names = (await pool.contexts()).map(({ name, isCurrent, line }) => ({ name, isCurrent, line }));
  const first = await pool.acquire(controlPlane.name);
  const second = await pool.acquire(controlPlane.name);
  await first.connection.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'default' }]);
  const isShared = first.connection === second.connection;
  first.dispose();
  const open = pool.connections().length;
  second.dispose();
  await until('the connection is closed', () => pool.connections().length === 0);
  assert.deepEqual(
    {
      names,
      isShared,
      open,
      visits: visits(),
      after: await codeOf(first.connection.list(CONFIG_MAP)),
      unknown: await codeOf(pool.acquire('nope')),
    },
    {
      names: [
        { name: controlPlane.name, isCurrent: true, line: 0 },
        { name: 'bystander', isCurrent: false, line: 0 },
      ],
      isShared: true,
      open: 1,
      visits: 0,
      after: 'connection-closed',
      unknown: 'unknown-context',
    },
  );
});

test('a cluster that is away is named, tried again, and in sync by itself once it is back', async (t) => {
  await controlPlane.stopApiServer();
  const pool = testPool(t, controlPlane.kubeconfigPath);
  const { connection } = await pool.acquire(controlPlane.name);
  const told = recordChanges(t, connection);
  const [outcome] = await connection.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'default' }]);
  const away = {
    status: connection.state.status,
    server: connection.state.reason?.details['server'],
    call: await codeOf(connection.list(CONFIG_MAP)),
  };
  await controlPlane.startApiServer();
  await until('it is connected', () => connection.state.status === 'connected');
  await connection.create(configMap('back', {}));
  await until('the watch runs', () => told.includes('added ConfigMap/back'));
  assert.deepEqual(
    { outcome: outcome?.reason?.code, away, reason: connection.state.reason },
    { outcome: 'unreachable', away: { status: 'unreachable', server: controlPlane.serverUrl, call: 'unreachable' }, reason: undefined },
  );
});

test('a changed kubeconfig is taken over: a new token signs in, another address leads to another server', async (t) => {
  const path = join(controlPlane.dir, 'changing.kubeconfig');
  await writeFile(path, await kubeconfigText(controlPlane, { token: 'expired' }));
  const pool = testPool(t, path, { monitorTimes: { retryMinMs: 50, retryMaxMs: 100, signInRetryMs: 3_600_000 } });
  const { connection } = await pool.acquire(controlPlane.name);
  const before = [await codeOf(connection.ready()), connection.state.status];
  let contextChanges = 0;
  pool.onDidChangeContexts(() => (contextChanges += 1));
  await writeFile(path, 'clusters: [broken');
  await until('the broken file was seen', () => contextChanges === 1);
  const broken = [await codeOf(pool.contexts()), connection.state.status];
  await writeFile(path, await kubeconfigText(controlPlane, { token: controlPlane.token('admin') }));
  await until('the new token is used', () => connection.state.status === 'connected');
  const list = await codeOf(connection.list(CONFIG_MAP, { namespace: 'default' }));
  const asked: string[] = [];
  const other = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const address = other.address();
  const server = `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`;
  await writeFile(path, await kubeconfigText(controlPlane, { token: 'x' }, { server }));
  await until('the other server is asked', () => asked.length > 0);
  assert.deepEqual(
    { before, broken, list, server: connection.server, first: asked[0] },
    { before: ['unauthorized', 'sign-in'], broken: ['kubeconfig-invalid', 'sign-in'], list: 'no failure', server, first: '/version' },
  );
});

test('a missing kubeconfig is an error with a cure, and no longer when it is there', async (t) => {
  const path = join(controlPlane.dir, 'late.kubeconfig');
  const pool = testPool(t, path);
  const before = await codeOf(pool.contexts());
  await writeFile(path, await kubeconfigText(controlPlane, { token: 'x' }));
  assert.deepEqual([before, (await pool.contexts()).length], ['kubeconfig-missing', 1]);
});

test('another cluster at the same address is noticed: caches start anew, a pinned connection refuses it', async (t) => {
  const other = await startControlPlane({ name: controlPlane.name });
  t.after(() => other.stop());
  const path = join(controlPlane.dir, 'swapped.kubeconfig');
  await writeFile(path, await kubeconfigText(controlPlane, { token: controlPlane.token('admin') }));
  await controlPlane.request('/api/v1/namespaces/default/configmaps', { method: 'POST', body: configMap('only-here', {}) });
  const pool = testPool(t, path);
  const free = (await pool.acquire(controlPlane.name)).connection;
  await free.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'default' }]);
  const uid = free.uid ?? '';
  const pinned = (await pool.acquire(controlPlane.name, uid)).connection;
  await pinned.ready();
  const told = recordChanges(t, free);
  await writeFile(path, await kubeconfigText(other, { token: other.token('admin') }));
  await until('the pinned one refuses', () => pinned.state.status === 'refused');
  await until('the objects of before are gone', () => told.includes('deleted ConfigMap/only-here'));
  await other.request('/api/v1/namespaces/default/configmaps', { method: 'POST', body: configMap('only-there', {}) });
  await until('the other cluster is watched', () => told.includes('added ConfigMap/only-there'));
  assert.deepEqual(
    [pinned.state.reason?.code, free.uid === uid, await codeOf(pinned.create(configMap('x', {})))],
    ['wrong-cluster', false, 'wrong-cluster'],
  );
});
