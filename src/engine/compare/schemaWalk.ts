import type { FieldPath, PathStep } from '../model/fieldPath.ts';
import { canonicalJson, isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../model/json.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../model/schema.ts';
import { omit } from './omit.ts';
import { quantityEqual } from './quantity.ts';

/** How a value is merged and compared, as the schema or its absence says. */
export type Shape = 'scalar' | 'struct' | 'map' | 'atomic' | 'keyed-list' | 'set';

/**
 * The shape of a value. Without a schema, or below `x-kubernetes-preserve-unknown-fields`, objects are granular and lists atomic
 * (structured-merge-diff typed/deduced). Structs are objects with declared fields; they count as one unit when added or removed.
 */
export function shapeOf(value: JsonValue | undefined, schema: TypeSchema | undefined): Shape {
  const node = schema?.node;
  if (isJsonArray(value)) {
    if (node?.listType === 'map' && (node.listKeys?.length ?? 0) > 0) return 'keyed-list';
    return node?.listType === 'set' ? 'set' : 'atomic';
  }
  if (!isJsonObject(value)) return 'scalar';
  if (node?.mapType === 'atomic') return 'atomic';
  return node === undefined || node.properties !== undefined ? 'struct' : 'map';
}

/** The schema below one step. */
export function schemaAtStep(schema: TypeSchema | undefined, step: PathStep): TypeSchema | undefined {
  return 'field' in step ? fieldSchema(schema, step.field) : itemSchema(schema);
}

/** The schema at a path. */
export function schemaAtPath(schema: TypeSchema | undefined, path: FieldPath): TypeSchema | undefined {
  let current = schema;
  for (const step of path) current = schemaAtStep(current, step);
  return current;
}

/** The value below one step; items of keyed lists are found with the schema's defaults for omitted keys. */
export function stepInto(value: JsonValue | undefined, schema: TypeSchema | undefined, step: PathStep): JsonValue | undefined {
  if ('field' in step) return isJsonObject(value) && Object.hasOwn(value, step.field) ? value[step.field] : undefined;
  if (!isJsonArray(value)) return undefined;
  const index = indexOfItem(value, schema, step);
  return index < 0 ? undefined : value[index];
}

/** The index of the item that a step names, or -1. */
export function indexOfItem(list: readonly JsonValue[], schema: TypeSchema | undefined, step: PathStep): number {
  if ('index' in step) return step.index < list.length ? step.index : -1;
  if ('value' in step) return list.findIndex((item) => jsonEqual(item, step.value));
  if (!('keys' in step)) return -1;
  const names = Object.keys(step.keys);
  return list.findIndex((item) => {
    if (!isJsonObject(item)) return false;
    if (names.every((name) => item[name] === step.keys[name])) return true;
    const keys = schema === undefined ? undefined : listKeyOf(schema, item);
    return keys !== undefined && jsonEqual(keys, step.keys);
  });
}

/** The value at a path, keys of list items completed by the schema's defaults. */
export function lookUp(root: JsonValue | undefined, schema: TypeSchema | undefined, path: FieldPath): JsonValue | undefined {
  let value = root;
  let current = schema;
  for (const step of path) {
    value = stepInto(value, current, step);
    if (value === undefined) return undefined;
    current = schemaAtStep(current, step);
  }
  return value;
}

/**
 * A copy of a value with what stands at a path replaced, or removed when `replacement` is undefined. Objects on the path that are not there
 * are made; unchanged where a list lacks the item. Everything off the path is shared with the original.
 */
export function withValueAt(
  root: JsonValue,
  schema: TypeSchema | undefined,
  path: FieldPath,
  replacement: JsonValue | undefined,
): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return replacement ?? root;
  if ('field' in step) {
    if (!isJsonObject(root)) return root;
    const child = root[step.field] ?? (rest.every((each) => 'field' in each) && replacement !== undefined ? {} : undefined);
    if (rest.length > 0 && child === undefined) return root;
    if (rest.length === 0 && replacement === undefined) {
      return omit(root, new Set([step.field]));
    }
    const changed = rest.length === 0 ? replacement : withValueAt(child ?? {}, fieldSchema(schema, step.field), rest, replacement);
    return { ...root, [step.field]: changed };
  }
  if (!isJsonArray(root)) return root;
  const index = indexOfItem(root, schema, step);
  const child = root[index];
  if (child === undefined) return root;
  if (rest.length === 0 && replacement === undefined) return root.filter((_item, position) => position !== index);
  const changed = rest.length === 0 ? (replacement ?? null) : withValueAt(child, itemSchema(schema), rest, replacement);
  return root.map((item, position) => (position === index ? changed : item));
}

