import { parse } from 'yaml';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';

/** A setting of argocd-cm that is YAML in a text; undefined: it cannot be read. */
function settingValue(text: string): JsonValue | undefined {
  try {
    return parse(text, { maxAliasCount: 100, logLevel: 'error' }) as JsonValue;
  } catch {
    return undefined;
  }
}

/** A setting that is an object; undefined: it is none. */
export function settingObject(text: string): JsonObject | undefined {
  const value = settingValue(text);
  return isJsonObject(value) ? value : undefined;
}

/** A setting that is a list; empty: it is none. */
export function settingList(text: string): readonly JsonValue[] {
  const value = settingValue(text);
  return isJsonArray(value) ? value : [];
}
