import { isJsonArray, isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import { omit } from './omit.ts';
import { LAST_APPLIED, withToolMarks } from './ownerMarks.ts';

/** Metadata that only the server writes; it is no part of any comparison and must not stand in an apply (engine.md §1.4 #12). */
const SERVER_METADATA = new Set([
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]);

const OWN_ANNOTATIONS = new Set([LAST_APPLIED]);

/** What normalizing needs to know of the kind; absent for a kind that discovery does not know. */
export type KindFacts = Pick<ResourceInfo, 'hasStatus'> | undefined;

/**
 * The desired object as the owner's tool would send it: `stringData` folded into `data`, no status where the kind has the subresource, no
 * server metadata, no last-applied, the namespace filled in, and the marks that the tool itself adds (taken from live).
 */
export function normalizeDesired(desired: KubeObject, live: KubeObject | undefined, facts: KindFacts): KubeObject {
  const marked = live === undefined ? desired : withToolMarks(desired, live);
  const normalized = normalize(marked, facts);
  const namespace = live?.metadata['namespace'];
  if (namespace === undefined || normalized.metadata['namespace'] !== undefined) return normalized;
  return { ...normalized, metadata: { ...normalized.metadata, namespace } };
}

/** The live object without what never counts: server metadata, last-applied, and status where the kind has the subresource. */
export function normalizeLive(live: KubeObject, facts: KindFacts): KubeObject {
  return normalize(live, facts);
}

function normalize(object: KubeObject, facts: KindFacts): KubeObject {
  const result: Record<string, JsonValue | undefined> = { ...object, metadata: normalizeMetadata(object.metadata) };
  // Every kind with a status subresource resets status on the main resource; a kind that is not served is judged without it as well.
  if (facts?.hasStatus !== false) delete result['status'];
  if (object.kind === 'Secret' && object.apiVersion === 'v1') foldStringData(result);
  if (object.kind === 'Namespace' && object.apiVersion === 'v1') dropServersOwn(result, object.metadata);
  if (object.kind === 'ClusterRole' && isJsonObject(object['aggregationRule'])) delete result['rules'];
  return dropNullTimestamps(result) as KubeObject;
}

function normalizeMetadata(metadata: JsonObject): JsonObject {
  const kept = omit(metadata, SERVER_METADATA);
  const annotations = kept['annotations'];
  if (!isJsonObject(annotations) || annotations[LAST_APPLIED] === undefined) return kept;
  const others = omit(annotations, OWN_ANNOTATIONS);
  return Object.keys(others).length === 0 ? omit(kept, new Set(['annotations'])) : { ...kept, annotations: others };
}

/**
 * Every namespace gets a label with its name and the finalizer of its contents from the server, under the name of whoever makes it
 * (kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Namespace, registry/core/namespace/strategy.go).
 */
function dropServersOwn(namespace: Record<string, JsonValue | undefined>, { name, labels }: JsonObject): void {
  if (jsonEqual(namespace['spec'], { finalizers: ['kubernetes'] })) delete namespace['spec'];
  if (!isJsonObject(labels) || labels[NAME_LABEL] !== name) return;
  const others = omit(labels, new Set([NAME_LABEL]));
  const { labels: _own, ...metadata } = namespace['metadata'] as JsonObject;
  namespace['metadata'] = Object.keys(others).length === 0 ? metadata : { ...metadata, labels: others };
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** `stringData` wins over `data` and null values are empty, as the server has it (registry/core/secret/strategy.go). */
function foldStringData(secret: Record<string, JsonValue | undefined>): void {
  const { stringData, data } = secret;
  if (!isJsonObject(stringData) && !isJsonObject(data)) return;
  const folded: Record<string, JsonValue> = {};
  if (isJsonObject(data)) for (const [name, value] of Object.entries(data)) folded[name] = value ?? '';
  if (isJsonObject(stringData)) {
    for (const [name, value] of Object.entries(stringData)) {
      folded[name] = typeof value === 'string' ? Buffer.from(value, 'utf8').toString('base64') : (value ?? '');
    }
  }
  delete secret['stringData'];
  secret['data'] = folded;
}

/**
 * Drops `creationTimestamp: null` below the root, which generators write into Pod and claim templates; the server reads it as absent.
 * What holds none of it is returned as it is.
 */
function dropNullTimestamps(value: JsonObject): JsonObject {
  return dropIn(value) as JsonObject;
}

function dropIn(value: JsonValue): JsonValue {
  if (isJsonArray(value)) {
    const items = value.map(dropIn);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const kept = value['creationTimestamp'] === null ? omit(value, CREATION_TIMESTAMP) : value;
  let changed: Record<string, JsonValue | undefined> | undefined;
  for (const name in kept) {
    const child = kept[name];
    if (typeof child !== 'object' || child === null) continue;
    const next = dropIn(child);
    if (next === child) continue;
    changed ??= { ...kept };
    changed[name] = next;
  }
  return changed ?? kept;
}

const CREATION_TIMESTAMP = new Set(['creationTimestamp']);
