import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { type DesiredObject, settleObjects } from '../sessions/desiredObjects.ts';
import { confirmedFields, editedFields, type JudgedEdit } from '../drift/editedFields.ts';
import type { EditDryRuns, ServerRemark } from './editDryRuns.ts';
import type { WorkingTree } from '../git/workingTree.ts';
import { textOf } from './markIndex.ts';
import type { Destination, FileRange } from '../model/application.ts';
import type { EditedObject, EditEffect, EditRefusal } from '../model/edits.ts';
import { jsonEqual } from '../model/json.ts';
import { displayName, gvkOf, keyString, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import { isComplete, renderReason, type RenderedObject, type RenderResult } from '../model/render.ts';
import type { TypeSchema } from '../model/schema.ts';
import { shortValue } from '../model/snapshot.ts';
import { type ChangedLine, changedLines, lineOfEdit } from '../provenance/changedLines.ts';
import { Locator } from '../provenance/locate.ts';
import { otherWriterPaths } from '../provenance/otherWriters.ts';

/** The edits of one application, judged. */
export interface EvaluatedEdits {
  readonly effect: EditEffect;
  readonly refusals: readonly EditRefusal[];
  /** the texts that the ranges of the effect count in, by path */
  readonly texts: ReadonlyMap<string, string>;
  /** the API server gave no answer for some of the objects */
  readonly isUnanswered?: boolean;
}

/** One object that comes out otherwise, with what judging needs. */
interface ChangedObject {
  readonly desired: DesiredObject;
  readonly target: KubeObject | undefined;
  readonly live: KubeObject | undefined;
  readonly schema: TypeSchema | undefined;
  readonly fields: readonly JudgedEdit[];
}

/** The lines that edits of one application are shown on. */
interface Lines {
  readonly texts: ReadonlyMap<string, string>;
  readonly changed: readonly ChangedLine[];
  readonly otherWriters: readonly string[];
}

/** Judges the edits of single applications: which objects and fields the working tree sets otherwise, and what live has there. */
export class EditEvaluator {
  readonly #workingTree: WorkingTree;
  readonly #dryRuns: EditDryRuns;
  readonly #locator = new Locator();

  constructor(workingTree: WorkingTree, dryRuns: EditDryRuns) {
    this.#workingTree = workingTree;
    this.#dryRuns = dryRuns;
  }

  /**
   * The provisional verdict: no call to the API server.
   * @param working the render of the working tree
   * @param before the edits as last judged; they stand while the text does not render, so that nothing flickers
   * @returns undefined when the edits change no object
   */
  async evaluate(
    session: ApplicationSession,
    working: RenderResult,
    before: EvaluatedEdits | undefined,
    signal: AbortSignal,
  ): Promise<EvaluatedEdits | undefined> {
    const { destination } = session.application;
    if (destination === undefined) return undefined;
    if (!isComplete(working)) return broken(session, destination, working, before);
    const [changed, lines] = await Promise.all([
      this.#changedObjects(session, destination, working, signal),
      this.#lines(session, working),
    ]);
    const objects = [
      ...changed.map((object) => this.#toEdited(object, session, lines)),
      ...removedObjects(session, working).map((key): EditedObject => ({
        key: keyString(key),
        object: displayName(key),
        change: 'remove',
        fields: [],
      })),
    ];
    if (objects.length === 0) return undefined;
    return { effect: { ...common(session, destination), objects, isConfirmed: false }, refusals: [], texts: lines.texts };
  }

  /** The same edits after the API server was asked about each edited object. */
  async confirm(session: ApplicationSession, working: RenderResult, edits: EvaluatedEdits, signal: AbortSignal): Promise<EvaluatedEdits> {
    const { connection, application } = session;
    const { destination } = application;
    if (connection?.state.status !== 'connected' || destination === undefined) return edits;
    const [changed, lines] = await Promise.all([
      this.#changedObjects(session, destination, working, signal),
      this.#lines(session, working),
    ]);
    const refusals: EditRefusal[] = [];
    const objects = new Map<string, EditedObject>();
    let isUnanswered = false;
    await Promise.all(
      changed.map(async (object) => {
        const { desired, live, schema } = object;
        const manager = session.object(keyString(desired.key))?.verdict.manager;
        const answer = await this.#dryRuns.ask(desired, live, schema, manager, connection, signal);
        if (answer === 'no answer') isUnanswered = true;
        if (answer === undefined || answer === 'no answer') return;
        for (const remark of answer.remarks) refusals.push(this.#refusal(remark, object, session, lines));
        if (answer.predicted === undefined) return;
        const fields = confirmedFields(object.fields, answer.predicted, live, schema, desired.resource);
        objects.set(keyString(desired.key), this.#toEdited({ ...object, fields }, session, lines));
      }),
    );
    const effect = { ...edits.effect, objects: edits.effect.objects.map((object) => objects.get(object.key) ?? object), isConfirmed: true };
    return { effect, refusals, texts: lines.texts, isUnanswered };
  }

  async #changedObjects(
    session: ApplicationSession,
    destination: Destination,
    working: RenderResult,
    signal: AbortSignal,
  ): Promise<readonly ChangedObject[]> {
    const { connection, render: target } = session;
    if (connection === undefined || target === undefined) return [];
    const known = new Map(target.objects.map((rendered) => [renderedId(rendered), rendered.object]));
    // Only what came out otherwise is worth a look; kinds that the render itself brings are needed to settle the rest.
    const touched = working.objects.filter(
      (rendered) => rendered.object.kind === 'CustomResourceDefinition' || !jsonEqual(known.get(renderedId(rendered)), rendered.object),
    );
    const settled = await settleObjects(touched, destination, connection.discovery, signal);
    const changed: ChangedObject[] = [];
    for (const desired of settled) {
      const tracked = session.object(keyString(desired.key));
      const before = tracked?.desired;
      if (before !== undefined && jsonEqual(before, desired.object)) continue;
      const gvk = gvkOf(desired.object);
      const live = connection.watches.get(desired.key, gvk.version) ?? tracked?.live;
      const schema = tracked?.schema ?? (await schemaOf(connection, desired, signal));
      const sides = { working: desired.object, live, schema, resource: desired.resource };
      const fields = before === undefined ? [] : editedFields({ ...sides, target: before });
      if (before !== undefined && fields.length === 0) continue;
      changed.push({ desired, target: before, live, schema, fields });
    }
    return changed;
  }

  /** The texts that the working tree has otherwise than target, with the lines that differ. */
  async #lines({ tree, application }: ApplicationSession, working: RenderResult): Promise<Lines> {
    const texts = new Map<string, string>();
    const changed: ChangedLine[] = [];
    for (const { path, kind } of working.reads) {
      if (kind !== 'file') continue;
      const [now, before] = await Promise.all([this.#workingTree.hashOf(path), tree?.hashOf(path)]);
      if (now === undefined || now === before) continue;
      const [text, old] = await Promise.all([this.#workingTree.readText(path), tree === undefined ? undefined : textOf(tree, path)]);
      if (text === undefined) continue;
      texts.set(path, text);
      changed.push(...changedLines(path, old ?? '', text));
    }
    const others = application.source.type === 'kustomize' ? otherWriterPaths(working) : [];
    const otherWriters = await Promise.all(others.map(async (path) => texts.get(path) ?? (await this.#workingTree.readText(path)) ?? ''));
    return { texts, changed, otherWriters };
  }

  #toEdited({ desired, target, fields }: ChangedObject, session: ApplicationSession, lines: Lines): EditedObject {
    const header = this.#header(desired, session, lines);
    return {
      key: keyString(desired.key),
      object: displayName(desired.key),
      change: target === undefined ? 'create' : 'configure',
      fields: fields.map((field) => {
        const source = this.#fieldLine(field, desired, session, lines) ?? header;
        return {
          id: field.id,
          change: field.change,
          isLive: field.isLive,
          ...shown('git', field.target),
          ...shown('working', field.working),
          ...shown('live', field.live),
          ...(source === undefined ? {} : { source }),
        };
      }),
      ...(header === undefined ? {} : { source: header }),
    };
  }

  #refusal(remark: ServerRemark, { desired, fields }: ChangedObject, session: ApplicationSession, lines: Lines): EditRefusal {
    const { path, reason, severity } = remark;
    const field: JudgedEdit | undefined =
      path === undefined ? meantBy(String(reason.details['message'] ?? ''), fields) : { id: '', path, change: 'changed', isLive: false };
    const range =
      (field === undefined
        ? undefined
        : (this.#fieldLine(field, desired, session, lines) ?? this.#located(field, desired, session, lines)?.range)) ??
      this.#header(desired, session, lines) ??
      lines.changed[0]?.range;
    const file = range?.file ?? desired.rendered.file ?? session.application.source.path;
    const first: FileRange = { file, startLine: 0, startColumn: 0, endLine: 0, endColumn: 1 };
    const details = { object: displayName(desired.key), application: session.application.name, ...reason.details };
    return { applicationId: session.application.id, reason: { code: reason.code, details }, severity, range: range ?? first };
  }

  /** The line that sets a field: as the declaring file tells it, else as the edit itself tells it. */
  #fieldLine(field: JudgedEdit, desired: DesiredObject, session: ApplicationSession, lines: Lines): FileRange | undefined {
    const exact = this.#located(field, desired, session, lines);
    if (exact?.isExact === true && lines.texts.has(exact.range.file)) return exact.range;
    return lineOfEdit(lines.changed, field.path, field.working);
  }

  #located(field: JudgedEdit, { rendered }: DesiredObject, session: ApplicationSession, lines: Lines): ReturnType<Locator['locateField']> {
    const text = rendered.file === undefined ? undefined : lines.texts.get(rendered.file);
    if (text === undefined) return undefined;
    const difference = { path: field.path, change: field.change, ...(field.working === undefined ? {} : { git: field.working }) };
    return this.#locator.locateField(originOf(rendered, session, lines), text, text, identityOf(rendered), difference);
  }

  #header({ rendered }: DesiredObject, session: ApplicationSession, lines: Lines): FileRange | undefined {
    const text = rendered.file === undefined ? undefined : lines.texts.get(rendered.file);
    if (text === undefined) return undefined;
    return this.#locator.locateObject(originOf(rendered, session, lines), text, text, identityOf(rendered))?.range;
  }
}

/**
 * The edit that a refusal is about which names no field, as those of webhooks, policies and quotas: the only one, or the only one whose
 * name is in the message.
 */
function meantBy(message: string, fields: readonly JudgedEdit[]): JudgedEdit | undefined {
  if (fields.length < 2) return fields[0];
  const words = new Set(message.split(/[^\w-]+/));
  const named = fields.filter(({ path }) => {
    const last = path.at(-1);
    return last !== undefined && 'field' in last && words.has(last.field);
  });
  return named.length === 1 ? named[0] : undefined;
}

function originOf(rendered: RenderedObject, session: ApplicationSession, lines: Lines): Parameters<Locator['locateObject']>[0] {
  return {
    file: rendered.file ?? '',
    kind: session.application.source.type,
    otherWriters: lines.otherWriters,
    ...(rendered.documentIndex === undefined ? {} : { documentIndex: rendered.documentIndex }),
  };
}

function identityOf({ object }: RenderedObject): Parameters<Locator['locateObject']>[3] {
  return { apiVersion: object.apiVersion, kind: object.kind, name: nameOf(object), namespace: namespaceOf(object) };
}

function schemaOf(
  connection: ClusterConnection,
  { object, resource }: DesiredObject,
  signal: AbortSignal,
): Promise<TypeSchema | undefined> {
  return resource === undefined ? Promise.resolve(undefined) : connection.schemas.schemaOf(gvkOf(object), signal);
}

function renderedId({ object }: RenderedObject): string {
  return `${object.apiVersion}/${object.kind}/${namespaceOf(object)}/${nameOf(object)}`;
}

function removedObjects(session: ApplicationSession, working: RenderResult): readonly ApplicationSession['objects'][number]['key'][] {
  const there = new Set(working.objects.map(renderedId));
  return session.objects
    .filter(({ rendered, verdict }) => verdict.state !== 'extraneous' && !there.has(renderedId(rendered)))
    .map(({ key }) => key);
}

function common({ application }: ApplicationSession, destination: Destination): Omit<EditEffect, 'objects' | 'isConfirmed'> {
  return {
    applicationId: application.id,
    applicationName: application.name,
    context: destination.context,
    ...(destination.environment === undefined ? {} : { environment: destination.environment }),
  };
}

/** Text that does not render changes nobody knows what: what was known stands, with the reason. */
function broken(
  session: ApplicationSession,
  destination: Destination,
  working: RenderResult,
  before: EvaluatedEdits | undefined,
): EvaluatedEdits | undefined {
  const error = working.errors.find((each) => each.isWarning !== true);
  if (error === undefined) return before;
  const effect = before?.effect ?? { ...common(session, destination), objects: [], isConfirmed: false };
  return { effect: { ...effect, problem: renderReason(error) }, refusals: [], texts: before?.texts ?? new Map<string, string>() };
}

function shown<Name extends 'git' | 'working' | 'live'>(name: Name, value: JudgedEdit['live']): { readonly [Key in Name]?: string } {
  const text = value === undefined ? undefined : shortValue({ git: value, isMasked: false }, 'git');
  return (text === undefined ? {} : { [name]: text }) as { readonly [Key in Name]?: string };
}
