import { delay, Throttler, type BackgroundRunner } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { ClusterConnection, WatchInterest } from '../cluster/api.ts';
import type { ClusterChanges, ClusterHub } from '../live/clusterHub.ts';
import { keyString } from '../model/objects.ts';
import type { OwnerSource } from '../model/ownerView.ts';
import type { OwnerViews } from './ownerViews.ts';

/** What a follower works with. */
export interface OwnerFollowing {
  readonly hub: ClusterHub;
  readonly views: OwnerViews;
  readonly background: BackgroundRunner;
  readonly sessions: () => readonly ApplicationSession[];
}

/** how often it looks whether other owners' objects are to be watched */
const lookMs = 5_000;
/** what no watch covers (another cluster's Application, one that may not be watched) is looked at again after this time */
const unwatchedMs = 60_000;

/** One cluster with the owners' objects that count there. */
interface Place {
  readonly context: string;
  readonly connection: ClusterConnection;
  readonly sources: Map<string, OwnerSource>;
}

/**
 * Follows the objects that owners are made of: when an Application, a Kustomization, a HelmRelease or argocd-cm changes, what they own is
 * judged anew. They are watched as metadata, one watch per kind and namespace; only what changed is read.
 */
export class OwnerFollower implements Disposable {
  readonly #with: OwnerFollowing;
  readonly #store = new DisposableStore();
  readonly #watched = new Map<string, ReadonlySet<string>>();
  readonly #changed = new Map<string, { readonly connection: ClusterConnection; readonly source: OwnerSource }>();
  readonly #read: Throttler;
  #sources = new Map<string, OwnerSource>();
  #lastUnwatchedMs = Date.now();

