import type { FieldPath, PathStep } from '../model/fieldPath.ts';
import { formatPath, indexOfStep } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue, jsonEqual } from '../model/json.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../model/schema.ts';

/** The schema of what one step leads to. */
export function stepSchema(schema: TypeSchema | undefined, step: PathStep): TypeSchema | undefined {
  return 'field' in step ? fieldSchema(schema, step.field) : itemSchema(schema);
}

/**
 * Whether server-side apply takes the value at this place as one whole. Without a schema structured-merge-diff deduces:
 * maps granular, lists atomic (`typed/deduced`).
 */
export function isAtomic(schema: TypeSchema | undefined, value: JsonValue | undefined): boolean {
  const isList = value === undefined ? schema?.node.type === 'array' : isJsonArray(value);
  if (isList) return (schema?.node.listType ?? 'atomic') === 'atomic';
  return (value === undefined || isJsonObject(value)) && schema?.node.mapType === 'atomic';
}

/**
 * The shortest prefix of a path at which the object holds an atomic value, so that only the whole can be owned; the path
 * itself when there is none.
 */
export function atomicRoot(root: JsonValue, path: FieldPath, schema: TypeSchema | undefined): FieldPath {
  let current: JsonValue | undefined = root;
  let type = schema;
  for (const [depth, step] of path.entries()) {
    if (depth > 0 && isAtomic(type, current)) return path.slice(0, depth);
    current = child(current, step, type);
    type = stepSchema(type, step);
  }
  return path;
}

/** The position of the list item that a step names; keys that the item leaves out take the schema's default. */
export function findItem(list: readonly JsonValue[], step: PathStep, schema: TypeSchema | undefined): number {
  const direct = indexOfStep(list, step);
  if (direct >= 0 || !('keys' in step) || schema === undefined) return direct;
  return list.findIndex((item) => jsonEqual(listKeyOf(schema, item), step.keys));
}

/** The child of a value by one step, or undefined. */
export function child(value: JsonValue | undefined, step: PathStep, schema: TypeSchema | undefined): JsonValue | undefined {
  if ('field' in step) return isJsonObject(value) ? value[step.field] : undefined;
  return isJsonArray(value) ? value[findItem(value, step, schema)] : undefined;
}

/** The value at a path as the schema reads it (list keys with their defaults), or undefined. */
export function valueAtPathBySchema(root: JsonValue | undefined, path: FieldPath, schema: TypeSchema | undefined): JsonValue | undefined {
  let current = root;
  let type = schema;
  for (const step of path) {
    current = child(current, step, type);
    type = stepSchema(type, step);
  }
  return current;
}

/** The schema at a path, or undefined. */
export function schemaAtPath(schema: TypeSchema | undefined, path: FieldPath): TypeSchema | undefined {
  return path.reduce<TypeSchema | undefined>((type, step) => stepSchema(type, step), schema);
}

/** Whether one of two paths is the other or lies above it. */
export function areRelated(left: FieldPath, right: FieldPath): boolean {
  const shared = Math.min(left.length, right.length);
  return formatPath(left.slice(0, shared)) === formatPath(right.slice(0, shared));
}
