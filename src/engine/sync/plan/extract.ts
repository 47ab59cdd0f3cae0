import { children, type FieldSet } from '../../compare/fieldsV1.ts';
import { indexOfItem } from '../../compare/schemaWalk.ts';
import type { PathStep } from '../../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue } from '../../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../../model/schema.ts';
import { isAtomic } from './atomicValues.ts';

/**
 * The part of a live value that one manager applied, read from its FieldsV1: what it would send again to change nothing
 * (as client-go's `ExtractInto` does for typed objects).
 * @param live the live object or a value in it
 * @param fields FieldsV1 of the manager at that place
 * @param schema schema of that place; tells atomic values from empty ones
 */
export function extractOwned(live: JsonValue, fields: FieldSet, schema: TypeSchema | undefined): JsonValue {
  const below = [...children(fields)];
  if (below.length === 0) return leafValue(live, schema);
  if (isJsonArray(live)) return extractList(live, below, schema);
  if (!isJsonObject(live)) return live;
  const owned: Record<string, JsonValue> = {};
  for (const [step, tree] of below) {
    if (!('field' in step)) continue;
    const value = live[step.field];
    if (value !== undefined) owned[step.field] = extractOwned(value, tree, fieldSchema(schema, step.field));
  }
  return owned;
}

/** A held path without held children: an atomic value or scalar whole, or a granular container that was applied empty. */
function leafValue(live: JsonValue, schema: TypeSchema | undefined): JsonValue {
  if (isAtomic(schema, live)) return live;
  if (isJsonArray(live)) return [];
  return isJsonObject(live) ? {} : live;
}

function extractList(
  live: readonly JsonValue[],
  below: readonly (readonly [step: PathStep, set: FieldSet])[],
  schema: TypeSchema | undefined,
): JsonValue {
  const items = itemSchema(schema);
  const picked: { readonly index: number; readonly item: JsonValue }[] = [];
  for (const [step, tree] of below) {
    const index = indexOfItem(live, schema, step);
    const item = live[index];
    if (item !== undefined) picked.push({ index, item: extractItem(item, step, tree, items) });
  }
  return picked.sort((left, right) => left.index - right.index).map(({ item }) => item);
}

/** List keys are sent with their item, unless the schema puts the same value in: then the manager never set them. */
function extractItem(item: JsonValue, step: PathStep, tree: FieldSet, schema: TypeSchema | undefined): JsonValue {
  if (!('keys' in step)) return extractOwned(item, tree, schema);
  const hasFields = [...children(tree)].length > 0;
  const owned = hasFields ? extractOwned(item, tree, schema) : {};
  if (!isJsonObject(owned)) return owned;
  const keys: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(step.keys)) {
    if (owned[name] === undefined && fieldSchema(schema, name)?.node.default !== value) keys[name] = value;
  }
  return { ...keys, ...owned };
}
