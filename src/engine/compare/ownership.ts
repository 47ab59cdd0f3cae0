import { type FieldPath, formatPath, type PathStep } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';
import { children, type FieldSet, holdingOf, isLeaf, isMember, type ManagedEntry, parseStep } from './fieldsV1.ts';
import { classOfManager, isCreator, isOwnersEntry, type OwningManager } from './managers.ts';
import { identifyItems, isBuiltin, lookUp, ownField, schemaAtStep, shapeOf, stepInto } from './schemaWalk.ts';
import { isConsequence, isServerDefault } from './serverDefaults.ts';

/** A field that live has and Git does not, held by somebody. */
export interface ForeignField {
  readonly path: FieldPath;
  readonly live: JsonValue;
  readonly entry: ManagedEntry;
}

/** Through these controllers report and autoscalers scale; what comes in through others (`ephemeralcontainers`, `resize`) counts. */
const SKIPPED_SUBRESOURCES = new Set(['status', 'scale']);
const SKIPPED_ROOTS = new Set(['status', 'apiVersion', 'kind']);

/**
 * Members of the owner's own path set that desired no longer has and live still does: proof part (b). Applying desired as this owner
 * removes them, unless somebody else holds them too. `stringData` of a Secret looks for its `data`.
 */
export function orphansOf(owned: FieldSet, desired: JsonObject, live: JsonObject, schema: TypeSchema | undefined): readonly FieldPath[] {
  const found: FieldPath[] = [];
  const visit = (set: FieldSet, git: JsonValue | undefined, now: JsonValue, type: TypeSchema | undefined, path: FieldPath): void => {
    for (const name in set) {
      const child = set[name];
      if (name === '.' || !isJsonObject(child)) continue;
      // The usual case first: most members are leaves that Git still has.
      if (path.length > 0 && isJsonObject(git) && hasField(git, name) && isLeaf(child)) continue;
      const step = parseStep(name);
      if (step === undefined || (path.length === 0 && 'field' in step && SKIPPED_ROOTS.has(step.field))) continue;
      const at = path.length === 0 && 'field' in step && step.field === 'stringData' ? { field: 'data' } : step;
      const wanted = git === undefined ? undefined : stepInto(git, type, at);
      if (wanted !== undefined && isLeaf(child)) continue;
      const present = stepInto(now, type, at);
      if (present === undefined) continue;
      const below = schemaAtStep(type, at);
      const next = [...path, at];
      if (wanted === undefined && isUnit(child, present, below, at)) found.push(next);
      else visit(child, wanted, present, below, next);
    }
  };
  visit(owned, desired, live, schema, []);
  return found;
}

/** Whether an object has the field that a member's name (`f:replicas`) stands for. */
function hasField(object: JsonObject, name: string): boolean {
  return name.startsWith('f:') && Object.hasOwn(object, name.slice('f:'.length));
}

/** Whether a member that Git lacks is reported as one: leaves, list items and structs; maps and lists are reported by their entries. */
function isUnit(set: FieldSet, live: JsonValue, schema: TypeSchema | undefined, step: PathStep): boolean {
  if (isLeaf(set)) return true;
  if (!isMember(set)) return false;
  if (!('field' in step)) return true;
  const shape = shapeOf(live, schema);
  return shape === 'struct' || shape === 'atomic' || shape === 'scalar';
}

/**
 * Leaves of a recorded apply that desired no longer has and live still does: what a three-way patch removes. List items by their keys;
 * atomic values are no leaves to be removed one by one.
 */
export function removedSinceBase(
  base: JsonObject,
  desired: JsonObject,
  live: JsonObject,
  schema: TypeSchema | undefined,
): readonly FieldPath[] {
  const found: FieldPath[] = [];
  const visit = (
    old: JsonValue,
    git: JsonValue | undefined,
    now: JsonValue | undefined,
    type: TypeSchema | undefined,
    path: FieldPath,
  ): void => {
    if (now === undefined || old === null) return;
    const shape = shapeOf(old, type);
    if (git === undefined || git === null) {
      if ((shape !== 'map' && shape !== 'keyed-list' && shape !== 'set') || isEmpty(old)) {
        found.push(path);
        return;
      }
    }
    if (isJsonObject(old) && shape !== 'atomic') {
      for (const name in old) {
        const value = ownField(old, name);
        if (value === undefined || (path.length === 0 && SKIPPED_ROOTS.has(name))) continue;
        const step = { field: name };
        visit(value, stepInto(git, type, step), stepInto(now, type, step), fieldSchema(type, name), [...path, step]);
      }
    } else if (isJsonArray(old) && (shape === 'keyed-list' || shape === 'set') && type !== undefined) {
      for (const item of identifyItems(old, type, shape) ?? []) {
        const wanted = stepInto(git, type, item.step);
        const present = stepInto(now, type, item.step);
        if (wanted === undefined && present !== undefined) found.push([...path, item.step]);
        else visit(item.value, wanted, present, itemSchema(type), [...path, item.step]);
      }
    }
  };
  visit(base, desired, live, schema, []);
  return found;
}

