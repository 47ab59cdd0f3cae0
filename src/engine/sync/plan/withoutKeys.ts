import type { JsonObject } from '../../model/json.ts';

/** A copy of an object without some of its keys. */
export function withoutKeys(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
