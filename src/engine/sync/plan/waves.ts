import { annotationsOf, type KubeObject, type ObjectKey } from '../../model/objects.ts';
import { byApplyOrder } from './kindOrder.ts';

/** Argo CD's annotation of the order within a sync (docs/user-guide/sync-waves.md). */
const SYNC_WAVE = 'argocd.argoproj.io/sync-wave';

/** Whether everything else waits for objects of this kind. */
export function isFoundation({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  return (group === '' && kind === 'Namespace') || (group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition');
}

/**
 * Objects in the order in which they are applied, each with the number of its wave from 0: Namespaces and CRDs, then the waves of the
 * annotation, within a wave by kind.
 */
export function inWaves<T extends { readonly key: ObjectKey; readonly desired: KubeObject }>(
  objects: readonly T[],
): readonly { readonly object: T; readonly wave: number }[] {
  const rank = ({ key, desired }: T): number => (isFoundation(key) ? Number.NEGATIVE_INFINITY : waveOf(desired));
  const numbers = [...new Set(objects.map(rank))].sort((left, right) => left - right);
  return [...objects]
    .sort((left, right) => compare(rank(left), rank(right)) || byApplyOrder(left.key, right.key))
    .map((object) => ({ object, wave: numbers.indexOf(rank(object)) }));
}

function compare(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function waveOf(desired: KubeObject): number {
  const text = annotationsOf(desired)[SYNC_WAVE];
  return text !== undefined && /^[+-]?\d+$/.test(text.trim()) ? Number(text) : 0;
}
