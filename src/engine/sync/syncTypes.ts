import type { Logger } from '../../base/log.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import type { Application } from '../model/application.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../model/objects.ts';
import type { StepResult } from '../model/plan.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { SyncOptions, SyncPlan, SyncProgress, SyncStep } from '../model/sync.ts';
import type { SetScope } from './applySet.ts';

/** What a sync asks of a cluster. */
export type SyncConnection = Pick<
  ClusterConnection,
  'context' | 'uid' | 'version' | 'discovery' | 'schemas' | 'get' | 'list' | 'patch' | 'create' | 'delete' | 'canI'
>;

/** One desired object of a sync. Objects are whole and unmasked; they stay in the engine. */
export interface SyncObject {
  readonly key: ObjectKey;
  /** as rendered, its namespace settled */
  readonly desired: KubeObject;
  /** undefined: the version is not served */
  readonly resource: ResourceInfo | undefined;
  /** the same render brings the kind by a CRD */
  readonly isKindRendered: boolean;
  /** what the watch says of it now; absent: it has to be read. Where it is older than the cluster, the dry-run tells */
  readonly known?: { readonly live: KubeObject | undefined };
  /** what every render of the chart makes anew */
  readonly volatile?: { readonly fields: readonly FieldPath[]; readonly isNameVolatile: boolean };
}

/** One application to sync. */
export interface SyncItem {
  readonly application: Application;
  /** full commit id */
  readonly revision: string;
  readonly revisionName?: string;
  readonly isDirty: boolean;
  /** key of the render */
  readonly render: string;
  /** version of the renderer, for the record */
  readonly renderer?: string;
  /** digests of charts and remote sources by path or URL, for the record */
  readonly charts?: Readonly<Record<string, string>>;
  /** everything that the source renders to */
  readonly objects: readonly SyncObject[];
  /** `keyString`s to which the sync is limited; absent: all, and prunes */
  readonly chosen?: ReadonlySet<string>;
  /** the policy allows it, and it is wanted */
  readonly prune: boolean;
  /** of a take over: live objects of the same Helm release that the source does not have */
  readonly leftOver?: readonly LeftOver[];
}

/** A live object that stays with its Helm release. */
export interface LeftOver {
  readonly key: ObjectKey;
  readonly release: string;
}

/** What decides how an object is taken over. */
export interface TakeOverInput {
  /** as the source has it: marks that Git sets itself stay */
  readonly desired: KubeObject;
  /** id of the application's ApplySet */
  readonly setId: string;
}

/** A step with what its execution needs. Bodies hold unmasked values: never log them or send them to the editor. */
export interface PreparedSyncStep {
  readonly step: SyncStep;
  readonly gvk: GroupVersionKind;
  /** what is applied; undefined for a prune or a skipped step */
  readonly body: KubeObject | undefined;
  /** the object that the plan saw; of a prune only its metadata */
  readonly live: KubeObject | undefined;
  /** managedFields with the fields of kubectl's managers moved to ours, when there are any */
  readonly takenOver?: readonly JsonValue[];
  /** of a take over: what decides its patch, which is made anew when only the object's status moved */
  readonly takeOver?: TakeOverInput;
}

/** One application of a plan with what its execution needs. */
export interface PreparedApplication {
  readonly item: SyncItem;
  readonly parent: ObjectKey;
  /** kinds and namespaces of everything that the source renders to */
  readonly scope: SetScope;
  /** members that stay though Git does not have them were all seen */
  readonly isMembershipKnown: boolean;
  readonly steps: readonly PreparedSyncStep[];
}

/** A plan with what its execution needs. Only `plan` may leave the engine. */
export interface PreparedSync {
  readonly plan: SyncPlan;
  readonly applications: readonly PreparedApplication[];
}

/** What planning gave: plans to confirm, and what was refused with the reason. */
export interface SyncPlanning {
  readonly prepared: readonly PreparedSync[];
  readonly refused: readonly StepResult[];
}

/** What carrying out a sync needs beside the plan. */
export interface ExecuteSyncOptions extends SyncOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** who asked: the user as the machine names them */
  readonly actor: string;
  readonly onProgress: (progress: SyncProgress) => void;
  /** how long closing the ledger is tried again over a broken connection; default 20 */
  readonly closingSeconds?: number;
  /** live objects below one by owner references, as the watch knows them */
  readonly childrenOf?: (live: KubeObject) => readonly KubeObject[];
}

/** Manager as which a sync applies. */
export const SYNC_MANAGER = 'plumbline';
