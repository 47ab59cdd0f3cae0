import { type BackgroundRunner, delay, loggingRunner, raceWithSignal } from '../../base/async.ts';
import { Emitter } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { isOver } from '../health/eventCause.ts';
import { stringAt } from '../model/json.ts';
import { type GroupVersionKind, keyOf, type KubeObject, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { EventLookup, ListOptions, ObjectChange, ObjectEvents, WatchCache, WatchInterest } from './api.ts';
import type { WatchedPart } from './watchCache.ts';

/** What {@link EventWatches} needs of a cache of its own. */
export type EventCache = Disposable &
  Pick<WatchCache, 'ensureWatched' | 'change' | 'isSynced' | 'childrenOf' | 'statuses' | 'onDidChange' | 'onDidChangeStatus'> & {
    restart(): void;
  };

/** What watches of events are made of. */
interface EventWatchesOptions {
  /** the connection's objects: those that ask are among them */
  readonly objects: Pick<WatchCache, 'byUid' | 'isFull'>;
  /** makes a cache of a part of the collections, with nothing watched yet */
  readonly watch: (part: WatchedPart) => EventCache;
  readonly list: (gvk: GroupVersionKind, options: ListOptions) => Promise<readonly KubeObject[]>;
  readonly log: Logger;
  readonly now?: () => number;
}

interface Asker {
  readonly key: ObjectKey;
  wellSinceMs: number | undefined;
}

/** Events of one kind of asker in one namespace. */
interface Place {
  readonly cache: EventCache;
  readonly fieldSelector: string;
  readonly interest: WatchInterest;
  /** by uid */
  readonly askers: Map<string, Asker>;
  opening: Promise<void> | undefined;
  /** they may not be watched: until when that is believed, and what a list told instead */
  refusal: { readonly untilMs: number; readonly mayList: boolean; listed?: Listed } | undefined;
}

interface Listed {
  readonly atMs: number;
  readonly byUid: Promise<ReadonlyMap<string, readonly KubeObject[]>>;
}

const EVENT: GroupVersionKind = { group: '', version: 'v1', kind: 'Event' };
const CLAIM = 'PersistentVolumeClaim';
/** a few MB at most, however much a cluster warns */
const MAX_EVENTS = 10_000;
/** what gets well may fall ill again in a moment */
const LINGER_MS = 5 * 60_000;
const TIDY_MS = 60_000;
/** so long it is believed that events may not be watched */
const REFUSED_MS = 5 * 60_000;
/** where they may only be listed: one list of a namespace in this time */
const LIST_MS = 60_000;
const nothing: EventLookup = () => [];

/** {@link ObjectEvents} by one cache for warnings and one for what is told of claims, each watched as the connection's objects are. */
export class EventWatches implements ObjectEvents, Disposable {
  readonly #options: EventWatchesOptions;
  readonly #now: () => number;
  readonly #store = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #told = this.#store.add(new Emitter<ReadonlySet<string>>());
  /** by field selector */
  readonly #caches = new Map<string, EventCache>();
  /** by namespace and field selector */
  readonly #places = new Map<string, Place>();
  #isTidying = false;

  readonly onDidTell = this.#told.event;

  constructor(options: EventWatchesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#background = this.#store.add(loggingRunner(options.log));
  }

  get watchCount(): number {
    return [...this.#caches.values()].reduce((sum, cache) => sum + cache.statuses().length, 0);
  }

  async near(object: KubeObject, signal: AbortSignal): Promise<EventLookup> {
    const uid = stringAt(object.metadata, 'uid');
    if (this.#store.isDisposed || uid === undefined) return nothing;
    const place = this.#placeOf(object);
    place.askers.set(uid, { key: keyOf(object), wellSinceMs: undefined });
    if (!this.#isRefused(place) && !isSynced(place)) await raceWithSignal(this.#opened(place), signal);
    if (place.refusal === undefined) return (about) => place.cache.childrenOf(about);
    const byUid = await raceWithSignal(this.#listed(place), signal);
    return (about) => byUid.get(about) ?? [];
  }

  well(object: KubeObject): void {
    const asker = this.#places.get(placeId(object))?.askers.get(stringAt(object.metadata, 'uid') ?? '');
    if (asker !== undefined) asker.wellSinceMs ??= this.#now();
  }

  tidy(): void {
    for (const [id, place] of this.#places) {
      for (const [uid, asker] of place.askers) if (!this.#isNeeded(uid, asker)) place.askers.delete(uid);
      if (place.askers.size > 0) continue;
      this.#places.delete(id);
      this.#end(place);
    }
  }

  /** Another cluster answers now. */
  restart(): void {
    for (const place of this.#places.values()) place.refusal = undefined;
    for (const cache of this.#caches.values()) cache.restart();
    this.tidy();
  }

  dispose(): void {
    this.#places.clear();
    this.#store.dispose();
  }

  #placeOf(object: KubeObject): Place {
    const id = placeId(object);
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const fieldSelector = selectorOf(object);
    const place: Place = {
      cache: this.#cacheOf(fieldSelector),
      fieldSelector,
      interest: { gvk: EVENT, namespace: placeNamespace(object) },
      askers: new Map(),
      opening: undefined,
      refusal: undefined,
    };
    this.#places.set(id, place);
    if (!this.#isTidying) this.#background.run('ending watches of events', (signal) => this.#tidyRegularly(signal));
    return place;
  }

  #cacheOf(fieldSelector: string): EventCache {
    const known = this.#caches.get(fieldSelector);
    if (known !== undefined) return known;
    const isWorthHolding = (event: KubeObject): boolean => !isOver(event, this.#now());
    const cache = this.#store.add(this.#options.watch({ fieldSelector, isWorthHolding, maxObjects: MAX_EVENTS }));
    this.#caches.set(fieldSelector, cache);
    this.#store.add(
      cache.onDidChange((changes) => {
        const uids = new Set(changes.flatMap(uidOfInvolved));
        if (uids.size > 0) this.#told.fire(uids);
      }),
    );
    this.#store.add(
      cache.onDidChangeStatus(({ state }) => {
        // The right to watch is missing, or was taken away: nobody may ask for long, and it would be tried again and again.
        if (state === 'failed') this.#background.run('looking at watches of events', () => this.#lookAtFailed());
      }),
    );
    return cache;
  }

  async #lookAtFailed(): Promise<void> {
    const failed = [...this.#places.values()].filter((place) => place.refusal === undefined && !isSynced(place));
    await Promise.all(failed.map((place) => this.#opened(place)));
  }

  /** Watches a place, and waits until it is in sync, or known not to be for now. */
  #opened(place: Place): Promise<void> {
    place.opening ??= this.#open(place).finally(() => {
      place.opening = undefined;
    });
    return place.opening;
  }

  async #open(place: Place): Promise<void> {
    place.refusal = undefined;
    try {
      const [outcome] = await place.cache.ensureWatched([place.interest]);
      if (outcome?.reason?.code !== 'forbidden') return;
      place.refusal = { untilMs: this.#now() + REFUSED_MS, mayList: outcome.reason.details['verb'] === 'watch' };
      this.#end(place);
    } catch (error) {
      // The connection was closed meanwhile.
      if (!this.#store.isDisposed) throw error;
    }
  }

  #end({ cache, interest }: Place): void {
    this.#background.run('ending a watch of events', (signal) =>
      cache.change({ managed: [], unmanaged: [], unwanted: [interest] }, signal),
    );
  }

  #isRefused({ refusal }: Place): boolean {
    return refusal !== undefined && this.#now() < refusal.untilMs;
  }

  #listed({ refusal, fieldSelector, interest: { namespace } }: Place): Listed['byUid'] {
    if (refusal?.mayList !== true) return Promise.resolve(new Map());
    const { listed } = refusal;
    if (listed !== undefined && this.#now() - listed.atMs < LIST_MS) return listed.byUid;
    const byUid = this.#options
      .list(EVENT, { namespace, fieldSelector, signal: this.#background.signal })
      .then(grouped, () => new Map<string, readonly KubeObject[]>());
    refusal.listed = { atMs: this.#now(), byUid };
    return byUid;
  }

  #isNeeded(uid: string, { key, wellSinceMs }: Asker): boolean {
    const { objects } = this.#options;
    if (objects.byUid(uid) === undefined || !objects.isFull(key)) return false;
    return wellSinceMs === undefined || this.#now() - wellSinceMs < LINGER_MS;
  }

  async #tidyRegularly(signal: AbortSignal): Promise<void> {
    this.#isTidying = true;
    try {
      while (this.#places.size > 0) {
        await delay(TIDY_MS, signal);
        this.tidy();
      }
    } finally {
      this.#isTidying = false;
    }
  }
}

function isSynced({ cache, interest }: Place): boolean {
  return cache.isSynced(interest.gvk, interest.namespace);
}

function selectorOf({ kind }: KubeObject): string {
  return kind === CLAIM ? `involvedObject.kind=${CLAIM}` : 'type=Warning';
}

/** Events of cluster-scoped objects stand in the namespace default. */
function placeNamespace(object: KubeObject): string {
  return namespaceOf(object) === '' ? 'default' : namespaceOf(object);
}

function placeId(object: KubeObject): string {
  return `${placeNamespace(object)} ${selectorOf(object)}`;
}

function uidOfInvolved({ object }: ObjectChange): string | readonly string[] {
  return stringAt(object, 'involvedObject', 'uid') ?? [];
}

function grouped(events: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const byUid = new Map<string, KubeObject[]>();
  for (const event of events) {
    const uid = stringAt(event, 'involvedObject', 'uid') ?? '';
    const known = byUid.get(uid);
    if (known === undefined) byUid.set(uid, [event]);
    else known.push(event);
  }
  return byUid;
}