  constructor(following: OwnerFollowing) {
    this.#with = following;
    this.#read = new Throttler(following.background, 'read owners', (signal) => this.#readChanged(signal));
    this.#store.add(
      following.hub.onDidChangeObjects((changes) => {
        this.#take(changes);
      }),
    );
    following.background.run('follow owners', async (signal) => {
      for (;;) {
        await delay(lookMs, signal);
        await this.#look(signal);
      }
    });
  }

  dispose(): void {
    this.#store.dispose();
    for (const context of this.#watched.keys()) this.#with.hub.release(useOf(context));
    this.#watched.clear();
  }

  #take({ context, changes }: ClusterChanges): void {
    const watched = this.#watched.get(context);
    const connection = this.#with.hub.existing(context);
    if (watched === undefined || connection === undefined) return;
    for (const { key } of changes) {
      const id = keyString(key);
      const source = watched.has(id) ? this.#sources.get(`${context}\n${id}`) : undefined;
      if (source !== undefined) this.#changed.set(`${context}\n${id}`, { connection, source });
    }
    if (this.#changed.size > 0) this.#read.request();
  }

  async #readChanged(signal: AbortSignal): Promise<void> {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    for (const { connection, source } of changed) {
      const moves = await this.#moves(connection, source, signal);
      if (moves === 'nothing') continue;
      const id = keyString(source.key);
      for (const session of this.#with.sessions()) {
        if (session.connection !== connection) continue;
        const counts = countsIn(session);
        judgeAnew(session, (object) => {
          const isIts = object.view?.sources?.some(({ key }) => keyString(key) === id) === true;
          return isIts && (moves === 'all' || counts(object));
        });
      }
    }
  }

  /** What cannot be read may have moved anything: its objects then tell so, and are asked about again. */
  async #moves(connection: ClusterConnection, source: OwnerSource, signal: AbortSignal): Promise<'all' | 'forecast' | 'nothing'> {
    try {
      return await this.#with.views.changeOf(connection, source, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      return 'all';
    }
  }

  /** Brings the watches up to what the applications' objects are owned by. */
  async #look(signal: AbortSignal): Promise<void> {
    const places = new Map<string, Place>();
    const isTime = Date.now() - this.#lastUnwatchedMs >= unwatchedMs;
    if (isTime) this.#lastUnwatchedMs = Date.now();
    for (const session of this.#with.sessions()) {
      const { connection } = session;
      if (!session.isActive || connection?.state.status !== 'connected') continue;
      for (const { view } of session.objects) {
        for (const source of view?.sources ?? []) {
          const place = places.get(connection.context) ?? { context: connection.context, connection, sources: new Map() };
          places.set(connection.context, place);
          place.sources.set(keyString(source.key), source);
        }
      }
      const watched = this.#watched.get(connection.context);
      const isUnwatched = (sources: readonly OwnerSource[] = []): boolean =>
        sources.length === 0 || !sources.every(({ key }) => watched?.has(keyString(key)) === true);
      if (isTime) judgeAnew(session, ({ view }) => view !== undefined && isUnwatched(view.sources));
      const nowMs = Date.now();
      const counts = countsIn(session);
      judgeAnew(session, (object) => (object.view?.revert.untilMs ?? nowMs) < nowMs && counts(object));
    }
    this.#sources = new Map(
      [...places.values()].flatMap(({ context, sources }) => [...sources].map(([id, source]) => [`${context}\n${id}`, source] as const)),
    );
    for (const context of [...this.#watched.keys()]) {
      if (places.has(context)) continue;
      this.#with.hub.release(useOf(context));
      this.#watched.delete(context);
    }
    for (const place of places.values()) await this.#watch(place, signal);
  }

  async #watch({ context, connection, sources }: Place, signal: AbortSignal): Promise<void> {
    const known = this.#watched.get(context);
    if (known !== undefined && [...sources.keys()].every((id) => known.has(id))) return;
    if (this.#with.hub.existing(context) !== connection) return;
    try {
      const interests = await this.#allowed(connection, [...sources.values()], signal);
      const use = { applicationId: useOf(context), context };
      await this.#with.hub.connect(use, signal);
      const outcomes = await this.#with.hub.watch(use, new Set(), interests, signal);
      const covered = outcomes
        .filter(({ state }) => state === 'synced')
        .map(({ interest }) => placeOf(interest.gvk.kind, interest.namespace));
      const followed = [...sources].filter(([, { key }]) => covered.includes(placeOf(key.kind, key.namespace)));
      const ids = new Set(followed.map(([id]) => id));
      this.#watched.set(context, ids);
      this.#with.views.setWatched(connection, ids);
      // What changed between the read and the start of the watch: no event tells of it.
      for (const [id, source] of followed)
        if (known?.has(id) !== true && !(await this.#with.views.isCurrent(connection, source)))
          this.#changed.set(`${context}\n${id}`, { connection, source });
      if (this.#changed.size > 0) this.#read.request();
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
    }
  }

  /** One interest per kind and namespace; those that this user may not watch are left out, so that no watch fails over and over. */
  async #allowed(connection: ClusterConnection, sources: readonly OwnerSource[], signal: AbortSignal): Promise<readonly WatchInterest[]> {
    const interests = new Map<string, WatchInterest>();
    for (const { gvk, key } of sources) {
      const place = placeOf(key.kind, key.namespace);
      if (interests.has(place)) continue;
      const resource = await connection.discovery.resource(gvk, signal);
      if (resource === undefined) continue;
      const question = { group: gvk.group, resource: resource.plural, namespace: key.namespace };
      const may = await Promise.all(['list', 'watch'].map((verb) => connection.canI({ ...question, verb }, { signal })));
      if (may.every(Boolean)) interests.set(place, { gvk, namespace: key.namespace, isChildOnly: true });
    }
    return [...interests.values()];
  }
}

function useOf(context: string): string {
  return `owners of ${context}`;
}

function placeOf(kind: string, namespace: string): string {
  return `${kind} ${namespace}`;
}

/** Whether a forecast is shown by an object: for its own fields, or for objects that Git does not have. */
function countsIn(session: ApplicationSession): (object: ApplicationSession['objects'][number]) => boolean {
  const witnesses = new Set(session.extraneous.flatMap(({ witness }) => witness ?? []));
  return ({ key, verdict }) => verdict.fields.length > 0 || witnesses.has(keyString(key));
}

function judgeAnew(session: ApplicationSession, isConcerned: (object: ApplicationSession['objects'][number]) => boolean): void {
  const keys = session.objects.filter(isConcerned).map(({ key }) => keyString(key));
  if (keys.length > 0) session.liveChanged({ keys: new Set(keys), namespaces: new Set() });
}
