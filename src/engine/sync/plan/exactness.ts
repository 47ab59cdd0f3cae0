import { managedEntries } from '../../compare/fieldsV1.ts';
import { lookUp } from '../../compare/schemaWalk.ts';
import { type FieldPath, formatPath, type PathStep, startsWithPath } from '../../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonEqual } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../../model/schema.ts';
import { heldPaths, type ManagerRef } from '../managers.ts';
import { isAtomic } from './atomicValues.ts';
import { withoutKeys } from './withoutKeys.ts';

/** Metadata that the server keeps by itself. */
const serverMetadata = ['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid', 'selfLink'];

/** One leaf in which two states of an object differ. */
export interface LeafChange {
  readonly path: FieldPath;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** All leaves in which two states of one object differ, without `status` and what the server keeps in metadata. */
export function leafChanges(before: KubeObject, after: KubeObject, schema: TypeSchema | undefined): readonly LeafChange[] {
  const changes: LeafChange[] = [];
  visit(withoutServerFields(before), withoutServerFields(after), [], schema, changes);
  return changes;
}

function withoutServerFields(object: KubeObject): JsonObject {
  return { ...withoutKeys(object, 'status'), metadata: withoutKeys(object.metadata, ...serverMetadata) };
}

function visit(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: FieldPath,
  schema: TypeSchema | undefined,
  changes: LeafChange[],
): void {
  if (jsonEqual(before, after)) return;
  const sample = before ?? after;
  const isContainer = (value: JsonValue | undefined): boolean => value === undefined || isJsonObject(value) === isJsonObject(sample);
  if (isJsonObject(sample) && isContainer(before) && isContainer(after) && !isAtomic(schema, sample) && !areEmpty(before, after)) {
    const left: JsonObject = isJsonObject(before) ? before : {};
    const right: JsonObject = isJsonObject(after) ? after : {};
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      visit(left[name], right[name], [...path, { field: name }], fieldSchema(schema, name), changes);
    }
    return;
  }
  const left = stepsOfList(before, schema);
  const right = stepsOfList(after, schema);
  if (isJsonArray(sample) && left !== undefined && right !== undefined && !areEmpty(before, after)) {
    const start = changes.length;
    for (const id of new Set([...left.keys(), ...right.keys()])) {
      const step = (left.get(id) ?? right.get(id))?.step;
      if (step !== undefined) visit(left.get(id)?.item, right.get(id)?.item, [...path, step], itemSchema(schema), changes);
    }
    if (changes.length > start) return;
  }
  changes.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
}

function areEmpty(...values: readonly (JsonValue | undefined)[]): boolean {
  return values.every((value) => value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0));
}

interface ListEntry {
  readonly step: PathStep;
  readonly item: JsonValue;
}

/** The items of a granular list by their identity; undefined for atomic lists and lists with duplicate or broken keys. */
function stepsOfList(list: JsonValue | undefined, schema: TypeSchema | undefined): ReadonlyMap<string, ListEntry> | undefined {
  if (list === undefined) return new Map();
  if (!isJsonArray(list) || schema === undefined || isAtomic(schema, list)) return undefined;
  const entries = new Map<string, ListEntry>();
  for (const item of list) {
    const keys = schema.node.listType === 'map' ? listKeyOf(schema, item) : undefined;
    if (schema.node.listType === 'map' && keys === undefined) return undefined;
    const step: PathStep = keys === undefined ? { value: item } : { keys };
    entries.set(formatPath([step]), { step, item });
  }
  return entries.size === list.length ? entries : undefined;
}

/** What a write is meant to do, and as whom. */
export interface WriteIntent {
  readonly writer: ManagerRef;
  /** the fields that may change */
  readonly chosen: readonly FieldPath[];
  /** the same fields as they can be owned: an atomic list or map whole */
  readonly ownable: readonly FieldPath[];
  /** live with exactly the chosen fields restored */
  readonly expected: JsonValue;
  /** whether the writer may also come to hold fields that keep their value (an apply of the whole object) */
  readonly mayGain: boolean;
}

