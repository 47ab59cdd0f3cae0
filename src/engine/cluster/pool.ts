import { unwatchFile, watchFile } from 'node:fs';
import { type BackgroundRunner, coalesce, loggingRunner } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import { Emitter, type Event } from '../../base/events.ts';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle.ts';
import type { ClusterConnection, ClusterLease, ClusterPool, ContextInfo } from './api.ts';
import { type ConnectionOptions, HttpClusterConnection } from './connection.ts';
import { type Kubeconfig, type KubeconfigFiles, listContexts, loadKubeconfig, type ResolvedContext, resolveContext } from './kubeconfig.ts';

/** What a pool is given. */
export interface PoolOptions extends Omit<ConnectionOptions, 'expectedUid'> {
  /** read anew whenever kubeconfig is loaded: settings and environment may change */
  readonly files: () => KubeconfigFiles;
  /** how long a connection without leases stays open, in milliseconds */
  readonly graceMs?: number;
  /** how often kubeconfig files are looked at, in milliseconds */
  readonly filePollMs?: number;
}

const GRACE_MS = 60_000;
const FILE_POLL_MS = 1_000;
const RELOAD_MS = 200;

interface Held {
  readonly connection: HttpClusterConnection;
  resolved: ResolvedContext;
  leases: number;
  closing: NodeJS.Timeout | undefined;
}

/**
 * A pool of connections over kubeconfig files.
 * @returns a pool that has read and opened nothing yet
 */
export function createClusterPool(options: PoolOptions): ClusterPool {
  return new KubeconfigClusterPool(options);
}

class KubeconfigClusterPool implements ClusterPool {
  readonly #options: PoolOptions;
  readonly #disposables = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #connectionChanges = this.#disposables.add(new Emitter<void>());
  readonly #contextChanges = this.#disposables.add(new Emitter<void>());
  readonly #held = new Map<string, Held>();
  readonly #watchedFiles = new Map<string, Disposable>();
  readonly #reload: Disposable & { request(): void };
  #loading: Promise<Kubeconfig> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#background = this.#disposables.add(loggingRunner(options.log));
    this.#reload = this.#disposables.add(
      coalesce(RELOAD_MS, () => {
        this.#background.run('reloading kubeconfig', () => this.#reloaded());
      }),
    );
  }

  get onDidChangeConnections(): Event<void> {
    return this.#connectionChanges.event;
  }

  get onDidChangeContexts(): Event<void> {
    return this.#contextChanges.event;
  }

  async contexts(): Promise<readonly ContextInfo[]> {
    return listContexts(await this.#load());
  }

  reload(): void {
    this.#reload.request();
  }

  async acquire(context: string, expectedUid?: string): Promise<ClusterLease> {
    const kubeconfig = await this.#load();
    const id = `${context}\n${expectedUid ?? ''}`;
    let held = this.#held.get(id);
    if (held === undefined) {
      const resolved = resolveContext(kubeconfig, context);
      const connection = new HttpClusterConnection(resolved, { ...this.#options, ...(expectedUid === undefined ? {} : { expectedUid }) });
      held = { connection, resolved, leases: 0, closing: undefined };
      this.#held.set(id, held);
      this.#connectionChanges.fire();
    }
    const own = held;
    own.leases += 1;
    clearTimeout(own.closing);
    own.closing = undefined;
    const release = toDisposable(() => {
      this.#release(id, own);
    });
    return {
      connection: own.connection,
      dispose: () => {
        release.dispose();
      },
    };
  }

  connections(): readonly ClusterConnection[] {
    return [...this.#held.values()].map(({ connection }) => connection);
  }

  dispose(): void {
    for (const { connection, closing } of this.#held.values()) {
      clearTimeout(closing);
      connection.dispose();
    }
    this.#held.clear();
    for (const watch of this.#watchedFiles.values()) watch.dispose();
    this.#disposables.dispose();
  }

  #release(id: string, held: Held): void {
    held.leases -= 1;
    if (held.leases > 0 || this.#held.get(id) !== held) return;
    held.closing = setTimeout(() => {
      this.#held.delete(id);
      held.connection.dispose();
      this.#connectionChanges.fire();
    }, this.#options.graceMs ?? GRACE_MS);
    held.closing.unref();
  }

  #load(): Promise<Kubeconfig> {
    if (this.#loading !== undefined) return this.#loading;
    const sources = this.#options.files();
    for (const file of sources.files) this.#watch(file);
    const loading = loadKubeconfig(sources);
    this.#loading = loading;
    // A failure is not kept: the next caller reads the files again.
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  /** By its times, not by events: kubeconfig is often a link, replaced by rename, or not there yet. */
  #watch(file: string): void {
    if (this.#watchedFiles.has(file)) return;
    const changed = (): void => {
      this.#reload.request();
    };
    watchFile(file, { interval: this.#options.filePollMs ?? FILE_POLL_MS, persistent: false }, changed);
    this.#watchedFiles.set(
      file,
      toDisposable(() => {
        unwatchFile(file, changed);
      }),
    );
  }

  async #reloaded(): Promise<void> {
    this.#loading = undefined;
    try {
      const kubeconfig = await this.#load();
      for (const held of this.#held.values()) {
        const resolved = resolveIfThere(kubeconfig, held.resolved.name);
        // A context that is gone keeps its last credentials until nobody uses it.
        if (resolved === undefined || JSON.stringify(resolved) === JSON.stringify(held.resolved)) continue;
        held.resolved = resolved;
        held.connection.reconfigure(resolved);
      }
    } catch (error) {
      // Half-written or broken: what runs goes on; the next reader of the contexts gets the error.
      if (!isAppError(error)) throw error;
      this.#options.log.warn(`kubeconfig cannot be read: ${error.message}`);
    }
    this.#contextChanges.fire();
  }
}

function resolveIfThere(kubeconfig: Kubeconfig, context: string): ResolvedContext | undefined {
  try {
    return resolveContext(kubeconfig, context);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
