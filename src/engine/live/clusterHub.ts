import { type BackgroundRunner, raceWithSignal } from '../../base/async.ts';
import { ignoreAppErrors } from '../../base/errors.ts';
import { Emitter } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type {
  ClusterConnection,
  ClusterLease,
  ClusterPool,
  ObjectChange,
  WatchChange,
  WatchInterest,
  WatchOutcome,
  WatchStatus,
} from '../cluster/api.ts';
import { MarkedObjects } from '../sessions/markedObjects.ts';
import { reasonOf } from '../model/reasons.ts';
import type { ClusterRow } from '../model/snapshot.ts';
import { interestId } from '../cluster/watchPlan.ts';
import { UseCounts } from './useCounts.ts';

/** Changes of watched objects of one cluster. */
export interface ClusterChanges {
  readonly context: string;
  readonly changes: readonly ObjectChange[];
}

/** Objects of one cluster about which events came, by uid; whoever's they are. */
interface ClusterEvents {
  readonly context: string;
  readonly uids: ReadonlySet<string>;
}

/** Other kinds, or schemas of these group-versions, that one cluster serves by now. */
interface ClusterDefinitions {
  readonly context: string;
  /** absent: kinds came, went or are served another way */
  readonly groupVersions?: ReadonlySet<string>;
}

interface Use {
  readonly environment: string | undefined;
  keys: ReadonlySet<string>;
  interests: readonly WatchInterest[];
}

interface Cluster {
  readonly lease: ClusterLease;
  readonly uses: Map<string, Use>;
  /** `keyString`s of managed objects, and what is to be watched, over all uses */
  readonly managed: UseCounts<string>;
  readonly wanted: UseCounts<WatchInterest>;
  /** applications that have not named their objects yet */
  readonly expected: Set<string>;
  /** ends when there are none, or after a while */
  gathering: Promise<void> | undefined;
  gathered: () => void;
  readonly store: DisposableStore;
  readonly marked: MarkedObjects;
  canWrite: boolean | undefined;
}

/** so long applications that start wait for others that start with them */
const GATHER_MS = 300;

/** The clusters in use: one lease per context and pinned cluster, with the union of what its applications want watched. */
export class ClusterHub implements Disposable {
  readonly #pool: ClusterPool;
  readonly #clusters = new Map<string, Promise<Cluster>>();
  readonly #open = new Map<string, Cluster>();
  readonly #refused = new Map<string, ClusterRow>();
  readonly #store = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #changed = this.#store.add(new Emitter<ClusterChanges>());
  readonly #told = this.#store.add(new Emitter<ClusterEvents>());
  readonly #defined = this.#store.add(new Emitter<ClusterDefinitions>());
  readonly #status = this.#store.add(new Emitter<string>());
  readonly #watch = this.#store.add(new Emitter<{ context: string; status: WatchStatus }>());

  /** Live objects changed. */
  readonly onDidChangeObjects = this.#changed.event;
  /** Events came about objects. */
  readonly onDidTellOfObjects = this.#told.event;
  /** A cluster serves other kinds, or publishes other schemas. */
  readonly onDidChangeDefinitions = this.#defined.event;
  /** One watch of a cluster changed its state. */
  readonly onDidChangeWatch = this.#watch.event;
  /** The state of a cluster (by context) changed. */
  readonly onDidChangeStatus = this.#status.event;

  constructor(pool: ClusterPool, background: BackgroundRunner) {
    this.#pool = pool;
    this.#background = background;
    this.#store.add(
      pool.onDidChangeContexts(() => {
        // Other credentials may have other rights.
        for (const cluster of this.#open.values()) if (cluster.canWrite !== undefined) this.#askWhetherWritable(cluster);
      }),
    );
  }

  /**
   * The connection for an application, opened when it is the first to ask.
   * @param use id of the application and its environment, for the cluster's row
   * @throws all codes of opening a connection (`workspace-untrusted`, `unknown-context`, `wrong-cluster`, `unreachable` ...)
   */
  async connect(
    use: { readonly applicationId: string; readonly context: string; readonly clusterUid?: string; readonly environment?: string },
    signal: AbortSignal,
  ): Promise<ClusterConnection> {
    const cluster = await this.#acquire(use.context, use.clusterUid);
    if (!cluster.uses.has(use.applicationId)) {
      cluster.uses.set(use.applicationId, { environment: use.environment, keys: new Set(), interests: [] });
      this.#expect(cluster, use.applicationId, true);
    }
    await cluster.lease.connection.ready(signal);
    return cluster.lease.connection;
  }

