import { arrayAt, jsonEqual, type JsonObject, stringAt } from '../../model/json.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../../model/objects.ts';
import type { RevertConnection } from '../revertTypes.ts';
import { withoutKeys } from './withoutKeys.ts';

/**
 * The object as it is now, when nothing but its status moved since the plan; everything that the plan says still holds then.
 * @throws `conflict` when more has moved
 */
export async function sameButStatus(
  gvk: GroupVersionKind,
  key: ObjectKey,
  planned: KubeObject,
  connection: Pick<RevertConnection, 'get'>,
  conflict: unknown,
): Promise<KubeObject> {
  const now = await connection.get(gvk, key);
  if (!jsonEqual(withoutStatus(planned), withoutStatus(now))) throw conflict;
  return now;
}

function withoutStatus(object: KubeObject): JsonObject {
  const managedFields = arrayAt(object.metadata, 'managedFields').filter((entry) => stringAt(entry, 'subresource') !== 'status');
  return { ...withoutKeys(object, 'status'), metadata: { ...withoutKeys(object.metadata, 'resourceVersion'), managedFields } };
}
