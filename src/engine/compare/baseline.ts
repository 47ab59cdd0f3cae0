import { isJsonObject, type JsonValue } from '../model/json.ts';
import { annotationsOf, isKubeObject, type KubeObject } from '../model/objects.ts';
import { LAST_APPLIED } from './ownerMarks.ts';

/** The object as client-side apply recorded it on the live object, or undefined when there is no readable record. */
export function lastAppliedOf(live: KubeObject): KubeObject | undefined {
  const text = annotationsOf(live)[LAST_APPLIED];
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const value = JSON.parse(text) as JsonValue;
    if (!isJsonObject(value)) return undefined;
    // kubectl writes what the manifest had; a manifest without metadata of its own cannot be applied, but an edited annotation may be anything.
    return isKubeObject(value) ? withoutEmptyAnnotations(value) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * kubectl records `annotations: {}` for a manifest without any, and never removes the map, since its own record stands in it
 * (kubectl `util/apply.go`, `GetModifiedConfiguration`). Taken literally, a three-way patch would remove everybody's annotations.
 */
function withoutEmptyAnnotations(object: KubeObject): KubeObject {
  const { annotations, ...metadata } = object.metadata;
  return isJsonObject(annotations) && Object.keys(annotations).length === 0 ? { ...object, metadata } : object;
}
