import { LAST_APPLIED } from '../compare/ownerMarks.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';

/** Child kinds whose health is shown: they are watched in full and stripped here. All other child kinds are watched as metadata only. */
export const strippedChildKinds: ReadonlySet<string> = new Set(['/Pod', 'apps/ReplicaSet', 'batch/Job']);

/** Kinds whose values never stay in a cache of unmanaged objects: watched as metadata only, whatever the interest. */
export function isMetadataKind(group: string, kind: string): boolean {
  return group === '' && kind === 'Secret';
}

/** Metadata as an unmanaged object keeps it: without managedFields and last-applied; labels, annotations and owners stay. */
function stripMetadata(metadata: JsonObject): JsonObject {
  const stripped = without(metadata, 'managedFields');
  const annotations = metadata['annotations'];
  return isJsonObject(annotations) && LAST_APPLIED in annotations
    ? { ...stripped, annotations: without(annotations, LAST_APPLIED) }
    : stripped;
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

/**
 * An unmanaged object as the cache keeps it: stripped metadata, and of Pods, ReplicaSets, Jobs and events what health and the tree read.
 * @param group of its kind, '' for core
 */
export function stripObject(group: string, object: KubeObject): KubeObject {
  const base = { apiVersion: object.apiVersion, kind: object.kind, metadata: stripMetadata(object.metadata) };
  switch (`${group}/${object.kind}`) {
    case '/Pod':
      return {
        ...base,
        spec: {
          ...pick(object['spec'], 'restartPolicy', 'nodeName'),
          containers: arrayAt(object, 'spec', 'containers').map((container) => pick(container, 'name', 'image')),
          initContainers: arrayAt(object, 'spec', 'initContainers').map((container) => pick(container, 'name', 'image', 'restartPolicy')),
        },
        status: objectAt(object, 'status'),
      };
    case 'apps/ReplicaSet':
      return { ...base, spec: pick(object['spec'], 'replicas', 'minReadySeconds'), status: objectAt(object, 'status') };
    case 'batch/Job':
      return {
        ...base,
        spec: pick(object['spec'], 'suspend', 'completions', 'parallelism', 'backoffLimit', 'ttlSecondsAfterFinished'),
        status: objectAt(object, 'status'),
      };
    case '/Event':
      return {
        ...base,
        metadata: pick(object.metadata, 'name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'),
        involvedObject: pick(object['involvedObject'], 'kind', 'uid'),
        ...pick(object, 'type', 'reason', 'message', 'count', 'lastTimestamp', 'eventTime', 'series'),
      };
    default:
      return base;
  }
}

function pick(value: JsonValue | undefined, ...names: readonly string[]): JsonObject {
  const picked: Record<string, JsonValue> = {};
  for (const name of names) {
    const found = valueAt(value, name);
    if (found !== undefined) picked[name] = found;
  }
  return picked;
}
