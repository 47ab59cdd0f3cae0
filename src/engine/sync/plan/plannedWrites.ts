import { managedEntries } from '../../compare/fieldsV1.ts';
import { lookUp } from '../../compare/schemaWalk.ts';
import { type FieldPath, formatPath, startsWithPath } from '../../model/fieldPath.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectAt } from '../../model/json.ts';
import { type KubeObject, nameOf } from '../../model/objects.ts';
import type { TypeSchema } from '../../model/schema.ts';
import { type FieldEdit, withEdits, withoutValue, withValue } from './edits.ts';
import { extractOwned } from './extract.ts';
import { entryOf } from '../managers.ts';
import type { RevertWrite } from '../revertTypes.ts';
import { atomicRoot } from './atomicValues.ts';

/** What decides the requests for one object. */
export interface WriteInput {
  readonly live: KubeObject;
  /** the object as the commit to restore has it, normalized as it is sent */
  readonly restored: KubeObject;
  readonly edits: readonly FieldEdit[];
  /** the manager as which the object was judged */
  readonly manager: string | undefined;
  readonly schema: TypeSchema | undefined;
  /** every difference of the object is among the edits, so the whole object may be applied */
  readonly coversObject: boolean;
}

/**
 * The requests that restore the chosen fields and nothing else, as the manager that owns the object (design.md §9):
 * server-side apply of its own fields for *Apply* owners, JSON patches for *Update* owners and for fields that only others hold.
 * @returns alternatives, to be tried in order until a dry-run shows one to be exact
 */
export function writesFor(input: WriteInput): readonly (readonly RevertWrite[])[] {
  const { live, edits, manager } = input;
  const entry = manager === undefined ? undefined : entryOf(live, manager);
  const isApplier = entry?.operation === 'Apply';
  const hasStringData = isApplier && ownsStringData(live, entry.manager);
  const byPatch = (some: readonly FieldEdit[]): readonly RevertWrite[] => {
    const givesUp = isApplier && (hasStringData || some.every((edit) => edit.wanted === undefined));
    return some.length === 0 ? [] : [{ type: 'patch', manager: manager ?? 'plumbline', edits: some, givesUp }];
  };
  if (!isApplier || hasStringData || entry.apiVersion !== live.apiVersion) return [byPatch(edits)];
  const { applied, patched } = divide(input);
  if (applied.length === 0) return [byPatch(patched)];
  const owned = ownFields(input, entry.manager, applied);
  const single: readonly RevertWrite[] = [{ type: 'apply', manager: entry.manager, body: owned, isWhole: false }, ...byPatch(patched)];
  if (!input.coversObject) return [single];
  const body = identified(input.restored, live);
  return [[{ type: 'apply', manager: entry.manager, body, isWhole: true }, ...byPatch(patched)], single];
}

/**
 * The fields as they can be owned: an atomic list or map only whole.
 * @param edits the chosen fields
 */
export function ownablePaths(live: KubeObject, edits: readonly FieldEdit[], schema: TypeSchema | undefined): readonly FieldPath[] {
  return edits.map((edit) => atomicRoot(live, edit.path, schema));
}

/** Fields that an apply can restore, and those that it cannot: what only another manager holds is taken away by a patch. */
function divide({ live, edits, schema }: WriteInput): { readonly applied: readonly FieldEdit[]; readonly patched: readonly FieldEdit[] } {
  const isApplied = (edit: FieldEdit): boolean =>
    edit.wanted !== undefined || atomicRoot(live, edit.path, schema).length < edit.path.length;
  return { applied: edits.filter(isApplied), patched: edits.filter((edit) => !isApplied(edit)) };
}

function ownFields(input: WriteInput, manager: string, edits: readonly FieldEdit[]): KubeObject {
  const { live, schema, restored } = input;
  const entry = entryOf(live, manager);
  const owned = extractOwned(live, entry?.fields ?? {}, schema);
  const wanted = withEdits(live, edits, schema, restored);
  let body: JsonValue = isJsonObject(owned) ? owned : {};
  for (const root of new Map(ownablePaths(live, edits, schema).map((path) => [formatPath(path), path])).values()) {
    const edit = edits.find((candidate) => formatPath(candidate.path) === formatPath(root));
    const value = edit === undefined ? lookUp(wanted, schema, root) : edit.wanted;
    body = value === undefined ? withoutValue(body, root, schema) : withValue(body, root, value, schema, wanted);
  }
  const object: JsonObject = isJsonObject(body) ? body : {};
  return identified(object, live);
}

function identified(body: JsonObject, live: KubeObject): KubeObject {
  const namespace = live.metadata['namespace'];
  return {
    ...body,
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...objectAt(body, 'metadata'), name: nameOf(live), ...(namespace === undefined ? {} : { namespace }) },
  };
}

/**
 * Whether the manager applied a Secret's `stringData`. The server never gives that back, so an apply of the manager's own fields
 * cannot be made from live (kubernetes/kubernetes#108008).
 */
function ownsStringData(live: KubeObject, manager: string): boolean {
  if (live.kind !== 'Secret' || live.apiVersion !== 'v1') return false;
  return managedEntries(live).some((entry) => entry.manager === manager && entry.fields['f:stringData'] !== undefined);
}

/** Edits of which none lies below another: an item that is restored whole covers its fields. */
export function outermostEdits(edits: readonly FieldEdit[]): readonly FieldEdit[] {
  return edits.filter(
    (edit) => !edits.some((other) => other !== edit && other.path.length < edit.path.length && startsWithPath(edit.path, other.path)),
  );
}
