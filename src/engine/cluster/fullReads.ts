import { delay, Limiter } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { stringAt } from '../model/json.ts';
import { type GroupVersionKind, type KubeObject, keyString, nameOf, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { ObjectChange } from './api.ts';
import type { ObjectStore } from './objectStore.ts';
import type { ReflectorSpec } from './reflector.ts';
import { specId } from './watchPlan.ts';

/** What reading objects in full needs. */
interface FullReadsOptions {
  readonly store: ObjectStore;
  readonly isManaged: (key: ObjectKey) => boolean;
  readonly read: (gvk: GroupVersionKind, key: ObjectKey, signal: AbortSignal) => Promise<KubeObject>;
  /** all objects of a kind in a namespace, in full */
  readonly list: (gvk: GroupVersionKind, namespace: string, signal: AbortSignal) => Promise<readonly KubeObject[]>;
  readonly changed: (change: ObjectChange) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** runs what nobody waits for; its failures are reported */
  readonly inBackground: (task: (signal: AbortSignal) => Promise<void>) => void;
}

const MAX_READS = 8;
/** Waits between attempts of a read that fails for a passing reason. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;
/** Not the server's last word. */
const PASSING = ['server-error', 'server-timeout', 'too-many-requests', 'timed-out', 'unreachable'] as const;
/** So many reads of one namespace, and at least half of what it holds, are cheaper as one list. */
const LISTED_FROM = 3;
/** The same over all namespaces, as long as the list is not a large one. */
const MAX_LISTED_WIDE = 2_000;

/** Objects by name; undefined: each is read by itself. */
type Listed = ReadonlyMap<string, KubeObject> | undefined;

/** What is read of one watch in the same turn of the event loop. */
interface Batch {
  /** namespace → how many of its objects */
  readonly wanted: Map<string, number>;
  readonly lists: Promise<(namespace: string) => Promise<Listed>>;
}

/** Reads managed objects in full of which a watch tells metadata only (Secrets), or which became managed after they were listed. */
export class FullReads {
  readonly #options: FullReadsOptions;
  readonly #limiter = new Limiter(MAX_READS);
  /** by watch, by `keyString` */
  readonly #pending = new Map<string, Map<string, Promise<void>>>();
  readonly #batches = new Map<string, Batch>();
  /** milliseconds that the last failed attempt of a read had to wait for the next */
  readonly #retries = new Map<string, number>();

  constructor(options: FullReadsOptions) {
    this.#options = options;
  }

  /**
   * Reads one object; asked for again while it reads, it reads once more. What cannot be read stays known by its metadata; for a passing
   * reason it is tried again in the background.
   */
  read(spec: ReflectorSpec, key: ObjectKey): Promise<void> {
    const [watch, id] = [specId(spec), keyString(key)];
    const pending = this.#pending.get(watch) ?? new Map<string, Promise<void>>();
    this.#pending.set(watch, pending);
    const before = pending.get(id) ?? Promise.resolve();
    const reading = before.then(() => this.#readOnce(spec, key));
    pending.set(id, reading);
    return reading.finally(() => {
      if (pending.get(id) !== reading) return;
      pending.delete(id);
      if (pending.size === 0 && this.#pending.get(watch) === pending) this.#pending.delete(watch);
    });
  }

  /** Waits for the reads of one watch that are under way. */
  async settled(spec: ReflectorSpec): Promise<void> {
    const pending = this.#pending.get(specId(spec));
    if (pending !== undefined) await Promise.all(pending.values());
  }

  async #readOnce(spec: ReflectorSpec, key: ObjectKey): Promise<void> {
    const { info } = spec;
    const { store, isManaged, changed, log, signal } = this.#options;
    const held = store.get(key, info.version);
    const id = `${specId(spec)}|${keyString(key)}`;
    if (held === undefined || held.isFull || !isManaged(key)) {
      this.#retries.delete(id);
      return;
    }
    try {
      const listed = (await this.#together(spec, key))?.get(key.name);
      const object = listed ?? (await this.#limiter.run(() => this.#options.read(info, key, signal)));
      const now = store.get(key, info.version);
      // Deleted or replaced meanwhile: the watch tells of it.
      if (now?.uid !== held.uid || !isManaged(key)) return;
      // Changed while it was read: the read that this change asked for follows.
      if (now !== held && now.resourceVersion !== stringAt(object.metadata, 'resourceVersion')) return;
      this.#retries.delete(id);
      const change = store.upsert(info, object, true);
      if (change !== undefined) changed(change);
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (isAppError(error, ...PASSING)) this.#readLater(spec, key);
      // The consumer sees by isFull that it cannot be compared.
      log.info(`${keyString(key)} could not be read: ${error.code}`);
      changed({ type: 'modified', key, uid: held.uid, object: held.object });
    }
  }

  #readLater(spec: ReflectorSpec, key: ObjectKey): void {
    const id = `${specId(spec)}|${keyString(key)}`;
    const waitMs = Math.min((this.#retries.get(id) ?? RETRY_MIN_MS / 2) * 2, RETRY_MAX_MS);
    this.#retries.set(id, waitMs);
    this.#options.inBackground(async (signal) => {
      await delay(waitMs, signal);
      await this.read(spec, key);
    });
  }

  /** What one list gives for all that are read in the same turn of the event loop; undefined where a list is not worth it or not allowed. */
  async #together(spec: ReflectorSpec, key: ObjectKey): Promise<Listed> {
    const id = specId(spec);
    let batch = this.#batches.get(id);
    if (batch === undefined) {
      const wanted = new Map<string, number>();
      const lists = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#batches.delete(id);
        return this.#lists(spec, wanted);
      });
      batch = { wanted, lists };
      this.#batches.set(id, batch);
    }
    batch.wanted.set(key.namespace, (batch.wanted.get(key.namespace) ?? 0) + 1);
    return (await batch.lists)(key.namespace);
  }

  /** One list of everything, or one of each namespace that is asked for. */
  async #lists(spec: ReflectorSpec, wanted: ReadonlyMap<string, number>): Promise<(namespace: string) => Promise<Listed>> {
    const { info } = spec;
    const byNamespace = new Map<string, Promise<Listed>>();
    const total = [...wanted.values()].reduce((sum, count) => sum + count, 0);
    const held = wanted.size < 2 || spec.namespace !== '' ? [] : this.#options.store.entries(info.group, info.kind, info.version);
    const isWorthAll = held.length > 0 && held.length <= MAX_LISTED_WIDE && total * 2 >= held.length && total >= LISTED_FROM;
    const all = isWorthAll ? await this.#list(spec, '') : undefined;
    return (namespace) => {
      const known = byNamespace.get(namespace) ?? this.#ofNamespace(spec, namespace, wanted.get(namespace) ?? 0, all);
      byNamespace.set(namespace, known);
      return known;
    };
  }

  async #ofNamespace(spec: ReflectorSpec, namespace: string, wanted: number, all: readonly KubeObject[] | undefined): Promise<Listed> {
    if (all !== undefined) return byName(all.filter((object) => namespaceOf(object) === namespace));
    if (wanted < LISTED_FROM) return undefined;
    const held = this.#options.store.inNamespace(spec.info.group, spec.info.kind, namespace);
    if (wanted * 2 < held.length) return undefined;
    const objects = await this.#list(spec, namespace);
    return objects === undefined ? undefined : byName(objects);
  }

  async #list({ info }: ReflectorSpec, namespace: string): Promise<readonly KubeObject[] | undefined> {
    const { list, signal } = this.#options;
    try {
      return await this.#limiter.run(() => list(info, namespace, signal));
    } catch (error) {
      // The right may be to read some of them by name.
      if (isAppError(error)) return undefined;
      throw error;
    }
  }
}

function byName(objects: readonly KubeObject[]): Listed {
  return new Map(objects.map((object) => [nameOf(object), object]));
}
