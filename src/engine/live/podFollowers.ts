import { canHaveChildren } from '../sessions/desiredObjects.ts';
import type { LiveChange } from './liveRouter.ts';
import { type ObjectKey, parseKeyString } from '../model/objects.ts';

/** Kinds whose health depends on Pods, or on Services, that they do not own. */
const FOLLOWERS = new Set(['/Service', 'networking.k8s.io/Ingress']);

/**
 * Notes where workloads and Services moved, so that the Services and Ingresses beside them are looked at again: once in a while for all
 * that moved, since a rollout moves its Pods dozens of times.
 */
export class PodFollowers {
  readonly #moved = new Set<string>();

  /** Takes in a change of the watch. */
  note({ keys, namespaces }: LiveChange): void {
    for (const namespace of namespaces) this.#moved.add(namespace);
    for (const key of keys) {
      const { group, kind, namespace } = parseKeyString(key);
      if (canHaveChildren(group, kind) || (group === '' && kind === 'Service')) this.#moved.add(namespace);
    }
  }

  /** The ids of those to look at again; each move counts once. */
  due(objects: ReadonlyMap<string, { readonly key: ObjectKey }>): readonly string[] {
    if (this.#moved.size === 0) return [];
    const ids: string[] = [];
    for (const [id, { key }] of objects) {
      if (this.#moved.has(key.namespace) && FOLLOWERS.has(`${key.group}/${key.kind}`)) ids.push(id);
    }
    this.#moved.clear();
    return ids;
  }
}
