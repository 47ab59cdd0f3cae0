import { indexOfItem, schemaAtStep } from '../compare/schemaWalk.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { FieldDifference } from '../model/states.ts';

/**
 * The live side as far as it counts: the desired object with every difference applied. So a diff of the two shows the verdict's
 * fields and nothing else, in the order of the desired object, without defaults, status or other spellings of the same value.
 * @param desired the desired object (masked, when it is a Secret)
 * @param differences the verdict's fields
 * @param schema of the desired kind, for list keys that the object leaves to their defaults
 */
export function liveAsCompared(desired: JsonObject, differences: readonly FieldDifference[], schema: TypeSchema | undefined): JsonValue {
  let result: JsonValue = desired;
  for (const { path, live, isCosmetic } of differences) {
    if (!isCosmetic) result = withValue(result, path, live, schema) ?? result;
  }
  return result;
}

/**
 * A copy with one value set, or removed when it is undefined. Missing parents are made; a list item that is not there is appended.
 * @returns undefined when nothing is left
 */
export function withValue(
  root: JsonValue | undefined,
  path: FieldPath,
  value: JsonValue | undefined,
  schema: TypeSchema | undefined,
): JsonValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const below = schemaAtStep(schema, step);
  if ('field' in step) {
    const parent = isJsonObject(root) ? root : {};
    const child = withValue(parent[step.field], rest, value, below);
    if (child !== undefined) return { ...parent, [step.field]: child };
    return Object.fromEntries(Object.entries(parent).filter(([name]) => name !== step.field));
  }
  const list = isJsonArray(root) ? root : [];
  const index = indexOfItem(list, schema, step);
  const present = index < 0 ? undefined : list[index];
  const item = withValue(present ?? ('keys' in step && rest.length > 0 ? step.keys : undefined), rest, value, below);
  if (index < 0) return item === undefined ? list : [...list, item];
  return item === undefined ? list.toSpliced(index, 1) : list.with(index, item);
}
