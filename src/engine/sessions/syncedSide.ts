import { sha256 } from '../../base/hash.ts';
import type { ClusterConnection, WatchInterest } from '../cluster/api.ts';
import type { DesiredObject } from './desiredObjects.ts';
import type { Baseline } from '../drift/judgement.ts';
import type { Target } from '../git/state.ts';
import type { Application } from '../model/application.ts';
import type { SyncHistory } from '../model/ledger.ts';
import { keyString, type KubeObject, type ObjectKey } from '../model/objects.ts';
import type { RenderResult } from '../model/render.ts';
import type { Reason } from '../model/states.ts';
import type { RepoSession } from './repoSession.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import { foreignTool, parentKeyOf } from '../sync/applySet.ts';
import { historyOf, type Ledger, ledgerOf } from '../sync/ledger/ledger.ts';
import { otherApplication } from '../sync/ledger/ledgerHold.ts';
import { type AppliedFrom, type AppliedGroup, appliedOf, appliedText, hashOf } from '../sync/ledger/ledgerObjects.ts';
import { type SyncedRender, SyncedRenders } from './syncedRenders.ts';

/** What a comparison knows when it asks for the synced side. */
export interface SyncedInput {
  readonly application: Application;
  readonly connection: ClusterConnection;
  readonly target: Target;
  readonly render: RenderResult;
  readonly desired: readonly DesiredObject[];
}

/** An object as it was applied last, and the commit that it came from. */
export interface SyncedObject {
  readonly revision: string;
  /** undefined: that sync did not have the object */
  readonly object: KubeObject | undefined;
}

/** More read paths than fit a command line: commits are then counted for the folder. */
const MAX_PATHS = 200;

/**
 * The synced side of one application: what the ledger in its cluster records, as the watch has it, and the objects as they were applied.
 * Nothing is rendered twice, and nothing is asked of the cluster.
 */
export class SyncedSide {
  readonly #renders: SyncedRenders;
  readonly #repo: RepoSession;
  readonly #rendered = new Map<AppliedGroup | 'synced', SyncedRender>();
  readonly #found = new Map<string, SyncedObject | undefined>();
  #ledger: Ledger = { records: [] };
  #history: SyncHistory | undefined;
  #problem: Reason | undefined;
  #commitsBehind: number | undefined;
  #counted = '';
  #id = '';

  constructor(repo: RepoSession, renderer: SourceRenderer) {
    this.#repo = repo;
    this.#renders = new SyncedRenders(repo, renderer);
  }

  /** Another one: the objects may be others. */
  get id(): string {
    return this.#id;
  }

  /** What the ledger says; undefined: it is not watched, or not this application's. */
  get history(): SyncHistory | undefined {
    return this.#history;
  }

  /** Whether the time of a running sync has run out since the ledger was read. @param nowMs epoch milliseconds */
  isOverdue(nowMs: number): boolean {
    const until = this.#history?.running?.until;
    return until !== undefined && Date.parse(until) <= nowMs;
  }

  /** Why the objects of the synced revision are not known, though one is recorded. */
  get problem(): Reason | undefined {
    return this.#problem;
  }

  /** Commits of target that touch the application and that the last whole sync did not have. */
  get commitsBehind(): number | undefined {
    return this.#commitsBehind;
  }

  /** The ledger's object; undefined: the application has no ledger. */
  keyOf(application: Application): ObjectKey | undefined {
    const { destination, owner } = application;
    return owner !== 'plumbline' || destination === undefined ? undefined : parentKeyOf(application, destination.namespace);
  }

  /** What has to be watched for it beside what is watched already: the metadata of ConfigMaps. */
  interests(application: Application, others: readonly WatchInterest[]): readonly WatchInterest[] {
    const key = this.keyOf(application);
    if (key === undefined) return [];
    const isCovered = others.some(({ gvk, namespace }) => gvk.kind === key.kind && gvk.group === '' && namespace === key.namespace);
    return isCovered ? [] : [{ gvk: { group: '', version: 'v1', kind: key.kind }, namespace: key.namespace, isChildOnly: true }];
  }

