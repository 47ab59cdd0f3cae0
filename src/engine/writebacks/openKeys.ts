import { chartName } from '../apps/fileFacts.ts';
import { joinPath, resolvePath } from '../model/treePath.ts';
import type { ApplicationSource } from '../model/application.ts';
import { type FieldPath, valueAtPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue, valueAt } from '../model/json.ts';
import type { RenderedObject, RenderResult } from '../model/render.ts';
import { type YamlChange, type YamlPath, yamlValues } from '../writeback/yamlEdit.ts';

/** A key of an input file under which something may be put that the render does not have. */
export interface OpenKey {
  readonly file: string;
  readonly change: YamlChange;
}

/** A field that an object does not have, and what it is to be. */
interface MissingField {
  readonly object: RenderedObject;
  readonly path: FieldPath;
  readonly value: JsonValue;
}

/** a step on the way to the field: its name, and what is to stand under it */
interface Level {
  readonly name: string;
  readonly value: JsonValue;
}

/** values that a text may have before it is left alone */
const MAX_KEYS = 8;

/**
 * The keys under which a source may take a field that its render does not have: empty mappings and lists of the same name (`resources: {}`,
 * `podAnnotations: {}`), of values or of the object's own file, then values that the object's template uses and no file sets. Whether the
 * field arrives is for the caller to prove.
 * @param read the values of a file's documents; none for a file that cannot be read
 */
export async function openKeysOf(
  { object, path, value }: MissingField,
  source: ApplicationSource,
  render: RenderResult,
  read: (file: string) => Promise<{ readonly text: string; readonly values: readonly (JsonValue | undefined)[] }>,
): Promise<readonly OpenKey[]> {
  const levels = levelsOf(object, path, value);
  const isHelm = source.type === 'helm';
  const files = isHelm ? valuesFilesOf(source, render) : [object.file ?? ''].filter((file) => file !== '');
  const [same, alike]: [OpenKey[], OpenKey[]] = [[], []];
  for (const file of files) {
    const { values } = await read(file);
    for (const { name, value: below } of levels) {
      for (const [document, said] of values.entries()) {
        if (!isHelm && object.documentIndex !== undefined && values.length > 1 && document !== object.documentIndex) continue;
        for (const [at, key] of emptyKeys(said)) {
          const found = { file, change: { document, path: at, value: below } };
          if (key === name) same.push(found);
          else if (isHelm && isAlike(key, name)) alike.push(found);
        }
      }
    }
  }
  const unsaid = isHelm && object.file !== undefined ? await unsaidKeys((await read(object.file)).text, levels, files, read) : [];
  return [...same, ...alike, ...unsaid].slice(0, MAX_KEYS);
}

/**
 * A change of a key that keeps what earlier changes have put under it: mappings are merged, lists joined.
 * @throws AppError as `yamlValues`
 */
export function withWhatIsThere(text: string, { document = 0, path, value }: YamlChange): YamlChange {
  return { document, path, value: value === undefined ? undefined : joined(valueAt(yamlValues(text)[document], ...path), value) };
}

function joined(said: JsonValue | undefined, value: JsonValue): JsonValue {
  if (isJsonArray(said) && isJsonArray(value)) return [...said, ...value];
  if (!isJsonObject(said) || !isJsonObject(value)) return value;
  const added = Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, joined(said[key], item)] as const]));
  return { ...said, ...Object.fromEntries(added) };
}

/** Whether values under a key may be those of a field: `podAnnotations` of `annotations`, `extraEnvs` of `env`. */
function isAlike(key: string, name: string): boolean {
  return [name, `${name}s`].some((each) => key.toLowerCase().endsWith(each.toLowerCase()));
}

/** The steps from the last one that the object has to the field; what it has may come from elsewhere, and be empty in a file. */
function levelsOf({ object }: RenderedObject, path: FieldPath, value: JsonValue): readonly Level[] {
  return path.flatMap((step, index): readonly Level[] => {
    const isNextThere = index + 1 < path.length && valueAtPath(object, path.slice(0, index + 2)) !== undefined;
    if (isNextThere || !('field' in step)) return [];
    const below = path
      .slice(index + 1)
      .reduceRight<JsonValue>((inner, each) => ('field' in each ? { [each.field]: inner } : [inner]), value);
    return [{ name: step.field, value: below }];
  });
}

/** Files of values that a render read, the last that counts first. */
function valuesFilesOf({ path, helm }: ApplicationSource, { reads }: RenderResult): readonly string[] {
  const own = [...(helm?.valueFiles ?? []).toReversed(), 'values.yaml'].flatMap((file) => resolvePath(path, file) ?? []);
  const isRead = new Set(reads.flatMap((read) => (read.kind === 'file' && read.hash !== 'absent' ? [read.path] : [])));
  const ofSubcharts = [...isRead].filter((file) => file.startsWith(joinPath(path, 'charts/')) && file.endsWith('/values.yaml'));
  return [...new Set([...own, ...ofSubcharts])].filter((file) => isRead.has(file) && !file.endsWith(`/${chartName}`));
}

/** The ways to the keys of a document that have nothing below them, with their names. */
function* emptyKeys(value: JsonValue | undefined, path: YamlPath = []): Generator<readonly [YamlPath, string]> {
  if (isJsonArray(value)) for (const [index, item] of value.entries()) yield* emptyKeys(item, [...path, index]);
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (item === null || isEmptyCollection(item)) yield [[...path, key], key];
      else yield* emptyKeys(item, [...path, key]);
    }
  }
}

function isEmptyCollection(value: JsonValue | undefined): boolean {
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** Values that a template uses under a name of the levels, in the first file that could set them. */
async function unsaidKeys(
  template: string,
  levels: readonly Level[],
  files: readonly string[],
  read: (file: string) => Promise<{ readonly values: readonly (JsonValue | undefined)[] }>,
): Promise<readonly OpenKey[]> {
  const [file] = files;
  if (file === undefined) return [];
  const [said] = (await read(file)).values;
  const used = new Set([...template.matchAll(/\.Values((?:\.[A-Za-z_]\w*)+)/g)].map((match) => (match[1] ?? '').slice(1)));
  return [...used].flatMap((keys): readonly OpenKey[] => {
    const path = keys.split('.');
    const level = levels.find(({ name }) => isAlike(path.at(-1) ?? '', name));
    return level === undefined || valueAt(said, ...path) !== undefined ? [] : [{ file, change: { path, value: level.value } }];
  });
}