/** An item of a keyed list or set with its identity. */
export interface ListItem {
  readonly step: PathStep;
  /** canonical text of the step */
  readonly id: string;
  readonly value: JsonValue;
}

/** The items of a keyed list or set, or undefined when an item lacks a key or two items have the same one. */
export function identifyItems(
  list: readonly JsonValue[],
  schema: TypeSchema,
  shape: 'keyed-list' | 'set',
): readonly ListItem[] | undefined {
  const seen = new Set<string>();
  const items: ListItem[] = [];
  for (const value of list) {
    const keys = shape === 'set' ? undefined : listKeyOf(schema, value);
    if (shape === 'keyed-list' && keys === undefined) return undefined;
    const step: PathStep = keys === undefined ? { value } : { keys };
    const id = canonicalJson(keys ?? value);
    if (seen.has(id)) return undefined;
    seen.add(id);
    items.push({ step, id, value });
  }
  return items;
}

/** Whether `part` is a subsequence of `whole`. */
export function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let position = 0;
  for (const id of whole) if (id === part[position]) position += 1;
  return position === part.length;
}

/** Whether a schema belongs to a built-in kind, whose values the server decodes into Go types and writes out again. */
export function isBuiltin(schema: TypeSchema | undefined): boolean {
  return schema?.document.origin === 'builtin';
}

/** Whether strategic merge patches merge a list by its items; else they, and JSON merge patches always, replace it as a whole. */
export function isMergedByItem(list: TypeSchema | undefined): boolean {
  return isBuiltin(list) && list?.node.patchStrategy?.includes('merge') === true;
}

/** How two scalars relate: the same, the same in another spelling, or different. */
export type ScalarRelation = 'same' | 'respelled' | 'different';

/**
 * Relates two scalars under the schema: quantities by value, `byte` by its decoded bytes, `date-time` of built-in kinds by instant.
 * Numbers and strings are never equated where both are allowed (`80` is a port number, `"80"` a port name).
 */
export function relateScalars(left: JsonValue | undefined, right: JsonValue | undefined, schema: TypeSchema | undefined): ScalarRelation {
  if (left === right) return 'same';
  const node = schema?.node;
  if (node === undefined) return 'different';
  if (node.isQuantity === true && isSpelling(left) && isSpelling(right)) return quantityEqual(left, right) ? 'respelled' : 'different';
  if (typeof left !== 'string' || typeof right !== 'string' || !isBuiltin(schema)) return 'different';
  if (node.format === 'byte') return decodeBase64(left) === decodeBase64(right) ? 'respelled' : 'different';
  if (node.format === 'date-time') return Date.parse(left) === Date.parse(right) ? 'respelled' : 'different';
  return 'different';
}

function isSpelling(value: JsonValue | undefined): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** The bytes of base64 text as a latin-1 string; white space within it does not count. */
export function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

/** Whether a value is one that Go's `omitempty` drops: `{}`, `[]`, `null`, `""`, `false`, `0`. */
export function isZeroValue(value: JsonValue): boolean {
  if (isJsonArray(value)) return value.length === 0;
  if (isJsonObject(value)) return Object.keys(value).length === 0;
  return value === null || value === '' || value === false || value === 0;
}

/** Deep equality under the schema: scalars by {@link relateScalars}, order and number of list items count. */
export function deepEqualUnderSchema(left: JsonValue | undefined, right: JsonValue | undefined, schema: TypeSchema | undefined): boolean {
  if (isJsonArray(left)) {
    if (!isJsonArray(right) || left.length !== right.length) return false;
    const item = itemSchema(schema);
    return left.every((value, index) => deepEqualUnderSchema(value, right[index], item));
  }
  if (!isJsonObject(left)) return isJsonObject(right) || isJsonArray(right) ? false : relateScalars(left, right, schema) !== 'different';
  if (!isJsonObject(right)) return false;
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (!deepEqualUnderSchema(left[name], right[name], fieldSchema(schema, name))) return false;
  }
  return true;
}

/** The field of a JSON object as an own property. */
export function ownField(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
