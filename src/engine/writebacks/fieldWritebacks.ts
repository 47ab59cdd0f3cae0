import { AppError, ignoreAppErrors, isAppError } from '../../base/errors.ts';
import type { ApplicationSession } from '../sessions/applicationSession.ts';
import type { FieldLines } from '../editor/fieldLines.ts';
import type { FileRange } from '../model/application.ts';
import { type FieldPath, toJsonPointer, valueAtPath } from '../model/fieldPath.ts';
import { isJsonArray, type JsonValue, scalarsBelow, valueAt } from '../model/json.ts';
import { keysOfPointer } from '../model/jsonPointer.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import type { FieldProvenance, SourceRole } from '../model/provenance.ts';
import { errorOf } from '../model/reasons.ts';
import { isComplete, type RenderedObject, renderReason, type RenderResult } from '../model/render.ts';
import type { FieldDifference } from '../model/states.ts';
import type { WritebackAction } from '../model/writeback.ts';
import { withValue } from '../sessions/projection.ts';
import { specInputOf } from '../sources/specInputs.ts';
import { specOf } from '../sources/sourceRenderer.ts';
import type { TrackedObject } from '../sessions/trackedObject.ts';
import { type FieldEdit, fieldEdit, imagePolicyOf, offsetOf } from '../writeback/adoptEdit.ts';
import type { Splice } from '../writeback/spliceScalar.ts';
import { editYaml, type YamlChange, yamlValues } from '../writeback/yamlEdit.ts';
import { type OpenKey, openKeysOf, withWhatIsThere } from './openKeys.ts';
import type { Draft, Meant, WritebackDrafts } from './writebackDraft.ts';

/** A field that differs. */
export interface DriftedField {
  readonly session: ApplicationSession;
  readonly tracked: TrackedObject;
  readonly field: FieldDifference;
}

/** A field of the working tree's render, and what it is to be. */
export interface WantedField {
  readonly session: ApplicationSession;
  readonly rendered: RenderedObject;
  readonly path: FieldPath;
  /** undefined: it goes */
  readonly value: JsonValue | undefined;
  readonly meant: Meant;
}

/** Whether Git does not have a field yet. */
export function isAdded({ rendered, path, value }: Pick<WantedField, 'rendered' | 'path' | 'value'>): boolean {
  return value !== undefined && valueAtPath(rendered.object, path) === undefined;
}

/** Lines tried for one field before it is given up. */
const MAX_PLACES = 6;

/** Finds the edits that make fields of rendered objects say something else. */
export class FieldWritebacks {
  readonly #drafts: WritebackDrafts;
  readonly #fields: FieldLines;

  constructor(drafts: WritebackDrafts, fields: FieldLines) {
    this.#drafts = drafts;
    this.#fields = fields;
  }

  /**
   * What a field is to be.
   * @param draft earlier edits: what they are to do to the same object stays meant
   * @throws AppError when the value may never be written
   */
  async wanted(
    { session, tracked, field }: DriftedField,
    action: WritebackAction,
    draft: Draft,
    signal: AbortSignal,
  ): Promise<WantedField> {
    refuse(tracked, field, action);
    const render = await this.#drafts.before(session, signal);
    if (!isComplete(render)) throw brokenRender(render);
    const { objects } = render;
    const wanted = tracked.rendered.object;
    const index = objects.findIndex(
      ({ object }) => object.kind === wanted.kind && nameOf(object) === nameOf(wanted) && namespaceOf(object) === namespaceOf(wanted),
    );
    const rendered = objects[index];
    if (rendered === undefined) throw new AppError('adopt-not-rendered');
    const value = action === 'remove' ? undefined : field.live;
    const known = draft.intentions.get(session.application.id)?.objects.get(index) ?? rendered.object;
    const object = withValue(known, field.path, value, tracked.schema) as KubeObject;
    return { session, rendered, path: field.path, value, meant: { session, object: { index, value: object } } };
  }

