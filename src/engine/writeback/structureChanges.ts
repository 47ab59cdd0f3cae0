import { diffArrays } from 'diff';
import { canonicalJson, isJsonArray, isJsonObject, jsonEqual, type JsonValue } from '../model/json.ts';

/** One of the small changes that a large one is made of, to be done one after the other. */
export interface StructureChange {
  /** keys and indexes at the time of this change */
  readonly path: readonly (string | number)[];
  /** undefined: the key or item goes */
  readonly value: JsonValue | undefined;
  /** the item goes before the one that is there */
  readonly isInserted?: true;
}

/** what changes more than this is written anew */
const MAX_CHANGES = 60;

/**
 * The changes of keys and items that make one value of another, so that what is the same on both sides stays as it is written.
 * @param path of the value
 * @returns undefined where there are so many that it is simpler to write all anew
 */
export function changesBetween(
  before: JsonValue | undefined,
  after: JsonValue,
  path: readonly (string | number)[],
): readonly StructureChange[] | undefined {
  const changes = [...between(before, after, path)];
  return changes.length > MAX_CHANGES ? undefined : changes;
}

function* between(before: JsonValue | undefined, after: JsonValue, path: readonly (string | number)[]): Generator<StructureChange> {
  if (jsonEqual(before, after)) return;
  if (isJsonArray(before) && isJsonArray(after) && before.length > 0 && after.length > 0) yield* betweenLists(before, after, path);
  else if (isJsonObject(before) && isJsonObject(after) && isFilled(before) && isFilled(after)) {
    for (const [key, value] of Object.entries(after)) if (value !== undefined) yield* between(before[key], value, [...path, key]);
    for (const key of Object.keys(before)) if (after[key] === undefined) yield { path: [...path, key], value: undefined };
  } else yield { path, value: after };
}

/** From the last item to the first, so that the indexes of those before hold. */
function* betweenLists(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  path: readonly (string | number)[],
): Generator<StructureChange> {
  for (const { at, removed, added } of hunksOf(before, after).toReversed()) {
    const kept = Math.min(removed.length, added.length);
    const next = at + removed.length;
    // What is left over goes, or is put in, behind the items that become others.
    for (let index = next - 1; index >= at + kept; index -= 1) yield { path: [...path, index], value: undefined };
    const more = added.slice(kept);
    // At the end of a list one after the other is appended.
    if (next === before.length) for (const [index, value] of more.entries()) yield { path: [...path, next + index], value };
    else for (const value of more.toReversed()) yield { path: [...path, at + kept], value, isInserted: true };
    for (let index = kept - 1; index >= 0; index -= 1) {
      const [from, to] = [removed[index], added[index]];
      if (to !== undefined) yield* between(from, to, [...path, at + index]);
    }
  }
}

interface Hunk {
  /** index of the first item in the list before */
  readonly at: number;
  readonly removed: readonly JsonValue[];
  readonly added: readonly JsonValue[];
}

function hunksOf(before: readonly JsonValue[], after: readonly JsonValue[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let [at, to] = [0, 0];
  let open: { at: number; removed: JsonValue[]; added: JsonValue[] } | undefined;
  for (const { value, added, removed } of diffArrays(before.map(canonicalJson), after.map(canonicalJson))) {
    if (!added && !removed) {
      open = undefined;
      at += value.length;
      to += value.length;
      continue;
    }
    if (open === undefined) {
      open = { at, removed: [], added: [] };
      hunks.push(open);
    }
    if (removed) open.removed.push(...before.slice(at, (at += value.length)));
    else open.added.push(...after.slice(to, (to += value.length)));
  }
  return hunks;
}

function isFilled(value: object): boolean {
  return Object.keys(value).length > 0;
}
