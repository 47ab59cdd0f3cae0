import type { JsonObject, JsonValue } from '../model/json.ts';

/** A copy of a JSON object without some of its fields; the object itself when it has none of them. */
export function omit(object: JsonObject, names: ReadonlySet<string>): JsonObject {
  let hasAny = false;
  for (const name of names) hasAny ||= Object.hasOwn(object, name);
  if (!hasAny) return object;
  const rest: Record<string, JsonValue | undefined> = {};
  for (const name in object) if (!names.has(name)) rest[name] = object[name];
  return rest;
}
