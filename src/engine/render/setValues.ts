import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';

/**
 * Values with one more, as `helm --set` takes it: `a.b[0].c`, `\.` for a dot in a key. Source: helm pkg/strvals/parser.go.
 * @param mode `typed` reads words and numbers as such and `{a,b}` as a list; `string` and `file` keep the text
 */
export function withSetValue(values: JsonObject, name: string, text: string, mode: 'typed' | 'string' | 'file'): JsonObject {
  const next = placed(values, stepsOf(name), valueOf(text, mode));
  return isJsonObject(next) ? next : values;
}

/** The values of both, deeply; where both have one that is no mapping, the later. Source: fluxcd/pkg chartutil, helm loader.MergeMaps. */
export function mergedValues(first: JsonObject, second: JsonObject): JsonObject {
  const merged: Record<string, JsonValue | undefined> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key];
    merged[key] = isJsonObject(before) && isJsonObject(value) ? mergedValues(before, value) : value;
  }
  return merged;
}

function stepsOf(name: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  for (const [, text = '', indexes = ''] of name.matchAll(/((?:\\.|[^.[\\])+)((?:\[\d+\])*)(?:\.|$)/g)) {
    steps.push(text.replaceAll(/\\(.)/g, '$1'));
    for (const [, index = '0'] of indexes.matchAll(/\[(\d+)\]/g)) steps.push(Number(index));
  }
  return steps;
}

function placed(at: JsonValue | undefined, [step, ...rest]: readonly (string | number)[], value: JsonValue): JsonValue {
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list: JsonValue[] = isJsonArray(at) ? [...at] : [];
    // As in Helm, what lies before is nothing.
    while (list.length <= step) list.push(null);
    list[step] = placed(list[step], rest, value);
    return list;
  }
  const object = isJsonObject(at) ? at : {};
  return { ...object, [step]: placed(object[step], rest, value) };
}

function valueOf(text: string, mode: 'typed' | 'string' | 'file'): JsonValue {
  if (mode === 'file') return text;
  const list = /^\{(.*)\}$/s.exec(text);
  if (list !== null) {
    return (list[1] ?? '').split(/(?<!\\),/).map((item) => scalarOf(item, mode));
  }
  return scalarOf(text, mode);
}

function scalarOf(text: string, mode: 'typed' | 'string'): JsonValue {
  const plain = text.replaceAll(/\\(.)/g, '$1');
  if (mode === 'string') return plain;
  if (/^true$/i.test(plain)) return true;
  if (/^false$/i.test(plain)) return false;
  if (/^null$/i.test(plain)) return null;
  if (plain === '0') return 0;
  return /^[-+]?[1-9]\d{0,14}$/.test(plain) ? Number(plain) : plain;
}
