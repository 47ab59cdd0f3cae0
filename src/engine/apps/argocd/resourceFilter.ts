import { arrayAt, type JsonValue, stringAt } from '../../model/json.ts';
import { gvkOf, type KubeObject } from '../../model/objects.ts';
import { argoGlob } from './glob.ts';
import { settingList } from './settingsText.ts';

/** Objects that Argo CD watches and manages, or not; what a list does not have is any. */
interface Selection {
  /** globs */
  readonly groups: readonly string[];
  /** exact, or `*` */
  readonly kinds: readonly string[];
  /** globs of the addresses of API servers */
  readonly clusters: readonly string[];
}

/** Of which objects Argo CD takes no notice at all (`resource.exclusions`, `resource.inclusions`). */
export interface ResourceFilter {
  readonly exclusions: readonly Selection[];
  readonly inclusions: readonly Selection[];
}

/** What Argo CD leaves out whatever its settings say (util/settings/resources_filter.go, `coreExcludedResources`). */
const ALWAYS: readonly Selection[] = [
  { groups: ['events.k8s.io', 'metrics.k8s.io'], kinds: [], clusters: [] },
  { groups: [''], kinds: ['Event'], clusters: [] },
  { groups: ['coordination.k8s.io'], kinds: ['Lease'], clusters: [] },
];

/** Reads `argocd-cm`; a list that cannot be read selects nothing. Source: argo-cd util/settings/settings.go, `GetResourcesFilter`. */
export function readResourceFilter(configMap: KubeObject | undefined): ResourceFilter {
  return { exclusions: selectionsIn(configMap, 'resource.exclusions'), inclusions: selectionsIn(configMap, 'resource.inclusions') };
}

/**
 * By what Argo CD takes no notice of an object: exclusions go before inclusions, and where there are inclusions for a cluster all else is
 * left out there. Source: argo-cd util/settings/resources_filter.go, `IsExcludedResource`; such objects of an Application are dropped with
 * the condition `ExcludedResourceWarning` (controller/state.go).
 * @param server the address of the object's cluster, as its Application names it
 * @returns `argocd-cm resource.exclusions`; undefined when it manages the object
 */
export function excludedBy({ exclusions, inclusions }: ResourceFilter, object: KubeObject, server: string): string | undefined {
  const { group, kind } = gvkOf(object);
  const isOf = (selection: Selection): boolean =>
    matchesAny(selection.groups, group) &&
    (selection.kinds.length === 0 || selection.kinds.includes('*') || selection.kinds.includes(kind)) &&
    matchesAny(selection.clusters, server);
  if (ALWAYS.some(isOf)) return 'Argo CD (kinds that it never manages)';
  if (exclusions.some(isOf)) return 'argocd-cm resource.exclusions';
  if (inclusions.some(isOf)) return undefined;
  return inclusions.some(({ clusters }) => matchesAny(clusters, server)) ? 'argocd-cm resource.inclusions' : undefined;
}

function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.length === 0 || globs.some((glob) => argoGlob(glob, text));
}

function selectionsIn(configMap: KubeObject | undefined, key: string): readonly Selection[] {
  return settingList(stringAt(configMap, 'data', key) ?? '').map((item) => ({
    groups: textsAt(item, 'apiGroups'),
    kinds: textsAt(item, 'kinds'),
    clusters: textsAt(item, 'clusters'),
  }));
}

function textsAt(item: JsonValue, key: string): readonly string[] {
  return arrayAt(item, key).filter((text) => typeof text === 'string');
}
