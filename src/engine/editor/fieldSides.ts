import { isAbortError, isAppError } from '../../base/errors.ts';
import { raceWithSignal } from '../../base/async.ts';
import { type RuleFact, sourcesOfRule } from '../apps/ruleFacts.ts';
import { writerOf } from '../compare/direction.ts';
import { managedEntries } from '../compare/fieldsV1.ts';
import { maskDifference } from '../compare/mask.ts';
import { lookUp } from '../compare/schemaWalk.ts';
import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import type { FieldSides } from '../model/lineFacts.ts';
import { lineSubjectOf } from '../model/lineSubject.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import { isComplete, type RenderResult } from '../model/render.ts';
import { shortValue } from '../model/snapshot.ts';
import type { IgnoredField } from '../model/states.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';

/** A hover is not kept waiting longer for what has to be rendered. */
const patienceMs = 700;
const longestMs = 60_000;

/** A field of an object of an application. */
export interface AskedField {
  readonly session: ApplicationSession;
  readonly object: TrackedObject;
  /** list items named by their keys */
  readonly path: FieldPath;
}

/**
 * All sides of a field that are known: working tree, HEAD, target, the last sync and live; who wrote the live value, and the rule by which
 * it does not count.
 */
export async function fieldSidesOf(
  { session, object, path }: AskedField,
  { repo, edits }: Workspace,
  renderer: SourceRenderer,
  signal: AbortSignal,
): Promise<FieldSides | undefined> {
  const { application, render } = session;
  const { schema, desired, live, key } = object;
  const subject = lineSubjectOf(application, key);
  if (subject === undefined) return undefined;
  const values = (side: JsonValue | undefined): JsonValue | undefined => (side === undefined ? undefined : lookUp(side, schema, path));
  const git = values(desired);
  const working = edits.render(application.id);
  const head = await headRender(session, repo, renderer, signal);
  const synced = session.synced.objectOf(key);
  const writer = live === undefined ? undefined : writerOf(managedEntries(live), path, undefined, schema);
  const ignored = ignoredAt(object, formatPath(path), repo.found.rules);
  const other = (side: JsonValue | undefined): string | null => masked(desired, path, side, git) ?? null;
  const ofRender = (side: RenderResult | undefined): string | null | undefined =>
    side === undefined || !isComplete(side) ? undefined : other(side === render ? git : values(inRender(side, object)));
  const [workingText, headText] = [ofRender(working ?? render), ofRender(head)];
  const [gitText, liveText] = [masked(desired, path, git, git), masked(desired, path, values(live), git)];
  return {
    ...subject,
    fieldId: formatPath(path),
    ...(gitText === undefined ? {} : { git: gitText }),
    ...(liveText === undefined ? {} : { live: liveText }),
    ...(workingText === undefined ? {} : { working: workingText }),
    ...(headText === undefined ? {} : { head: headText }),
    ...(synced === undefined ? {} : { synced: other(values(synced.object)) }),
    ...(writer === undefined ? {} : { manager: writer.manager, ...(writer.time === undefined ? {} : { time: writer.time }) }),
    ...(ignored === undefined ? {} : { ignored }),
  };
}

/** What the checked-out commit renders to; undefined when it is not known soon. */
async function headRender(
  { application, connection, tree, render }: ApplicationSession,
  repo: Workspace['repo'],
  renderer: SourceRenderer,
  signal: AbortSignal,
): Promise<RenderResult | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  try {
    const git = await repo.repository(signal);
    const head = await git.tree(await git.resolve('HEAD', signal), signal);
    if (head.id === tree?.id) return render;
    // It goes on without the hover, and is known to the next one.
    return await raceWithSignal(renderer.render(application, head, connection, AbortSignal.timeout(longestMs)), patience);
  } catch (error) {
    signal.throwIfAborted();
    if (error === patience.reason || isAbortError(error) || isAppError(error)) return undefined;
    throw error;
  }
}

function inRender({ objects }: RenderResult, { rendered }: TrackedObject): KubeObject | undefined {
  const { object } = rendered;
  const isSame = (other: KubeObject): boolean =>
    other.kind === object.kind && nameOf(other) === nameOf(object) && namespaceOf(other) === namespaceOf(object);
  return objects.find((each) => isSame(each.object))?.object;
}

/** A value as short text without secrets. @param git what it is compared with: a secret only tells whether it is another one */
function masked(object: KubeObject, path: FieldPath, value: JsonValue | undefined, git: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const difference = maskDifference(object, {
    id: '',
    path,
    change: 'changed',
    direction: 'differs',
    isConfirmed: true,
    isCosmetic: false,
    isMasked: false,
    live: value,
    ...(git === undefined ? {} : { git }),
  });
  return shortValue(difference, 'live');
}

/** What is left out at a field, or above it, with the places of its rule. */
function ignoredAt({ verdict, view }: TrackedObject, id: string, facts: readonly RuleFact[]): IgnoredField | undefined {
  const found = verdict.ignored.find(
    (each) => each.id === '' || id === each.id || id.startsWith(`${each.id}.`) || id.startsWith(`${each.id}[`),
  );
  return found === undefined ? undefined : { ...found, ...sourcesOfRule(found.by, { facts, view }) };
}
