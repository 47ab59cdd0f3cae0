import assert from 'node:assert/strict';
import { isAppError } from '../../../src/base/errors.ts';
import { createServer, connect, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import type { ClusterConnection, ClusterPool, ObjectChange, WatchChange } from '../../../src/engine/cluster/api.ts';
import { createClusterPool, type PoolOptions } from '../../../src/engine/cluster/pool.ts';
import { type GroupVersionKind, type KubeObject, keyString, type ObjectKey } from '../../../src/engine/model/objects.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';

export const CONFIG_MAP: GroupVersionKind = { group: '', version: 'v1', kind: 'ConfigMap' };
export const SECRET: GroupVersionKind = { group: '', version: 'v1', kind: 'Secret' };
export const DEPLOYMENT: GroupVersionKind = { group: 'apps', version: 'v1', kind: 'Deployment' };

/** Polls until a condition holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}

/** A pool over one kubeconfig file with short times. */
export function testPool(t: TestContext, file: string, options: Partial<PoolOptions> = {}): ClusterPool {
  const pool = createClusterPool({
    host: { isTrusted: () => true, environment: () => process.env },
    log: silentLogger,
    files: () => ({ files: [file], isExplicit: true }),
    monitorTimes: { retryMinMs: 50, retryMaxMs: 200, signInRetryMs: 200 },
    reflectorTimes: { backoffMinMs: 20, backoffMaxMs: 200, failedRetryMs: 300 },
    filePollMs: 50,
    ...options,
  });
  t.after(() => {
    pool.dispose();
  });
  return pool;
}

/** The connection of a context, leased for the length of the test. */
export async function testConnection(
  t: TestContext,
  file: string,
  context: string,
  options: Partial<PoolOptions> & { readonly expectedUid?: string } = {},
): Promise<ClusterConnection> {
  const { expectedUid, ...poolOptions } = options;
  return (await testPool(t, file, poolOptions).acquire(context, expectedUid)).connection;
}

/** A kubeconfig as text: one cluster, user and context, all named alike. */
export async function kubeconfigText(controlPlane: ControlPlane, user: object, cluster: object = {}): Promise<string> {
  const ca = await readFile(controlPlane.caPath);
  const { name } = controlPlane;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: controlPlane.serverUrl, 'certificate-authority-data': ca.toString('base64'), ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}

export function configMap(name: string, data: Record<string, string>, namespace = 'default'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

export function keyOfConfigMap(name: string, namespace = 'default'): ObjectKey {
  return { group: '', kind: 'ConfigMap', namespace, name };
}

/** What names these objects as managed, and those not any more. */
export function managing(keys: readonly ObjectKey[], unmanaged: readonly ObjectKey[] = []): WatchChange {
  return { managed: keys.map(keyString), unmanaged: unmanaged.map(keyString), unwanted: [] };
}

/** Everything that a connection's watches tell, as short text. */
export function recordChanges(t: TestContext, connection: ClusterConnection): string[] {
  const told: string[] = [];
  const subscription = connection.watches.onDidChange((changes: readonly ObjectChange[]) => {
    for (const { type, key } of changes) told.push(`${type} ${key.kind}/${key.name}`);
  });
  t.after(() => {
    subscription.dispose();
  });
  return told;
}

/** A TCP proxy before the API server that can hold all bytes back, or cut what is open. */
export class FaultyProxy {
  readonly #server = createServer((client) => {
    this.#join(client);
  });
  readonly #pairs = new Set<{ client: Socket; upstream: Socket }>();
  readonly #upstream: URL;
  /** connections accepted so far */
  accepted = 0;

  constructor(upstream: string) {
    this.#upstream = new URL(upstream);
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `https://127.0.0.1:${address.port}`;
  }

  /** No byte of a connection that is open now goes to the client any more; it stays open. */
  stall(): void {
    for (const { client, upstream } of this.#pairs) {
      upstream.unpipe(client);
      upstream.resume();
    }
  }

  /** Lets only `bytes` more of each open answer through, then cuts: half an event arrives. */
  cutAfter(bytes: number): void {
    for (const { client, upstream } of this.#pairs) {
      upstream.unpipe(client);
      let left = bytes;
      upstream.on('data', (chunk: Buffer) => {
        client.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) client.end(() => client.destroy());
      });
    }
  }

  close(): void {
    this.#server.close();
    for (const { client, upstream } of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  #join(client: Socket): void {
    this.accepted += 1;
    const upstream = connect(Number(this.#upstream.port), this.#upstream.hostname);
    const pair = { client, upstream };
    this.#pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      this.#pairs.delete(pair);
    };
    client.on('error', end).on('close', end).pipe(upstream);
    upstream.on('error', end).on('close', end).pipe(client);
  }
}

/** The code and the named details of what a call fails with. */
export async function failure(call: Promise<unknown>, ...names: readonly string[]): Promise<Record<string, unknown>> {
  try {
    await call;
    return { code: 'no failure' };
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    return { code: error.code, ...Object.fromEntries(names.map((name) => [name, error.details[name]])) };
  }
}
