import { lookUp, schemaAtPath, shapeOf } from '../compare/schemaWalk.ts';
import { type FieldPath, type PathStep, valueAtPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import { listKeyOf, type TypeSchema } from '../model/schema.ts';

const token = /\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[([^\]]*)\]|\.?([^.[\]]+)/y;
const named = /(?:unknown field|duplicate field) "([^"]+)"/g;
const undeclared = /(?:^|[\s:])(\.[^\s:]+): field not declared in schema/g;

/**
 * The fields that a message of the API server names: `unknown field "spec.x"` (strict decoding, warnings), and structured-merge-diff's
 * `.spec.x: field not declared in schema`.
 */
export function namedFields(message: string): readonly string[] {
  return [...message.matchAll(named), ...message.matchAll(undeclared)].map((match) => match[1] ?? '');
}

/**
 * Reads a path as the API server writes it (field.Path: `spec.containers[0].image`, `metadata.labels[a.b/c]`; structured-merge-diff:
 * `.spec.containers[name="web"].image`) and names list items by their keys where the schema has keys, so that it holds in another
 * rendering of the list, too.
 * @param object the object that was sent, whose indexes count
 * @returns undefined when it is no path
 */
export function parseServerPath(text: string, object: JsonValue, schema: TypeSchema | undefined): FieldPath | undefined {
  const path: PathStep[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, field, index, inner, odd] = match;
    const name = field ?? odd;
    if (name !== undefined) path.push({ field: name });
    else if (index !== undefined) path.push(stepOfIndex(Number(index), path, object, schema));
    else path.push(stepOfBrackets(inner ?? ''));
  }
  return path.length === 0 ? undefined : path;
}

function stepOfIndex(index: number, above: FieldPath, object: JsonValue, schema: TypeSchema | undefined): PathStep {
  const list = schemaAtPath(schema, above);
  const item = valueAtPath(object, [...above, { index }]) ?? lookUp(object, schema, [...above, { index }]);
  if (list === undefined || item === undefined || shapeOf([], list) !== 'keyed-list') return { index };
  const keys = listKeyOf(list, item);
  return keys === undefined ? { index } : { keys };
}

/** `[name="web",port=80]` names an item, everything else in brackets an entry of a map. */
function stepOfBrackets(inner: string): PathStep {
  const pairs = [...inner.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)(?:,|$)/g)];
  if (pairs.length === 0) return { field: inner };
  const keys = Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, parsed(value)]));
  return { keys };
}

function parsed(value: string): string | number | boolean {
  try {
    const read: unknown = JSON.parse(value);
    return typeof read === 'string' || typeof read === 'number' || typeof read === 'boolean' ? read : value;
  } catch {
    return value;
  }
}
