import type { Event } from '../base/events.ts';
import type { IgnoresApi } from './ignores.ts';
import type { FileProblem, FileUse } from './model/files.ts';
import type { Plan, RevertTarget, StepResult } from './model/plan.ts';
import type { Side } from './model/sides.ts';
import type { ApplicationRow, ChildRow, ClusterRow, LineMark, ObjectRow, RepoRow, SideDocument } from './model/snapshot.ts';
import type { Reason } from './model/states.ts';
import type { CommitApi } from './commits/commitApi.ts';
import type { RollbackApi } from './rollbacks/rollbackApi.ts';
import type { SyncApi } from './syncs/syncApi.ts';
import type { ProvenanceApi } from './editor/provenanceApi.ts';
import type { IgnoreEditApi, WritebackApi } from './writebacks/writebackApi.ts';
import type { EditorApi } from './editor/editorApi.ts';

/** What a caller can see, so that the engine connects and compares that first. */
export interface Interest {
  readonly applicationIds: readonly string[];
  readonly isViewVisible: boolean;
}

/** What a plan's execution tells on the way. */
export interface ExecutionProgress {
  readonly planId: string;
  readonly done: number;
  readonly total: number;
  readonly object: string;
}

/** Plans to choose from, and what was refused outright. */
export interface RevertPlans {
  readonly plans: readonly Plan[];
  readonly refused: readonly StepResult[];
}

/** The contexts of the kubeconfig, or why it cannot be read. */
export interface ContextList {
  readonly contexts: readonly { readonly name: string; readonly namespace: string; readonly isCurrent: boolean }[];
  readonly problem?: Reason;
}

/** What server and CLI ask of the engine. All files are absolute paths unless they are inside a `FileRange`. */
export interface EngineApi {
  /** what language features ask */
  readonly editor: EditorApi;
  /** rows of these applications, or of clusters and repos (empty list), changed */
  readonly onDidChangeRows: Event<readonly string[]>;
  /** marks or problems of these files changed */
  readonly onDidChangeMarks: Event<readonly string[]>;
  /** side documents of these objects may read differently now */
  readonly onDidChangeDocuments: Event<{ readonly applicationId: string; readonly keys: readonly string[] }>;

  applications(): readonly ApplicationRow[];
  applicationIds(): readonly string[];
  row(applicationId: string): ApplicationRow | undefined;
  clusters(): readonly ClusterRow[];
  repos(): readonly RepoRow[];
  objects(applicationId: string): readonly ObjectRow[];
  children(applicationId: string, key: string, uid: string | undefined): readonly ChildRow[];

  marks(file: string): readonly LineMark[];
  problems(file: string): readonly FileProblem[];
  uses(file: string): FileUse;

  sideDocument(applicationId: string, key: string, side: Side, allFields: boolean, signal: AbortSignal): Promise<SideDocument>;
  liveYaml(context: string, apiVersion: string, key: string, signal: AbortSignal): Promise<SideDocument>;
  events(context: string, key: string, signal: AbortSignal): Promise<SideDocument>;
  logs(
    target: { context: string; namespace: string; pod: string; container: string; tailLines: number },
    signal: AbortSignal,
  ): Promise<SideDocument>;

  planRevert(targets: readonly RevertTarget[], signal: AbortSignal): Promise<RevertPlans>;
  execute(planId: string, onProgress: (progress: ExecutionProgress) => void, signal: AbortSignal): Promise<readonly StepResult[]>;

  /** what comparisons leave out, and why */
  readonly ignores: IgnoresApi;

  /** syncs of applications, and their history */
  readonly syncs: SyncApi;
  /** commits of edits, and pushes */
  readonly commits: CommitApi;
  /** histories of applications, and the way back */
  readonly rollbacks: RollbackApi;
  /** the lines that set rendered fields */
  readonly provenances: ProvenanceApi;
  /** live values taken into the files that set them */
  readonly writebacks: WritebackApi;
  readonly ignoreEdits: IgnoreEditApi;

  contexts(): Promise<ContextList>;
  namespaces(context: string, signal: AbortSignal): Promise<{ readonly namespaces: readonly string[]; readonly problem?: Reason }>;
  manageText(
    applicationId: string,
    environment: string,
    signal: AbortSignal,
  ): Promise<{ readonly file: string; readonly text: string; readonly problem?: Reason }>;
  /** lets a credential plugin of this context talk to the user */
  signIn(context: string, signal: AbortSignal): Promise<void>;

  setBuffer(file: string, text: string | undefined): void;
  setInterest(interest: Interest): void;
  refresh(applicationId: string | undefined, options: { fetch: boolean }, signal: AbortSignal): Promise<void>;
}
