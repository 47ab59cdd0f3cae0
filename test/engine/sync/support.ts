import { Limiter } from '../../../src/base/async.ts';
import { type Logger, silentLogger } from '../../../src/base/log.ts';
import type { ClusterConnection, ClusterPool } from '../../../src/engine/cluster/api.ts';
import { createClusterPool } from '../../../src/engine/cluster/pool.ts';
import { ownerMarkOf } from '../../../src/engine/compare/ownerMarks.ts';
import { managedEntries } from '../../../src/engine/compare/fieldsV1.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import { isAppError } from '../../../src/base/errors.ts';
import type { Application } from '../../../src/engine/model/application.ts';
import { gvkOf, keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { StepResult } from '../../../src/engine/model/plan.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { executePlan } from '../../../src/engine/sync/execute/executePlan.ts';
import { heldPaths } from '../../../src/engine/sync/managers.ts';
import { planRevert } from '../../../src/engine/sync/plan/planRevert.ts';
import type { RevertItem, RevertPlanning } from '../../../src/engine/sync/revertTypes.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import type { Component } from '../../tools/controllers.ts';

/** A commit id for plans; reverts do not read Git. */
export const commit = 'c0ffee0000000000000000000000000000000000';

/** One user's view of a real cluster, with what a revert needs of the engine. */
export interface RevertUser {
  readonly connection: ClusterConnection;
  live(object: KubeObject): Promise<KubeObject | undefined>;
  verdict(desired: KubeObject): Promise<Verdict>;
  /** @param synced the object as the last sync had it, when that is recorded */
  item(desired: KubeObject, more?: Partial<RevertItem>, synced?: KubeObject): Promise<RevertItem>;
  plan(items: readonly RevertItem[]): Promise<RevertPlanning>;
  execute(planning: RevertPlanning, logger?: Logger, signal?: AbortSignal): Promise<readonly StepResult[]>;
}

/** A control plane of its own with connections for its users. */
export interface RevertFixture {
  readonly plane: ControlPlane;
  readonly admin: RevertUser;
  user(name: string): Promise<RevertUser>;
  /** a connection by another kubeconfig, such as one of a proxy */
  connect(kubeconfig: string): Promise<ClusterConnection>;
  stop(): Promise<void>;
}

/**
 * Starts everything; stop it in the suite's `after`.
 * @param components what runs beside the API server
 */
export async function startRevertFixture(components: readonly Component[] = []): Promise<RevertFixture> {
  const plane = await startControlPlane({ name: 'revert', components });
  const pools: ClusterPool[] = [];
  const connect = async (file: string): Promise<ClusterConnection> => {
    const pool = createClusterPool({
      host: { isTrusted: () => true, environment: () => process.env },
      log: silentLogger,
      files: () => ({ files: [file], isExplicit: true }),
    });
    pools.push(pool);
    const { connection } = await pool.acquire(plane.name);
    await connection.ready();
    return connection;
  };
  const user = async (name: string): Promise<RevertUser> =>
    revertUser(await connect(name === 'admin' ? plane.kubeconfigPath : await plane.kubeconfig(name)));
  return {
    plane,
    admin: await user('admin'),
    user,
    connect,
    stop: async () => {
      for (const pool of pools) pool.dispose();
      await plane.stop();
    },
  };
}

function revertUser(connection: ClusterConnection): RevertUser {
  const live = async (object: KubeObject): Promise<KubeObject | undefined> => {
    try {
      return await connection.get(gvkOf(object), keyOf(object));
    } catch (error) {
      if (isAppError(error, 'not-found', 'namespace-missing')) return undefined;
      throw error;
    }
  };
  const judge = async (desired: KubeObject, found: KubeObject | undefined, synced?: KubeObject): Promise<Verdict> => {
    const gvk = gvkOf(desired);
    const cache = new VerdictCache({ hashKey: Buffer.alloc(32, 7), now: () => Date.now() });
    return new Judge(cache, new Limiter(8)).judge(
      {
        key: keyOf(desired),
        desired,
        live: found,
        schema: await connection.schemas.schemaOf(gvk),
        resource: await connection.discovery.resource(gvk),
        owner: 'plumbline',
        rules: [],
        ...(synced === undefined ? {} : { baseline: { kind: 'synced', object: synced } }),
      },
      {
        client: connection,
        canDryRun: () => Promise.resolve(true),
        serverVersion: connection.version ?? '',
        clusterUid: connection.uid ?? '',
      },
    );
  };
  return {
    connection,
    live,
    verdict: async (desired) => judge(desired, await live(desired)),
    item: async (desired, more = {}, synced?: KubeObject) => {
      const found = await live(desired);
      const mark = found === undefined ? undefined : ownerMarkOf(found);
      return {
        application: application(connection.uid),
        key: keyOf(desired),
        revision: commit,
        revisionIs: 'target',
        restored: desired,
        live: found,
        verdict: await judge(desired, found, synced),
        ...(mark === undefined ? {} : { mark }),
        ...more,
      };
    },
    plan: (items) => planRevert(items, connection, new AbortController().signal),
    execute: async (planning, logger = silentLogger, signal = new AbortController().signal) => {
      const results: StepResult[] = [];
      for (const prepared of planning.prepared) {
        results.push(...(await executePlan(prepared, connection, { signal, logger, actor: 'tester' })));
      }
      return results;
    },
  };
}

/** An application of plumbline.yaml whose environment pins the cluster. */
export function application(clusterUid: string | undefined, more: Partial<Application> = {}): Application {
  return {
    id: 'test/shop',
    name: 'shop',
    repoRoot: '/repo',
    source: { type: 'directory', path: 'shop' },
    destination: { environment: 'test', context: 'revert', namespace: 'default', ...(clusterUid === undefined ? {} : { clusterUid }) },
    policy: { prune: false },
    owner: 'plumbline',
    ignore: [],
    origin: 'plumbline.yaml',
    isProtected: false,
    ...more,
  };
}

/** Who holds what: the held paths by `manager/operation/subresource`. */
export function holders(object: KubeObject | undefined): Readonly<Record<string, readonly string[]>> {
  const held: Record<string, readonly string[]> = {};
  for (const { manager, operation, subresource, fields } of object === undefined ? [] : managedEntries(object)) {
    const paths = [...heldPaths(fields).keys()].filter((path) => !path.includes('last-applied-configuration'));
    held[`${manager}/${operation}${subresource === '' ? '' : `/${subresource}`}`] = paths.sort();
  }
  return held;
}
