import { schemaAtStep, stepInto } from '../../compare/schemaWalk.ts';
import type { FieldPath } from '../../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue } from '../../model/json.ts';
import type { TypeSchema } from '../../model/schema.ts';

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
    current = stepInto(current, type, step);
    type = schemaAtStep(type, step);
  }
  return path;
}