  /** The connection of a context when there is one already. */
  existing(context: string, clusterUid?: string): ClusterConnection | undefined {
    return (this.#open.get(clusterId(context, clusterUid)) ?? this.#byContext(context))?.lease.connection;
  }

  /** Watches what one application needs beside what the others of its cluster need; waits until it is in sync or has failed. */
  async watch(
    use: { readonly applicationId: string; readonly context: string; readonly clusterUid?: string },
    keys: ReadonlySet<string>,
    interests: readonly WatchInterest[],
    signal: AbortSignal,
  ): Promise<readonly WatchOutcome[]> {
    const cluster = await this.#acquire(use.context, use.clusterUid);
    const entry = cluster.uses.get(use.applicationId);
    if (entry === undefined) return [];
    const { watches } = cluster.lease.connection;
    const isFirst = entry.interests.length === 0;
    const changing = watches.change(changeOf(cluster, entry, keys, interests), signal);
    this.#expect(cluster, use.applicationId, false);
    await changing;
    if (isFirst) await this.#gathered(cluster, signal);
    if (cluster.uses.get(use.applicationId) !== entry) return [];
    return watches.ensureWatched(interests, signal);
  }

  /** An application will not name its objects for now: it could not be rendered. */
  expectNot(applicationId: string): void {
    for (const cluster of this.#open.values()) this.#expect(cluster, applicationId, false);
  }

  /** Ends what an application used; a cluster that no application uses is let go. */
  release(applicationId: string): void {
    for (const [id, cluster] of this.#open) {
      const use = cluster.uses.get(applicationId);
      if (use === undefined) continue;
      cluster.uses.delete(applicationId);
      if (cluster.uses.size === 0) {
        this.#close(id, cluster);
        continue;
      }
      const change = changeOf(cluster, use, new Set(), []);
      const { watches, objectEvents } = cluster.lease.connection;
      this.#background.run('end watches', (signal) => watches.change(change, signal));
      objectEvents.tidy();
      this.#expect(cluster, applicationId, false);
    }
  }

  /** `keyString`s of the watched objects of a connection that carry one of these marks (`markId`). */
  marked(connection: ClusterConnection, marks: readonly string[]): readonly string[] {
    if (marks.length === 0) return [];
    return [...this.#open.values()].find((cluster) => cluster.lease.connection === connection)?.marked.keysOf(marks) ?? [];
  }

  /** Looks at every cluster in use anew; what turns out to be another is told. Does not wait for those that are away. */
  async lookAgain(): Promise<void> {
    const looking: Promise<void>[] = [];
    for (const { lease } of this.#open.values()) {
      const { connection } = lease;
      // When it fails, the connection's state tells.
      const look = (signal: AbortSignal): Promise<void> => connection.lookAgain(signal).catch(ignoreAppErrors);
      if (connection.state.status === 'connected') looking.push(look(this.#background.signal));
      else this.#background.run(`look at ${connection.context} again`, look);
    }
    await Promise.all(looking);
  }

  /** One row per context in use. */
  rows(): readonly ClusterRow[] {
    const rows = new Map<string, ClusterRow>();
    for (const row of [...[...this.#open.values()].map((cluster) => toRow(cluster)), ...this.#refused.values()]) {
      const known = rows.get(row.context);
      const environments = [...new Set([...(known?.environments ?? []), ...row.environments])];
      rows.set(row.context, { ...(known ?? row), environments });
    }
    return [...rows.values()];
  }

  dispose(): void {
    for (const [id, cluster] of [...this.#open]) this.#close(id, cluster);
    this.#store.dispose();
  }

  #expect(cluster: Cluster, applicationId: string, isExpected: boolean): void {
    const { expected, lease } = cluster;
    if (isExpected === expected.has(applicationId)) return;
    if (isExpected) expected.add(applicationId);
    else expected.delete(applicationId);
    lease.connection.watches.setExpecting(expected.size > 0);
    if (expected.size === 0) cluster.gathered();
  }

  /** Applications that start together shall be watched together: each kind is listed once then, in the form that fits all. */
  async #gathered(cluster: Cluster, signal: AbortSignal): Promise<void> {
    if (cluster.expected.size === 0) return;
    cluster.gathering ??= new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        cluster.gathered();
      }, GATHER_MS);
      cluster.gathered = () => {
        clearTimeout(timer);
        cluster.gathering = undefined;
        resolve();
      };
    });
    await raceWithSignal(cluster.gathering, signal);
  }

  #byContext(context: string): Cluster | undefined {
    return [...this.#open.values()].find((cluster) => cluster.lease.connection.context === context);
  }

  async #acquire(context: string, clusterUid: string | undefined): Promise<Cluster> {
    // Who pins no cluster shares the connection of those who do: it is verified.
    const shared = clusterUid === undefined ? this.#byContext(context) : undefined;
    if (shared !== undefined) return shared;
    const id = clusterId(context, clusterUid);
    let cluster = this.#clusters.get(id);
    if (cluster === undefined) {
      cluster = this.#openCluster(id, context, clusterUid);
      this.#clusters.set(id, cluster);
      this.#background.run(`open cluster ${context}`, async () => {
        try {
          await cluster;
          this.#refused.delete(id);
        } catch (error) {
          // The next one who asks tries again: the kubeconfig may have been mended.
          this.#clusters.delete(id);
          this.#refused.set(id, { context, environments: [], status: 'refused', reason: reasonOf(error), watchCount: 0 });
        }
        this.#status.fire(context);
      });
    }
    return cluster;
  }

