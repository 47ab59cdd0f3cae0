import { type FieldPath, formatPath, type PathStep, startsWithPath } from '../model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonValue } from '../model/json.ts';
import { keysOfPointer } from '../model/jsonPointer.ts';
import { gvkOf, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import type { IgnoreRule } from '../model/application.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../model/schema.ts';
import type { IgnoredField, Reason } from '../model/states.ts';
import { lookUp, shapeOf, withValueAt } from './schemaWalk.ts';

/** Whether a rule is about an object: group and kind are globs (`*`, `?`), name and namespace exact, absent ones match all. */
export function ruleMatches(rule: IgnoreRule, object: KubeObject): boolean {
  const { group, kind } = gvkOf(object);
  if (rule.group !== undefined && !globMatches(rule.group, group)) return false;
  if (rule.kind !== undefined && !globMatches(rule.kind, kind)) return false;
  if (rule.name !== undefined && rule.name !== nameOf(object)) return false;
  return rule.namespace === undefined || rule.namespace === namespaceOf(object);
}

function globMatches(glob: string, text: string): boolean {
  if (!/[*?]/.test(glob)) return glob === text;
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}

/** The places of one object that rules leave out, each with the rule that does so. */
export interface IgnoredPlace {
  readonly path: FieldPath;
  readonly by: string;
  /** why, where it is no declared rule */
  readonly reason?: Reason;
}

/** The places that the rules name in either side of an object; a place named twice stands for its first rule. */
export function ignoredPlaces(
  rules: readonly IgnoreRule[],
  desired: KubeObject,
  live: KubeObject,
  schema: TypeSchema | undefined,
): readonly IgnoredPlace[] {
  const places = new Map<string, IgnoredPlace>();
  for (const rule of rules) {
    if (!ruleMatches(rule, live)) continue;
    for (const pointer of rule.paths) {
      for (const side of [desired, live]) {
        for (const path of expandPointer(side, pointer, schema)) {
          const id = formatPath(path);
          if (!places.has(id)) places.set(id, { path, by: rule.declaredBy });
        }
      }
    }
  }
  return [...places.values()];
}

/**
 * The places in a value that a JSON pointer (RFC 6901) names; `*` is any one step. A list item is named by its index, or by the value of
 * one of its keys (`/spec/template/spec/containers/web/image`). The pointer `''` is the whole object.
 */
export function expandPointer(root: JsonValue, pointer: string, schema: TypeSchema | undefined): readonly FieldPath[] {
  const tokens = keysOfPointer(pointer);
  const found: FieldPath[] = [];
  const visit = (value: JsonValue | undefined, type: TypeSchema | undefined, depth: number, path: FieldPath): void => {
    if (value === undefined) return;
    const token = tokens[depth];
    if (token === undefined) {
      found.push(path);
      return;
    }
    if (isJsonObject(value)) {
      for (const name of token === '*' ? Object.keys(value) : Object.hasOwn(value, token) ? [token] : []) {
        visit(value[name], fieldSchema(type, name), depth + 1, [...path, { field: name }]);
      }
    } else if (isJsonArray(value)) {
      for (const [index, item] of value.entries()) {
        const step = stepOfItem(value, item, index, type);
        if (token === '*' || token === String(index) || namesItem(step, token)) visit(item, itemSchema(type), depth + 1, [...path, step]);
      }
    }
  };
  visit(root, schema, 0, []);
  return found;
}

function stepOfItem(list: readonly JsonValue[], item: JsonValue, index: number, schema: TypeSchema | undefined): PathStep {
  const shape = shapeOf(list, schema);
  if (shape === 'set') return { value: item };
  const keys = shape === 'keyed-list' && schema !== undefined ? listKeyOf(schema, item) : undefined;
  return keys === undefined ? { index } : { keys };
}

function namesItem(step: PathStep, token: string): boolean {
  if ('value' in step) return step.value === token;
  return 'keys' in step && Object.values(step.keys).some((key) => String(key) === token);
}

/** Places without those that stand for the same field: what several rules name, or one rule by two expressions, counts for the first. */
export function distinctPlaces(places: readonly IgnoredPlace[]): readonly IgnoredPlace[] {
  const byId = new Map<string, IgnoredPlace>();
  for (const place of places) {
    const id = formatPath(place.path);
    if (!byId.has(id)) byId.set(id, place);
  }
  return [...byId.values()];
}

/** Whether a difference lies at or below an ignored place, and by which rule. */
export function ignoredBy(places: readonly IgnoredPlace[], path: FieldPath): string | undefined {
  return places.find((place) => startsWithPath(path, place.path))?.by;
}

/** Desired with every ignored place as live has it (gone where live has none), so that neither a proof nor a dry-run looks there. */
export function withLiveAt(
  desired: KubeObject,
  live: KubeObject,
  places: readonly IgnoredPlace[],
  schema: TypeSchema | undefined,
): KubeObject {
  let result: JsonValue = desired;
  for (const { path } of places) {
    if (path.length > 0) result = withValueAt(result, schema, path, lookUp(live, schema, path));
  }
  return result as KubeObject;
}

/** What was left out although the sides differ there: what a rule really did. */
export function ignoredFields(
  places: readonly IgnoredPlace[],
  desired: KubeObject,
  live: KubeObject,
  schema: TypeSchema | undefined,
): readonly IgnoredField[] {
  return places
    .filter(({ path }) => !jsonEqual(lookUp(desired, schema, path), lookUp(live, schema, path)))
    .map(({ path, by, reason }) => ({ id: formatPath(path), by, ...(reason === undefined ? {} : { reason }) }));
}
