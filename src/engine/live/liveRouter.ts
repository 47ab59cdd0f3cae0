import type { ObjectChange, WatchCache } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { ownerUids } from '../sessions/desiredObjects.ts';
import { markId } from '../sessions/markedObjects.ts';
import { keyOf, keyString } from '../model/objects.ts';

/** What changed for one application. */
export interface LiveChange {
  /** `keyString`s of its objects that changed, or below which something changed */
  readonly keys: Set<string>;
  /** namespaces in which a child went, so that nobody can tell any more whose it was */
  readonly namespaces: Set<string>;
  /** an object that it does not desire, but that carries its mark, came or changed */
  isMarked?: boolean;
}

/** owner references are followed this far: CronJob, Job, Pod; Deployment, ReplicaSet, Pod */
const maximumDepth = 4;

/** Knows which applications hold which objects, so that a change of the watch reaches these and no others. */
export class LiveRouter<Receiver> {
  readonly #receivers = new Map<string, Set<Receiver>>();
  readonly #byNamespace = new Map<string, Set<Receiver>>();
  readonly #byMark = new Map<string, Set<Receiver>>();
  readonly #places = new Map<Receiver, { readonly index: Map<string, Set<Receiver>>; readonly id: string }[]>();

  /** Replaces what a receiver holds. @param keys `keyString`s */
  set(receiver: Receiver, context: string, keys: Iterable<string>): void {
    this.delete(receiver);
    const places: { index: Map<string, Set<Receiver>>; id: string }[] = [];
    const namespaces = new Set<string>();
    for (const key of keys) {
      places.push({ index: this.#receivers, id: `${context}\n${key}` });
      namespaces.add(key.split('/')[2] ?? '');
    }
    for (const namespace of namespaces) places.push({ index: this.#byNamespace, id: `${context}\n${namespace}` });
    for (const { index, id } of places) addTo(index, id, receiver);
    this.#places.set(receiver, places);
  }

  /** Objects with this mark are the receiver's too, until {@link set} or {@link delete}. @param mark `markId` */
  addMark(receiver: Receiver, context: string, mark: string): void {
    const id = `${context}\n${mark}`;
    const places = this.#places.get(receiver);
    if (places === undefined || this.#byMark.get(id)?.has(receiver) === true) return;
    addTo(this.#byMark, id, receiver);
    places.push({ index: this.#byMark, id });
  }

  /** The marks that a receiver named for a context. */
  marksOf(receiver: Receiver, context: string): readonly string[] {
    const prefix = `${context}\n`;
    const places = this.#places.get(receiver) ?? [];
    return places.flatMap(({ index, id }) => (index === this.#byMark && id.startsWith(prefix) ? [id.slice(prefix.length)] : []));
  }

  /** Forgets a receiver. */
  delete(receiver: Receiver): void {
    for (const { index, id } of this.#places.get(receiver) ?? []) {
      const known = index.get(id);
      known?.delete(receiver);
      if (known?.size === 0) index.delete(id);
    }
    this.#places.delete(receiver);
  }

  /** Sorts changes by receiver; a change of a child counts for the objects above it. */
  route(context: string, changes: readonly ObjectChange[], watches: Pick<WatchCache, 'byUid'>): ReadonlyMap<Receiver, LiveChange> {
    const routed = new Map<Receiver, LiveChange>();
    const entryOf = (receiver: Receiver): LiveChange => {
      let entry = routed.get(receiver);
      if (entry === undefined) {
        entry = { keys: new Set(), namespaces: new Set() };
        routed.set(receiver, entry);
      }
      return entry;
    };
    for (const change of changes) {
      const keys = [keyString(change.key), ...this.#ownerKeys(change, watches)];
      for (const key of keys) for (const receiver of this.#receivers.get(`${context}\n${key}`) ?? []) entryOf(receiver).keys.add(key);
      if (change.object !== undefined) {
        const mark = this.#byMark.size === 0 ? undefined : ownerMarkOf(change.object);
        const marked = mark === undefined ? undefined : this.#byMark.get(`${context}\n${markId(mark)}`);
        for (const receiver of marked ?? [])
          if (routed.get(receiver)?.keys.has(keyString(change.key)) !== true) entryOf(receiver).isMarked = true;
        continue;
      }
      const { namespace } = change.key;
      for (const receiver of this.#byNamespace.get(`${context}\n${namespace}`) ?? []) entryOf(receiver).namespaces.add(namespace);
    }
    return routed;
  }

  #ownerKeys(change: ObjectChange, watches: Pick<WatchCache, 'byUid'>): readonly string[] {
    const keys: string[] = [];
    let waiting = change.object === undefined ? [] : ownerUids(change.object);
    for (let depth = 0; depth < maximumDepth && waiting.length > 0; depth += 1) {
      const owners = waiting.flatMap((uid) => watches.byUid(uid) ?? []);
      keys.push(...owners.map((owner) => keyString(keyOf(owner))));
      waiting = owners.flatMap((owner) => ownerUids(owner));
    }
    return keys;
  }
}

function addTo<Receiver>(index: Map<string, Set<Receiver>>, id: string, receiver: Receiver): void {
  const known = index.get(id);
  if (known === undefined) index.set(id, new Set([receiver]));
  else known.add(receiver);
}
