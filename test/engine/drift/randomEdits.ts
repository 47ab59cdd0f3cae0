import { indexOfItem, lookUp, schemaAtPath, shapeOf } from '../../../src/engine/compare/schemaWalk.ts';
import type { FieldPath, PathStep } from '../../../src/engine/model/fieldPath.ts';
import { formatPath } from '../../../src/engine/model/fieldPath.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../../../src/engine/model/schema.ts';

/** Numbers that look random and are the same for the same seed (a linear congruential generator). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((this.#state / 0x80000000) * limit);
  }

  /** One of several. */
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}

/** An edit of a live object, with the fields that a verdict has to name. */
export interface RandomEdit {
  /** a JSON patch; or what is merged (strategically where the kind is built in), when `subresource` is there */
  readonly patch: readonly JsonObject[] | JsonObject;
  readonly subresource?: string;
  /** ids of fields, or what they are once the edit is live; undefined then: nobody can say */
  readonly ids: readonly string[] | ((after: KubeObject) => readonly string[] | undefined);
  /** id of what is edited as a whole, where `ids` come later */
  readonly place?: string;
  /** changes what Git leaves to a default that the schema does not tell: set back by hand, it is still set by hand */
  readonly isUntoldDefault?: boolean;
}

const NOT_EDITED = new Set(['apiVersion', 'kind', 'name', 'namespace', 'selector', 'roleRef', 'stringData']);
const MAPS = new Set(['labels', 'annotations', 'data', 'nodeSelector', 'limits', 'requests', 'settings', 'matchLabels', 'parameters']);

/** A scalar, or an empty container, of Git that live has. */
export interface Leaf {
  /** as a verdict names it */
  readonly path: FieldPath;
  /** where live has it */
  readonly pointer: readonly (string | number)[];
  readonly value: JsonValue;
}

/** A leaf of Git that live has, with its place in both; undefined where the way ends nowhere. */
export function randomLeaf(git: KubeObject, live: KubeObject, schema: TypeSchema, random: SeededRandom): Leaf | undefined {
  let value: JsonValue | undefined = git;
  let now: JsonValue | undefined = live;
  let type: TypeSchema | undefined = schema;
  const path: PathStep[] = [];
  const pointer: (string | number)[] = [];
  while (isJsonArray(value) || isJsonObject(value)) {
    if (isJsonArray(value)) {
      const index = random.below(value.length);
      const item: JsonValue | undefined = value[index];
      if (item === undefined || !isJsonArray(now)) return undefined;
      const shape = shapeOf(value, type);
      const keys = shape === 'keyed-list' && type !== undefined ? listKeyOf(type, item) : undefined;
      const step: PathStep = keys !== undefined ? { keys } : shape === 'set' ? { value: item } : { index };
      const place = indexOfItem(now, type, step);
      path.push(step);
      pointer.push(place);
      [value, now, type] = [item, now[place], itemSchema(type)];
    } else {
      const name: string | undefined = random.pick(Object.keys(value).filter((field) => path.length > 1 || !NOT_EDITED.has(field)));
      if (name === undefined || !isJsonObject(now)) return undefined;
      path.push({ field: name });
      pointer.push(name);
      [value, now, type] = [value[name], now[name], fieldSchema(type, name)];
    }
    if (now === undefined) return undefined;
  }
  const [parent, last] = [path.at(-2), path.at(-1)];
  // Another key makes another item of the list, which is a removal and an addition.
  const isKey = parent !== undefined && 'keys' in parent && last !== undefined && 'field' in last && last.field in parent.keys;
  return value === undefined || isKey || isAliased(git, schema, path) ? undefined : { path, pointer, value };
}

/** `serviceAccount` is another name of `serviceAccountName`: where Git has both, an edit of one is an edit of two. */
function isAliased(git: KubeObject, schema: TypeSchema, path: FieldPath): boolean {
  const last = path.at(-1);
  if (last === undefined || !('field' in last) || !last.field.startsWith('serviceAccount')) return false;
  return ['serviceAccount', 'serviceAccountName'].every((field) => lookUp(git, schema, [...path.slice(0, -1), { field }]) !== undefined);
}

/** Another value of the same kind. */
export function otherValue(value: JsonValue): JsonValue {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  const text = typeof value === 'string' ? value : '';
  // A quantity stays one.
  if (/^[\d.]+(m|k|[KMG]i)$/.test(text)) return `9${text}`;
  return /^\d+$/.test(text) ? String(Number(text) + 1) : `${text}x`;
}

