import { Emitter } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ApplicationRow, ChildRow, ClusterRow, ObjectRow, RepoRow } from '../../engine/model/snapshot.ts';
import type { SnapshotPage, Stamp } from '../../protocol/messages.ts';

/** What a change of the store touched. */
export interface StoreChange {
  /** everything may have changed */
  readonly isFull: boolean;
  readonly applicationIds: ReadonlySet<string>;
  readonly clusters: boolean;
  readonly repos: boolean;
}

/** The engine's rows as the extension last got them; holds no truth of its own. */
export interface StoreState {
  readonly applications: ReadonlyMap<string, ApplicationRow>;
  readonly clusters: readonly ClusterRow[];
  readonly repos: readonly RepoRow[];
  /** false until the first snapshot arrived */
  readonly isLoaded: boolean;
}

/** What the store asks the engine for. */
export interface SnapshotSource {
  snapshot(params: { since?: Stamp; cursor?: string }): Promise<SnapshotPage>;
  objects(applicationId: string): Promise<readonly ObjectRow[]>;
  children(applicationId: string, key: string, uid: string | undefined): Promise<readonly ChildRow[]>;
}

/** Holds the rows of the snapshot by stamp, and pulls pages after each "changed" ping: one pull runs, at most one waits. */
export class SnapshotStore implements StoreState, Disposable {
  readonly #source: SnapshotSource;
  readonly #onError: (error: unknown) => void;
  readonly #changes = new Emitter<StoreChange>();
  #applications = new Map<string, ApplicationRow>();
  readonly #objects = new Map<string, readonly ObjectRow[]>();
  /** a newer answer wins over an older one, whichever comes first */
  readonly #objectRequests = new Map<string, Promise<readonly ObjectRow[]>>();
  readonly #children = new Map<string, Promise<readonly ChildRow[]>>();
  readonly #staleObjects = new Set<string>();
  /** applications that pings named since the last pull: their objects may have changed though their rows did not */
  readonly #pinged = new Set<string>();
  #clusters: readonly ClusterRow[] = [];
  #repos: readonly RepoRow[] = [];
  #stamp: Stamp | undefined;
  #isPulling = false;
  #isPullWanted = false;
  #isDisposed = false;

  /** @param onError receives failures of pulls; the rows held stay as they are */
  constructor(source: SnapshotSource, onError: (error: unknown) => void) {
    this.#source = source;
    this.#onError = onError;
  }

  readonly onDidChange = this.#changes.event;

  get applications(): ReadonlyMap<string, ApplicationRow> {
    return this.#applications;
  }

  get clusters(): readonly ClusterRow[] {
    return this.#clusters;
  }

  get repos(): readonly RepoRow[] {
    return this.#repos;
  }

  get isLoaded(): boolean {
    return this.#stamp !== undefined;
  }

  /** The cluster row of a kubeconfig context. */
  cluster(context: string | undefined): ClusterRow | undefined {
    return context === undefined ? undefined : this.#clusters.find((row) => row.context === context);
  }

  /** The row of the repo at a root. */
  repo(root: string): RepoRow | undefined {
    return this.#repos.find((row) => row.root === root);
  }

