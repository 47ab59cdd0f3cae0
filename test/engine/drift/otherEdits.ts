import { isBuiltin, lookUp, schemaAtPath, shapeOf } from '../../../src/engine/compare/schemaWalk.ts';
import { type FieldPath, formatPath, type PathStep } from '../../../src/engine/model/fieldPath.ts';
import {
  isJsonArray,
  isJsonObject,
  jsonEqual,
  type JsonObject,
  type JsonValue,
  objectAt,
  valueAt,
} from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { fieldSchema, itemSchema, listKeyOf, type TypeSchema } from '../../../src/engine/model/schema.ts';
import {
  isCopiedFromTemplate,
  otherValue,
  pointerText,
  type RandomEdit,
  randomLeaf,
  randomList,
  type SeededRandom,
} from './randomEdits.ts';

type Draw = (git: KubeObject, live: KubeObject, schema: TypeSchema, random: SeededRandom) => RandomEdit | undefined;

const NEVER_REMOVED = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'selector',
  'roleRef',
  'template',
  'spec',
  'containers',
  // What these are decides what else the server fills in.
  'strategy',
  'sessionAffinity',
  'updateStrategy',
  'creationTimestamp',
  'type',
  'name',
  'namespace',
]);

/** A whole field of Git taken away, be it a scalar, a struct or a map: what is missing then, or came back as its default. */
const removal: Draw = (git, live, schema, random) => {
  const leaf = randomLeaf(git, live, schema, random);
  if (leaf === undefined) return undefined;
  const depth = 1 + random.below(leaf.path.length);
  const [path, pointer] = [leaf.path.slice(0, depth), leaf.pointer.slice(0, depth)];
  const last = path.at(-1);
  const value = lookUp(git, schema, path);
  // The keys of an item are its name; items of lists have an edit of their own.
  if (
    last === undefined ||
    !('field' in last) ||
    NEVER_REMOVED.has(last.field) ||
    isSecretData(git, path) ||
    isCopiedFromTemplate(git, path) ||
    value === undefined
  )
    return undefined;
  const parent = path.at(-2);
  if (parent !== undefined && 'keys' in parent && last.field in parent.keys) return undefined;
  return {
    patch: [{ op: 'remove', path: pointerText(pointer) }],
    ids: (after) => lost(git, schema, path, after),
    place: formatPath(path),
  };
};

/** Git has more than its `data`, which `stringData` goes over into. */
const isSecretData = ({ kind }: KubeObject, [first]: FieldPath): boolean =>
  kind === 'Secret' && first !== undefined && 'field' in first && first.field === 'data';

/** Whether what goes away whole is named by its entries: maps are, structs and atomic maps are not. */
function isNamedByEntries(value: JsonValue | undefined, schema: TypeSchema, path: FieldPath): boolean {
  return isJsonObject(value) && shapeOf(value, schemaAtPath(schema, path)) === 'map' && Object.keys(value).length > 0;
}

/** What of a field of Git live does not have any more, outermost; undefined where nobody can say. */
function lost(git: KubeObject, schema: TypeSchema, path: FieldPath, after: KubeObject): readonly string[] | undefined {
  const above = path.slice(0, -1);
  // The server drops what is empty then: a struct or an atomic map goes with its last field.
  const isGone = path.length > 1 && lookUp(after, schema, above) === undefined;
  if (isGone && !isNamedByEntries(lookUp(git, schema, above), schema, above)) return lost(git, schema, above, after);
  return lostBelow(git, schema, path, after);
}

function lostBelow(git: KubeObject, schema: TypeSchema, path: FieldPath, after: KubeObject): readonly string[] | undefined {
  const [value, now] = [lookUp(git, schema, path), lookUp(after, schema, path)];
  if (value === undefined || (now !== undefined && jsonEqual(value, now))) return [];
  if (isJsonObject(value) && (isJsonObject(now) || isNamedByEntries(value, schema, path))) {
    const below = Object.keys(value).map((name) => lostBelow(git, schema, [...path, { field: name }], after));
    return below.every((ids) => ids !== undefined) ? below.flat() : undefined;
  }
  if (now === undefined && isJsonArray(value)) return itemsOf(value, schema, path);
  if (now === undefined) return isEmpty(value) ? [] : [formatPath(path)];
  return isJsonArray(value) ? undefined : [formatPath(path)];
}

/** A list that is gone is named by its items where these have names, else as a whole. */
function itemsOf(list: readonly JsonValue[], schema: TypeSchema, path: FieldPath): readonly string[] {
  const type = schemaAtPath(schema, path);
  const shape = shapeOf(list, type);
  if (shape === 'atomic') return list.length === 0 ? [] : [formatPath(path)];
  return list.map((value) => {
    const keys = shape === 'keyed-list' && type !== undefined ? listKeyOf(type, value) : undefined;
    return formatPath([...path, keys === undefined ? { value } : { keys }]);
  });
}

