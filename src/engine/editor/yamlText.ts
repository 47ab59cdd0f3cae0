import { stringify } from 'yaml';
import { isJsonObject, type JsonValue } from '../model/json.ts';

const firstKeys = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

/**
 * A value as YAML for reading, the same way for every side of a diff: names first, then the other keys in alphabetical order, no line folding.
 * @param value must not hold unmasked secrets
 */
export function toYamlText(value: JsonValue): string {
  return stringify(sorted(value), { lineWidth: 0, aliasDuplicateObjects: false });
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => sorted(item));
  if (!isJsonObject(value)) return value;
  const rank = (key: string): number => (firstKeys.includes(key) ? firstKeys.indexOf(key) : firstKeys.length);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map(([key, item]) => [key, item === undefined ? undefined : sorted(item)]),
  );
}

/** A reason as a YAML comment, so that a side that cannot be shown is not taken for an empty one. */
export function commentText(sentence: string): string {
  return `# ${sentence.replaceAll('\n', '\n# ')}\n`;
}