  /**
   * The draft with the edit of the line that sets a field.
   * @throws AppError the reason of the first line that cannot be edited so
   */
  async edit(draft: Draft, field: WantedField, signal: AbortSignal): Promise<Draft> {
    if (draft.texts.paths.length > 0) {
      // An earlier edit may do it already: one line serves several objects.
      const done = await this.#drafts.attempt(draft, draft.texts, field.meant, signal).catch(ignoreAppErrors);
      if (done !== undefined) return done;
    }
    let problem: AppError | undefined;
    const places = await this.places(field, signal).catch((error: unknown) => {
      if (!isAppError(error)) throw error;
      problem = error;
      return [];
    });
    for (const place of places) {
      try {
        const { file } = place.range;
        const original = await this.#drafts.original(file);
        const splice = spliceAt(draft, file, original, place);
        return await this.#drafts.attempt(draft, draft.texts.with(file, original, splice), field.meant, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isAppError(error)) throw error;
        problem ??= error;
      }
    }
    for (const { file, change } of await this.openKeys(field, signal)) {
      const original = await this.#drafts.original(file).catch(ignoreAppErrors);
      const next = original === undefined ? undefined : await this.#put(draft, file, original, change, field, signal);
      if (next !== undefined) return next;
    }
    const { session, rendered } = field;
    if (isAdded(field) && session.application.source.type === 'helm' && rendered.file !== undefined)
      throw new AppError('adopt-add-in-template', { file: rendered.file });
    throw problem ?? new AppError('adopt-not-proved');
  }

  /** Keys under which a field may be put that Git does not have; none for one that it has. */
  async openKeys({ session, rendered, path, value }: WantedField, signal: AbortSignal): Promise<readonly OpenKey[]> {
    if (value === undefined || !isAdded({ rendered, path, value })) return [];
    const render = await this.#drafts.before(session, signal);
    return openKeysOf({ object: rendered, path, value }, session.application.source, render, async (file) => {
      const text = (await this.#drafts.original(file).catch(ignoreAppErrors)) ?? '';
      return { text, values: valuesIn(text) };
    });
  }

  /** The draft with a key set, when it does what is meant. */
  async #put(
    draft: Draft,
    file: string,
    original: string,
    change: YamlChange,
    { meant }: WantedField,
    signal: AbortSignal,
  ): Promise<Draft | undefined> {
    try {
      const text = draft.texts.text(file, original);
      const splice = editYaml(text, withWhatIsThere(text, change));
      return await this.#drafts.attempt(draft, draft.texts.with(file, original, splice), meant, signal);
    } catch (error) {
      signal.throwIfAborted();
      ignoreAppErrors(error);
      return undefined;
    }
  }

  /** The lines from which a field can be edited: those that set it, or what stands beside it where Git does not have it. */
  async places({ session, rendered, path, value }: WantedField, signal: AbortSignal): Promise<readonly EditPlace[]> {
    const render = await this.#drafts.before(session, signal);
    const shape = shapeOf(rendered.object, path);
    const { application, connection } = session;
    const tree = this.#drafts.workspace.repo.workingTree;
    const source = { spec: specOf(application, connection), tree, render, said: await specInputOf(application, connection, tree) };
    const leaves = scalarsBelow(valueAt(rendered.object, ...shape.place), MAX_PLACES * 3).map((steps) => [...shape.place, ...steps]);
    const questions = leaves.map((leaf) => ({
      object: rendered,
      path: leaf.map((step) => (typeof step === 'number' ? { index: step } : { field: step })),
      ...(value !== undefined && leaf.length === shape.place.length && shape.down.length === 0 ? { live: value } : {}),
    }));
    const located = await this.#fields.lines.locate(source, questions, signal);
    const places = located.flatMap((found, index): readonly EditPlace[] => {
      if (found?.certainty !== 'proved' || found.reason !== undefined) return [];
      const leaf = leaves[index] ?? [];
      const edit = {
        role: roleOf(found),
        leaf: valueAt(rendered.object, ...leaf) ?? null,
        up: leaf.slice(shape.place.length).map(String),
        down: shape.down,
        before: shape.down.length > 0 ? undefined : valueAt(rendered.object, ...shape.place),
        value,
      };
      return [{ range: found.range, edit }];
    });
    // What the object's own file says comes first.
    const own = (place: EditPlace): number => Number(place.range.file !== rendered.file);
    const editable = places.filter(({ edit }) => edit.role !== 'template' && edit.role !== 'chart');
    const [first] = places;
    const reason = located.find((found) => found?.reason !== undefined)?.reason;
    if (first === undefined && reason !== undefined) throw errorOf(reason);
    if (editable.length === 0 && first !== undefined) throw new AppError('adopt-in-template', { file: first.range.file });
    return (shape.down.length > 0 ? editable.toSorted((left, right) => own(left) - own(right)) : editable).slice(0, MAX_PLACES);
  }
}