  async #openCluster(id: string, context: string, clusterUid: string | undefined): Promise<Cluster> {
    const lease = await this.#pool.acquire(context, clusterUid);
    const store = new DisposableStore();
    const marked = store.add(new MarkedObjects(lease.connection.watches));
    const cluster: Cluster = {
      lease,
      uses: new Map(),
      managed: new UseCounts((key) => key),
      wanted: new UseCounts(interestId),
      expected: new Set(),
      gathering: undefined,
      gathered: () => undefined,
      store,
      marked,
      canWrite: undefined,
    };
    store.add(lease);
    store.add(
      lease.connection.watches.onDidChange((changes) => {
        this.#changed.fire({ context, changes });
      }),
    );
    store.add(
      lease.connection.objectEvents.onDidTell((uids) => {
        this.#told.fire({ context, uids });
      }),
    );
    store.add(
      lease.connection.discovery.onDidChange(() => {
        this.#defined.fire({ context });
      }),
    );
    store.add(
      lease.connection.schemas.onDidChange((groupVersions) => {
        this.#defined.fire({ context, groupVersions });
      }),
    );
    store.add(
      lease.connection.watches.onDidChangeStatus((status) => {
        this.#watch.fire({ context, status });
      }),
    );
    store.add(
      lease.connection.onDidChangeState(({ status }) => {
        if (status === 'connected' && cluster.canWrite === undefined) this.#askWhetherWritable(cluster);
        this.#status.fire(context);
      }),
    );
    this.#open.set(id, cluster);
    return cluster;
  }

  #askWhetherWritable(cluster: Cluster): void {
    const { connection } = cluster.lease;
    this.#background.run(`ask for rights in ${connection.context}`, async (signal) => {
      cluster.canWrite = await connection.canI(
        { verb: 'patch', group: 'apps', resource: 'deployments', namespace: connection.namespace },
        { signal },
      );
      this.#status.fire(connection.context);
    });
  }

  #close(id: string, cluster: Cluster): void {
    cluster.gathered();
    this.#open.delete(id);
    this.#clusters.delete(id);
    cluster.store.dispose();
    this.#status.fire(cluster.lease.connection.context);
  }
}

/** Takes in what a use wants now. @returns what that changes for the whole cluster */
function changeOf(cluster: Cluster, use: Use, keys: ReadonlySet<string>, interests: readonly WatchInterest[]): WatchChange {
  const managed = cluster.managed.replace(use.keys, keys);
  const wanted = cluster.wanted.replace(use.interests, interests);
  use.keys = keys;
  use.interests = interests;
  return { managed: managed.added, unmanaged: managed.removed, unwanted: wanted.removed };
}

function clusterId(context: string, clusterUid: string | undefined): string {
  return `${context}\n${clusterUid ?? ''}`;
}

function toRow(cluster: Cluster): ClusterRow {
  const { connection } = cluster.lease;
  const { state } = connection;
  return {
    context: connection.context,
    environments: [...new Set([...cluster.uses.values()].flatMap((use) => use.environment ?? []))],
    status: state.status,
    server: connection.server,
    watchCount: connection.watches.statuses().length + connection.objectEvents.watchCount,
    ...(connection.version === undefined ? {} : { serverVersion: connection.version }),
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ...(state.lastSeenMs === undefined ? {} : { lastSeenMs: state.lastSeenMs }),
    ...(cluster.canWrite === undefined ? {} : { canWrite: cluster.canWrite }),
  };
}
