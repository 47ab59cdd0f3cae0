import { isJsonObject, type JsonValue, objectAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { withoutKeys } from './withoutKeys.ts';

/**
 * A Secret with `stringData` folded into `data`, as the API server stores it (it wins over `data`); other objects as they are.
 * Source: kubernetes `pkg/apis/core/v1/conversion.go`, `Convert_v1_Secret_To_core_Secret`.
 */
export function withFoldedStringData(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isJsonObject(object['stringData'])) return object;
  const data: Record<string, JsonValue | undefined> = { ...objectAt(object, 'data') };
  for (const [key, value] of Object.entries(objectAt(object, 'stringData'))) {
    if (typeof value === 'string') data[key] = Buffer.from(value, 'utf8').toString('base64');
  }
  return { ...withoutKeys(object, 'stringData'), apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata, data };
}
