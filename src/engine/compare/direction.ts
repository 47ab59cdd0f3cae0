import type { FieldPath } from '../model/fieldPath.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { FieldChange, FieldDirection, FieldWriter } from '../model/states.ts';
import { holdersOf, type ManagedEntry } from './fieldsV1.ts';
import { classOfManager, isApplier, isEditor, isOwnersEntry, type OwningManager } from './managers.ts';
import { deepEqualUnderSchema, lookUp, schemaAtPath, shapeOf } from './schemaWalk.ts';

/** What decides which side of a field moved. */
export interface DirectionInput {
  readonly path: FieldPath;
  readonly change: FieldChange;
  /** value by target */
  readonly git?: JsonValue;
  readonly live?: JsonValue;
  /** the last apply as recorded (normalized); undefined: no record */
  readonly base: JsonObject | undefined;
  /** the record is the object's own annotation */
  readonly isLastApplied?: boolean;
  readonly schema: TypeSchema | undefined;
  readonly entries: readonly ManagedEntry[];
  readonly owner: OwningManager | undefined;
}

/**
 * Which side of a field moved (design.md §1): by the recorded apply where there is one, else by who holds the field; `differs` where
 * neither tells. Never guessed.
 */
export function directionOf(input: DirectionInput): FieldDirection {
  return input.base === undefined ? directionByHolder(input) : directionByBase(input, input.base);
}

function directionByBase(input: DirectionInput, base: JsonObject): FieldDirection {
  const { path, schema, live, git } = input;
  const type = schemaAtPath(schema, path);
  const old = lookUp(base, schema, path);
  // Values that a recorded apply did not set and Git does not set either are somebody's addition.
  if (old === undefined && git === undefined) return 'drifted';
  // A field new in Git: waiting to be applied, unless somebody gave live a value of its own meanwhile.
  if (old === undefined) {
    if (live === undefined) return 'out of sync';
    return writersOf(input).some((entry) => classOfManager(entry.manager) !== 'controller') ? 'drifted' : 'out of sync';
  }
  return includes(live, old, type) && !isRecordedByReplace(input) ? 'out of sync' : 'drifted';
}

/** `kubectl replace` writes whatever it is given into the record of the last apply, too: what it wrote since then is its own. */
function isRecordedByReplace(input: DirectionInput): boolean {
  if (input.isLastApplied !== true) return false;
  return writersOf(input).some(({ manager, time }) => manager === REPLACE && (time ?? '') >= (input.owner?.time ?? ''));
}

const REPLACE = 'kubectl-replace';

/** Whether live is what the record says, server defaults within objects aside. */
function includes(live: JsonValue | undefined, old: JsonValue, type: TypeSchema | undefined): boolean {
  if (deepEqualUnderSchema(old, live, type)) return true;
  if (typeof old !== 'object' || old === null || typeof live !== 'object' || live === null) return false;
  return isContained(old, live);
}

function isContained(part: JsonValue, whole: JsonValue | undefined): boolean {
  if (typeof part !== 'object' || part === null) return part === whole;
  if (typeof whole !== 'object' || whole === null || Array.isArray(part) !== Array.isArray(whole)) return false;
  if (Array.isArray(part) && (!Array.isArray(whole) || part.length !== whole.length)) return false;
  const wholeFields = whole as JsonObject;
  return Object.entries(part as JsonObject).every(([name, value]) => value === undefined || isContained(value, wholeFields[name]));
}

/** Entries other than the owner's that hold the path. */
function writersOf(input: DirectionInput): readonly ManagedEntry[] {
  const { owner } = input;
  return holdersOf(input.entries, input.path, input.schema).filter((entry) => owner === undefined || !isOwnersEntry(entry, owner));
}

function directionByHolder(input: DirectionInput): FieldDirection {
  const { owner, path, entries } = input;
  if (isOrderOnly(input)) return 'differs';
  // An owner that lost its last field leaves no entry; what an editing command wrote is known all the same.
  if (owner === undefined) return writersOf(input).some((entry) => isEditor(entry.manager)) ? 'drifted' : 'differs';
  // Whoever changes a value takes it from the owner: what the owner still holds is what it applied, so target moved.
  if (holdersOf(entries, path, input.schema).some((entry) => isOwnersEntry(entry, owner))) {
    return isApplier(owner) ? 'out of sync' : 'differs';
  }
  const writers = writersOf(input);
  if (writers.length > 0) {
    // An apply later than the other's last write would have taken the field if it had been in it: it is new in Git. Not so where
    // somebody edited the field by hand, since an apply may also be the revert of another field.
    const wasBefore = writers.every(
      (entry) => !isEditing(entry) && entry.time !== undefined && owner.time !== undefined && entry.time < owner.time,
    );
    if (input.git !== undefined && owner.operation === 'Apply' && wasBefore) return 'out of sync';
    return 'drifted';
  }
  // Held by nobody: a server default under a field that is new in Git. What is gone from live leaves no trace of who removed it.
  if (input.live !== undefined && owner.operation === 'Apply') return 'out of sync';
  return 'differs';
}

function isEditing({ manager, subresource }: ManagedEntry): boolean {
  return isEditor(manager) || subresource === 'scale';
}

/** The order of a merge list belongs to nobody. */
function isOrderOnly(input: DirectionInput): boolean {
  const shape = shapeOf(input.git, schemaAtPath(input.schema, input.path));
  return input.change === 'changed' && (shape === 'keyed-list' || shape === 'set');
}

/** Who last wrote a live field: of the entries that hold it the newest, others before the owner. */
export function writerOf(
  entries: readonly ManagedEntry[],
  path: FieldPath,
  owner: OwningManager | undefined,
  schema: TypeSchema | undefined,
): FieldWriter | undefined {
  const holders = holdersOf(entries, path, schema);
  const others = holders.filter((entry) => owner === undefined || !isOwnersEntry(entry, owner));
  let newest: ManagedEntry | undefined;
  for (const entry of others.length > 0 ? others : holders) {
    if (newest === undefined || (entry.time ?? '') >= (newest.time ?? '')) newest = entry;
  }
  if (newest === undefined) return undefined;
  return {
    manager: newest.manager,
    operation: newest.operation,
    ...(newest.time === undefined ? {} : { time: newest.time }),
    ...(newest.subresource === '' ? {} : { subresource: newest.subresource }),
  };
}
