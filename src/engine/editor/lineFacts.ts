import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { type AskedField, fieldSidesOf } from './fieldSides.ts';
import { parseServerPath } from '../drift/serverPaths.ts';
import type { LineFacts } from '../model/lineFacts.ts';
import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import { gvkOf, keyString, nameOf, parseApiVersion } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import { LineMap } from '../provenance/lineMap.ts';
import { fieldAt, type FieldInText } from '../provenance/fieldAt.ts';
import { textOf } from './markIndex.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';

const mostSides = 6;

/**
 * What is known of one line of a file: the sides of its field in every application that renders it, the API's words on it, and the last
 * commit on it. Lines of patches and values have the fields that they are marked for.
 * @param path of the tree
 * @param line 0-based, in the text of the editor
 */
export async function lineFactsOf(
  workspace: Workspace,
  path: string,
  line: number,
  renderer: SourceRenderer,
  signal: AbortSignal,
): Promise<LineFacts> {
  const text = await workspace.repo.workingTree.readText(path).catch(() => undefined);
  const written = text === undefined ? undefined : fieldAt(text, line);
  const field = written?.kind === '' ? undefined : written;
  const asked = askedFields(workspace, path, line, field);
  if (text === undefined || (field === undefined && asked.length === 0)) return { sides: [] };
  const [sides, documentation, commit] = await Promise.all([
    Promise.all(asked.map((each) => fieldSidesOf(each, workspace, renderer, signal))),
    documentationOf(workspace.sessions, field, asked[0], signal).catch(() => undefined),
    commitOf(workspace, path, text, line, signal).catch(() => undefined),
  ]);
  signal.throwIfAborted();
  return {
    sides: sides.filter((each) => each !== undefined),
    root: workspace.repo.root,
    ...(documentation === undefined ? {} : { documentation }),
    ...(commit === undefined ? {} : { commit }),
  };
}

/** The field that a line writes, in the applications that read it; and the fields that it is marked for. */
function askedFields({ sessions, marks }: Workspace, path: string, line: number, field: FieldInText | undefined): readonly AskedField[] {
  const found = new Map<string, AskedField>();
  const add = (asked: AskedField): void => {
    found.set(`${asked.session.application.id}\n${keyString(asked.object.key)}\n${formatPath(asked.path)}`, asked);
  };
  for (const { range, applicationId, objectKey, fieldId } of marks.marks(path)) {
    if (range.startLine > line || line > range.endLine) continue;
    const session = sessions.find(({ application }) => application.id === applicationId);
    const object = session?.object(objectKey);
    const difference = object?.verdict.fields.find(({ id }) => id === fieldId);
    if (session !== undefined && object !== undefined && difference !== undefined) add({ session, object, path: difference.path });
  }
  for (const session of field === undefined ? [] : sessions) {
    if (field === undefined || session.render?.reads.some((read) => read.path === path) !== true) continue;
    for (const object of session.objects)
      if (isDeclared(object, path, field)) add({ session, object, path: keyedPath(field.path, object.desired, object.schema) });
  }
  return [...found.values()].slice(0, mostSides);
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

/** The API's words on the field that a line writes, else on the one that it is marked for. */
async function documentationOf(
  sessions: readonly ApplicationSession[],
  field: FieldInText | undefined,
  asked: AskedField | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isConnected = (session: ApplicationSession): boolean => session.connection?.state.status === 'connected';
  const connection = [...(asked === undefined ? [] : [asked.session]), ...sessions].find(isConnected)?.connection;
  const gvk = field === undefined ? undefined : { ...parseApiVersion(field.apiVersion), kind: field.kind };
  if (gvk !== undefined && field !== undefined) return connection?.schemas.documentation(gvk, field.path, signal);
  return asked === undefined ? undefined : connection?.schemas.documentation(gvkOf(asked.object.desired), asked.path, signal);
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
