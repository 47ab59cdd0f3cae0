import { indexOfItem, lookUp, schemaAtStep, stepInto } from '../../compare/schemaWalk.ts';
import { type FieldPath, type PathStep, toJsonPointer } from '../../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../../model/schema.ts';

/** One field to bring back. */
export interface FieldEdit {
  readonly path: FieldPath;
  /** the live value that the plan saw; absent: live does not have the field */
  readonly shown?: JsonValue;
  /** the value to restore; absent: the field is removed */
  readonly wanted?: JsonValue;
}

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/**
 * A value with one field set; missing parents are made, new list items stand where `order` has them among their neighbours.
 * @param root the object or value to change; it is not modified
 * @param order the object whose lists tell the place of a new item
 */
export function withValue(
  root: JsonValue | undefined,
  path: FieldPath,
  value: JsonValue,
  schema: TypeSchema | undefined,
  order: JsonValue | undefined,
): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if ('field' in step) {
    const object: JsonObject = isJsonObject(root) ? root : {};
    const next = withValue(object[step.field], rest, value, fieldSchema(schema, step.field), stepInto(order, schema, step));
    return { ...object, [step.field]: next };
  }
  const list = isJsonArray(root) ? root : [];
  const index = indexOfItem(list, schema, step);
  const base = list[index] ?? ('keys' in step ? { ...step.keys } : 'value' in step ? step.value : undefined);
  const item = withValue(base, rest, value, itemSchema(schema), stepInto(order, schema, step));
  return index >= 0 ? list.with(index, item) : list.toSpliced(placeOf(step, list, order, schema), 0, item);
}

/** A value without one field; a path that is not there changes nothing. */
export function withoutValue(root: JsonValue, path: FieldPath, schema: TypeSchema | undefined): JsonValue {
  const [step, ...rest] = path;
  const below = step === undefined ? undefined : stepInto(root, schema, step);
  if (step === undefined || below === undefined) return root;
  if ('field' in step && isJsonObject(root)) {
    if (rest.length > 0) return { ...root, [step.field]: withoutValue(below, rest, fieldSchema(schema, step.field)) };
    return Object.fromEntries(Object.entries(root).filter(([name]) => name !== step.field));
  }
  if (!isJsonArray(root)) return root;
  const index = indexOfItem(root, schema, step);
  return rest.length > 0 ? root.with(index, withoutValue(below, rest, itemSchema(schema))) : root.toSpliced(index, 1);
}

/** A value with all edits done. */
export function withEdits(
  root: JsonValue,
  edits: readonly FieldEdit[],
  schema: TypeSchema | undefined,
  order: JsonValue | undefined,
): JsonValue {
  return edits.reduce<JsonValue>(
    (value, edit) =>
      edit.wanted === undefined ? withoutValue(value, edit.path, schema) : withValue(value, edit.path, edit.wanted, schema, order),
    root,
  );
}

function placeOf(step: PathStep, list: readonly JsonValue[], order: JsonValue | undefined, schema: TypeSchema | undefined): number {
  if (!isJsonArray(order)) return list.length;
  const position = indexOfItem(order, schema, step);
  if (position < 0) return list.length;
  for (const before of order.slice(0, position).toReversed()) {
    const neighbour = stepOf(before, step, schema);
    const index = neighbour === undefined ? -1 : indexOfItem(list, schema, neighbour);
    if (index >= 0) return index + 1;
  }
  return 0;
}

function stepOf(item: JsonValue, like: PathStep, schema: TypeSchema | undefined): PathStep | undefined {
  if ('value' in like) return { value: item };
  if (!('keys' in like) || !isJsonObject(item)) return undefined;
  const known = schema === undefined ? undefined : listKeyOf(schema, item);
  if (known !== undefined) return { keys: known };
  const keys: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(like.keys)) {
    const value = item[name];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    keys[name] = value;
  }
  return { keys };
}

/**
 * The JSON patch that makes the edits on one given state of the object, each guarded by a `test` on the value shown.
 * @param current the object that the pointers are for; send the patch with a test on its resourceVersion
 * @returns undefined when a field is not there any more
 */
export function patchOf(
  current: JsonValue,
  edits: readonly FieldEdit[],
  schema: TypeSchema | undefined,
  order: JsonValue | undefined,
): readonly PatchOperation[] | undefined {
  const operations: PatchOperation[] = [];
  let state = current;
  for (const edit of edits) {
    const present = lookUp(state, schema, edit.path);
    if (present === undefined && edit.wanted === undefined) return undefined;
    const next = withEdits(state, [edit], schema, order);
    if (present !== undefined) {
      const pointer = toJsonPointer(state, edit.path);
      if (pointer === undefined) return undefined;
      operations.push({ op: 'test', path: pointer, value: edit.shown ?? present });
      operations.push(edit.wanted === undefined ? { op: 'remove', path: pointer } : { op: 'replace', path: pointer, value: edit.wanted });
    } else {
      const outermost = outermostMissing(state, edit.path, schema);
      const pointer = toJsonPointer(next, outermost);
      const value = lookUp(next, schema, outermost);
      if (pointer === undefined || value === undefined) return undefined;
      operations.push({ op: 'add', path: pointer, value });
    }
    state = next;
  }
  return operations;
}

function outermostMissing(state: JsonValue, path: FieldPath, schema: TypeSchema | undefined): FieldPath {
  let current: JsonValue | undefined = state;
  let type = schema;
  for (const [depth, step] of path.entries()) {
    current = stepInto(current, type, step);
    type = schemaAtStep(type, step);
    if (current === undefined) return path.slice(0, depth + 1);
  }
  return path;
}
