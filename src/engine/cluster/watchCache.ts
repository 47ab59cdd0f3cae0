import { type BackgroundRunner, delay, loggingRunner, raceWithSignal } from '../../base/async.ts';
import { ignoreAppErrors, isAppError } from '../../base/errors.ts';
import { Emitter } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { type GroupVersionKind, type KubeObject, keyString, type ObjectKey, parseKeyString } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { Reason } from '../model/states.ts';
import type { Discovery, ObjectChange, WatchCache, WatchChange, WatchInterest, WatchOutcome, WatchStatus } from './api.ts';
import { reasonOf } from './apiErrors.ts';
import { definitionInterest, isDefinition } from './definitions.ts';
import { FullReads } from './fullReads.ts';
import { ObjectStore, type StoredEntry } from './objectStore.ts';
import type { ReflectorSpec } from './reflector.ts';
import { RunningWatch, type WatchContext } from './runningWatch.ts';
import { ServedKinds } from './servedKinds.ts';
import { covers, interestId, kindId, planWatches, type ResolvedInterest, specId } from './watchPlan.ts';

/** The part of its collections that a cache holds. */
export interface WatchedPart {
  readonly fieldSelector: string;
  /** asked when an object comes or changes */
  readonly isWorthHolding: (object: KubeObject) => boolean;
  /** of one kind: beyond it those that changed longest ago are forgotten */
  readonly maxObjects: number;
}

/** What the watches of one cluster are made of. */
interface WatchCacheOptions {
  readonly discovery: Discovery;
  readonly context: WatchContext;
  /** resolves when the cluster is connected and verified, rejects when it cannot be */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** reads one object in full */
  readonly read: (gvk: GroupVersionKind, key: ObjectKey, signal: AbortSignal) => Promise<KubeObject>;
  /** reads all objects of a kind in a namespace in full */
  readonly list: (gvk: GroupVersionKind, namespace: string, signal: AbortSignal) => Promise<readonly KubeObject[]>;
  readonly log: Logger;
  /** absent: everything */
  readonly part?: WatchedPart;
  readonly maxWatches?: number;
  /** between looks for kinds that the server did not know, in milliseconds */
  readonly unknownKindRetryMs?: number;
}

const NOT_WATCHED: Reason = { code: 'not-watched', details: {} };
const MAX_WATCHES = 300;
const UNKNOWN_KIND_RETRY_MS = 30_000;

