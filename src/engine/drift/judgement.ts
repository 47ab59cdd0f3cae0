import type { IgnoreRule, Owner } from '../model/application.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { KubeObject, ObjectKey } from '../model/objects.ts';
import type { OwnerView } from '../model/ownerView.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { DryRunClient } from './dryRunClient.ts';

/**
 * The object as a recorded apply had it. `synced`: rendered at the synced revision; `release`: the manifest of the newest deployed
 * Helm release. `object` absent: the record is readable and does not have the object.
 */
export interface Baseline {
  readonly kind: 'synced' | 'release';
  readonly object?: KubeObject;
  /** name of the release */
  readonly release?: string;
}

/** Everything that decides one verdict. Objects are held as they came; nothing of them is changed. */
export interface JudgeInput {
  /** identity within the cluster; the namespace is filled in */
  readonly key: ObjectKey;
  /** as rendered from target */
  readonly desired: KubeObject;
  /** as last seen, in full with managedFields; undefined: it does not exist */
  readonly live: KubeObject | undefined;
  /** schema of the desired version, undefined when the server publishes none */
  readonly schema: TypeSchema | undefined;
  /** what discovery says of the desired version; undefined: not served */
  readonly resource: ResourceInfo | undefined;
  /** other versions of the kind are served though the desired one is not */
  readonly otherVersions?: readonly string[];
  /** the same render brings the kind (a CRD) or the namespace; then their absence is only "not yet" */
  readonly isKindRendered?: boolean;
  readonly isNamespaceMissing?: boolean;
  readonly isNamespaceRendered?: boolean;
  readonly owner: Owner;
  readonly baseline?: Baseline;
  readonly rules: readonly IgnoreRule[];
  /** how the controller whose marks live carries looks at the object */
  readonly view?: OwnerView;
  /** `HorizontalPodAutoscaler/web` when an autoscaler targets the object */
  readonly autoscaler?: string;
  /** fields of desired that every render of the chart gives another value */
  readonly volatile?: readonly FieldPath[];
  /** every render of the chart gives the object another name, so that no live object is the one that is meant */
  readonly isNameVolatile?: boolean;
}

/** The cluster's part in a verdict. */
export interface JudgeContext {
  /** undefined: offline, only the local proof */
  readonly client?: DryRunClient;
  /** whether this user may patch the kind in the namespace (SelfSubjectAccessReview); asked only when a dry-run is needed */
  readonly canDryRun: (resource: ResourceInfo, key: ObjectKey, signal?: AbortSignal) => Promise<boolean>;
  /** version of the API server, part of the cache key */
  readonly serverVersion: string;
  /** UID of the cluster, part of the cache key */
  readonly clusterUid: string;
}
