import type { FieldPath, PathStep } from '../model/fieldPath.ts';
import { arrayAt, canonicalJson, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';

/**
 * A set of paths as `fieldsV1` writes it: members are `f:<name>`, `k:<json of keys>`, `v:<json>`, `i:<index>`; `.` marks the element
 * itself. Source: structured-merge-diff fieldpath/serialize.go, serialize-pe.go.
 */
export type FieldSet = JsonObject;

/** One entry of `metadata.managedFields`. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** version of the object whose paths it holds */
  readonly apiVersion: string;
  /** RFC 3339 */
  readonly time?: string;
  /** `''` for the object itself, else `status`, `scale`, ... */
  readonly subresource: string;
  readonly fields: FieldSet;
}

/** The managedFields entries of a live object, in their order; entries of a format other than FieldsV1 are left out. */
export function managedEntries(live: KubeObject): readonly ManagedEntry[] {
  const entries: ManagedEntry[] = [];
  for (const entry of arrayAt(live.metadata, 'managedFields')) {
    const fields = isJsonObject(entry) ? entry['fieldsV1'] : undefined;
    const operation = stringAt(entry, 'operation');
    if (!isJsonObject(fields) || (operation !== 'Apply' && operation !== 'Update')) continue;
    const time = stringAt(entry, 'time');
    entries.push({
      manager: stringAt(entry, 'manager') ?? '',
      operation,
      apiVersion: stringAt(entry, 'apiVersion') ?? '',
      ...(time === undefined ? {} : { time }),
      subresource: stringAt(entry, 'subresource') ?? '',
      fields,
    });
  }
  return entries;
}

/** Whether the element that a set describes is itself a member: a leaf (`{}`), or marked by `.`. */
export function isMember(set: FieldSet): boolean {
  if (set['.'] !== undefined) return true;
  for (const _step in set) return false;
  return true;
}

/** Whether a set is a member without members below it. */
export function isLeaf(set: FieldSet): boolean {
  for (const step in set) if (step !== '.') return false;
  return true;
}

/** The step that a member name stands for, or undefined for `.` and what cannot be read. */
export function parseStep(name: string): PathStep | undefined {
  const text = name.slice(2);
  if (name.startsWith('f:')) return { field: text };
  try {
    if (name.startsWith('k:')) return { keys: JSON.parse(text) as Readonly<Record<string, string | number | boolean>> };
    if (name.startsWith('v:')) return { value: JSON.parse(text) as JsonValue };
    if (name.startsWith('i:')) return { index: Number(text) };
  } catch {
    return undefined;
  }
  return undefined;
}

/** The members below an element, each with its step; unreadable ones are left out. */
export function* children(set: FieldSet): Generator<readonly [step: PathStep, child: FieldSet]> {
  for (const name in set) {
    const child = set[name];
    if (name === '.' || !isJsonObject(child)) continue;
    const step = parseStep(name);
    if (step !== undefined) yield [step, child];
  }
}

/** The members below one step of an element, or undefined when the set has none there. */
export function childSet(set: FieldSet | undefined, step: PathStep): FieldSet | undefined {
  if (set === undefined) return undefined;
  const child = 'field' in step ? set[`f:${step.field}`] : set[stepName(step)];
  if (isJsonObject(child)) return child;
  return 'field' in step ? undefined : childByMeaning(set, step);
}

function stepName(step: Exclude<PathStep, { readonly field: string }>): string {
  if ('keys' in step) return `k:${canonicalJson(step.keys)}`;
  if ('value' in step) return `v:${canonicalJson(step.value)}`;
  return `i:${step.index}`;
}

/** Go escapes some characters that JSON.stringify does not, so a miss by name is looked up by meaning. */
function childByMeaning(set: FieldSet, step: PathStep): FieldSet | undefined {
  const wanted = canonicalStep(step);
  for (const name in set) {
    if (!name.includes('\\')) continue;
    const parsed = parseStep(name);
    const child = set[name];
    if (parsed !== undefined && isJsonObject(child) && canonicalStep(parsed) === wanted) return child;
  }
  return undefined;
}

function canonicalStep(step: PathStep): string {
  return canonicalJson({ ...step });
}

/** How a set holds a path: as a member (or part of an atomic member above it), only in parts below it, or not at all. */
export type Holding = 'whole' | 'parts' | 'none';

/**
 * How a set holds a path. A member without members below it holds what lies below only where it is atomic: an owner that lost all entries
 * of a map keeps the bare map (`f:labels: {}`).
 * @param schema of the object; undefined: maps are granular, lists below which an index stands are atomic
 */
export function holdingOf(set: FieldSet, path: FieldPath, schema?: TypeSchema): Holding {
  let current = set;
  let type = schema;
  for (const [depth, step] of path.entries()) {
    const child = childSet(current, step);
    if (child === undefined) return depth > 0 && isLeaf(current) && isAtomicBelow(step, type) ? 'whole' : 'none';
    current = child;
    type = 'field' in step ? fieldSchema(type, step.field) : itemSchema(type);
  }
  return isMember(current) ? 'whole' : 'parts';
}

function isAtomicBelow(step: PathStep, type: TypeSchema | undefined): boolean {
  if ('index' in step) return true;
  return 'field' in step && type?.node.mapType === 'atomic';
}

/** The entries that hold a path, or parts of it, in the order of managedFields. */
export function holdersOf(entries: readonly ManagedEntry[], path: FieldPath, schema: TypeSchema | undefined): readonly ManagedEntry[] {
  return entries.filter((entry) => holdingOf(entry.fields, path, schema) !== 'none');
}
