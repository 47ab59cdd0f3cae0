import type { GroupVersionKind } from './objects.ts';

/** One kind that an API server serves, at one version. */
export interface ResourceInfo extends GroupVersionKind {
  /** the name in URLs: `deployments` */
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  /** has the subresource `status`: a `status` in Git does not count */
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  /** who serves it; `unknown` when the right to tell is missing */
  readonly servedBy: 'builtin' | 'crd' | 'aggregated' | 'unknown';
  /** the version that the server prefers for this group and kind */
  readonly isPreferred: boolean;
}

/** URL path of a resource's collection, or of one object in it. `namespace` is '' for cluster scope or all namespaces. */
export function resourcePath(
  info: Pick<ResourceInfo, 'group' | 'version' | 'plural'>,
  namespace: string,
  name?: string,
  subresource?: string,
): string {
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${info.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}