function isEmpty(value: JsonValue): boolean {
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** What decides who may hold fields outside desired. */
export interface ForeignOptions {
  /** undefined: nobody, so that everybody is somebody else */
  readonly owner: OwningManager | undefined;
  /** metadata.creationTimestamp: the creator's entry also lists the server's defaults */
  readonly createdAt: string | undefined;
}

/**
 * Live fields outside desired that somebody else than the owner, a controller, or a subresource holds: proof part (c). The outermost
 * added item only. A server-side dry-run never shows them.
 */
export function foreignFields(
  entries: readonly ManagedEntry[],
  desired: JsonObject,
  live: JsonObject,
  schema: TypeSchema | undefined,
  options: ForeignOptions,
): readonly ForeignField[] {
  const tolerated = entries.filter(
    (entry) =>
      (options.owner !== undefined && isOwnersEntry(entry, options.owner)) ||
      (!SKIPPED_SUBRESOURCES.has(entry.subresource) && classOfManager(entry.manager) === 'controller'),
  );
  const found = new Map<string, ForeignField>();
  for (const entry of entries) {
    if (SKIPPED_SUBRESOURCES.has(entry.subresource) || tolerated.includes(entry)) continue;
    // Times are whole seconds: of two entries from birth only the name may tell which one made the object.
    const wasCreator =
      entry.operation === 'Update' &&
      isFromBirth(entry, options) &&
      (isCreator(entry.manager) || !tolerated.some((other) => isFromBirth(other, options)));
    const visit = (set: FieldSet, git: JsonValue | undefined, now: JsonValue, type: TypeSchema | undefined, path: FieldPath): void => {
      for (const [step, child] of children(set)) {
        if (path.length === 0 && 'field' in step && SKIPPED_ROOTS.has(step.field)) continue;
        const present = stepInto(now, type, step);
        if (present === undefined) continue;
        const wanted = git === undefined ? undefined : stepInto(git, type, step);
        const below = schemaAtStep(type, step);
        const at = [...path, step];
        if (wanted === undefined && isUnit(child, present, below, step)) {
          const isHeld = tolerated.some((other) => holdingOf(other.fields, at, schema) === 'whole');
          // Empty maps and lists say nothing by themselves: their entries would stand below them.
          const isDefault = below?.node.default !== undefined && jsonEqual(below.node.default, present);
          if (!isHeld && !isDefault && !isEmpty(present) && !(wasCreator && isBuiltin(schema) && mayBeDefault(at, type))) {
            found.set(formatPath(at), { path: at, live: present, entry });
          }
        } else if (isLeaf(child)) {
          for (const extra of extraKeys(wanted, present, below, at)) {
            const { path } = extra;
            found.set(formatPath(path), { path, live: extra.live, entry });
          }
        } else visit(child, wanted, present, below, at);
      }
    };
    visit(entry.fields, desired, live, schema, []);
  }
  const fields = outermost([...found.values()]);
  const kind = stringAt(live, 'kind') ?? '';
  return fields.filter(
    (field) =>
      !isAlias(field, live, schema) &&
      (!isConsequence(kind, field.path, field.live) || !fields.some((other) => other !== field && other.entry === field.entry)),
  );
}

/** The server keeps `serviceAccount`, the old name, equal to `serviceAccountName` (kubernetes pkg/apis/core/v1/conversion.go). */
function isAlias({ path, live }: ForeignField, object: JsonObject, schema: TypeSchema | undefined): boolean {
  const last = path.at(-1);
  if (!isBuiltin(schema) || last === undefined || !('field' in last) || last.field !== 'serviceAccount') return false;
  return lookUp(object, schema, [...path.slice(0, -1), { field: 'serviceAccountName' }]) === live;
}

/**
 * Keys at any depth that a map has and Git's does not, where its holder holds it as one leaf (atomic maps: node and label selectors); but
 * for what the server fills in.
 */
function extraKeys(
  git: JsonValue | undefined,
  live: JsonValue,
  schema: TypeSchema | undefined,
  path: FieldPath,
): readonly { path: FieldPath; live: JsonValue }[] {
  if (!isJsonObject(git) || !isJsonObject(live)) return [];
  return Object.entries(live).flatMap(([field, value]) => {
    if (value === undefined) return [];
    const [at, below] = [[...path, { field }], fieldSchema(schema, field)];
    if (git[field] !== undefined) return extraKeys(git[field], value, below, at);
    return isServerDefault(path, field, value, below) ? [] : [{ path: at, live: value }];
  });
}

/** The server notes the time of an entry before that of the object's creation, so that a second may begin between both. */
function isFromBirth(entry: ManagedEntry, { createdAt }: ForeignOptions): boolean {
  return entry.time !== undefined && createdAt !== undefined && Date.parse(entry.time) <= Date.parse(createdAt);
}

/**
 * Whether a leaf that the creator's Update entry lists may be a default of the server, which that entry cannot tell from what was sent.
 * Defaults are declared fields outside list items that the creator alone brought; entries of maps and list items are never defaults.
 */
function mayBeDefault(path: FieldPath, parent: TypeSchema | undefined): boolean {
  const last = path.at(-1);
  return last !== undefined && 'field' in last && parent?.node.properties !== undefined;
}

function outermost(fields: readonly ForeignField[]): readonly ForeignField[] {
  const ids = new Set(fields.map((field) => formatPath(field.path)));
  return fields.filter((field) => !field.path.some((_step, depth) => depth > 0 && ids.has(formatPath(field.path.slice(0, depth)))));
}
