import type { ObjectChange, WatchCache } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { ownerUids } from '../sessions/desiredObjects.ts';
import { markId } from '../sessions/markedObjects.ts';
import { keyOf, keyString } from '../model/objects.ts';
import { Receivers } from './receivers.ts';

/** What changed for one application. */
export interface LiveChange {
  /** `keyString`s of its objects that changed, or below which something changed */
  readonly keys: Set<string>;
  /** namespaces in which a child went, so that nobody can tell any more whose it was */
  readonly namespaces: Set<string>;
  /** something below one of its objects changed */
  isBelow?: boolean;
  /** an object that it does not desire, but that carries its mark, came or changed */
  isMarked?: boolean;
}

/** owner references are followed this far: CronJob, Job, Pod; Deployment, ReplicaSet, Pod */
const maximumDepth = 4;

/** What one receiver holds in one context. */
interface Holding {
  readonly context: string;
  /** `keyString`s */
  readonly keys: readonly string[];
  readonly namespaces: ReadonlySet<string>;
  /** `markId`s */
  readonly marks: Set<string>;
}

/** Who holds what in one context. */
interface Index<Receiver> {
  readonly keys: Receivers<Receiver>;
  readonly namespaces: Receivers<Receiver>;
  readonly marks: Receivers<Receiver>;
}

/** Knows which applications hold which objects, so that a change of the watch reaches these and no others. */
export class LiveRouter<Receiver> {
  readonly #indexes = new Map<string, Index<Receiver>>();
  readonly #holdings = new Map<Receiver, Holding>();

  /** Replaces what a receiver holds. @param keys `keyString`s */
  set(receiver: Receiver, context: string, keys: Iterable<string>): void {
    this.delete(receiver);
    const all = [...keys];
    const namespaces = new Set(all.map((key) => key.split('/')[2] ?? ''));
    const index = this.#indexOf(context);
    for (const key of all) index.keys.add(key, receiver);
    for (const namespace of namespaces) index.namespaces.add(namespace, receiver);
    this.#holdings.set(receiver, { context, keys: all, namespaces, marks: new Set() });
  }

  /** Objects with this mark are the receiver's too, until {@link set} or {@link delete}. @param mark `markId` */
  addMark(receiver: Receiver, context: string, mark: string): void {
    const holding = this.#holdings.get(receiver);
    if (holding?.context !== context) return;
    holding.marks.add(mark);
    this.#indexOf(context).marks.add(mark, receiver);
  }

  /** The marks that a receiver named for a context. */
  marksOf(receiver: Receiver, context: string): readonly string[] {
    const holding = this.#holdings.get(receiver);
    return holding?.context === context ? [...holding.marks] : [];
  }

  /** Forgets a receiver. */
  delete(receiver: Receiver): void {
    const holding = this.#holdings.get(receiver);
    if (holding === undefined) return;
    const { keys, namespaces, marks } = this.#indexOf(holding.context);
    for (const key of holding.keys) keys.delete(key, receiver);
    for (const namespace of holding.namespaces) namespaces.delete(namespace, receiver);
    for (const mark of holding.marks) marks.delete(mark, receiver);
    this.#holdings.delete(receiver);
  }

  /** Sorts changes by receiver; a change of a child counts for the objects above it. */
  route(context: string, changes: readonly ObjectChange[], watches: Pick<WatchCache, 'byUid'>): ReadonlyMap<Receiver, LiveChange> {
    const index = this.#indexOf(context);
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
      for (const receiver of index.keys.of(keyString(change.key))) entryOf(receiver).keys.add(keyString(change.key));
      for (const key of this.#ownerKeys(change, watches)) {
        for (const receiver of index.keys.of(key)) {
          const entry = entryOf(receiver);
          entry.keys.add(key);
          entry.isBelow = true;
        }
      }
      if (change.object !== undefined) {
        const mark = index.marks.isEmpty ? undefined : ownerMarkOf(change.object);
        for (const receiver of mark === undefined ? [] : index.marks.of(markId(mark)))
          if (routed.get(receiver)?.keys.has(keyString(change.key)) !== true) entryOf(receiver).isMarked = true;
        continue;
      }
      const { namespace } = change.key;
      for (const receiver of index.namespaces.of(namespace)) entryOf(receiver).namespaces.add(namespace);
    }
    return routed;
  }

  #indexOf(context: string): Index<Receiver> {
    let index = this.#indexes.get(context);
    if (index === undefined) {
      index = { keys: new Receivers(), namespaces: new Receivers(), marks: new Receivers() };
      this.#indexes.set(context, index);
    }
    return index;
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
