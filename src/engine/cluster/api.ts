import type { Event } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';
import type { GroupVersionKind, KubeObject, ObjectKey } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { Reason } from '../model/states.ts';

/** Where a connection stands; the reason is an error code of this room with its details. */
export interface ConnectionState {
  readonly status: 'idle' | 'connecting' | 'connected' | 'unreachable' | 'sign-in' | 'refused';
  readonly reason?: Reason;
  /** epoch milliseconds since which the status holds */
  readonly sinceMs: number;
  /** epoch milliseconds of the last good answer */
  readonly lastSeenMs?: number;
}

/** What was sent so far; for the CLI's JSON and the bench. */
export interface ApiCounters {
  readonly requests: number;
  readonly dryRuns: number;
  readonly writes: number;
  readonly bytesReceived: number;
  readonly retries: number;
}

/** Every call takes a signal; a cancelled one rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Options of a list. `namespace` '' or absent: all namespaces. */
export interface ListOptions extends CallOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** ask for `PartialObjectMetadata` only: no spec, no data */
  readonly metadataOnly?: boolean;
}

/** Body formats of a patch: server-side apply, JSON merge patch, strategic merge patch, JSON patch (RFC 6902). */
export type PatchType = 'apply' | 'merge' | 'strategic' | 'json';

/** Options common to create and patch. */
export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

/** Options of a patch. */
export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  /** server-side apply only: take fields over from other managers */
  readonly force?: boolean;
  readonly subresource?: string;
}

/** Options of a delete; both preconditions are optional, a mismatch is a `conflict`. */
export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
}

/** An answer with the server's warnings (header `Warning`). */
export interface WriteAnswer {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/** One question to SelfSubjectAccessReview. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  /** plural: `deployments` */
  readonly resource: string;
  readonly namespace: string;
  readonly subresource?: string;
  readonly name?: string;
}

/** The kinds that the server knows. */
export interface Discovery {
  /** The resource of a group, version and kind; asks the server again (throttled) before it says undefined. */
  resource(gvk: GroupVersionKind, signal?: AbortSignal): Promise<ResourceInfo | undefined>;
  /** The preferred version's resource of a group and kind; asks again as {@link resource} does. */
  resourceOfKind(group: string, kind: string, signal?: AbortSignal): Promise<ResourceInfo | undefined>;
  /** What is known now, without asking. */
  known(): readonly ResourceInfo[];
  /** Reads everything anew. Group-versions that cannot be read (an aggregated server that is down) are left out. */
  refresh(signal?: AbortSignal): Promise<void>;
  /** API versions as Helm's `.Capabilities.APIVersions` wants them: `apps/v1` and `apps/v1/Deployment`. */
  apiVersions(): readonly string[];
  /** fires when kinds came, went or are served another way */
  readonly onDidChange: Event<void>;
}

/** Schemas of kinds, read per group-version when first asked for. */
export interface Schemas {
  /** The schema of a kind, or undefined when the server publishes none. */
  schemaOf(gvk: GroupVersionKind, signal?: AbortSignal): Promise<TypeSchema | undefined>;
  /** The schema when it is in memory, without asking. */
  known(gvk: GroupVersionKind): TypeSchema | undefined;
  /** The API's own words on a field; asks the server. @returns undefined when it says nothing of it */
  documentation(gvk: GroupVersionKind, path: FieldPath, signal: AbortSignal): Promise<string | undefined>;
  /** fires with the group-versions (`apps/v1`) whose schemas are others than what was told of them, or came or went */
  readonly onDidChange: Event<ReadonlySet<string>>;
}

/** What is to be watched. `namespace` '' for cluster-scoped kinds or all namespaces. */
export interface WatchInterest {
  readonly gvk: GroupVersionKind;
  readonly namespace: string;
  /** the kind holds no managed objects, only children (ReplicaSets, Pods, Jobs, ControllerRevisions) */
  readonly isChildOnly?: boolean;
}

