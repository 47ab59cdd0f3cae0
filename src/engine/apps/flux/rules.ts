import type { IgnoreRule } from '../../model/application.ts';
import { arrayAt, type JsonValue, objectAt, stringAt, valueAt } from '../../model/json.ts';
import { annotationsOf, gvkOf, type KubeObject, labelsOf, nameOf, namespaceOf } from '../../model/objects.ts';
import { matchesSelector } from './selector.ts';

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const HELM = 'helm.toolkit.fluxcd.io';

/** API groups of the kinds whose objects Flux's two appliers are. */
export const FLUX_GROUPS = { Kustomization: KUSTOMIZE, HelmRelease: HELM } as const;

/** See {@link FLUX_GROUPS}. */
export type FluxKind = keyof typeof FLUX_GROUPS;

/** The field managers under which Flux's appliers write. */
export const FLUX_MANAGERS: Readonly<Record<FluxKind, string>> = { Kustomization: 'kustomize-controller', HelmRelease: 'helm-controller' };

/**
 * The ids under which `status.inventory` of a Kustomization or HelmRelease lists what it owns; undefined while it has none
 * (helm-controller before 1.5, nothing applied yet).
 */
export function fluxInventory(controller: KubeObject): ReadonlySet<string> | undefined {
  const inventory = valueAt(controller, 'status', 'inventory');
  return inventory === undefined || inventory === null
    ? undefined
    : new Set(arrayAt(inventory, 'entries').flatMap((entry) => stringAt(entry, 'id') ?? []));
}

/** The id of an object in inventories: `<namespace>_<name>_<group>_<kind>`, colons in names as `__` (fluxcd/cli-utils pkg/object). */
export function inventoryId(object: KubeObject): string {
  const { group, kind } = gvkOf(object);
  return `${namespaceOf(object)}_${nameOf(object).replaceAll(':', '__')}_${group}_${kind}`;
}

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

/** Whether Flux deletes and creates the object where it cannot change it (`force: enabled`). */
export function fluxForces(desired: KubeObject): boolean {
  return markOf(desired, `${KUSTOMIZE}/force`) === 'enabled';
}

/** Whether Flux takes the fields of a manager over before it applies (fluxcd/pkg ssa/manager_apply.go, `cleanupMetadata`). */
export function fluxTakesOver(manager: string): boolean {
  return manager.startsWith('kubectl') || manager === 'before-first-apply';
}

/** Labels and annotations count alike, and without regard to case. */
function markOf(object: KubeObject, name: string): string | undefined {
  return (annotationsOf(object)[name] ?? labelsOf(object)[name])?.toLowerCase();
}
