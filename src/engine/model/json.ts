/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object; absent keys read as undefined. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Whether a value is a JSON object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a JSON array. */
export function isJsonArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Deep equality of JSON values; key order does not count, an undefined property equals an absent one. */
export function jsonEqual(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) {
    return isJsonArray(right) && left.length === right.length && left.every((item, index) => jsonEqual(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const leftKeys = Object.keys(left).filter((key) => left[key] !== undefined);
  const rightKeys = Object.keys(right).filter((key) => right[key] !== undefined);
  return leftKeys.length === rightKeys.length && leftKeys.every((key) => right[key] !== undefined && jsonEqual(left[key], right[key]));
}

/** JSON text with sorted keys and no white space: the same for equal values. */
export function canonicalJson(value: JsonValue | undefined): string {
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  // Appended to one string, without lists in between: this names each item of each keyed list.
  let text = '';
  if (isJsonArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const keys = Object.keys(value);
  if (keys.length > 1) keys.sort();
  for (const key of keys) {
    if (value[key] !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value[key])}`;
  }
  return `{${text}}`;
}

/** The value at a chain of keys and indexes, or undefined where the chain breaks. */
export function valueAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const step of steps) {
    if (typeof step === 'number') current = isJsonArray(current) ? current[step] : undefined;
    else current = isJsonObject(current) ? current[step] : undefined;
  }
  return current;
}

/** The string at a chain of keys, or undefined. */
export function stringAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): string | undefined {
  const found = valueAt(value, ...steps);
  return typeof found === 'string' ? found : undefined;
}

/** The object at a chain of keys, or an empty object. */
export function objectAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): JsonObject {
  const found = valueAt(value, ...steps);
  return isJsonObject(found) ? found : {};
}

/** The array at a chain of keys, or an empty array. */
export function arrayAt(value: JsonValue | undefined, ...steps: readonly (string | number)[]): readonly JsonValue[] {
  const found = valueAt(value, ...steps);
  return isJsonArray(found) ? found : [];
}

/**
 * The ways down to the scalars of a value (nulls are none), the nearest first; an empty one where the value is a scalar itself.
 * @param most how many are wanted
 */
export function scalarsBelow(value: JsonValue | undefined, most: number): readonly (readonly (string | number)[])[] {
  const found: (readonly (string | number)[])[] = [];
  let waiting: { readonly at: readonly (string | number)[]; readonly value: JsonValue | undefined }[] = [{ at: [], value }];
  while (waiting.length > 0 && found.length < most) {
    waiting = waiting.flatMap(({ at, value: one }) => {
      if (isJsonArray(one)) return one.map((item, index) => ({ at: [...at, index], value: item }));
      if (isJsonObject(one)) return Object.entries(one).map(([key, item]) => ({ at: [...at, key], value: item }));
      if (one !== undefined && one !== null) found.push(at);
      return [];
    });
  }
  return found.slice(0, most);
}