/** How one interest stands. */
export interface WatchOutcome {
  readonly interest: WatchInterest;
  readonly state: 'synced' | 'failed';
  /** of a failure: `forbidden` (with verb, group, resource, namespace), `unknown-kind`, `unreachable`, ... */
  readonly reason?: Reason;
}

/** One running watch (or poll). */
export interface WatchStatus {
  readonly gvk: GroupVersionKind;
  readonly namespace: string;
  readonly state: 'syncing' | 'synced' | 'polling' | 'retrying' | 'failed';
  readonly reason?: Reason;
  readonly objectCount: number;
  /** epoch milliseconds of the last news: event, bookmark or list */
  readonly lastNewsMs?: number;
}

/** A change of a watched object. `object` is absent for `deleted`. */
export interface ObjectChange {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly key: ObjectKey;
  readonly uid: string;
  readonly object?: KubeObject;
}

/**
 * The watched objects of one cluster. Managed objects are held in full; others keep metadata without managedFields and
 * last-applied; Pods, ReplicaSets and Jobs keep what health reads; Secrets that are not managed have no data here at all.
 */
export interface WatchCache {
  /**
   * Watches these too and waits until each is synced or has failed; never rejects but for the signal. The changes of the
   * first lists have been told when it resolves.
   * Kinds wanted in more than five namespaces are watched cluster-wide where that is allowed.
   */
  ensureWatched(interests: readonly WatchInterest[], signal?: AbortSignal): Promise<readonly WatchOutcome[]>;
  /**
   * Takes in what is managed from now on, and what nobody manages or wants to be watched any more; it costs what changed. Call it before
   * {@link ensureWatched}. Objects that become managed while only their metadata is held are read in full; resolves when they are.
   */
  change(change: WatchChange, signal?: AbortSignal): Promise<void>;
  /**
   * More objects are about to be named as managed: of kinds with managed objects everything is held in full until there is nobody to
   * expect any more, so that it need not be read again.
   */
  setExpecting(isExpecting: boolean): void;
  /** The object as last seen, or undefined when it is not there (or not watched: see {@link isSynced}). */
  get(key: ObjectKey, version?: string): KubeObject | undefined;
  /** Whether the object is held in full (managed), so that it may be compared. */
  isFull(key: ObjectKey): boolean;
  /** Whether a synced watch covers this kind and namespace, so that absence means "does not exist". */
  isSynced(gvk: GroupVersionKind, namespace: string): boolean;
  byUid(uid: string): KubeObject | undefined;
  /** Watched objects with an owner reference to this uid. */
  childrenOf(uid: string): readonly KubeObject[];
  /** All watched objects of a kind; `namespace` absent: of all watched namespaces. */
  objects(group: string, kind: string, namespace?: string): readonly KubeObject[];
  statuses(): readonly WatchStatus[];
  /** batches of changes, in order; also those of a first list */
  readonly onDidChange: Event<readonly ObjectChange[]>;
  readonly onDidChangeStatus: Event<WatchStatus>;
}

/** The events about an object, by its uid. */
export type EventLookup = (uid: string) => readonly KubeObject[];

/**
 * Events that tell what is wrong with objects: warnings, and of volume claims all, whose binder warns of nothing (`FailedBinding` and
 * `WaitForFirstConsumer` are normal events). They are watched where an object is not well, and held for as long as health looks at them.
 */
export interface ObjectEvents {
  /**
   * The events of the namespace of an object that is not well, its own and those of what is below it; none where they may not be read.
   * The first call for a namespace starts a watch of it, which goes on until {@link well} or {@link tidy} find that nobody needs it.
   */
  near(object: KubeObject, signal: AbortSignal): Promise<EventLookup>;
  /** No event is needed about this object any more: it is well, or says itself what is wrong. */
  well(object: KubeObject): void;
  /** Ends watches that nobody needs: all that asked are not managed any more, or well for some minutes. */
  tidy(): void;
  /** how many watches run */
  readonly watchCount: number;
  /** events came or changed about the objects with these uids, whoever's they are */
  readonly onDidTell: Event<ReadonlySet<string>>;
}

