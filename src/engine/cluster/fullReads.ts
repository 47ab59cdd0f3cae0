import { Limiter } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { stringAt } from '../model/json.ts';
import { type GroupVersionKind, type KubeObject, keyString, type ObjectKey } from '../model/objects.ts';
import type { ObjectChange } from './api.ts';
import type { ObjectStore } from './objectStore.ts';
import type { ReflectorSpec } from './reflector.ts';
import { specId } from './watchPlan.ts';

/** What reading objects in full needs. */
export interface FullReadsOptions {
  readonly store: ObjectStore;
  readonly isManaged: (key: ObjectKey) => boolean;
  readonly read: (gvk: GroupVersionKind, key: ObjectKey, signal: AbortSignal) => Promise<KubeObject>;
  readonly changed: (change: ObjectChange) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const MAX_READS = 8;

/** Reads managed objects in full of which a watch tells metadata only (Secrets), or which became managed after they were listed. */
export class FullReads {
  readonly #options: FullReadsOptions;
  readonly #limiter = new Limiter(MAX_READS);
  readonly #pending = new Map<string, Promise<void>>();

  constructor(options: FullReadsOptions) {
    this.#options = options;
  }

  /** Reads one object; asked for again while it reads, it reads once more. What cannot be read stays known by its metadata. */
  read(spec: ReflectorSpec, key: ObjectKey): Promise<void> {
    const id = `${specId(spec)}|${keyString(key)}`;
    const before = this.#pending.get(id) ?? Promise.resolve();
    const reading = before.then(() => this.#limiter.run(() => this.#readOnce(spec, key)));
    this.#pending.set(id, reading);
    return reading.finally(() => {
      if (this.#pending.get(id) === reading) this.#pending.delete(id);
    });
  }

  /** Waits for the reads of one watch that are under way. */
  async settled(spec: ReflectorSpec): Promise<void> {
    const prefix = `${specId(spec)}|`;
    await Promise.all([...this.#pending].filter(([id]) => id.startsWith(prefix)).map(([, reading]) => reading));
  }

  async #readOnce({ info }: ReflectorSpec, key: ObjectKey): Promise<void> {
    const { store, isManaged, changed, log, signal } = this.#options;
    const held = store.get(key, info.version);
    if (held === undefined || held.isFull || !isManaged(key)) return;
    try {
      const object = await this.#options.read(info, key, signal);
      const now = store.get(key, info.version);
      // Deleted or replaced meanwhile: the watch tells of it.
      if (now?.uid !== held.uid || !isManaged(key)) return;
      // Changed while it was read: the read that this change asked for follows.
      if (now !== held && now.resourceVersion !== stringAt(object.metadata, 'resourceVersion')) return;
      const change = store.upsert(info, object, true);
      if (change !== undefined) changed(change);
    } catch (error) {
      if (!isAppError(error)) throw error;
      // The consumer sees by isFull that it cannot be compared.
      log.info(`${keyString(key)} could not be read: ${error.code}`);
      changed({ type: 'modified', key, uid: held.uid, object: held.object });
    }
  }
}
