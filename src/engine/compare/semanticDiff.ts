import { type FieldPath, type PathStep } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';
import type { FieldChange } from '../model/states.ts';
import { identifyItems, isSubsequence, type ListItem, relateScalars, shapeOf } from './schemaWalk.ts';

/** One place where two objects differ, before anybody has said whose it is. */
export interface Difference {
  readonly path: FieldPath;
  readonly change: FieldChange;
  readonly git?: JsonValue;
  readonly live?: JsonValue;
  /** same meaning in another spelling */
  readonly isCosmetic: boolean;
}

/**
 * Leaf-exact differences of two objects of one version: items of keyed lists by their keys, sets by value, atomic lists by their smallest
 * inner places; what stands on one side only is reported as its outermost item (entries of maps and lists one by one).
 * @param git the side of Git (desired, or the dry-run's prediction)
 */
export function semanticDiff(git: JsonObject, live: JsonObject, schema: TypeSchema | undefined): readonly Difference[] {
  return semanticDiffAt(git, live, schema, []);
}

/** {@link semanticDiff} of the values at one path. */
export function semanticDiffAt(
  git: JsonValue | undefined,
  live: JsonValue | undefined,
  schema: TypeSchema | undefined,
  path: FieldPath,
): readonly Difference[] {
  const found: Difference[] = [];
  compareValues(git, live, schema, path, found);
  return found;
}

function compareValues(
  git: JsonValue | undefined,
  live: JsonValue | undefined,
  schema: TypeSchema | undefined,
  path: FieldPath,
  found: Difference[],
): void {
  if (git === undefined || live === undefined) {
    if (git !== undefined || live !== undefined) oneSided(git, live, schema, path, found);
  } else if (isJsonArray(git) && isJsonArray(live)) compareLists(git, live, schema, path, found);
  else if (isJsonObject(git) && isJsonObject(live)) compareFields(git, live, schema, path, found);
  else if (isContainer(git) || isContainer(live)) push(found, path, git, live, false);
  else {
    const relation = relateScalars(git, live, schema);
    if (relation !== 'same') push(found, path, git, live, relation === 'respelled');
  }
}

function isContainer(value: JsonValue): boolean {
  return isJsonArray(value) || isJsonObject(value);
}

function push(found: Difference[], path: FieldPath, git: JsonValue | undefined, live: JsonValue | undefined, isCosmetic: boolean): void {
  const change = git === undefined ? 'added' : live === undefined ? 'removed' : 'changed';
  found.push({ path, change, ...(git === undefined ? {} : { git }), ...(live === undefined ? {} : { live }), isCosmetic });
}

/** Maps and merge lists are reported by their entries also when the other side has none of them. */
function oneSided(
  git: JsonValue | undefined,
  live: JsonValue | undefined,
  schema: TypeSchema | undefined,
  path: FieldPath,
  found: Difference[],
): void {
  const value = git ?? live ?? null;
  const shape = shapeOf(value, schema);
  const before = found.length;
  if (isJsonObject(value) && shape === 'map') {
    compareFields(isJsonObject(git) ? git : {}, isJsonObject(live) ? live : {}, schema, path, found);
  } else if (isJsonArray(value) && (shape === 'keyed-list' || shape === 'set')) {
    compareLists(isJsonArray(git) ? git : [], isJsonArray(live) ? live : [], schema, path, found);
  }
  // A null or an empty container against nothing is one and the same to every reader.
  if (found.length === before) push(found, path, git, live, isEmptyOrNull(value));
}

function isEmptyOrNull(value: JsonValue): boolean {
  if (value === null) return true;
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function compareFields(git: JsonObject, live: JsonObject, schema: TypeSchema | undefined, path: FieldPath, found: Difference[]): void {
  for (const name of new Set([...Object.keys(git), ...Object.keys(live)])) {
    compareValues(git[name], live[name], fieldSchema(schema, name), [...path, { field: name }], found);
  }
}

function compareLists(
  git: readonly JsonValue[],
  live: readonly JsonValue[],
  schema: TypeSchema | undefined,
  path: FieldPath,
  found: Difference[],
): void {
  const shape = shapeOf(git, schema);
  if ((shape !== 'keyed-list' && shape !== 'set') || schema === undefined) {
    compareAtomicLists(git, live, schema, path, found);
    return;
  }
  const wanted = identifyItems(git, schema, shape);
  const present = identifyItems(live, schema, shape);
  if (wanted === undefined || present === undefined) {
    if (!jsonEqual(git, live)) push(found, path, git, live, false);
    return;
  }
  compareItems(wanted, present, schema, path, found);
  const common = (list: readonly ListItem[], other: readonly ListItem[]): readonly string[] => {
    const ids = new Set(other.map((item) => item.id));
    return list.map((item) => item.id).filter((id) => ids.has(id));
  };
  if (!isSubsequence(common(wanted, present), common(present, wanted))) push(found, path, git, live, false);
}

function compareItems(
  wanted: readonly ListItem[],
  present: readonly ListItem[],
  schema: TypeSchema,
  path: FieldPath,
  found: Difference[],
): void {
  const items = itemSchema(schema);
  const presentById = new Map(present.map((item) => [item.id, item]));
  const wantedIds = new Set(wanted.map((item) => item.id));
  for (const item of wanted) {
    const other = presentById.get(item.id);
    const at = [...path, item.step];
    if (other === undefined) push(found, at, item.value, undefined, false);
    else compareValues(item.value, other.value, items, at, found);
  }
  for (const item of present) if (!wantedIds.has(item.id)) push(found, [...path, item.step], undefined, item.value, false);
}

/**
 * An atomic list is replaced as a whole; what is shown is the smallest part that tells the difference: inner places when the lists are
 * equally long, the surplus items when one list is the other with items put in, else the list.
 */
function compareAtomicLists(
  git: readonly JsonValue[],
  live: readonly JsonValue[],
  schema: TypeSchema | undefined,
  path: FieldPath,
  found: Difference[],
): void {
  const items = itemSchema(schema);
  const at = (index: number): FieldPath => [...path, { index } satisfies PathStep];
  if (git.length === live.length) {
    for (const [index, value] of git.entries()) compareValues(value, live[index], items, at(index), found);
    return;
  }
  const [short, long] = git.length < live.length ? [git, live] : [live, git];
  let start = 0;
  while (start < short.length && jsonEqual(short[start], long[start])) start += 1;
  let end = 0;
  while (end < short.length - start && jsonEqual(short[short.length - 1 - end], long[long.length - 1 - end])) end += 1;
  if (start + end < short.length) {
    push(found, path, git, live, false);
    return;
  }
  for (const index of long.keys()) {
    if (index < start || index >= long.length - end) continue;
    if (long === live) push(found, at(index), undefined, live[index], false);
    else push(found, at(index), git[index], undefined, false);
  }
}
