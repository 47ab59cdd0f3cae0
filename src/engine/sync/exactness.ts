import { managedEntries } from '../compare/fieldsV1.ts';
import { type FieldPath, formatPath, type PathStep, startsWithPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonEqual } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../model/schema.ts';
import { heldPaths, type ManagerRef } from './managers.ts';
import { areRelated, isAtomic } from './schemaPaths.ts';
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

/**
 * Paths that a write would change beside the chosen ones. What no manager holds, before or after, is a default that the
 * server keeps (`strategy.rollingUpdate` beside `strategy.type`) and does not count.
 * @param before the live object
 * @param after what the server answered to the dry-run
 * @param chosen the fields that may change
 */
export function changesBeside(
  before: KubeObject,
  after: KubeObject,
  chosen: readonly FieldPath[],
  schema: TypeSchema | undefined,
): readonly FieldPath[] {
  const held = [before, after].flatMap((object) => managedEntries(object).flatMap((entry) => [...heldPaths(entry.fields).values()]));
  return leafChanges(before, after, schema)
    .filter(({ path, before: left, after: right }) => {
      if (chosen.some((choice) => startsWithPath(path, choice))) return false;
      if (areEmpty(left, right) && chosen.some((choice) => startsWithPath(choice, path))) return false;
      return held.some((holder) => startsWithPath(holder, path));
    })
    .map(({ path }) => path);
}

/**
 * Changes of field ownership that a write would make beside the chosen fields: what another manager would gain or lose, and
 * what the owner would.
 * @param owner the manager as which the write is made
 * @param chosen the fields that may change hands, as they can be owned (an atomic list or map whole)
 * @param mayGain whether the owner may also come to hold fields that keep their value (an apply of the whole object)
 */
export function ownershipBeside(
  before: KubeObject,
  after: KubeObject,
  owner: ManagerRef,
  chosen: readonly FieldPath[],
  mayGain: boolean,
): readonly FieldPath[] {
  const left = heldByManager(before);
  const right = heldByManager(after);
  const beside: FieldPath[] = [];
  for (const id of new Set([...left.keys(), ...right.keys()])) {
    const had = left.get(id) ?? new Map<string, FieldPath>();
    const has = right.get(id) ?? new Map<string, FieldPath>();
    const isOwner = id === managerId(owner, '');
    const lost = [...had].filter(([text]) => !has.has(text));
    const gained = isOwner && mayGain ? [] : [...has].filter(([text]) => !had.has(text));
    for (const [, path] of [...lost, ...gained]) if (!chosen.some((choice) => areRelated(choice, path))) beside.push(path);
  }
  return beside;
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
