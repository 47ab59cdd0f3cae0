import { lastAppliedOf } from '../compare/baseline.ts';
import { fallbackSchema } from '../compare/fallbackSchema.ts';
import { children, type FieldSet, isLeaf, managedEntries } from '../compare/fieldsV1.ts';
import { expandPointer } from '../compare/ignore.ts';
import { owningManager, type OwningManager } from '../compare/managers.ts';
import { normalizeDesired, normalizeLive } from '../compare/normalize.ts';
import { foreignFields } from '../compare/ownership.ts';
import { isMergedByItem, lookUp, schemaAtPath } from '../compare/schemaWalk.ts';
import type { Owner } from '../model/application.ts';
import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue, stringAt } from '../model/json.ts';
import { keyOfToken, pointerToken } from '../model/jsonPointer.ts';
import type { KubeObject } from '../model/objects.ts';
import type { OwnerPlace } from '../model/ownerView.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Reason } from '../model/states.ts';

/** Runs jq: the renderer's module. */
export interface JqRunner {
  jq(
    expression: string,
    objects: readonly JsonValue[],
    mode: 'paths',
    options: { readonly signal: AbortSignal; readonly interactive?: boolean },
  ): Promise<readonly { readonly values?: readonly JsonValue[]; readonly error?: string }[]>;
}

interface Sides {
  readonly desired: KubeObject;
  readonly live: KubeObject;
  readonly schema: TypeSchema | undefined;
}

/** The sides that an owner compares. */
export interface OwnedObject extends Sides {
  readonly resource: ResourceInfo | undefined;
}

/** Both sides with the owner as whose they are judged. */
export interface OwnedPair extends OwnedObject {
  readonly owner: Owner;
}

/** A rule's place in the UI: where it stands, and what follows from it beyond the comparison. */
export interface RuleOrigin {
  readonly declaredBy: string;
  readonly reason?: Reason;
}

/**
 * What a JSON pointer removes from both sides. Argo CD and Flux take it by RFC 6901 alone: list items by index, no `*`, no names of items
 * (evanphx/json-patch `remove`).
 */
export function pointerPlaces({ desired, live, schema }: Sides, pointer: string, origin: RuleOrigin): readonly OwnerPlace[] {
  const keys = pointer.split('/').slice(1).map(keyOfToken);
  return [desired, live].flatMap((side) => {
    if (!standsIn(side, keys)) return [];
    return expandPointer(side, pointer, schema ?? fallbackSchema).map((path) => placeOf(path, origin.declaredBy, origin.reason));
  });
}

function standsIn(side: JsonValue, tokens: readonly string[]): boolean {
  let value: JsonValue | undefined = side;
  for (const token of tokens) {
    if (isJsonArray(value)) value = /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, token) ? value[token] : undefined;
    if (value === undefined) return false;
  }
  return true;
}

function placeOf(path: FieldPath, by: string, reason: Reason | undefined): OwnerPlace {
  return { path, by, ...(reason === undefined ? {} : { reason }) };
}

/** What Argo CD would delete from both sides by `del(expression)` before it compares them. */
export async function jqPlaces(
  runner: JqRunner,
  { desired, live, schema }: Sides,
  expression: string,
  { declaredBy, reason }: RuleOrigin,
  signal: AbortSignal,
): Promise<{ readonly places: readonly OwnerPlace[]; readonly problems: readonly Reason[] }> {
  const sides = [desired, live];
  const answers = await runner.jq(expression, sides, 'paths', { signal, interactive: true });
  const by = `${declaredBy} jq ${expression}`;
  const places = sides.flatMap((side, index) =>
    (answers[index]?.values ?? []).flatMap((value) =>
      pointersOf(value, side).flatMap((pointer) =>
        expandPointer(side, pointer, schema ?? fallbackSchema).map((path) => placeOf(path, by, reason)),
      ),
    ),
  );
  // On one side alone it only lacks what the rule looks for (`cannot iterate over: null`); Argo CD then leaves that side as it is.
  const problem = answers.every((answer) => answer.error !== undefined) ? answers[0]?.error : undefined;
  const details = { rule: expression, declaredBy, problem };
  return { places, problems: problem === undefined ? [] : [{ code: 'owner-rule-failed', details }] };
}

