import type { JsonValue } from '../model/json.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../model/objects.ts';

/** How a dry-run is sent; every field as the API server's query has it. */
export interface DryRunOptions {
  /** `apply` is server-side apply; `merge` and `strategic` carry three-way patches */
  readonly type: 'apply' | 'merge' | 'strategic';
  readonly dryRun: true;
  readonly fieldManager: string;
  /** server-side apply only */
  readonly force?: boolean;
  readonly fieldValidation: 'Warn';
  readonly signal?: AbortSignal;
}

/** What judging asks of a cluster; a ClusterConnection has it. Failures are AppErrors of the cluster room. */
export interface DryRunClient {
  get(gvk: GroupVersionKind, key: ObjectKey, options?: { readonly signal?: AbortSignal }): Promise<KubeObject>;
  patch(
    gvk: GroupVersionKind,
    key: ObjectKey,
    body: JsonValue,
    options: DryRunOptions,
  ): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }>;
}
