import type { IgnoreRule } from '../../model/application.ts';
import { arrayAt, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import { annotationsOf, gvkOf, type KubeObject, labelsOf, nameOf, namespaceOf } from '../../model/objects.ts';
import { matchesSelector } from './selector.ts';

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const HELM = 'helm.toolkit.fluxcd.io';

/** The kinds whose objects Flux's two appliers are. */
export type FluxKind = 'Kustomization' | 'HelmRelease';

/**
 * The ignore rules that a Kustomization (`spec.ignore`) or HelmRelease (`spec.driftDetection.ignore`) has for one object; they are about
 * that object alone, so they name no kind. The path '' is the whole object. Source: fluxcd/pkg ssa/jsondiff, kustomize-controller api/v1.
 */
export function fluxIgnoreRules(controller: KubeObject, name: string, object: KubeObject): readonly IgnoreRule[] {
  const isHelm = controller.kind === 'HelmRelease';
  const rules = isHelm ? arrayAt(controller, 'spec', 'driftDetection', 'ignore') : arrayAt(controller, 'spec', 'ignore');
  const field = isHelm ? 'driftDetection.ignore' : 'ignore';
  return rules.flatMap((rule, index) => {
    if (!isTarget(objectAt(rule, 'target'), object)) return [];
    const paths = arrayAt(rule, 'paths').filter((path) => typeof path === 'string');
    return paths.length === 0 ? [] : [{ paths, declaredBy: `${name} ${field}[${String(index)}]` }];
  });
}

/** Group, version, kind, name and namespace are regular expressions for the whole text, as in a Kustomize patch target. */
function isTarget(target: JsonValue, object: KubeObject): boolean {
  const { group, version, kind } = gvkOf(object);
  const parts = { group, version, kind, name: nameOf(object), namespace: namespaceOf(object) };
  for (const [key, actual] of Object.entries(parts)) {
    const wanted = stringAt(target, key) ?? '';
    if (wanted !== '' && !matchesWhole(wanted, actual)) return false;
  }
  return (
    matchesSelector(stringAt(target, 'labelSelector') ?? '', labelsOf(object)) &&
    matchesSelector(stringAt(target, 'annotationSelector') ?? '', annotationsOf(object))
  );
}

function matchesWhole(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return false;
  }
}

/** By which mark on an object Flux leaves it alone altogether; undefined when it does not. */
export function fluxSkips(kind: FluxKind, desired: KubeObject, live: KubeObject): string | undefined {
  if (kind === 'HelmRelease') {
    const name = `${HELM}/driftDetection`;
    return markOf(live, name) === 'disabled' ? `${name}: disabled` : undefined;
  }
  for (const side of [desired, live]) {
    if (markOf(side, `${KUSTOMIZE}/reconcile`) === 'disabled') return `${KUSTOMIZE}/reconcile: disabled`;
    if (markOf(side, `${KUSTOMIZE}/ssa`) === 'ignore') return `${KUSTOMIZE}/ssa: Ignore`;
  }
  return markOf(desired, `${KUSTOMIZE}/ssa`) === 'ifnotpresent' ? `${KUSTOMIZE}/ssa: IfNotPresent` : undefined;
}

/** Whether Flux leaves what kubectl added (`ssa: Merge`); else it takes kubectl's fields over and removes those that Git lacks. */
export function fluxMerges(desired: KubeObject): boolean {
  return markOf(desired, `${KUSTOMIZE}/ssa`) === 'merge';
}

/** Whether Flux takes the fields of a manager over before it applies (fluxcd/pkg ssa/manager_apply.go, `cleanupMetadata`). */
export function fluxTakesOver(manager: string): boolean {
  return manager.startsWith('kubectl') || manager === 'before-first-apply';
}

/** Labels and annotations count alike, and without regard to case. */
function markOf(object: KubeObject, name: string): string | undefined {
  return (annotationsOf(object)[name] ?? labelsOf(object)[name])?.toLowerCase();
}