/** A JSON pointer (RFC 6901). */
export function pointerText(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A list of Git that live has at the same place, whole; undefined where the way ends elsewhere. */
export function randomList(
  git: KubeObject,
  live: KubeObject,
  schema: TypeSchema,
  random: SeededRandom,
): (Leaf & { type: TypeSchema; now: readonly JsonValue[] }) | undefined {
  const leaf = randomLeaf(git, live, schema, random);
  const depth = leaf?.path.findLastIndex((step) => !('field' in step)) ?? -1;
  if (leaf === undefined || depth < 1) return undefined;
  const [path, pointer] = [leaf.path.slice(0, depth), leaf.pointer.slice(0, depth)];
  const [value, now, type] = [lookUp(git, schema, path), lookUp(live, schema, path), schemaAtPath(schema, path)];
  return isJsonArray(value) && isJsonArray(now) && type !== undefined ? { path, pointer, value, now, type } : undefined;
}

const NEW_ITEMS: Readonly<Record<string, JsonValue>> = {
  env: { name: 'ADDED', value: 'x' },
  tolerations: { key: 'added', operator: 'Exists' },
  routes: { path: '/added' },
  steps: { run: 'added' },
  volumes: { name: 'added', emptyDir: {} },
  volumeMounts: { name: 'config', mountPath: '/added' },
  imagePullSecrets: { name: 'added' },
  zones: { name: 'added' },
  racks: { id: 99 },
  numbers: 77,
  levels: 77,
  paths: { path: '/added', pathType: 'Prefix', backend: { service: { name: 'added', port: { number: 80 } } } },
  verbs: 'watch',
  subjects: { kind: 'ServiceAccount', name: 'added', namespace: 'default' },
};

/** An item added to a list, or removed from one; undefined where the list takes no new items that are known here. */
function listEdit(git: KubeObject, live: KubeObject, schema: TypeSchema, random: SeededRandom): RandomEdit | undefined {
  const list = randomList(git, live, schema, random);
  if (list === undefined) return undefined;
  const name = String(list.pointer.at(-1));
  const items = list.value as readonly JsonValue[];
  const shape = shapeOf(list.value, list.type);
  const stepOf = (item: JsonValue, index: number): PathStep => {
    const keys = shape === 'keyed-list' ? listKeyOf(list.type, item) : undefined;
    return keys !== undefined ? { keys } : shape === 'set' ? { value: item } : { index };
  };
  if (random.below(2) === 0) {
    const item = NEW_ITEMS[name] ?? (items.every((each) => typeof each === 'string') ? 'added' : undefined);
    if (item === undefined || list.now.length !== items.length) return undefined;
    const id = formatPath([...list.path, stepOf(item, list.now.length)]);
    return { patch: [{ op: 'add', path: pointerText([...list.pointer, '-']), value: item }], ids: [id] };
  }
  const index = random.below(items.length);
  const item = items[index];
  // One item of equal neighbours, or the only one, is another edit: which of them went, or the list itself.
  if (item === undefined || items.length < 2 || items.filter((each) => jsonEqual(each, item)).length > 1) return undefined;
  const step = stepOf(item, index);
  const place = indexOfItem(list.now, list.type, step);
  return { patch: [{ op: 'remove', path: pointerText([...list.pointer, place]) }], ids: [formatPath([...list.path, step])] };
}

/** Without any label of its own a Job or ReplicationController gets those of its template (kubernetes pkg/apis/batch/v1/defaults.go). */
export function isCopiedFromTemplate({ kind }: KubeObject, [, second]: FieldPath): boolean {
  return ['Job', 'ReplicationController'].includes(kind) && second !== undefined && 'field' in second && second.field === 'labels';
}

function valueOf(git: KubeObject, { pointer }: Leaf): string {
  if (git.kind === 'Secret') return 'eHg=';
  return pointer.includes('resources') ? '3' : 'v';
}

/** A change of one leaf that Git sets, a removal of one entry of a map, or an addition to one; undefined now and then. */
export function randomEdit(git: KubeObject, live: KubeObject, schema: TypeSchema, random: SeededRandom): RandomEdit | undefined {
  if (random.below(4) === 0) return listEdit(git, live, schema, random);
  const leaf = randomLeaf(git, live, schema, random);
  const last = leaf?.path.at(-1);
  if (leaf === undefined || last === undefined) return undefined;
  const parent = leaf.path.slice(0, -1);
  const isEntry = 'field' in last && MAPS.has(String(leaf.pointer.at(-2)));
  const kind = random.below(4);
  if (isEntry && kind === 0) {
    const name = `added-${random.below(1000)}`;
    const patch = [{ op: 'add', path: pointerText([...leaf.pointer.slice(0, -1), name]), value: valueOf(git, leaf) }];
    return { patch, ids: [formatPath([...parent, { field: name }])] };
  }
  // An atomic map goes with its last entry, which is an edit of its own.
  const isLast =
    shapeOf(lookUp(git, schema, parent), schemaAtPath(schema, parent)) === 'atomic' &&
    Object.keys(lookUp(git, schema, parent) ?? {}).length === 1;
  if (isEntry && kind === 1 && !isLast && !isCopiedFromTemplate(git, leaf.path))
    return { patch: [{ op: 'remove', path: pointerText(leaf.pointer) }], ids: [formatPath(leaf.path)] };
  const value = otherValue(leaf.value);
  const ids = 'value' in last ? [leaf.path, [...parent, { value }]] : [leaf.path];
  return { patch: [{ op: 'replace', path: pointerText(leaf.pointer), value }], ids: ids.map(formatPath) };
}