const isEmpty = (value: JsonValue): boolean =>
  value === null || (isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0);

/** Two neighbours of a list change places. */
const swap: Draw = (git, live, schema, random) => {
  const list = randomList(git, live, schema, random);
  const items = list?.value as readonly JsonValue[] | undefined;
  if (list === undefined || items === undefined || items.length < 2 || list.now.length !== items.length) return undefined;
  const shape = shapeOf(list.value, list.type);
  const index = random.below(items.length - 1);
  const [left, right] = [list.now[index], list.now[index + 1]];
  if (left === undefined || right === undefined || jsonEqual(left, right)) return undefined;
  const isScalar = !isJsonObject(left) && !isJsonObject(right);
  if (shape === 'atomic' && !isScalar) return undefined;
  const ids =
    shape === 'atomic' ? [index, index + 1].map((place) => formatPath([...list.path, { index: place }])) : [formatPath(list.path)];
  // The value that stands there now goes behind the next one.
  return { patch: [{ op: 'move', from: pointerText([...list.pointer, index]), path: pointerText([...list.pointer, index + 1]) }], ids };
};

/** Other values for defaults that are one of a few words. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  terminationMessagePolicy: ['File', 'FallbackToLogsOnError'],
  dnsPolicy: ['ClusterFirst', 'Default'],
  sessionAffinity: ['None', 'ClientIP'],
  internalTrafficPolicy: ['Cluster', 'Local'],
  concurrencyPolicy: ['Allow', 'Forbid', 'Replace'],
  preemptionPolicy: ['PreemptLowerPriority', 'Never'],
  scheme: ['HTTP', 'HTTPS'],
  mode: ['auto', 'on', 'off'],
  protocol: ['TCP', 'UDP'],
  scope: ['*', 'Namespaced', 'Cluster'],
  matchPolicy: ['Equivalent', 'Exact'],
};
const COUNTS = new Set([
  'revisionHistoryLimit',
  'progressDeadlineSeconds',
  'terminationGracePeriodSeconds',
  'backoffLimit',
  'successfulJobsHistoryLimit',
  'failedJobsHistoryLimit',
  'timeoutSeconds',
  'periodSeconds',
  'failureThreshold',
  'initialDelaySeconds',
  'replicas',
  'minReadySeconds',
  'defaultMode',
  'retries',
  'weight',
  'size',
  'expirationSeconds',
]);

interface Place {
  readonly path: FieldPath;
  readonly pointer: readonly (string | number)[];
  readonly value: JsonValue;
}

/** The defaults that the server filled into what Git sets, and that are known above. */
function defaultsIn(git: JsonValue, live: JsonValue, type: TypeSchema | undefined, place: Omit<Place, 'value'>): readonly Place[] {
  const shape = shapeOf(git, type);
  const within = (step: PathStep, token: string | number): Omit<Place, 'value'> => ({
    path: [...place.path, step],
    pointer: [...place.pointer, token],
  });
  if (shape === 'keyed-list' && type !== undefined && isJsonArray(git) && isJsonArray(live)) {
    return git.flatMap((item) => {
      const keys = listKeyOf(type, item);
      const index = live.findIndex((other) => jsonEqual(listKeyOf(type, other) ?? null, keys ?? {}));
      const now = live[index];
      if (keys === undefined || now === undefined) return [];
      const found = defaultsIn(item, now, itemSchema(type), within({ keys }, index));
      // Another key makes another item.
      return found.filter(({ pointer }) => pointer.length > place.pointer.length + 2 || keys[String(pointer.at(-1))] === undefined);
    });
  }
  if (shape === 'atomic' && isJsonArray(git) && isJsonArray(live))
    return git.flatMap((item, index) => defaultsIn(item, live[index] ?? null, itemSchema(type), within({ index }, index)));
  if (!isJsonObject(git) || !isJsonObject(live)) return [];
  return Object.entries(live).flatMap(([name, value = null]): readonly Place[] => {
    const [own, at] = [git[name], within({ field: name }, name)];
    if (own !== undefined) return defaultsIn(own, value, fieldSchema(type, name), at);
    return CHOICES[name] !== undefined || (COUNTS.has(name) && typeof value === 'number') ? [{ ...at, value }] : [];
  });
}

/** A default that Git leaves to the server, set to something else by hand. */
const changedDefault: Draw = (git, live, schema, random) => {
  const place = random.pick(defaultsIn(git, live, schema, { path: [], pointer: [] }));
  const name = String(place?.pointer.at(-1));
  if (place === undefined) return undefined;
  const value = CHOICES[name] === undefined ? otherValue(place.value) : random.pick(CHOICES[name].filter((word) => word !== place.value));
  if (value === undefined) return undefined;
  return {
    patch: [{ op: 'replace', path: pointerText(place.pointer), value }],
    ids: [formatPath(place.path)],
    isUntoldDefault: isBuiltin(schema),
  };
};

