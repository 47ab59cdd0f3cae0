import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { WatchInterest } from './api.ts';
import type { ReflectorSpec } from './reflector.ts';
import { isMetadataKind, strippedChildKinds } from './strip.ts';

/** An interest whose kind the server knows. */
export interface ResolvedInterest {
  readonly info: ResourceInfo;
  readonly namespace: string;
  readonly isChildOnly: boolean;
}

/** Above so many namespaces a kind is watched cluster-wide where that is allowed (design.md §5). */
const MAX_NAMESPACES = 5;

/** Name of an interest: equal ones are one. */
export function interestId({ gvk, namespace, isChildOnly }: WatchInterest): string {
  return `${gvk.group}/${gvk.version}/${gvk.kind}|${namespace}|${String(isChildOnly === true)}`;
}

/** Name of a kind at a version, the same for all namespaces. */
export function kindId(info: ResourceInfo): string {
  return `${info.group}/${info.version}/${info.plural}`;
}

/** Name of a reflector: kind, namespace and form. */
export function specId(spec: Pick<ReflectorSpec, 'info' | 'namespace' | 'isMetadataOnly'>): string {
  return `${kindId(spec.info)}|${spec.namespace}|${spec.isMetadataOnly ? 'metadata' : 'full'}`;
}

/**
 * Which collections to watch for a set of interests.
 * @param forbiddenWide {@link kindId}s that may not be listed cluster-wide
 * @param running ids of reflectors that run already: they keep their place when the number of watches is limited
 * @param maxWatches beyond it kinds are polled
 * @param isGrowing more interests are about to come: a kind that starts now is watched as the namespaces of all kinds suggest
 */
export function planWatches(
  interests: readonly ResolvedInterest[],
  forbiddenWide: ReadonlySet<string>,
  running: ReadonlySet<string>,
  maxWatches: number,
  isGrowing = false,
): Map<string, ReflectorSpec> {
  const kinds = new Map<string, { info: ResourceInfo; namespaces: Set<string>; isChildOnly: boolean }>();
  for (const { info, namespace, isChildOnly } of interests) {
    const id = kindId(info);
    const kind = kinds.get(id) ?? { info, namespaces: new Set<string>(), isChildOnly: true };
    kind.namespaces.add(info.isNamespaced ? namespace : '');
    kind.isChildOnly &&= isChildOnly;
    kinds.set(id, kind);
  }
  const isSpread = new Set(interests.map(({ namespace }) => namespace)).size > MAX_NAMESPACES;
  const specs: ReflectorSpec[] = [];
  for (const [id, { info, namespaces, isChildOnly }] of kinds) {
    const isMetadataOnly = isMetadataKind(info.group, info.kind) || (isChildOnly && !strippedChildKinds.has(`${info.group}/${info.kind}`));
    const isForbidden = forbiddenWide.has(id);
    // One that runs cluster-wide goes on so: to list a kind anew in another form is dearer than a few objects more.
    const suits = isSpread && (isGrowing || running.has(specId({ info, namespace: '', isMetadataOnly })));
    const isWide = !isForbidden && (namespaces.has('') || namespaces.size > MAX_NAMESPACES || suits);
    for (const namespace of isWide ? [''] : namespaces) specs.push({ info, namespace, isMetadataOnly, isPolled: false });
  }
  const ordered = [...specs.filter((spec) => running.has(specId(spec))), ...specs.filter((spec) => !running.has(specId(spec)))];
  return new Map(
    ordered.map((spec, index) => [
      specId(spec),
      index < maxWatches && spec.info.verbs.includes('watch') ? spec : { ...spec, isPolled: true },
    ]),
  );
}

/** Whether a collection holds the objects of an interest. */
export function covers(spec: Pick<ReflectorSpec, 'info' | 'namespace'>, { info, namespace }: ResolvedInterest): boolean {
  if (spec.namespace !== '' && spec.namespace !== namespace) return false;
  return spec.info.plural === info.plural && spec.info.group === info.group && spec.info.version === info.version;
}
