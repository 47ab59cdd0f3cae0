import type { EditPlace } from './fieldWritebacks.ts';
import { isJsonArray, jsonEqual, type JsonValue, valueAt } from '../model/json.ts';
import { offsetOf, scalarAt } from '../writeback/adoptEdit.ts';
import type { Splice } from '../writeback/spliceScalar.ts';
import { editYaml, withChange, type YamlPath, yamlValues } from '../writeback/yamlEdit.ts';
import { withWhatIsThere } from './openKeys.ts';

/** A key of a chart's values, and what it is to be. */
export interface ValuesKey {
  /** where it stands; absent: nowhere yet */
  readonly file?: string;
  readonly document?: number;
  readonly path: YamlPath;
  readonly value: JsonValue;
  /** the value comes to what is there */
  readonly isAdded: boolean;
  /** the list that the key is in: values files replace lists as a whole */
  readonly list?: WholeList;
}

interface WholeList {
  /** steps of the path that lie within the list */
  readonly depth: number;
  /** as it is to be */
  readonly value: JsonValue;
  /** the key is a new item of it */
  readonly isAppended: boolean;
}

/**
 * The key of values that a line sets, or that is to come beside what it sets.
 * @param text of the line's file
 * @param value what the field is to be
 * @returns undefined where the values are not laid out as the field is, or the line sets only a part of the field
 */
export function valuesKeyAt(text: string, { range, edit }: EditPlace, value: JsonValue): ValuesKey | undefined {
  const { startLine, startColumn, endLine, endColumn, file } = range;
  const found = scalarAt(text, offsetOf(text, startLine, startColumn), offsetOf(text, endLine, endColumn));
  if (found === undefined || edit.up.length > found.path.length) return undefined;
  const { up, down } = edit;
  // A field made of several pieces has no one value of its own.
  if (down.length === 0 && (up.length > 0 || !jsonEqual(edit.leaf, found.value))) return undefined;
  const above = found.path.slice(0, found.path.length - up.length);
  const tail = found.path.slice(above.length);
  if (!tail.every((step, index) => typeof step === 'number' || step === up[index])) return undefined;
  const said = valueAt(found.root, ...above);
  const path = [...above, ...down.map((step) => step ?? (isJsonArray(said) ? said.length : 0))];
  const list = path.findIndex((step) => typeof step === 'number');
  const key = { file, path, value, isAdded: false };
  if (list < 0) return key;
  const whole = valueAt(withChange(found.root ?? null, path, value), ...path.slice(0, list)) ?? null;
  const depth = path.length - list;
  return { ...key, list: { depth, value: whole, isAppended: depth === 1 && down.at(-1) === null } };
}

/**
 * The edit that sets a key in a text of values; a list that the text does not have yet is written as a whole.
 * @throws AppError as `editYaml`
 */
export function keyEdit(text: string, { document = 0, path, value, isAdded, list }: ValuesKey): Splice {
  if (list !== undefined) {
    const above = path.slice(0, path.length - list.depth);
    const said = valueAt(yamlValues(text)[document], ...above);
    if (!isJsonArray(said) || said.length === 0) return editYaml(text, { document, path: above, value: list.value });
    if (list.isAppended) return editYaml(text, { document, path: [...above, said.length], value });
  }
  const change = { document, path, value };
  return editYaml(text, isAdded ? withWhatIsThere(text, change) : change);
}