/** What became different in what is wanted of a cluster's objects. */
export interface WatchChange {
  /** `keyString`s that are managed from now on, and those that nobody manages any more */
  readonly managed: readonly string[];
  readonly unmanaged: readonly string[];
  /** interests that nobody has any more */
  readonly unwanted: readonly WatchInterest[];
}

/** One cluster as one user sees it. All methods fail with AppErrors of this room's codes (`model/messages/cluster.ts`). */
export interface ClusterConnection {
  readonly context: string;
  /** the context's default namespace, or `default` */
  readonly namespace: string;
  /** URL of the API server */
  readonly server: string;
  /** `v1.36.3`, once connected */
  readonly version: string | undefined;
  /** UID of the namespace kube-system; undefined before the connection, or when it may not be read */
  readonly uid: string | undefined;
  readonly state: ConnectionState;
  readonly onDidChangeState: Event<ConnectionState>;
  readonly counters: ApiCounters;
  readonly discovery: Discovery;
  readonly schemas: Schemas;
  readonly watches: WatchCache;
  readonly objectEvents: ObjectEvents;
  /** Connects and verifies the cluster's identity, or waits for who does so; rejects with the reason when that fails. */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * A person asks for what is true now: connects at once where it waits for its next turn, forgets the answers about rights, and reads
   * kinds and schemas again, whose definitions not everybody may watch; rejects with the reason when that fails.
   */
  lookAgain(signal?: AbortSignal): Promise<void>;
  /** Runs the credential plugin with permission to interact (browser); only on a person's explicit action. */
  signIn(signal?: AbortSignal): Promise<void>;
  /** @throws `not-found` and all others */
  get(gvk: GroupVersionKind, key: ObjectKey, options?: CallOptions): Promise<KubeObject>;
  list(gvk: GroupVersionKind, options?: ListOptions): Promise<readonly KubeObject[]>;
  /** @throws `dry-run-not-allowed` for kinds that an aggregated server serves */
  patch(gvk: GroupVersionKind, key: ObjectKey, body: JsonValue, options: PatchOptions): Promise<WriteAnswer>;
  create(object: KubeObject, options?: WriteOptions): Promise<WriteAnswer>;
  delete(gvk: GroupVersionKind, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Whether this user may; cached for a minute. */
  canI(question: AccessQuestion, options?: CallOptions): Promise<boolean>;
  podLogs(
    pod: { readonly namespace: string; readonly name: string; readonly container?: string },
    options?: CallOptions & { readonly tailLines?: number; readonly previous?: boolean },
  ): Promise<string>;
  /** Events about one object, oldest first. */
  events(object: { readonly namespace: string; readonly uid: string }, options?: CallOptions): Promise<readonly KubeObject[]>;
}

/** A kubeconfig context as it is written. */
export interface ContextInfo {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly isCurrent: boolean;
  readonly file: string;
  /** 0-based */
  readonly line: number;
}

/** A connection in use; disposing the last lease of a connection closes it after a grace time. */
export interface ClusterLease extends Disposable {
  readonly connection: ClusterConnection;
}

/** Connections by context. Nothing is read or sent for a context that nobody acquired. */
export interface ClusterPool extends Disposable {
  /** @throws `kubeconfig-missing`, `kubeconfig-invalid` */
  contexts(): Promise<readonly ContextInfo[]>;
  /**
   * A lease on the context's connection, made but not yet opened (see {@link ClusterConnection.ready}).
   * @param expectedUid pin of the environment: another cluster behind the context is refused with `wrong-cluster`
   * @throws `workspace-untrusted`, `kubeconfig-missing`, `kubeconfig-invalid`, `unknown-context`, ...
   */
  acquire(context: string, expectedUid?: string): Promise<ClusterLease>;
  /** Reads kubeconfig anew: the list of its files changed. */
  reload(): void;
  /** Connections that are leased now. */
  connections(): readonly ClusterConnection[];
  readonly onDidChangeConnections: Event<void>;
  /** fires when the kubeconfig files changed */
  readonly onDidChangeContexts: Event<void>;
}