/** JSON pointers of a path as jq writes it; a slice of a list is each of its items. */
function pointersOf(path: JsonValue, side: JsonValue): readonly string[] {
  let found: { pointer: string; value: JsonValue | undefined }[] = [{ pointer: '', value: side }];
  for (const step of isJsonArray(path) ? path : []) {
    found = found.flatMap(({ pointer, value }) => keysOf(step, value).map((key) => below(pointer, key, value)));
  }
  return found.map(({ pointer }) => pointer);
}

function below(pointer: string, key: string | number, value: JsonValue | undefined): { pointer: string; value: JsonValue | undefined } {
  const next = isJsonArray(value) ? value[Number(key)] : isJsonObject(value) ? value[String(key)] : undefined;
  return { pointer: `${pointer}/${pointerToken(key)}`, value: next };
}

function keysOf(step: JsonValue, value: JsonValue | undefined): readonly (string | number)[] {
  if (typeof step === 'string') return [step];
  const length = isJsonArray(value) ? value.length : 0;
  if (typeof step === 'number') return [step < 0 ? step + length : step];
  if (!isJsonObject(step)) return [];
  const bound = (name: string, otherwise: number): number => {
    const given = step[name];
    return typeof given !== 'number' ? otherwise : given < 0 ? given + length : given;
  };
  return Array.from({ length }, (_, index) => index).slice(bound('start', 0), bound('end', length));
}

/**
 * Fields that a trusted manager holds and both sides set: Argo CD leaves them out where they differ. Source: argo-cd
 * util/argo/managedfields.
 */
export function managerPlaces(
  { desired, live, schema }: Sides,
  managers: readonly string[],
  { declaredBy, reason }: RuleOrigin,
): readonly OwnerPlace[] {
  if (managers.length === 0) return [];
  const type = schema ?? fallbackSchema;
  const places: OwnerPlace[] = [];
  for (const entry of managedEntries(live)) {
    if (!managers.includes(entry.manager)) continue;
    const visit = (set: FieldSet, path: FieldPath): void => {
      for (const [step, child] of children(set)) {
        const at = [...path, step];
        if (!isLeaf(child)) visit(child, at);
        else if (lookUp(desired, type, at) !== undefined && lookUp(live, type, at) !== undefined)
          places.push(placeOf(at, `${declaredBy} manager ${entry.manager}`, reason));
      }
    };
    visit(entry.fields, []);
  }
  return places;
}

/**
 * Fields that others added live and that the owner leaves where they are.
 * @param isKept whether the owner leaves what this manager added
 */
export function liveOnlyPlaces(
  { desired, live, schema, resource, owner }: OwnedPair,
  by: string,
  code: string,
  isKept: (manager: string) => boolean,
): readonly OwnerPlace[] {
  const entries = managedEntries(live);
  const manager = owningManager(entries, [owner], lastAppliedOf(live) !== undefined);
  const createdAt = stringAt(live.metadata, 'creationTimestamp');
  const added = foreignFields(entries, normalizeDesired(desired, live, resource), normalizeLive(live, resource), schema ?? fallbackSchema, {
    owner: manager,
    createdAt,
  });
  return added
    .filter((field) => isKept(field.entry.manager) && !isInReplacedList(field.path, schema, manager))
    .map(({ path, entry }) => ({ path, by: `${by} (added by ${entry.manager})`, reason: { code, details: { manager: entry.manager } } }));
}

/**
 * Whether a place lies in a list that the owner's patch replaces as a whole, so that nothing of others stays in it: JSON merge patches of
 * custom resources do, and strategic ones where the list has no `patchStrategy: merge`. Server-side apply never does.
 */
function isInReplacedList(path: FieldPath, schema: TypeSchema | undefined, manager: OwningManager | undefined): boolean {
  if (manager?.operation !== 'Update') return false;
  return path.some((step, depth) => {
    if ('field' in step) return false;
    const list = schemaAtPath(schema, path.slice(0, depth));
    return !isMergedByItem(list);
  });
}

/** A place that several rules, or both sides, name stands once, for the first of them; one below another says nothing more. */
export function distinct(places: readonly OwnerPlace[]): readonly OwnerPlace[] {
  const first = new Map<string, OwnerPlace>();
  for (const place of places) {
    const id = formatPath(place.path);
    if (!first.has(id)) first.set(id, place);
  }
  return [...first.values()].filter(({ path }) => !path.some((_step, depth) => depth > 0 && first.has(formatPath(path.slice(0, depth)))));
}
