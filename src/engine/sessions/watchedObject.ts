import type { ClusterConnection } from '../cluster/api.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../model/objects.ts';

/**
 * What the watch says of an object now, when that can stand for a read: the connection is up, the kind is watched, and the object is held
 * in full.
 * @returns `live` undefined: it does not exist; undefined: it has to be read
 */
export function watchedObject(
  { state, watches }: Pick<ClusterConnection, 'state' | 'watches'>,
  gvk: GroupVersionKind,
  key: ObjectKey,
): { readonly live: KubeObject | undefined } | undefined {
  if (state.status !== 'connected' || !watches.isSynced(gvk, key.namespace)) return undefined;
  const live = watches.get(key, gvk.version);
  return live === undefined || watches.isFull(key) ? { live } : undefined;
}
