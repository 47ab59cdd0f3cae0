import { randomBytes } from 'node:crypto';
import type { Logger } from '../../../src/base/log.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { SyncHistory } from '../../../src/engine/model/ledger.ts';
import { gvkOf, keyOf, type KubeObject, namespaceOf } from '../../../src/engine/model/objects.ts';
import type { SyncKind, SyncOptions, SyncPlan, SyncProgress, SyncResult } from '../../../src/engine/model/sync.ts';
import type { Application } from '../../../src/engine/model/application.ts';
import { parentKeyOf } from '../../../src/engine/sync/applySet.ts';
import { executeSync } from '../../../src/engine/sync/execute/executeSync.ts';
import { historyOf, ledgerOf } from '../../../src/engine/sync/ledger/ledger.ts';
import { readParent } from '../../../src/engine/sync/ledger/ledgerHold.ts';
import { planSync } from '../../../src/engine/sync/plan/planSync.ts';
import type { SyncConnection, SyncItem, SyncObject, SyncPlanning } from '../../../src/engine/sync/syncTypes.ts';
import { application, type RevertFixture } from './support.ts';

/** One application on a real cluster, synced as the engine does it. */
export interface SyncUser {
  readonly connection: SyncConnection;
  item(objects: readonly KubeObject[], more?: Partial<SyncItem>): Promise<SyncItem>;
  plan(objects: readonly KubeObject[], more?: Partial<SyncItem>, kind?: SyncKind): Promise<SyncPlanning>;
  execute(planning: SyncPlanning, more?: Partial<ExecuteMore>): Promise<SyncResult>;
  sync(objects: readonly KubeObject[], more?: Partial<SyncItem>, how?: Partial<ExecuteMore>): Promise<SyncResult>;
  history(): Promise<SyncHistory>;
  live(object: KubeObject): Promise<KubeObject | undefined>;
}

/** What a test may say of an execution. */
export interface ExecuteMore extends SyncOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onProgress: (progress: SyncProgress) => void;
  readonly closingSeconds: number;
}

/** An application in a namespace of its own. */
export function syncUser(connection: SyncConnection, namespace: string, more: Partial<Application> = {}): SyncUser {
  const { signal } = new AbortController();
  const app = application(connection.uid, {
    id: `test/${namespace}`,
    name: namespace,
    destination: { environment: 'test', context: 'revert', namespace, clusterUid: connection.uid ?? '' },
    ...more,
  });
  const item = async (objects: readonly KubeObject[], extra: Partial<SyncItem> = {}): Promise<SyncItem> => {
    const settled: SyncObject[] = [];
    for (const desired of objects) {
      const resource = await connection.discovery.resource(gvkOf(desired), signal);
      const isKindRendered = objects.some(({ kind }) => kind === 'CustomResourceDefinition');
      settled.push({ key: { ...keyOf(desired), namespace: namespaceOf(desired) }, desired, resource, isKindRendered });
    }
    return {
      application: app,
      revision: randomBytes(20).toString('hex'),
      isDirty: false,
      render: 'r',
      objects: settled,
      prune: false,
      ...extra,
    };
  };
  const plan = async (objects: readonly KubeObject[], extra?: Partial<SyncItem>, kind: SyncKind = 'sync'): Promise<SyncPlanning> =>
    planSync([await item(objects, extra)], kind, connection, signal);
  const execute = async (planning: SyncPlanning, how: Partial<ExecuteMore> = {}): Promise<SyncResult> => {
    const [prepared] = planning.prepared;
    if (prepared === undefined) throw new Error(`refused: ${JSON.stringify(planning.refused)}`);
    const quiet = { signal, logger: silentLogger, actor: 'tester', onProgress: () => undefined, closingSeconds: 0 };
    return executeSync(prepared, connection, { ticks: [], wait: false, timeoutSeconds: 60, ...quiet, ...how });
  };
  return {
    connection,
    item,
    plan,
    execute,
    sync: async (objects, extra, how) => execute(await plan(objects, extra), how),
    history: async () => historyOf(ledgerOf(await readParent(connection, parentKeyOf(app, namespace))), Date.now()),
    live: async (object) => {
      try {
        return await connection.get(gvkOf(object), keyOf(object));
      } catch {
        return undefined;
      }
    },
  };
}

/** A namespace that is nobody else's, with an application in it. */
export interface FreshNamespace {
  readonly namespace: string;
  readonly user: SyncUser;
}

/**
 * Makes namespaces with a {@link syncUser} each.
 * @param prefix the first is `<prefix>1`
 * @param fixture asked for each, since suites start theirs in `before`
 */
export function freshNamespaces(
  prefix: string,
  fixture: () => RevertFixture,
): (more?: Parameters<typeof syncUser>[2]) => Promise<FreshNamespace> {
  let made = 0;
  return async (more) => {
    made += 1;
    const namespace = `${prefix}${made}`;
    const { plane, admin } = fixture();
    await plane.kubectl(['create', 'namespace', namespace]);
    return { namespace, user: syncUser(admin.connection, namespace, more) };
  };
}

/** `create ConfigMap/a` for each step of the one plan, with the reason of what is skipped. */
export function stepsOf(planning: SyncPlanning): readonly string[] {
  const plan: SyncPlan | undefined = planning.prepared[0]?.plan;
  return (plan?.steps ?? []).map(
    ({ action, key, reason }) => `${action} ${key.kind}/${key.name}${reason === undefined ? '' : ` ${reason.code}`}`,
  );
}

/** A ConfigMap. */
export function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>> = { a: '1' },
  annotations?: Readonly<Record<string, string>>,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...(annotations === undefined ? {} : { annotations }) },
    data,
  };
}
