import type { ApplicationSession } from './applicationSession.ts';
import { maskSecrets } from '../compare/mask.ts';
import { normalizeDesired, normalizeLive } from '../compare/normalize.ts';
import { settleObjects } from './desiredObjects.ts';
import { describe } from '../model/describe.ts';
import type { JsonObject } from '../model/json.ts';
import { keyString, type KubeObject, parseKeyString } from '../model/objects.ts';
import { reasonOf } from '../model/reasons.ts';
import { isComplete, renderReason, type RenderResult } from '../model/render.ts';
import type { Side } from '../model/sides.ts';
import type { SideDocument } from '../model/snapshot.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { liveAsCompared } from './projection.ts';
import type { RepoSession } from './repoSession.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { TrackedObject } from './trackedObject.ts';
import { commentText, toYamlText } from '../editor/yamlText.ts';

/** Makes the read-only texts that diffs show: one object as one side has it, Secrets masked. */
export class SideDocuments {
  readonly #renderer: SourceRenderer;

  constructor(renderer: SourceRenderer) {
    this.#renderer = renderer;
  }

  /**
   * One object as one side has it.
   * @param allFields false: live without defaults, status and other spellings, so that only the differences that count show
   */
  async text(
    session: ApplicationSession,
    repo: RepoSession,
    key: string,
    side: Side,
    allFields: boolean,
    signal: AbortSignal,
  ): Promise<SideDocument> {
    try {
      if (side === 'live') return this.#live(session, key, allFields);
      if (side === 'synced') return syncedSide(session, key);
      if (side === 'target') return this.#target(session, key);
      const tree = await treeOf(side, repo, signal);
      const render = await this.#renderer.render(session.application, tree, session.connection, signal);
      return await this.#rendered(session, key, render, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { code, details } = reasonOf(error);
      return failed(code, details);
    }
  }

  #live(session: ApplicationSession, key: string, allFields: boolean): SideDocument {
    const object = session.object(key);
    if (object?.verdict.state === 'cannot compare' && object.live === undefined) {
      return failed(object.verdict.reason?.code ?? 'internal', object.verdict.reason?.details ?? {});
    }
    if (object?.live === undefined) return { text: '', exists: false };
    if (allFields) return shown(maskSecrets(normalizeLive(object.live, object.resource), object.desired));
    return shown(liveAsCompared(targetSide(object), object.verdict.fields, object.schema) as JsonObject);
  }

  #target(session: ApplicationSession, key: string): SideDocument {
    const object = session.object(key);
    if (object !== undefined) return shown(targetSide(object));
    return session.render === undefined || !isComplete(session.render)
      ? this.#renderFailure(session.render, session.application.name)
      : { text: '', exists: false };
  }

  async #rendered(session: ApplicationSession, key: string, render: RenderResult, signal: AbortSignal): Promise<SideDocument> {
    const { destination } = session.application;
    const found = await this.#find(render, key, session, signal);
    if (found !== undefined) return shown(side(found, session.object(key)));
    return isComplete(render) && destination !== undefined
      ? { text: '', exists: false }
      : this.#renderFailure(render, session.application.name);
  }

  async #find(render: RenderResult, key: string, session: ApplicationSession, signal: AbortSignal): Promise<KubeObject | undefined> {
    const { destination } = session.application;
    const { connection } = session;
    if (destination === undefined || connection === undefined) return undefined;
    const settled = await settleObjects(render.objects, destination, connection.discovery, signal);
    return settled.find((object) => keyString(object.key) === key)?.object;
  }

  #renderFailure(render: RenderResult | undefined, application: string): SideDocument {
    const error = render?.errors.find((each) => each.isWarning !== true);
    if (error === undefined) return failed('not-compared-yet', { application });
    const { code, details } = renderReason(error);
    return failed(code, details);
  }
}

/** The object as it was applied last, Secrets masked against target. */
function syncedSide(session: ApplicationSession, key: string): SideDocument {
  const { history, problem } = session.synced;
  const synced = session.synced.objectOf(parseKeyString(key));
  if (synced === undefined) {
    if (problem !== undefined) return failed(problem.code, problem.details);
    if (history?.syncedRevision === undefined) return failed('synced-not-recorded', {});
    return failed('synced-changed', { revision: history.syncedRevision.slice(0, 7) });
  }
  if (synced.object === undefined) return { text: '', exists: false };
  return shown(side(synced.object, session.object(key)));
}

/** The files of a side that Git or the disk has. */
async function treeOf(side: Exclude<Side, 'live' | 'target' | 'synced'>, repo: RepoSession, signal: AbortSignal): Promise<SourceTree> {
  if (side === 'working tree') return repo.workingTree;
  const git = await repo.repository(signal);
  const commit = await git.resolve(side === 'HEAD' ? 'HEAD' : side.slice('revision:'.length), signal);
  return git.tree(commit, signal);
}

/** The desired object as it would be sent, Secrets masked: the side that the others are compared with. */
function targetSide(object: TrackedObject): JsonObject {
  return maskSecrets(normalizeDesired(object.desired, object.live, object.resource));
}

/** The same object by another commit, read as target is, Secrets masked against it. */
function side(rendered: KubeObject, object: TrackedObject | undefined): JsonObject {
  return maskSecrets(normalizeDesired(rendered, object?.live, object?.resource), object?.desired);
}

function shown(object: JsonObject): SideDocument {
  return { text: toYamlText(object), exists: true };
}

/** A document that says why there is none. */
export function failed(
  code: string,
  details: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): SideDocument {
  return { text: commentText(describe(code, details)), exists: false, reason: { code, details } };
}
