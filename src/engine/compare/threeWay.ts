import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../model/json.ts';
import { fieldSchema, itemSchema, type TypeSchema } from '../model/schema.ts';
import { omit } from './omit.ts';
import { isBuiltin } from './schemaWalk.ts';

/** A patch body and the content type that it is for. */
export interface ThreeWayPatch {
  readonly type: 'strategic' | 'merge';
  readonly body: JsonObject;
  /** nothing to send: live is what an apply would make it */
  readonly isEmpty: boolean;
}

/**
 * The patch by which client-side apply (kubectl, Argo CD's default, Helm 3) brings live to desired: changes and additions of desired
 * against live, and deletions of what the last apply set and desired no longer has. Strategic merge for built-in kinds, JSON merge for
 * the others. Source: apimachinery pkg/util/strategicpatch CreateThreeWayMergePatch, pkg/util/jsonmergepatch.
 * @param base what was applied last; undefined removes nothing
 */
export function threeWayPatch(
  base: JsonObject | undefined,
  desired: JsonObject,
  live: JsonObject,
  schema: TypeSchema | undefined,
): ThreeWayPatch {
  const isStrategic = isBuiltin(schema);
  const patch = new Patcher(isStrategic).fields(base, desired, live, schema);
  const changes = omit(patch, TYPE_META);
  const isEmpty = Object.keys(changes).length === 0;
  const identity = { apiVersion: desired['apiVersion'], kind: desired['kind'] };
  return { type: isStrategic ? 'strategic' : 'merge', body: { ...identity, ...changes }, isEmpty };
}

const TYPE_META = new Set(['apiVersion', 'kind']);

class Patcher {
  readonly #isStrategic: boolean;

  constructor(isStrategic: boolean) {
    this.#isStrategic = isStrategic;
  }

  /** The patch of one object; empty when nothing is to be changed. */
  fields(base: JsonObject | undefined, desired: JsonObject, live: JsonObject, schema: TypeSchema | undefined): JsonObject {
    const patch: Record<string, JsonValue> = {};
    for (const [name, value] of Object.entries(desired)) {
      if (value === undefined) continue;
      this.#field(patch, name, { base: base?.[name], value, now: live[name], schema: fieldSchema(schema, name) });
    }
    for (const name of Object.keys(base ?? {})) {
      if (desired[name] === undefined && live[name] !== undefined && base?.[name] !== undefined) patch[name] = null;
    }
    if (this.#isStrategic && schema?.node.patchStrategy?.includes('retainKeys') === true && Object.keys(patch).length > 0) {
      patch['$retainKeys'] = Object.keys(desired).sort();
    }
    return patch;
  }

  #field(
    patch: Record<string, JsonValue>,
    name: string,
    at: {
      readonly base: JsonValue | undefined;
      readonly value: JsonValue;
      readonly now: JsonValue | undefined;
      readonly schema: TypeSchema | undefined;
    },
  ): void {
    const { base, value, now, schema } = at;
    if (jsonEqual(value, now) || (value === null && now === undefined)) return;
    if (isJsonObject(value) && isJsonObject(now)) {
      const below = this.fields(isJsonObject(base) ? base : undefined, value, now, schema);
      if (Object.keys(below).length > 0) patch[name] = below;
    } else if (isJsonArray(value) && isJsonArray(now) && this.#isMergeList(schema)) {
      this.#mergeList(patch, name, isJsonArray(base) ? base : [], value, now, schema);
    } else patch[name] = value;
  }

  #isMergeList(schema: TypeSchema | undefined): boolean {
    return this.#isStrategic && schema?.node.patchStrategy?.includes('merge') === true;
  }

  #mergeList(
    patch: Record<string, JsonValue>,
    name: string,
    base: readonly JsonValue[],
    desired: readonly JsonValue[],
    live: readonly JsonValue[],
    schema: TypeSchema | undefined,
  ): void {
    const mergeKey = schema?.node.patchMergeKey;
    if (mergeKey === undefined) {
      const added = desired.filter((item) => !live.some((other) => jsonEqual(item, other)));
      const removed = base.filter((item) => !contains(desired, item) && contains(live, item));
      if (added.length > 0) patch[name] = added;
      if (removed.length > 0) patch[`$deleteFromPrimitiveList/${name}`] = removed;
      if (added.length > 0 || removed.length > 0 || !isInOrder(desired, live)) patch[`$setElementOrder/${name}`] = desired;
      return;
    }
    const keyOf = (item: JsonValue): JsonValue | undefined => (isJsonObject(item) ? item[mergeKey] : undefined);
    const namesakes = (list: readonly JsonValue[], item: JsonValue): readonly JsonValue[] =>
      list.filter((other) => keyOf(other) !== undefined && jsonEqual(keyOf(other), keyOf(item)));
    // Of items with one key (a port over TCP and over UDP) the first goes with the first, the second with the second: so does kubectl.
    const find = (list: readonly JsonValue[], item: JsonValue, own: readonly JsonValue[]): JsonValue | undefined =>
      namesakes(list, item)[namesakes(own, item).indexOf(item)];
    const items: JsonValue[] = [];
    for (const item of desired) {
      const now = find(live, item, desired);
      if (!isJsonObject(item) || !isJsonObject(now)) {
        items.push(item);
        continue;
      }
      const old = find(base, item, desired);
      const below = this.fields(isJsonObject(old) ? old : undefined, item, now, itemOf(schema));
      if (Object.keys(below).length > 0) items.push({ ...below, [mergeKey]: keyOf(item) });
    }
    for (const item of base) {
      if (namesakes(desired, item).length === 0 && namesakes(live, item).length > 0)
        items.push({ $patch: 'delete', [mergeKey]: keyOf(item) });
    }
    const order = desired.map((item) => keyOf(item) ?? null);
    const isOrdered = isInOrder(
      order,
      live.map((item) => keyOf(item) ?? null),
    );
    if (items.length === 0 && isOrdered) return;
    if (items.length > 0) patch[name] = items;
    patch[`$setElementOrder/${name}`] = order.map((key) => ({ [mergeKey]: key }));
  }
}

/** Items of a list with strategy `merge,retainKeys` (volumes) retain only the keys of Git, too. */
function itemOf(list: TypeSchema | undefined): TypeSchema | undefined {
  const item = itemSchema(list);
  const strategy = list?.node.patchStrategy;
  if (item === undefined || strategy?.includes('retainKeys') !== true) return item;
  return { document: item.document, node: { ...item.node, patchStrategy: 'retainKeys' } };
}

function contains(list: readonly JsonValue[], item: JsonValue): boolean {
  return list.some((other) => jsonEqual(item, other));
}

function isInOrder(part: readonly JsonValue[], whole: readonly JsonValue[]): boolean {
  let position = 0;
  for (const item of whole) if (position < part.length && jsonEqual(item, part[position])) position += 1;
  return position === part.length;
}