  /**
   * Reads the ledger from the watch, and renders what it names where that is another commit than target.
   * @returns whether the objects may be others than before
   */
  async update(input: SyncedInput, signal: AbortSignal): Promise<boolean> {
    this.#read(input);
    const groups = this.#groups(input);
    const before = this.#id;
    this.#problem = undefined;
    const rendered = new Map<AppliedGroup | 'synced', SyncedRender>();
    const target = { render: input.render, objects: new Map(input.desired.map(({ key, object }) => [keyString(key), object])) };
    for (const [name, from] of groups) {
      const found = await this.#renders.of(from, input.application, target, input.connection, signal);
      if ('code' in found) this.#problem = found;
      else rendered.set(name, found);
    }
    this.#rendered.clear();
    for (const [name, render] of rendered) this.#rendered.set(name, render);
    this.#found.clear();
    const { objects } = this.#ledger;
    this.#id = sha256(
      JSON.stringify([objects === undefined ? '' : appliedText(objects), groups.size, rendered.size, this.#history?.syncedRevision]),
    );
    await this.#count(input, signal);
    return this.#id !== before;
  }

  /** What decides which side of a field moved; undefined: not known, so that who holds the field decides. */
  baselineOf(key: ObjectKey): Baseline | undefined {
    const found = this.objectOf(key);
    if (found === undefined) return undefined;
    return { kind: 'synced', ...(found.object === undefined ? {} : { object: found.object }) };
  }

  /** An object as it was applied last; undefined: not known, or not what that commit renders to any more. */
  objectOf(key: ObjectKey): SyncedObject | undefined {
    const id = keyString(key);
    if (!this.#found.has(id)) this.#found.set(id, this.#find(key, id));
    return this.#found.get(id);
  }

  #read({ application, connection }: SyncedInput): void {
    this.#ledger = { records: [] };
    this.#history = undefined;
    const key = this.keyOf(application);
    if (key === undefined || !connection.watches.isSynced({ group: '', version: 'v1', kind: key.kind }, key.namespace)) return;
    const parent = connection.watches.get(key);
    const ledger = ledgerOf(parent);
    if (parent !== undefined && (foreignTool(parent, key) ?? otherApplication(ledger, application.id, key)) !== undefined) return;
    this.#ledger = ledger;
    this.#history = historyOf(ledger, Date.now());
  }

  /** What has to be rendered. */
  #groups({ target }: SyncedInput): ReadonlyMap<AppliedGroup | 'synced', AppliedFrom> {
    const { objects, running } = this.#ledger;
    // What a sync that runs, or was cut off, has reached is not known; where it applies target itself, live is one or the other.
    if (running !== undefined && (running.record.isDirty || running.record.revision !== target.commit)) return new Map();
    if (objects !== undefined) return new Map(objects.groups.filter(({ isDirty }) => !isDirty).map((group) => [group, group]));
    const { synced, entries = [] } = this.#history ?? {};
    // Without hashes only the newest sync is known, and only by its render.
    if (synced?.render === undefined || entries.find(({ outcome }) => outcome !== 'running') !== synced) return new Map();
    const { revision, render, kubernetes } = synced;
    return new Map([['synced', { revision, render, isDirty: false, ...(kubernetes === undefined ? {} : { kubernetes }) }]]);
  }

  #find(key: ObjectKey, id: string): SyncedObject | undefined {
    const { objects } = this.#ledger;
    const syncedRevision = this.#history?.syncedRevision;
    if (this.#rendered.size === 0 || syncedRevision === undefined) return undefined;
    if (objects === undefined) {
      const render = this.#rendered.get('synced');
      return render?.isProved === true ? { revision: syncedRevision, object: render.objects.get(id) } : undefined;
    }
    const applied = appliedOf(objects, key);
    if (applied === undefined) return objects.isComplete ? { revision: syncedRevision, object: undefined } : undefined;
    const render = this.#rendered.get(applied.group);
    const object = render?.objects.get(id);
    if (render === undefined || object === undefined) return undefined;
    // Another renderer or cluster makes other objects of the same commit: then this one is not what was applied.
    const isProved = render.isProved || hashOf(objects.salt, object) === applied.hash;
    return isProved ? { revision: applied.group.revision, object } : undefined;
  }

  async #count({ application, render, target }: SyncedInput, signal: AbortSignal): Promise<void> {
    const from = this.#history?.syncedRevision;
    const counted = `${from ?? ''}\n${target.commit}\n${render.key}`;
    if (counted === this.#counted) return;
    this.#commitsBehind = undefined;
    this.#counted = counted;
    if (from === undefined || target.commit === '' || this.#problem?.code === 'synced-commit-missing') return;
    if (from === target.commit) {
      this.#commitsBehind = 0;
      return;
    }
    const files = render.reads.flatMap(({ kind, path }) => (kind === 'file' ? [path] : []));
    const paths = [...new Set([...(files.length > MAX_PATHS ? [] : files), application.source.path])].filter((path) => path !== '');
    try {
      const git = await this.#repo.repository(signal);
      this.#commitsBehind = await git.countCommits(from, target.commit, paths, signal);
    } catch {
      // Counted for people only: without Git's answer the row says that it is out of sync, not by how much.
      signal.throwIfAborted();
    }
  }
}
