import { raceWithSignal } from '../../base/async.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ClusterConnection, ClusterLease, ClusterPool } from '../cluster/api.ts';

interface Hub {
  readonly opened: Promise<ClusterLease | undefined>;
  /** epoch milliseconds from which a failed one is tried again */
  retryAtMs: number;
}

const retryMs = 60_000;

/**
 * The hub clusters of the setting `plumbline.controlPlanes`: where Argo CD and Flux run that deploy to other clusters. They are opened when
 * an object's owner is not found in its own cluster, and not before.
 */
export class ControlPlanes implements Disposable {
  readonly #pool: ClusterPool;
  readonly #contexts: () => readonly string[];
  readonly #hubs = new Map<string, Hub>();

  /** @param contexts of the user's kubeconfig; asked at each use, since settings change at run time */
  constructor(pool: ClusterPool, contexts: () => readonly string[]) {
    this.#pool = pool;
    this.#contexts = contexts;
  }

  /** Connections to those hubs that can be reached; one that cannot is tried again after a minute. */
  async connections(signal: AbortSignal): Promise<readonly ClusterConnection[]> {
    const wanted = this.#contexts();
    for (const context of this.#hubs.keys()) if (!wanted.includes(context)) this.#release(context);
    const leases = await Promise.all(wanted.map((context) => raceWithSignal(this.#hub(context).opened, signal)));
    return leases.flatMap((lease) => lease?.connection ?? []);
  }

  dispose(): void {
    for (const context of [...this.#hubs.keys()]) this.#release(context);
  }

  #hub(context: string): Hub {
    const known = this.#hubs.get(context);
    if (known !== undefined && Date.now() < known.retryAtMs) return known;
    const hub: Hub = { opened: this.#open(context), retryAtMs: Number.POSITIVE_INFINITY };
    this.#hubs.set(context, hub);
    hub.opened
      .then((lease) => {
        if (lease === undefined) hub.retryAtMs = Date.now() + retryMs;
      })
      .catch(() => undefined);
    return hub;
  }

  async #open(context: string): Promise<ClusterLease | undefined> {
    let lease: ClusterLease | undefined;
    try {
      lease = await this.#pool.acquire(context);
      await lease.connection.ready();
      return lease;
    } catch {
      // The view of the owner then says that its object cannot be read.
      lease?.dispose();
      return undefined;
    }
  }

  #release(context: string): void {
    const hub = this.#hubs.get(context);
    this.#hubs.delete(context);
    hub?.opened.then((lease) => lease?.dispose()).catch(() => undefined);
  }
}
