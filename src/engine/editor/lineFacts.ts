import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { placeOfRule, type RuleFact } from '../apps/ruleFacts.ts';
import { maskDifference } from '../compare/mask.ts';
import { lookUp } from '../compare/schemaWalk.ts';
import { parseServerPath } from '../drift/serverPaths.ts';
import type { FieldSides, LineFacts } from '../model/lineFacts.ts';
import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import { displayName, keyString, type KubeObject, nameOf, parseApiVersion } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import { shortValue } from '../model/snapshot.ts';
import type { IgnoredField } from '../model/states.ts';
import { LineMap } from '../provenance/lineMap.ts';
import { fieldAt, type FieldInText } from '../provenance/fieldAt.ts';
import { textOf } from './markIndex.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';
import type { Workspace } from '../sessions/workspace.ts';

const mostSides = 6;

/**
 * What is known of one line of a manifest: the sides of its field in every application that renders it, the API's words on it, and the
 * last commit on it.
 * @param path of the tree
 * @param line 0-based, in the text of the editor
 */
export async function lineFactsOf(workspace: Workspace, path: string, line: number, signal: AbortSignal): Promise<LineFacts> {
  const text = await workspace.repo.workingTree.readText(path).catch(() => undefined);
  const field = text === undefined ? undefined : fieldAt(text, line);
  if (text === undefined || field === undefined || field.kind === '') return { sides: [] };
  const using = workspace.sessions.filter((session) => session.render?.reads.some((read) => read.path === path) === true);
  const sides = using.flatMap((session) => sidesOf(session, path, field, workspace.repo.found.rules)).slice(0, mostSides);
  const [documentation, commit] = await Promise.all([
    documentationOf(using, field, signal).catch(() => undefined),
    commitOf(workspace, path, text, line, signal).catch(() => undefined),
  ]);
  signal.throwIfAborted();
  return {
    sides,
    root: workspace.repo.root,
    ...(documentation === undefined ? {} : { documentation }),
    ...(commit === undefined ? {} : { commit }),
  };
}

function sidesOf(session: ApplicationSession, path: string, field: FieldInText, facts: readonly RuleFact[]): readonly FieldSides[] {
  const { application } = session;
  const { destination } = application;
  if (destination === undefined) return [];
  return session.objects
    .filter((object) => isDeclared(object, path, field))
    .map((object) => {
      const { schema, desired, live, key } = object;
      const at = keyedPath(field.path, desired, schema);
      const git = lookUp(desired, schema, at);
      const there = live === undefined ? undefined : lookUp(live, schema, at);
      const values = shown(desired, at, git, there);
      const ignored = ignoredAt(object, formatPath(at), facts);
      return {
        applicationId: application.id,
        applicationName: application.name,
        context: destination.context,
        ...(destination.environment === undefined ? {} : { environment: destination.environment }),
        objectKey: keyString(key),
        object: displayName(key),
        fieldId: formatPath(at),
        ...values,
        ...(ignored === undefined ? {} : { ignored }),
      };
    });
}

/** What is left out at a field, or above it, with the place of its rule. */
function ignoredAt({ verdict, view }: TrackedObject, id: string, facts: readonly RuleFact[]): IgnoredField | undefined {
  const found = verdict.ignored.find(
    (each) => each.id === '' || id === each.id || id.startsWith(`${each.id}.`) || id.startsWith(`${each.id}[`),
  );
  const source = found === undefined ? undefined : placeOfRule(found.by, { facts, view });
  return found === undefined || source === undefined ? found : { ...found, source };
}

/** The object that a text declares or patches: of the same kind, by its file, or by a name that a prefix may have changed. */
function isDeclared({ rendered, desired }: TrackedObject, path: string, field: FieldInText): boolean {
  if (desired.kind !== field.kind) return false;
  const name = nameOf(desired);
  return rendered.file === path ? name.includes(field.name) : name === field.name;
}

/** The path with list items named by their keys, as comparisons have it. */
function keyedPath(path: FieldPath, object: JsonValue, schema: TypeSchema | undefined): FieldPath {
  return parseServerPath(formatPath(path).replaceAll(/\["([^"]*)"\]/g, '[$1]'), object, schema) ?? path;
}

function shown(
  object: KubeObject,
  path: FieldPath,
  git: JsonValue | undefined,
  live: JsonValue | undefined,
): { git?: string; live?: string } {
  const masked = maskDifference(object, {
    id: '',
    path,
    change: 'changed',
    direction: 'differs',
    isConfirmed: true,
    isCosmetic: false,
    isMasked: false,
    ...(git === undefined ? {} : { git }),
    ...(live === undefined ? {} : { live }),
  });
  const [gitText, liveText] = [shortValue(masked, 'git'), shortValue(masked, 'live')];
  return { ...(gitText === undefined ? {} : { git: gitText }), ...(liveText === undefined ? {} : { live: liveText }) };
}

async function documentationOf(using: readonly ApplicationSession[], field: FieldInText, signal: AbortSignal): Promise<string | undefined> {
  const connection = using.find((session) => session.connection?.state.status === 'connected')?.connection;
  const gvk = { ...parseApiVersion(field.apiVersion), kind: field.kind };
  return connection?.schemas.documentation(gvk, field.path, signal);
}

/** The last commit of HEAD on the line; none for a line that the editor has otherwise. */
async function commitOf(workspace: Workspace, path: string, text: string, line: number, signal: AbortSignal): Promise<LineFacts['commit']> {
  const git = await workspace.repo.repository(signal);
  const head = await git.resolve('HEAD', signal);
  const committed = await textOf(await git.tree(head, signal), path);
  if (committed === undefined) return undefined;
  const moved = new LineMap(text, committed).map({ file: path, startLine: line, startColumn: 0, endLine: line, endColumn: 0 });
  if (moved === undefined || moved.isEdited) return undefined;
  const found = await git.lineCommit(head, path, moved.range.startLine, signal);
  return found === undefined
    ? undefined
    : { shortId: found.shortId, author: found.authorName, subject: found.subject, atMs: found.committedAtMs };
}
