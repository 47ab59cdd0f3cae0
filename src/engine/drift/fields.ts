import { directionOf, writerOf } from '../compare/direction.ts';
import { type ForeignField } from '../compare/ownership.ts';
import { holdersOf } from '../compare/fieldsV1.ts';
import { ignoredBy } from '../compare/ignore.ts';
import { classOfManager, isOwnersEntry } from '../compare/managers.ts';
import { maskDifference } from '../compare/mask.ts';
import { RESTARTED_AT } from '../compare/ownerMarks.ts';
import {
  deepEqualUnderSchema,
  isMergedByItem,
  lookUp,
  schemaAtPath,
  schemaAtStep,
  type Shape,
  shapeOf,
  stepInto,
} from '../compare/schemaWalk.ts';
import { type Difference, semanticDiff, semanticDiffAt } from '../compare/semanticDiff.ts';
import { isDefaultAt, isServerDefault } from '../compare/serverDefaults.ts';
import type { Proof } from '../compare/proof.ts';
import { type FieldPath, formatPath, startsWithPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { FieldDifference, FieldDirection, IgnoredField } from '../model/states.ts';
import type { Prepared } from './prepare.ts';

/** Who leaves out what admission or defaulting changes on the way, as shown with ignored fields. */
const BY_SERVER = 'API server (defaults, admission)';

/** Fields of one object and what was left out of them. */
export interface FoundFields {
  readonly fields: readonly FieldDifference[];
  readonly ignored: readonly IgnoredField[];
}

/** What others added by hand, as fields; Argo CD and kubectl would never show them. */
export function addedFields(prepared: Prepared, added: readonly ForeignField[]): readonly FieldDifference[] {
  return added
    .filter((field) => ignoredBy(prepared.places, field.path) === undefined)
    .map((field) =>
      fieldOf(prepared, { path: field.path, change: 'added', live: field.live, isCosmetic: isRestartMark(field.path) }, 'drifted', true),
    );
}

/** `kubectl rollout restart` leaves an annotation in the Pod template and changes nothing else. */
function isRestartMark(path: FieldPath): boolean {
  const last = path.at(-1);
  return last !== undefined && 'field' in last && last.field === RESTARTED_AT;
}

/**
 * The differences that count between what an apply would make of the object and what it is. What the prediction changes outside Git's own
 * fields is the work of defaults and webhooks, and is left out as Argo CD does (removeWebhookMutation).
 */
export function predictedFields(prepared: Prepared, proof: Proof, predicted: KubeObject): FoundFields {
  const { schema, desired, live, places } = prepared;
  const fields: FieldDifference[] = [];
  const ignored: IgnoredField[] = [];
  for (const found of semanticDiff(predicted, live, schema)) {
    if (ignoredBy(places, found.path) !== undefined) continue;
    const isSetByGit = touches(desired, prepared, found.path) || isReplaced(prepared, found);
    const isOrphan = proof.orphans.some((path) => startsWithPath(path, found.path) || startsWithPath(found.path, path));
    const git = lookUp(desired, schema, found.path);
    const isGitLive =
      !found.isCosmetic && git !== undefined && found.live !== undefined && isSameScalar(git, found.live, prepared, found.path);
    if ((!isSetByGit && !isOrphan) || isGitLive) {
      if (prepared.input.view?.countsAdmission === true && !found.isCosmetic) {
        fields.push(fieldOf(prepared, found, 'differs', true));
        continue;
      }
      // Only what stays is worth a word; what an apply takes away as a consequence is not anybody's field.
      if (found.change !== 'added') ignored.push(byServer(prepared, found));
      continue;
    }
    fields.push(countedField(prepared, found, git, isSetByGit));
  }
  ignored.push(...rewritten(prepared, proof, predicted));
  fields.push(...remainingOrphans(prepared, proof, predicted), ...unrestored(prepared, proof, predicted));
  const consequences = new Set(fields.map((field) => field.id));
  const added = proof.added.filter(
    (field) => !consequences.has(formatPath(field.path)) && lookUp(predicted, schema, field.path) !== undefined,
  );
  return { fields: [...fields, ...addedFields(prepared, added)], ignored };
}

function byServer(prepared: Prepared, { path, git }: Difference): IgnoredField {
  const isDefault = git !== undefined && isDefaultAt(path, git, prepared.schema);
  return { id: formatPath(path), by: BY_SERVER, reason: { code: isDefault ? 'ignored-server-default' : 'ignored-admission', details: {} } };
}

/** Values of Git that admission turns into what live has: an apply of Git's value would change nothing. */
function rewritten(prepared: Prepared, proof: Proof, predicted: KubeObject): readonly IgnoredField[] {
  return proof.mismatches.flatMap(({ path, code, git, live }) => {
    if (code !== 'different' || live === undefined || isContainer(live)) return [];
    const type = schemaAtPath(prepared.schema, path);
    if (deepEqualUnderSchema(git, live, type) || isMistakenByMerge(prepared, path)) return [];
    if (!deepEqualUnderSchema(live, lookUp(predicted, prepared.schema, path), type)) return [];
    return [{ id: formatPath(path), by: BY_SERVER, reason: { code: 'ignored-admission', details: {} } }];
  });
}

function countedField(prepared: Prepared, found: Difference, git: JsonValue | undefined, isSetByGit: boolean): FieldDifference {
  // A default that would come where Git has nothing is not Git's value.
  const { git: predicted, ...rest } = found;
  const value = isSetByGit ? (git ?? predicted) : undefined;
  const change = value === undefined ? 'added' : found.change;
  const difference: Difference = { ...rest, change, ...(value === undefined ? {} : { git: value }) };
  return fieldOf(prepared, difference, undefined, true);
}

/** What Git removed and an apply would leave: somebody else holds it too, or it came in as `stringData`. */
function remainingOrphans(prepared: Prepared, proof: Proof, predicted: KubeObject): readonly FieldDifference[] {
  const { schema, live, owner, entries } = prepared;
  return proof.orphans.flatMap((path) => {
    const value = lookUp(live, schema, path);
    if (value === undefined || ignoredBy(prepared.places, path) !== undefined) return [];
    if (!deepEqualUnderSchema(value, lookUp(predicted, schema, path), schemaAtPath(schema, path))) return [];
    const difference: Difference = { path, change: 'added', live: value, isCosmetic: isRestartMark(path) };
    const others = holdersOf(entries, path, schema).filter(
      (entry) => (owner === undefined || !isOwnersEntry(entry, owner)) && classOfManager(entry.manager) !== 'controller',
    );
    if (others.length > 0) return [fieldOf(prepared, difference, 'drifted', true)];
    return isSecretData(prepared, path) ? [fieldOf(prepared, difference, 'out of sync', true)] : [];
  });
}

/**
 * What Git and live have differently in an item that a client-side apply takes for another one, so that it brings nothing back: it differs
 * all the same.
 */
function unrestored(prepared: Prepared, proof: Proof, predicted: KubeObject): readonly FieldDifference[] {
  const { schema, places } = prepared;
  return proof.mismatches.flatMap(({ path, code, git, live }) => {
    if (code !== 'different' || !isMistakenByMerge(prepared, path) || ignoredBy(places, path) !== undefined) return [];
    const type = schemaAtPath(schema, path);
    if (!deepEqualUnderSchema(live, lookUp(predicted, schema, path), type) || deepEqualUnderSchema(git, live, type)) return [];
    const change = live === undefined ? 'removed' : 'changed';
    return [fieldOf(prepared, { path, change, ...valuesOf(git, live), isCosmetic: false }, undefined, true)];
  });
}

/**
 * Whether a path lies in an item of Git that strategic merge cannot tell from another one: both have its key (ports of one number over TCP
 * and UDP, kubernetes/kubernetes#39188).
 */
function isMistakenByMerge({ schema, desired, owner }: Prepared, path: FieldPath): boolean {
  if (owner?.operation !== 'Update') return false;
  return path.some((step, depth) => {
    const list = path.slice(0, depth);
    const type = schemaAtPath(schema, list);
    const key = type?.node.patchMergeKey;
    if (!('keys' in step) || key === undefined || !isMergedByItem(type)) return false;
    const [items, own] = [lookUp(desired, schema, list), lookUp(desired, schema, path.slice(0, depth + 1))];
    if (!isJsonArray(items) || !isJsonObject(own)) return false;
    return items.filter((item) => isJsonObject(item) && item[key] === own[key]).length > 1;
  });
}

function isSecretData(prepared: Prepared, path: FieldPath): boolean {
  const [first] = path;
  return prepared.raw.kind === 'Secret' && first !== undefined && 'field' in first && first.field === 'data';
}

function isSameScalar(git: JsonValue, live: JsonValue, prepared: Prepared, path: FieldPath): boolean {
  return deepEqualUnderSchema(git, live, schemaAtPath(prepared.schema, path));
}

/** Whether Git sets a path: it has a value there, or something atomic or scalar above it. */
function touches(desired: KubeObject, prepared: Prepared, path: FieldPath): boolean {
  let value: JsonValue | undefined = desired;
  let schema: TypeSchema | undefined = prepared.schema;
  for (const [depth, step] of path.entries()) {
    const next = stepInto(value, schema, step);
    if (next === undefined) {
      const shape = shapeOf(value, schema);
      return depth > 0 && (shape === 'atomic' || shape === 'scalar' || isMergeListReplaced(prepared, schema, shape));
    }
    value = next;
    schema = schemaAtStep(schema, step);
  }
  return true;
}

/**
 * Whether something that Git does not name lies in a list or map that an apply replaces as a whole, so that it would go, or get the
 * server's default again. What else the prediction has in its place is the work of a webhook.
 */
function isReplaced(prepared: Prepared, { path, change, git }: Difference): boolean {
  if (change === 'removed' || !isWithinAtomic(prepared.desired, prepared, path)) return false;
  return change === 'added' || (git !== undefined && isDefaultAt(path, git, prepared.schema));
}

/**
 * Whether a path lies, at any depth, in something of Git's that the owner replaces as a whole: label selectors and atomic lists by
 * server-side apply, lists that are not merged by item by the patches of the others.
 */
function isWithinAtomic(desired: KubeObject, prepared: Prepared, path: FieldPath): boolean {
  const isUpdate = prepared.owner?.operation === 'Update';
  let value: JsonValue | undefined = desired;
  let schema: TypeSchema | undefined = prepared.schema;
  for (const [depth, step] of path.entries()) {
    if (value === undefined) return false;
    const isWhole = isUpdate ? isJsonArray(value) && !isMergedByItem(schema) : shapeOf(value, schema) === 'atomic';
    if (depth > 0 && isWhole) return true;
    value = stepInto(value, schema, step);
    schema = schemaAtStep(schema, step);
  }
  return false;
}

/** Whether the owner replaces a merge list as a whole: JSON merge patches do, and strategic ones where the list has no such mark. */
function isMergeListReplaced(prepared: Prepared, schema: TypeSchema | undefined, shape: Shape): boolean {
  return prepared.owner?.operation === 'Update' && (shape === 'keyed-list' || shape === 'set') && !isMergedByItem(schema);
}

/**
 * The differences that the local proof saw, where no prediction is to be had: scalars whose value differs.
 * @param isKnown the server itself has confirmed that they differ
 */
export function localFields(prepared: Prepared, proof: Proof, isKnown: boolean): readonly FieldDifference[] {
  const fields = proof.mismatches.flatMap((mismatch) => {
    if (mismatch.code !== 'different' && mismatch.code !== 'atomic-not-equal') return [];
    if (!isKnown && (mismatch.live === undefined || isContainer(mismatch.git) || isContainer(mismatch.live))) return [];
    const { path, git, live } = mismatch;
    return semanticDiffAt(git, live, schemaAtPath(prepared.schema, path), path)
      .filter((difference) => !difference.isCosmetic && !isDefaultOfServer(prepared, difference))
      .map((difference) => {
        const field = fieldOf(prepared, difference, undefined, isKnown);
        return isKnown || isByAnother(prepared, field) ? field : { ...field, direction: withoutDrift(field.direction) };
      });
  });
  return [...fields, ...addedFields(prepared, proof.added)];
}

/** Whether somebody else than the owner wrote a live value. What the owner itself holds may be what admission made of Git's value. */
function isByAnother({ owner }: Prepared, { writer }: FieldDifference): boolean {
  if (writer === undefined) return false;
  return writer.manager !== owner?.manager || writer.operation !== owner.operation || writer.subresource !== undefined;
}

function withoutDrift(direction: FieldDirection): FieldDirection {
  return direction === 'drifted' ? 'differs' : direction;
}

function isDefaultOfServer(prepared: Prepared, { path, change, live }: Difference): boolean {
  const last = path.at(-1);
  if (change !== 'added' || live === undefined || last === undefined || !('field' in last)) return false;
  return isServerDefault(path.slice(0, -1), last.field, live, schemaAtPath(prepared.schema, path));
}

function isContainer(value: JsonValue | undefined): boolean {
  return typeof value === 'object' && value !== null;
}

function valuesOf(git: JsonValue | undefined, live: JsonValue | undefined): { git?: JsonValue; live?: JsonValue } {
  return { ...(git === undefined ? {} : { git }), ...(live === undefined ? {} : { live }) };
}

function isSameValue(left: JsonValue | undefined, right: JsonValue | undefined, { schema }: Prepared, path: FieldPath): boolean {
  if (left === undefined || right === undefined) return left === right;
  return deepEqualUnderSchema(left, right, schemaAtPath(schema, path));
}

/** A difference with its id, direction, writer, base value, and mask. */
export function fieldOf(
  prepared: Prepared,
  difference: Difference,
  direction: FieldDirection | undefined,
  isConfirmed: boolean,
): FieldDifference {
  const { schema, entries, owner, base } = prepared;
  const { path, change, git, live, isCosmetic } = difference;
  const old = base === undefined ? undefined : lookUp(base, schema, path);
  const isLastApplied = prepared.input.baseline === undefined;
  const writer = live === undefined ? undefined : writerOf(entries, path, owner, schema);
  const field: FieldDifference = {
    id: formatPath(path),
    path,
    change,
    direction: direction ?? directionOf({ path, change, ...valuesOf(git, live), base, isLastApplied, schema, entries, owner }),
    ...valuesOf(git, live),
    ...(old === undefined ? {} : { base: old }),
    ...(prepared.input.baseline?.kind === 'synced' && base !== undefined && !isSameValue(git, old, prepared, path)
      ? { isMovedInGit: true as const }
      : {}),
    ...(writer === undefined ? {} : { writer }),
    isConfirmed,
    isCosmetic,
    isMasked: false,
  };
  return maskDifference(prepared.raw, field);
}