/** A line, and what is to be made of it. */
export interface EditPlace {
  readonly range: FileRange;
  readonly edit: Omit<FieldEdit, 'from' | 'to'>;
}

function spliceAt(draft: Draft, file: string, original: string, { range, edit }: EditPlace): Splice {
  const text = draft.texts.text(file, original);
  const at = (line: number, column: number): number => draft.texts.offset(file, offsetOf(original, line, column));
  const [from, to] = [at(range.startLine, range.startColumn), at(range.endLine, range.endColumn)];
  const policy = imagePolicyOf(text, from);
  if (policy !== undefined && edit.value !== undefined) throw new AppError('adopt-image-automation', { policy });
  return fieldEdit(text, { ...edit, from, to });
}

function roleOf({ chain, range }: FieldProvenance): SourceRole {
  return chain.find((link) => link.range === range)?.role ?? 'manifest';
}

type Steps = readonly (string | number)[];

/** Where to edit: the field itself where Git has it, else the nearest parent that is there with what leads from it to the field. */
function shapeOf(object: KubeObject, path: FieldPath): { readonly place: Steps; readonly down: readonly (string | null)[] } {
  for (let length = path.length; length >= 0; length -= 1) {
    const head = path.slice(0, length);
    const found = valueAtPath(object, head);
    const pointer = toJsonPointer(object, head);
    if (found === undefined || pointer === undefined) continue;
    const rest = path.slice(length);
    return { place: stepsIn(object, keysOfPointer(pointer)), down: rest.map((step) => ('field' in step ? step.field : null)) };
  }
  return { place: [], down: [] };
}

/** What a pointer goes through, each a key or an index by what stands there. */
function stepsIn(object: KubeObject, keys: readonly string[]): Steps {
  let value: JsonValue | undefined = object;
  return keys.map((key) => {
    const step = isJsonArray(value) ? Number(key) : key;
    value = valueAt(value, step);
    return step;
  });
}

/** Why nothing can be proved: the source does not render as it is. */
function brokenRender({ errors }: RenderResult): AppError {
  const error = errors.find(({ isWarning }) => isWarning !== true);
  return error === undefined ? new AppError('adopt-not-proved') : errorOf(renderReason(error));
}

/** @throws AppError when the live value of a field may never be written, or the field not be taken out */
function refuse(
  { key, notes }: TrackedObject,
  { id, change, live, isMasked, isCosmetic, writer }: FieldDifference,
  action: WritebackAction,
): void {
  if (key.kind === 'Secret' || isMasked) throw new AppError(action === 'remove' ? 'adopt-secret-remove' : 'adopt-secret');
  if (action === 'remove') {
    if (change === 'added') throw new AppError('adopt-only-live');
    return;
  }
  if (isCosmetic) throw new AppError('adopt-same-value');
  if (change !== 'removed' && live === undefined) throw new AppError('adopt-only-live');
  const codes = (notes?.get(id) ?? []).map(({ code, details }) => ({ code, holder: details['autoscaler'] ?? details['manager'] }));
  const holder = codes.find(({ code }) =>
    ['note-autoscaled', 'note-sized', 'note-written-by-autoscaler', 'note-written-by-controller'].includes(code),
  );
  if (holder !== undefined) throw new AppError('adopt-controller-owned', { manager: String(holder.holder ?? writer?.manager ?? '?') });
}

/** What the documents of a text say; nothing where it is no YAML. */
export function valuesIn(text: string): readonly (JsonValue | undefined)[] {
  try {
    return yamlValues(text);
  } catch (error) {
    ignoreAppErrors(error);
    return [];
  }
}
