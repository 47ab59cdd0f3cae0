import type {
  ApplicationRow,
  ChildRow,
  ClusterRow,
  IgnoredList,
  LineMark,
  ObjectRow,
  RepoRow,
  SideDocument,
} from '../engine/model/snapshot.ts';
import type { Side } from '../engine/model/sides.ts';
import type { Plan, RevertTarget, StepResult } from '../engine/model/plan.ts';
import type { SyncHistory } from '../engine/model/ledger.ts';
import type { SyncOptions, SyncPlans, SyncProgress, SyncRequest, SyncResult, SyncTarget } from '../engine/model/sync.ts';
import type { CommitRequests } from './commitMessages.ts';
import type { RollbackRequests } from './rollbackMessages.ts';
import type { EngineSettings } from '../engine/model/settings.ts';
import type { Reason } from '../engine/model/states.ts';
import type { EditEffect } from '../engine/model/edits.ts';
import type { IgnorePlan, IgnoreRequest, WritebackPlan, WritebackRequest } from '../engine/model/writeback.ts';

/** Identity of the truth the server holds: a restarted engine starts a new epoch; versions count up within one. */
export interface Stamp {
  readonly epoch: string;
  readonly version: number;
}

/** `initializationOptions` of the language server. */
export interface InitializationOptions {
  readonly settings: EngineSettings;
  /** folder for caches on disk, of this installation */
  readonly storagePath: string;
  /** PATH and proxy variables of the login shell, since credential plugins need them */
  readonly environment: Readonly<Record<string, string>>;
}

/** One page of the snapshot; `cursor` absent at the end. */
export interface SnapshotPage extends Stamp {
  readonly applications: readonly ApplicationRow[];
  /** ids that are gone since `since`; only in a delta */
  readonly removed: readonly string[];
  readonly clusters: readonly ClusterRow[];
  readonly repos: readonly RepoRow[];
  /** true: replaces everything held; false: changes since the stamp that was asked for */
  readonly isFull: boolean;
  readonly cursor?: string;
}

/** Names the requests of the client with their parameters and results. */
export interface Requests extends CommitRequests, RollbackRequests {
  'plumbline/snapshot': { params: { since?: Stamp; cursor?: string }; result: SnapshotPage };
  'plumbline/objects': { params: { applicationId: string }; result: { objects: readonly ObjectRow[] } };
  'plumbline/children': { params: { applicationId: string; key: string; uid?: string }; result: { children: readonly ChildRow[] } };
  'plumbline/sideDocument': { params: { applicationId: string; key: string; side: Side; allFields: boolean }; result: SideDocument };
  'plumbline/liveYaml': { params: { context: string; apiVersion: string; key: string }; result: SideDocument };
  'plumbline/events': { params: { context: string; key: string }; result: SideDocument };
  'plumbline/logs': {
    params: { context: string; namespace: string; pod: string; container: string; tailLines: number };
    result: SideDocument;
  };
  'plumbline/planRevert': {
    params: { targets: readonly RevertTarget[] };
    result: { plans: readonly Plan[]; refused: readonly StepResult[] };
  };
  'plumbline/execute': { params: { planIds: readonly string[] }; result: { results: readonly StepResult[] } };
  'plumbline/planSync': { params: { targets: readonly SyncTarget[]; request: SyncRequest }; result: SyncPlans };
  'plumbline/executeSync': { params: { planId: string; options: SyncOptions }; result: SyncResult };
  'plumbline/syncHistory': { params: { applicationId: string }; result: SyncHistory };
  'plumbline/refresh': { params: { applicationId?: string; fetch: boolean }; result: null };
  'plumbline/contexts': {
    params: null;
    result: { contexts: readonly { name: string; namespace: string; isCurrent: boolean }[]; problem?: Reason };
  };
  'plumbline/namespaces': { params: { context: string }; result: { namespaces: readonly string[]; problem?: Reason } };
  'plumbline/manageText': {
    params: { applicationId: string; environment: string };
    result: { file: string; text: string; problem?: Reason };
  };
  'plumbline/signIn': { params: { context: string }; result: null };
  /** what edits would change in the applications that read a file (absolute); without it in all */
  'plumbline/effects': { params: { file?: string }; result: { effects: readonly EditEffect[] } };
  /** what taking live values into files would change; nothing is written */
  'plumbline/planWriteback': { params: WritebackRequest; result: WritebackPlan };
  'plumbline/planIgnore': { params: IgnoreRequest; result: IgnorePlan };
  'plumbline/ignored': { params: { applicationId: string }; result: IgnoredList };
  'plumbline/marks': { params: { file: string }; result: { marks: readonly LineMark[] } };
}

/** Notifications of the client. */
export interface ClientNotifications {
  'plumbline/settings': EngineSettings;
  /** what the user can see: drives which clusters are connected and what is compared first */
  'plumbline/interest': { readonly applicationIds: readonly string[]; readonly isViewVisible: boolean };
}

/** Notifications of the server. */
export interface ServerNotifications {
  /** something of the snapshot changed; pull when convenient */
  'plumbline/changed': Stamp & { readonly applicationIds: readonly string[] };
  /**
   * All marks of one file (absolute path), replacing those sent before. Their lines count in this version of the document that the
   * editor has open; undefined: in the file on disk, or in a version that is gone.
   */
  'plumbline/decorations': { readonly file: string; readonly marks: readonly LineMark[]; readonly version?: number };
  /** side documents whose text may have changed */
  'plumbline/documentsChanged': { readonly applicationId: string; readonly keys: readonly string[] };
  'plumbline/syncProgress': SyncProgress;
  'plumbline/progress': { readonly planId: string; readonly done: number; readonly total: number; readonly object: string };
}
