import type { Disposable } from '../../base/lifecycle.ts';
import { type KubeObject, nameOf, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { Reason } from '../model/states.ts';
import type { ObjectChange, WatchStatus } from './api.ts';
import type { CallTarget } from './apiErrors.ts';
import type { ObjectStore, StoredEntry } from './objectStore.ts';
import { Reflector, type ReflectorSink, type ReflectorSpec, type ReflectorState, type ReflectorTimes } from './reflector.ts';
import { stripObject } from './strip.ts';
import type { Transport } from './transport.ts';

/** What all watches of a cluster share. */
export interface WatchContext {
  readonly transport: Transport;
  readonly target: CallTarget;
  /** resolves when the server is believed reachable, rejects when it never will be */
  readonly online: (signal: AbortSignal) => Promise<void>;
  readonly times: ReflectorTimes;
}

/** What a watch tells its cache. */
interface WatchListener {
  readonly store: ObjectStore;
  isManaged(key: ObjectKey): boolean;
  /** hold unmanaged objects in full as well, since they may be managed in a moment */
  keepsWhole(): boolean;
  /** false: the object is there, but not to be held */
  isWorthHolding(object: KubeObject): boolean;
  changed(change: ObjectChange): void;
  /** a managed object whose full form this watch cannot see changed */
  needsFull(entry: StoredEntry): void;
  statusChanged(status: WatchStatus): void;
}

/** One reflector and its part of the store. */
export class RunningWatch implements ReflectorSink, Disposable {
  readonly spec: ReflectorSpec;
  readonly #listener: WatchListener;
  readonly #reflector: Reflector;
  readonly #abort = new AbortController();
  readonly #settled = Promise.withResolvers<undefined>();
  #state: ReflectorState = 'syncing';
  #reason: Reason | undefined;
  #hasSynced = false;
  #lastNewsMs: number | undefined;

  constructor(spec: ReflectorSpec, context: WatchContext, listener: WatchListener) {
    this.spec = spec;
    this.#listener = listener;
    this.#reflector = new Reflector(spec, context.transport, context.target, this, context.online, context.times);
  }

  /** Whether a list has been taken over completely and the right to it has not been lost since. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Waits until it is known how this watch stands: undefined when it is in sync, else why not. */
  async outcome(): Promise<Reason | undefined> {
    await this.#settled.promise;
    if (this.#abort.signal.aborted) return { code: 'not-watched', details: {} };
    return this.#hasSynced ? undefined : this.#reason;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(AbortSignal.any([signal, this.#abort.signal]));
  }

  /** Lists once more in place of what was listed, and watches from there. */
  listAgain(): void {
    this.#reflector.listAgain();
  }

  dispose(): void {
    this.#abort.abort();
    this.#settled.resolve(undefined);
  }

  status(): WatchStatus {
    const { group, version, kind } = this.spec.info;
    return {
      gvk: { group, version, kind },
      namespace: this.spec.namespace,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      objectCount: this.#entries().length,
      ...(this.#lastNewsMs === undefined ? {} : { lastNewsMs: this.#lastNewsMs }),
    };
  }

  /** Reduces all objects that are held in full without being managed. */
  stripUnmanaged(): void {
    if (this.spec.isMetadataOnly) return;
    for (const entry of this.#entries()) if (entry.isFull && !this.#listener.isManaged(entry.key)) this.strip(entry);
  }

  /** Reduces an object that is managed no longer. */
  strip(entry: StoredEntry): void {
    this.#listener.store.upsert(this.spec.info, stripObject(this.spec.info.group, entry.object), false);
  }

  upsert(object: KubeObject): void {
    if (this.#abort.signal.aborted) return;
    if (!this.#listener.isWorthHolding(object)) {
      this.remove(object);
      return;
    }
    const { info, isMetadataOnly } = this.spec;
    const { store } = this.#listener;
    const key: ObjectKey = { group: info.group, kind: info.kind, namespace: namespaceOf(object), name: nameOf(object) };
    const isManaged = this.#listener.isManaged(key);
    const held = store.get(key, info.version);
    const isKept = isManaged || (!isMetadataOnly && this.#listener.keepsWhole());
    // What is held in full may be read otherwise at the same version: the store compares it.
    const isComparable = isKept && !isMetadataOnly;
    const isSameVersion = held?.resourceVersion === object.metadata['resourceVersion'];
    if (isSameVersion && held?.isFull === isKept && !isComparable) return;
    if (isKept && !isMetadataOnly) {
      this.#tell(store.upsert(info, object, true));
      return;
    }
    const change = store.upsert(info, stripObject(info.group, object), false);
    const entry = store.get(key, info.version);
    if (!isManaged || entry === undefined) this.#tell(change);
    else this.#listener.needsFull(entry);
  }

  remove(object: KubeObject): void {
    if (this.#abort.signal.aborted) return;
    const { info } = this.spec;
    this.#tell(
      this.#listener.store.remove(info, { group: info.group, kind: info.kind, namespace: namespaceOf(object), name: nameOf(object) }),
    );
  }

  retain(places: ReadonlySet<string>): void {
    if (this.#abort.signal.aborted) return;
    for (const { key } of this.#entries()) {
      if (!places.has(`${key.namespace}/${key.name}`)) this.#tell(this.#listener.store.remove(this.spec.info, key));
    }
  }

  report(state: ReflectorState, reason?: Reason): void {
    if (this.#abort.signal.aborted || (state === this.#state && reason?.code === this.#reason?.code)) return;
    this.#state = state;
    this.#reason = reason;
    if (state === 'synced' || state === 'polling') this.#hasSynced = true;
    if (state === 'failed') this.#hasSynced = false;
    if (state !== 'syncing') this.#settled.resolve(undefined);
    this.#listener.statusChanged(this.status());
  }

  news(): void {
    this.#lastNewsMs = Date.now();
  }

  #tell(change: ObjectChange | undefined): void {
    if (change !== undefined) this.#listener.changed(change);
  }

  #entries(): StoredEntry[] {
    const { info, namespace } = this.spec;
    const entries = this.#listener.store.entries(info.group, info.kind, info.version);
    return namespace === '' ? entries : entries.filter(({ key }) => key.namespace === namespace);
  }
}
