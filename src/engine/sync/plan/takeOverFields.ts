import { arrayAt, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { SYNC_MANAGER } from '../syncTypes.ts';

/** Managers as which kubectl applies, as `manager/operation`. Its commands that edit are people's hands, and stay. */
export const kubectlAppliers: readonly string[] = ['kubectl/Apply', 'kubectl-client-side-apply/Update', 'before-first-apply/Update'];

/** Field ownership after a take over. */
export interface TakenOver {
  readonly managedFields: readonly JsonValue[];
  /** names of the managers whose fields move */
  readonly from: readonly string[];
  /** FieldsV1 of the entries that move */
  readonly moved: readonly JsonObject[];
}

/**
 * `metadata.managedFields` with the entries of appliers united into our own *Apply* entry, as client-go's `csaupgrade` does; the
 * object itself does not change.
 * @param appliers whose entries move, as `manager/operation`
 * @returns undefined when there is nothing to move, or it cannot be moved since the entries are of different versions
 */
export function takeOverFields(live: KubeObject, appliers: readonly string[] = kubectlAppliers): TakenOver | undefined {
  const entries = arrayAt(live.metadata, 'managedFields').filter(isJsonObject);
  const isMoving = (entry: JsonObject): boolean => isEntryOf(entry, appliers);
  const moving = entries.filter(isMoving);
  if (moving.length === 0) return undefined;
  const own = entries.find((entry) => isEntryOf(entry, [`${SYNC_MANAGER}/Apply`]));
  const all = own === undefined ? moving : [own, ...moving];
  const [first] = all;
  if (first === undefined || all.some((entry) => entry['apiVersion'] !== live.apiVersion)) return undefined;
  const moved = moving.flatMap((entry) => (isJsonObject(entry['fieldsV1']) ? [entry['fieldsV1']] : []));
  const united = all.reduce<JsonObject>((fields, entry) => unite(fields, isJsonObject(entry['fieldsV1']) ? entry['fieldsV1'] : {}), {});
  const kept = entries.filter((entry) => entry !== own && !isMoving(entry));
  const entry: JsonObject = { ...first, manager: SYNC_MANAGER, operation: 'Apply', fieldsV1: united };
  return { managedFields: [entry, ...kept], from: [...new Set(moving.map((one) => stringAt(one, 'manager') ?? ''))], moved };
}

/** Whether an entry of managedFields is one of these managers' own, as `manager/operation`; those of subresources are nobody's. */
export function isEntryOf(entry: JsonObject, managers: readonly string[]): boolean {
  if (stringAt(entry, 'subresource') !== undefined) return false;
  return managers.includes(`${stringAt(entry, 'manager') ?? ''}/${stringAt(entry, 'operation') ?? ''}`);
}

/** Both sets as one. A set without members is the element itself, which `.` says beside members. */
function unite(left: JsonObject, right: JsonObject): JsonObject {
  const result: Record<string, JsonValue | undefined> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const known = result[name];
    result[name] = isJsonObject(known) && isJsonObject(value) ? uniteBelow(known, value) : value;
  }
  return result;
}

function uniteBelow(left: JsonObject, right: JsonObject): JsonObject {
  const [isLeft, isRight] = [Object.keys(left).length === 0, Object.keys(right).length === 0];
  return isLeft === isRight ? unite(left, right) : { '.': {}, ...left, ...right };
}
