import { isAppError } from '../../base/errors.ts';
import { sourceDeclaredAt } from '../apps/declaredAt.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { settleObjects } from './desiredObjects.ts';
import type { Application } from '../model/application.ts';
import { jsonEqual, type JsonValue } from '../model/json.ts';
import { keyString, type KubeObject } from '../model/objects.ts';
import { isComplete, type RenderResult } from '../model/render.ts';
import type { Reason } from '../model/states.ts';
import type { RepoSession } from './repoSession.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { AppliedFrom } from '../sync/ledger/ledgerObjects.ts';

/** What an application rendered to at a commit that was applied. */
export interface SyncedRender {
  /** as rendered, namespaces settled, by `keyString` */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** the render is the one that was applied, so each object is; else each has to be proved by its hash */
  readonly isProved: boolean;
}

/** The render of target, which often is the one that was applied. */
export interface KnownRender {
  readonly render: RenderResult;
  readonly objects: ReadonlyMap<string, KubeObject>;
}

const MAX_RENDERS = 8;

/** Renders the commits that were applied, each with the parameters of then; the last few are kept. */
export class SyncedRenders {
  readonly #repo: RepoSession;
  readonly #renderer: SourceRenderer;
  readonly #known = new Map<string, SyncedRender>();

  constructor(repo: RepoSession, renderer: SourceRenderer) {
    this.#repo = repo;
    this.#renderer = renderer;
  }

  /**
   * What a sync applied.
   * @param known the render of target
   * @returns a reason when the commit is not there or does not render any more
   */
  async of(
    from: AppliedFrom,
    application: Application,
    known: KnownRender,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<SyncedRender | Reason> {
    if (from.render === known.render.key) return { objects: known.objects, isProved: true };
    const id = JSON.stringify([from.revision, from.render, from.kubernetes, application.source]);
    const before = this.#known.get(id);
    if (before !== undefined) return before;
    try {
      const found = await this.#render(from, application, connection, signal);
      if (!('code' in found)) this.#keep(id, found);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAppError(error)) throw error;
      const revision = from.revision.slice(0, 7);
      if (error.code === 'git-revision-unknown') return { code: 'synced-commit-missing', details: { revision } };
      return { code: 'synced-not-rendered', details: { revision, cause: error.code } };
    }
  }

  async #render(
    from: AppliedFrom,
    application: Application,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<SyncedRender | Reason> {
    const git = await this.#repo.repository(signal);
    const tree = await git.tree(from.revision, signal);
    const then = (await sourceDeclaredAt(tree, application)) ?? application.source;
    const render = async (source: Application['source']): Promise<RenderResult> =>
      this.#renderer.render({ ...application, source }, tree, connection, signal, from.kubernetes);
    let result = await render(then);
    const isOther = !jsonEqual(then as unknown as JsonValue, application.source as unknown as JsonValue);
    if (result.key !== from.render && isOther) {
      // plumbline.yaml is read from the working tree: what was synced may not have been committed there yet.
      const now = await render(application.source);
      if (now.key === from.render) result = now;
    }
    const { destination } = application;
    if (!isComplete(result) || destination === undefined) {
      return { code: 'synced-not-rendered', details: { revision: from.revision.slice(0, 7), cause: result.errors[0]?.code ?? '' } };
    }
    const settled = await settleObjects(result.objects, destination, connection.discovery, signal);
    const objects = new Map(settled.map(({ key, object }) => [keyString(key), object]));
    return { objects, isProved: result.key === from.render };
  }

  #keep(id: string, render: SyncedRender): void {
    this.#known.set(id, render);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_RENDERS && oldest !== undefined) this.#known.delete(oldest);
  }
}