/**
 * What a write would do beside what is meant: fields that it would change, and fields that would change hands. What no manager
 * held before is a default that the server keeps (`strategy.rollingUpdate` beside `strategy.type`) and does not count; an *Update*
 * comes to hold the defaults that it brings.
 * @param before the live object
 * @param after what the server answered to the dry-run
 */
export function besideIntent(
  before: KubeObject,
  after: KubeObject,
  intent: WriteIntent,
  schema: TypeSchema | undefined,
): readonly FieldPath[] {
  const { writer, chosen, ownable, mayGain } = intent;
  const held = [before, ...(writer.operation === 'Apply' ? [after] : [])].flatMap((object) =>
    managedEntries(object).flatMap((entry) => [...heldPaths(entry.fields).values()]),
  );
  const beside: FieldPath[] = [];
  const defaults: FieldPath[] = [];
  for (const change of leafChanges(before, after, schema)) {
    const { path } = change;
    if (isMeant(change, intent, schema)) continue;
    (held.some((holder) => startsWithPath(holder, path)) ? beside : defaults).push(path);
  }
  const movable = writer.operation === 'Update' ? [...chosen, ...ownable, ...defaults] : [...chosen, ...ownable];
  return [
    ...beside,
    ...ownershipChanges(before, after, writer, mayGain).filter((path) => !movable.some((other) => areRelated(other, path))),
  ];
}

/** Whether a changed leaf is one of the chosen fields, or an atomic value in which nothing but chosen fields changed. */
function isMeant({ path, before, after }: LeafChange, { chosen, expected }: WriteIntent, schema: TypeSchema | undefined): boolean {
  if (chosen.some((choice) => startsWithPath(path, choice))) return true;
  if (!chosen.some((choice) => startsWithPath(choice, path))) return false;
  if (areEmpty(before, after) || jsonEqual(after, lookUp(expected, schema, path))) return true;
  return innerChanges(before, after, path).every((inner) => chosen.some((choice) => startsWithPath(inner, choice)));
}

/** The places within an atomic value that differ, list items by index. */
function innerChanges(before: JsonValue | undefined, after: JsonValue | undefined, path: FieldPath): readonly FieldPath[] {
  if (jsonEqual(before, after)) return [];
  if (isJsonArray(before) && isJsonArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => innerChanges(item, after[index], [...path, { index }]));
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((field) => innerChanges(before[field], after[field], [...path, { field }]));
  }
  return [path];
}

/** Fields that a manager holds on one side only. */
function ownershipChanges(before: KubeObject, after: KubeObject, writer: ManagerRef, mayGain: boolean): readonly FieldPath[] {
  const left = heldByManager(before);
  const right = heldByManager(after);
  const moved: FieldPath[] = [];
  for (const id of new Set([...left.keys(), ...right.keys()])) {
    const had = left.get(id) ?? new Map<string, FieldPath>();
    const has = right.get(id) ?? new Map<string, FieldPath>();
    const lost = [...had].filter(([text]) => !has.has(text));
    const gained = id === managerId(writer, '') && mayGain ? [] : [...has].filter(([text]) => !had.has(text));
    moved.push(...[...lost, ...gained].map(([, path]) => path));
  }
  return moved;
}

function managerId(ref: ManagerRef, subresource: string): string {
  return JSON.stringify([ref.manager, ref.operation, subresource]);
}

function heldByManager(object: KubeObject): ReadonlyMap<string, ReadonlyMap<string, FieldPath>> {
  const held = new Map<string, ReadonlyMap<string, FieldPath>>();
  for (const entry of managedEntries(object)) {
    const id = managerId(entry, entry.subresource);
    held.set(id, new Map([...(held.get(id) ?? []), ...heldPaths(entry.fields)]));
  }
  return held;
}

/** Whether one of two paths is the other or lies above it. */
function areRelated(left: FieldPath, right: FieldPath): boolean {
  const shared = Math.min(left.length, right.length);
  return formatPath(left.slice(0, shared)) === formatPath(right.slice(0, shared));
}