  /** Tells that something of the snapshot changed; pulls unless the stamp is the one held. */
  changed(stamp: Stamp, applicationIds: readonly string[]): void {
    if (stamp.epoch === this.#stamp?.epoch && stamp.version <= this.#stamp.version) return;
    for (const id of applicationIds) this.#pinged.add(id);
    this.pull();
  }

  /** Pulls what changed since the stamp held; everything when none is. */
  pull(): void {
    this.#isPullWanted = true;
    if (!this.#isPulling) void this.#pullAll();
  }

  /** Forgets the stamp, so that the next pull is a full one (a restarted engine). The rows stay until it arrives. */
  restart(): void {
    this.#stamp = undefined;
    this.#markStale([...this.#objects.keys()]);
    this.#children.clear();
    this.pull();
  }

  /** Objects of an application: those held, or fetched now. */
  async objects(applicationId: string): Promise<readonly ObjectRow[]> {
    const held = this.#objects.get(applicationId);
    if (held !== undefined && !this.#staleObjects.has(applicationId)) return held;
    return this.#fetchObjects(applicationId);
  }

  /** Objects of an application if they are held, however old. */
  heldObjects(applicationId: string): readonly ObjectRow[] | undefined {
    return this.#objects.get(applicationId);
  }

  /** Live objects below another, fetched once per version of the application. */
  async children(applicationId: string, key: string, uid: string | undefined): Promise<readonly ChildRow[]> {
    const id = `${applicationId}\n${key}\n${uid ?? ''}`;
    const held = this.#children.get(id);
    if (held !== undefined) return held;
    const request = this.#source.children(applicationId, key, uid);
    this.#children.set(id, request);
    try {
      return await request;
    } catch (error) {
      if (this.#children.get(id) === request) this.#children.delete(id);
      throw error;
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#changes.dispose();
  }

  async #fetchObjects(applicationId: string): Promise<readonly ObjectRow[]> {
    this.#staleObjects.delete(applicationId);
    const request = this.#source.objects(applicationId);
    this.#objectRequests.set(applicationId, request);
    try {
      const objects = await request;
      if (this.#objectRequests.get(applicationId) !== request) return this.#objects.get(applicationId) ?? objects;
      this.#objects.set(applicationId, objects);
      return objects;
    } catch (error) {
      if (this.#objectRequests.get(applicationId) === request) this.#staleObjects.add(applicationId);
      throw error;
    } finally {
      if (this.#objectRequests.get(applicationId) === request) this.#objectRequests.delete(applicationId);
    }
  }

  #markStale(applicationIds: readonly string[]): void {
    for (const id of applicationIds) {
      this.#staleObjects.add(id);
      this.#objectRequests.delete(id);
      for (const key of this.#children.keys()) if (key.startsWith(`${id}\n`)) this.#children.delete(key);
    }
  }

  async #pullAll(): Promise<void> {
    this.#isPulling = true;
    try {
      while (this.#isPullWanted && !this.#isDisposed) {
        this.#isPullWanted = false;
        await this.#pullOnce();
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#isPulling = false;
    }
  }

  async #pullOnce(): Promise<void> {
    const pages: SnapshotPage[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#source.snapshot({
        ...(this.#stamp === undefined ? {} : { since: this.#stamp }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (pages[0] !== undefined && page.epoch !== pages[0].epoch) {
        this.#stamp = undefined;
        this.#isPullWanted = true;
        return;
      }
      pages.push(page);
      cursor = page.cursor;
    } while (cursor !== undefined && !this.#isDisposed);
    this.#apply(pages);
  }

  #apply(pages: readonly SnapshotPage[]): void {
    const first = pages[0];
    if (first === undefined) return;
    if (!first.isFull && first.epoch !== this.#stamp?.epoch) {
      this.#stamp = undefined;
      this.#isPullWanted = true;
      return;
    }
    // Of rows that are as they were only what lies below them can be another, and only where somebody has looked below.
    const touched = new Set([...this.#pinged].filter((id) => this.#objects.has(id)));
    this.#pinged.clear();
    const applications = first.isFull ? new Map<string, ApplicationRow>() : this.#applications;
    for (const page of pages) {
      for (const row of page.applications) {
        if (!isSameRow(this.#applications.get(row.id), row)) touched.add(row.id);
        applications.set(row.id, row);
      }
      for (const id of page.removed) {
        applications.delete(id);
        this.#objects.delete(id);
        touched.add(id);
      }
    }
    this.#applications = applications;
    for (const id of this.#objects.keys()) if (!applications.has(id)) this.#objects.delete(id);
    this.#markStale([...touched]);
    // The clusters and repos of one pull are complete; they are few.
    const clusters = pages.flatMap((page) => page.clusters);
    const repos = pages.flatMap((page) => page.repos);
    const hasClusterChange = JSON.stringify(clusters) !== JSON.stringify(this.#clusters);
    const hasRepoChange = JSON.stringify(repos) !== JSON.stringify(this.#repos);
    this.#clusters = clusters;
    this.#repos = repos;
    const isFirst = this.#stamp === undefined;
    this.#stamp = { epoch: first.epoch, version: first.version };
    if (!first.isFull && !isFirst && touched.size === 0 && !hasClusterChange && !hasRepoChange) return;
    this.#changes.fire({ isFull: first.isFull, applicationIds: touched, clusters: hasClusterChange, repos: hasRepoChange });
  }
}

function isSameRow(before: ApplicationRow | undefined, after: ApplicationRow): boolean {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after);
}
