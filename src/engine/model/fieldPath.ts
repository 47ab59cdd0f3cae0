import { isJsonArray, isJsonObject, jsonEqual, type JsonValue } from './json.ts';
import { pointerToken } from './jsonPointer.ts';

/**
 * One step into an object, as structured-merge-diff's fieldpath has it: a field name, an associative-list item by its
 * keys, a set item by its value, or an index (atomic lists).
 */
export type PathStep =
  | { readonly field: string }
  | { readonly keys: Readonly<Record<string, string | number | boolean>> }
  | { readonly value: JsonValue }
  | { readonly index: number };

/** The way from the root of an object to one of its fields. */
export type FieldPath = readonly PathStep[];

/** A path as people write it: `spec.template.spec.containers[name=web].image`, `metadata.labels["a.b/c"]`. Stable; used as an id. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if ('field' in step) {
      if (/^[A-Za-z_][\w-]*$/.test(step.field)) text += text === '' ? step.field : `.${step.field}`;
      else text += `[${JSON.stringify(step.field)}]`;
    } else if ('keys' in step) {
      const pairs = Object.entries(step.keys)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${String(value)}`);
      text += `[${pairs.join(',')}]`;
    } else if ('value' in step) text += `[=${JSON.stringify(step.value)}]`;
    else text += `[${String(step.index)}]`;
  }
  return text;
}

/** The index of the list item that a step names, or -1. */
function indexOfStep(list: readonly JsonValue[], step: PathStep): number {
  if ('index' in step) return step.index < list.length ? step.index : -1;
  if ('value' in step) return list.findIndex((item) => jsonEqual(item, step.value));
  if ('keys' in step) {
    return list.findIndex((item) => isJsonObject(item) && Object.entries(step.keys).every(([key, value]) => item[key] === value));
  }
  return -1;
}

/** The value at a path, or undefined where the path breaks. List keys that the object omits (server defaults) do not match. */
export function valueAtPath(root: JsonValue | undefined, path: FieldPath): JsonValue | undefined {
  let current: JsonValue | undefined = root;
  for (const step of path) {
    if ('field' in step) current = isJsonObject(current) ? current[step.field] : undefined;
    else if (isJsonArray(current)) current = current[indexOfStep(current, step)];
    else return undefined;
  }
  return current;
}

/**
 * The JSON pointer (RFC 6901) of a path within one given object, or undefined when a list item of the path is not there.
 * @param root the object whose indexes count
 */
export function toJsonPointer(root: JsonValue, path: FieldPath): string | undefined {
  let current: JsonValue | undefined = root;
  let pointer = '';
  for (const step of path) {
    let token: string;
    if ('field' in step) {
      token = step.field;
      current = isJsonObject(current) ? current[step.field] : undefined;
    } else {
      if (!isJsonArray(current)) return undefined;
      const index = indexOfStep(current, step);
      if (index < 0) return undefined;
      token = String(index);
      current = current[index];
    }
    pointer += `/${pointerToken(token)}`;
  }
  return pointer;
}

/** Whether `path` is `prefix` or lies below it. */
export function startsWithPath(path: FieldPath, prefix: FieldPath): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => formatPath([step]) === formatPath(path.slice(index, index + 1)));
}