/** Fields that hardly any Git has and no server fills in, by where they fit: the end of the way to their object, by names. */
const NEW_FIELDS: readonly { readonly within: string; readonly kind?: string; readonly name: string; readonly value: JsonValue }[] = [
  { within: 'containers', name: 'workingDir', value: '/added' },
  { within: 'containers', name: 'tty', value: true },
  { within: 'template.spec', name: 'hostPID', value: true },
  { within: 'template.spec', name: 'hostname', value: 'added' },
  { within: 'template.spec', name: 'activeDeadlineSeconds', value: 99 },
  { within: 'emptyDir', name: 'medium', value: 'Memory' },
  { within: 'volumes.configMap', name: 'optional', value: true },
  { within: 'envFrom', name: 'prefix', value: 'ADDED_' },
  { within: 'tolerations', name: 'tolerationSeconds', value: 99 },
  { within: 'securityContext', name: 'runAsUser', value: 99 },
  { within: 'ports', name: 'appProtocol', value: 'added' },
  { within: 'ports', name: 'hostPort', value: 99 },
  { within: 'ports', name: 'endPort', value: 65_000 },
  { within: 'spec.rules', name: 'host', value: 'added.example.com' },
  { within: 'spec', kind: 'Deployment', name: 'paused', value: true },
  { within: 'spec', kind: 'Service', name: 'publishNotReadyAddresses', value: true },
  { within: 'spec', kind: 'Ingress', name: 'ingressClassName', value: 'added' },
  { within: 'spec', kind: 'CronJob', name: 'timeZone', value: 'Etc/UTC' },
  { within: 'spec', kind: 'Widget', name: 'note', value: 'added' },
  { within: 'spec', kind: 'Widget', name: 'port', value: 'added' },
  { within: 'validations', name: 'message', value: 'added' },
];

/** A field that neither Git nor live has, in an object of Git. */
const newField: Draw = (git, live, schema, random) => {
  const leaf = randomLeaf(git, live, schema, random);
  if (leaf === undefined) return undefined;
  const depth = 1 + random.below(leaf.path.length);
  const [path, pointer] = [leaf.path.slice(0, depth), leaf.pointer.slice(0, depth)];
  const names = pointer.filter((token) => typeof token === 'string').join('.');
  const fitting = NEW_FIELDS.filter(({ within, kind }) =>
    kind === undefined ? `.${names}`.endsWith(`.${within}`) : kind === git.kind && names === within,
  );
  const added = random.pick(fitting);
  const [value, now] = [lookUp(git, schema, path), valueAt(live, ...pointer)];
  if (added === undefined || !isJsonObject(value) || !isJsonObject(now)) return undefined;
  if (value[added.name] !== undefined || now[added.name] !== undefined) return undefined;
  return {
    patch: [{ op: 'add', path: pointerText([...pointer, added.name]), value: added.value }],
    ids: [formatPath([...path, { field: added.name }])],
  };
};

/** What controllers write into `status`, by kind; every custom resource takes the last one. */
const STATUS: Readonly<Record<string, (count: number) => JsonObject>> = {
  Deployment: (count) => ({ observedGeneration: count, replicas: count }),
  StatefulSet: (count) => ({ observedGeneration: count, replicas: count }),
  Service: (count) => ({ loadBalancer: { ingress: [{ ip: `10.0.0.${count}` }] } }),
  Ingress: (count) => ({ loadBalancer: { ingress: [{ ip: `10.0.0.${count}` }] } }),
  Pod: (count) => ({ phase: 'Running', message: `seen ${count} times` }),
  Gadget: (count) => ({ seen: count }),
  Widget: (count) => ({ seen: count }),
};

/** A write through a subresource: replicas, a container to debug with, or status, which never is drift. */
const throughSubresource: Draw = (git, _live, _schema, random) => {
  const count = 1 + random.below(9);
  const status = STATUS[git.kind];
  if (git.kind === 'Pod' && random.below(2) === 0) {
    const debug = { name: 'debug', image: 'registry.example/debug:1', targetContainerName: 'web' };
    return {
      subresource: 'ephemeralcontainers',
      patch: { spec: { ephemeralContainers: [debug] } },
      ids: ['spec.ephemeralContainers[name=debug]'],
    };
  }
  const replicas = objectAt(git, 'spec')['replicas'];
  if (replicas !== undefined && random.below(2) === 0)
    return { subresource: 'scale', patch: { spec: { replicas: count } }, ids: replicas === count ? [] : ['spec.replicas'] };
  return status === undefined ? undefined : { subresource: 'status', patch: { status: status(count) }, ids: [] };
};

const DRAWS = [removal, swap, changedDefault, newField, throughSubresource] as const;

/** A field or a list removed, neighbours in a list swapped, a default changed, a field added, or a write through a subresource; undefined where it does not fit. */
export const otherEdit: Draw = (git, live, schema, random) => random.pick(DRAWS)?.(git, live, schema, random);