/** {@link WatchCache} over reflectors. */
export class ReflectorWatchCache implements WatchCache, Disposable {
  readonly #options: WatchCacheOptions;
  readonly #disposables = new DisposableStore();
  readonly #background: BackgroundRunner;
  readonly #changes = this.#disposables.add(new Emitter<readonly ObjectChange[]>());
  readonly #statusChanges = this.#disposables.add(new Emitter<WatchStatus>());
  readonly #store: ObjectStore;
  readonly #reads: FullReads;
  readonly #interests = new Map<string, WatchInterest>();
  readonly #watches = new Map<string, RunningWatch>();
  readonly #forbiddenWide = new Set<string>();
  readonly #managed = new Set<string>();
  /** {@link kindId}s with interests in the objects themselves */
  #wholeKinds: ReadonlySet<string> = new Set();
  #isExpecting = false;
  #pendingChanges: ObjectChange[] = [];
  #isFlushQueued = false;
  #currentApply: Promise<unknown> = Promise.resolve();
  #queuedApply: Promise<Resolved> | undefined;
  readonly #served: ServedKinds;
  #unresolved = 0;
  #isRetrying = false;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#store = new ObjectStore(options.part?.maxObjects);
    this.#served = new ServedKinds(options.discovery);
    this.#background = this.#disposables.add(loggingRunner(options.log));
    this.#reads = new FullReads({
      store: this.#store,
      isManaged: (key) => this.#managed.has(keyString(key)),
      read: options.read,
      list: options.list,
      changed: (change) => {
        this.#push(change);
      },
      log: options.log,
      signal: this.#background.signal,
      inBackground: (task) => {
        this.#background.run('reading an object again', task);
      },
    });
    this.#disposables.add(
      options.discovery.onDidChange(() => {
        this.#applyInBackground('watches after a change of kinds');
      }),
    );
  }

  get onDidChange(): WatchCache['onDidChange'] {
    return this.#changes.event;
  }

  get onDidChangeStatus(): WatchCache['onDidChangeStatus'] {
    return this.#statusChanges.event;
  }

  async ensureWatched(interests: readonly WatchInterest[], signal?: AbortSignal): Promise<readonly WatchOutcome[]> {
    for (const interest of interests) this.#interests.set(interestId(interest), interest);
    return raceWithSignal(this.#settle(interests), signal ?? this.#background.signal);
  }

  async change({ managed, unmanaged, unwanted }: WatchChange, signal = this.#background.signal): Promise<void> {
    for (const id of unmanaged) {
      this.#managed.delete(id);
      for (const { watch, entry } of this.#held(id)) watch.strip(entry);
    }
    for (const id of managed) this.#managed.add(id);
    for (const interest of unwanted) this.#interests.delete(interestId(interest));
    if (unwanted.length > 0) this.#applyInBackground('ending watches');
    await raceWithSignal(this.#readInFull(managed), signal);
  }

  setExpecting(isExpecting: boolean): void {
    if (this.#isExpecting && !isExpecting) for (const watch of this.#watches.values()) watch.stripUnmanaged();
    this.#isExpecting = isExpecting;
  }

  get(key: ObjectKey, version?: string): KubeObject | undefined {
    return this.#store.get(key, version)?.object;
  }

  isFull(key: ObjectKey): boolean {
    return this.#store.get(key)?.isFull === true;
  }

  isSynced(gvk: GroupVersionKind, namespace: string): boolean {
    for (const { spec, hasSynced } of this.#watches.values()) {
      const { info } = spec;
      if (!hasSynced || info.group !== gvk.group || info.version !== gvk.version || info.kind !== gvk.kind) continue;
      if (spec.namespace === '' || spec.namespace === namespace) return true;
    }
    return false;
  }

  byUid(uid: string): KubeObject | undefined {
    return this.#store.byUid(uid)?.object;
  }

  childrenOf(uid: string): readonly KubeObject[] {
    return this.#store.childrenOf(uid).map(({ object }) => object);
  }

  objects(group: string, kind: string, namespace?: string): readonly KubeObject[] {
    const entries = namespace === undefined ? this.#store.entries(group, kind) : this.#store.inNamespace(group, kind, namespace);
    return entries.map(({ object }) => object);
  }

  statuses(): readonly WatchStatus[] {
    return [...this.#watches.values()].filter(({ spec }) => this.#isWanted(spec)).map((watch) => watch.status());
  }

  /** The kinds that a CustomResourceDefinition may describe, and of which objects are watched in full. */
  definedKinds(): readonly ResourceInfo[] {
    const kinds = [...this.#watches.values()].flatMap(({ spec: { info, isMetadataOnly } }) =>
      !isMetadataOnly && (info.servedBy === 'crd' || info.servedBy === 'unknown') ? [info] : [],
    );
    return [...new Map(kinds.map((info) => [kindId(info), info])).values()];
  }

  /** Lists a kind once more on every watch of it: the server reads the same objects in another way by now. */
  listAgain(info: ResourceInfo): void {
    for (const watch of this.#watches.values()) if (kindId(watch.spec.info) === kindId(info)) watch.listAgain();
  }

  /** Forgets all objects and lists everything anew: another cluster answers now. */
  restart(): void {
    for (const watch of [...this.#watches.values()]) this.#end(watch, [], true);
    this.#forbiddenWide.clear();
    this.#applyInBackground('watches on another cluster');
  }

  /** Resolves and reads again what could not be while the server was away. */
  reconnected(): void {
    this.#background.run('reading again', () => this.#readInFull(this.#managed));
    if (this.#unresolved > 0) this.#applyInBackground('watches after a reconnection');
  }

  dispose(): void {
    for (const watch of this.#watches.values()) watch.dispose();
    this.#disposables.dispose();
  }

  /** Reads those of these managed objects in full that are known by less. */
  async #readInFull(ids: Iterable<string>): Promise<void> {
    const reads: Promise<void>[] = [];
    for (const id of ids) {
      for (const { watch, entry } of this.#held(id)) if (!entry.isFull) reads.push(this.#reads.read(watch.spec, entry.key));
    }
    await Promise.all(reads);
  }

  /** An object as each of its watches holds it. @param id `keyString` */
  #held(id: string): { readonly watch: RunningWatch; readonly entry: StoredEntry }[] {
    const key = parseKeyString(id);
    const held: { watch: RunningWatch; entry: StoredEntry }[] = [];
    for (const version of this.#store.versions(key.group, key.kind)) {
      const entry = this.#store.get(key, version);
      if (entry === undefined) continue;
      const watch = [...this.#watches.values()].find(
        ({ spec: { info, namespace } }) =>
          info.group === key.group &&
          info.kind === key.kind &&
          info.version === version &&
          (namespace === '' || namespace === key.namespace),
      );
      if (watch !== undefined) held.push({ watch, entry });
    }
    return held;
  }

  /** Whoever waits no longer leaves it behind: it ends with the watches. */
  async #settle(interests: readonly WatchInterest[]): Promise<readonly WatchOutcome[]> {
    const resolved = await this.#apply();
    const outcomes = await Promise.all(interests.map((interest) => this.#outcome(interest, resolved.get(interestId(interest)))));
    this.#flush();
    return outcomes;
  }

  async #outcome(interest: WatchInterest, found: Resolution | undefined): Promise<WatchOutcome> {
    if (found?.interest === undefined) return { interest, state: 'failed', reason: found?.reason ?? NOT_WATCHED };
    const id = kindId(found.interest.info);
    for (;;) {
      const candidates = [...this.#watches.values()].filter(({ spec }) => covers(spec, found.interest));
      const watch = candidates.find(({ hasSynced }) => hasSynced) ?? candidates.find(({ spec }) => spec.namespace !== '') ?? candidates[0];
      if (watch === undefined) return { interest, state: 'failed', reason: NOT_WATCHED };
      const reason = await watch.outcome();
      if (reason === undefined) {
        await this.#reads.settled(watch.spec);
        return { interest, state: 'synced' };
      }
      const isWide = watch.spec.namespace === '' && found.interest.namespace !== '';
      if (reason.code === 'forbidden' && isWide) {
        // Not allowed cluster-wide: each namespace by itself.
        this.#forbiddenWide.add(id);
        await this.#apply();
      }
      if (this.#watches.get(specId(watch.spec)) === watch) return { interest, state: 'failed', reason };
    }
  }

  /** Makes the running watches equal to the plan for all interests; one run at a time, a waiting one serves all who ask meanwhile. */
  #apply(): Promise<Resolved> {
    this.#queuedApply ??= this.#currentApply.then(() => {
      this.#queuedApply = undefined;
      const run = this.#applyOnce(this.#background.signal);
      this.#currentApply = run.then(ignore, ignore);
      return run;
    });
    return this.#queuedApply;
  }

  #applyInBackground(name: string): void {
    this.#background.run(name, () => this.#apply().then(ignore));
  }

  async #applyOnce(signal: AbortSignal): Promise<Resolved> {
    const resolved: Resolved = new Map();
    const wanted = [...this.#interests.values()];
    const resolutions = await Promise.all(wanted.map((interest) => this.#resolve(interest, signal)));
    const usable: ResolvedInterest[] = [];
    wanted.forEach((interest, index) => {
      const resolution = resolutions[index];
      if (resolution !== undefined) resolved.set(interestId(interest), resolution);
      if (resolution?.interest !== undefined) usable.push(resolution.interest);
    });
    this.#unresolved = resolved.size - usable.length;
    if (this.#unresolved > 0 || usable.some(({ info }) => info.servedBy === 'crd' || info.servedBy === 'unknown')) {
      const crds = await this.#resolve(definitionInterest, signal);
      if (crds.interest !== undefined) usable.push(crds.interest);
    }
    this.#wholeKinds = new Set(usable.flatMap(({ info, isChildOnly }) => (isChildOnly ? [] : kindId(info))));
    const running = new Set(this.#watches.keys());
    const plan = planWatches(usable, this.#forbiddenWide, running, this.#options.maxWatches ?? MAX_WATCHES, this.#isExpecting);
    for (const spec of plan.values()) this.#start(spec);
    for (const watch of [...this.#watches.values()]) if (!plan.has(specId(watch.spec))) this.#end(watch, [...plan.values()]);
    if (this.#unresolved > 0) this.#retryUnknown();
    return resolved;
  }

  async #resolve(interest: WatchInterest, signal: AbortSignal): Promise<Resolution> {
    const { group, version, kind } = interest.gvk;
    let info = this.#served.get(interest.gvk);
    if (info === undefined) {
      try {
        await this.#options.ready(signal);
        info = await this.#options.discovery.resource(interest.gvk, signal);
      } catch (error) {
        if (isAppError(error)) return { reason: reasonOf(error) };
        throw error;
      }
    }
    if (info === undefined) return { reason: { code: 'unknown-kind', details: { ...this.#options.context.target, group, version, kind } } };
    return { interest: { info, namespace: info.isNamespaced ? interest.namespace : '', isChildOnly: interest.isChildOnly === true } };
  }

  /** While kinds are unknown, looks again from time to time: the right to watch CRDs may be missing. */
  #retryUnknown(): void {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    this.#background.run('looking for unknown kinds', async (signal) => {
      try {
        while (this.#unresolved > 0) {
          await delay(this.#options.unknownKindRetryMs ?? UNKNOWN_KIND_RETRY_MS, signal);
          await this.#options.context.online(signal);
          await this.#options.discovery.refresh(signal).catch(ignoreAppErrors);
          await this.#apply();
        }
      } finally {
        this.#isRetrying = false;
      }
    });
  }

  #start(planned: ReflectorSpec): void {
    const { part } = this.#options;
    const spec = part === undefined ? planned : { ...planned, fieldSelector: part.fieldSelector };
    const id = specId(spec);
    const running = this.#watches.get(id);
    if (running?.spec.isPolled === spec.isPolled) return;
    running?.dispose();
    const watch = new RunningWatch(spec, this.#options.context, {
      store: this.#store,
      isManaged: (key) => this.#managed.has(keyString(key)),
      keepsWhole: () => this.#isExpecting && this.#wholeKinds.has(kindId(spec.info)),
      isWorthHolding: part?.isWorthHolding ?? always,
      changed: (change) => {
        this.#push(change);
      },
      needsFull: (entry) => {
        this.#background.run('reading an object', () => this.#reads.read(spec, entry.key));
      },
      statusChanged: (status) => {
        if (this.#isWanted(spec)) this.#statusChanges.fire(status);
      },
    });
    this.#watches.set(id, watch);
    this.#background.run(`watch of ${id}`, (signal) => watch.run(signal));
  }

  /** Stops a watch; its objects leave the cache unless another watch holds them. Only with the kind itself gone are they told as deleted. */
  #end(watch: RunningWatch, remaining: readonly ReflectorSpec[], isGone = !this.#served.has(watch.spec.info)): void {
    watch.dispose();
    this.#watches.delete(specId(watch.spec));
    const { info, namespace } = watch.spec;
    for (const entry of this.#store.entries(info.group, info.kind, info.version)) {
      if (namespace !== '' && entry.key.namespace !== namespace) continue;
      if (remaining.some((spec) => covers(spec, { info, namespace: entry.key.namespace, isChildOnly: false }))) continue;
      const change = this.#store.remove(info, entry.key);
      if (isGone && change !== undefined) this.#push(change);
    }
  }

  #isWanted(spec: ReflectorSpec): boolean {
    return !isDefinition(spec.info) || [...this.#interests.values()].some(({ gvk }) => isDefinition(gvk));
  }

  #push(change: ObjectChange): void {
    this.#pendingChanges.push(change);
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    setImmediate(() => {
      this.#isFlushQueued = false;
      this.#flush();
    });
  }

  #flush(): void {
    const changes = this.#pendingChanges;
    this.#pendingChanges = [];
    if (changes.length > 0) this.#changes.fire(changes);
  }
}

type Resolution = { readonly interest: ResolvedInterest } | { readonly interest?: never; readonly reason: Reason };
type Resolved = Map<string, Resolution>;

const ignore = (): void => undefined;
const always = (): boolean => true;
