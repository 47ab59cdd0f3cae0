import { withAnySignal } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import type { Event } from '../../base/events.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { arrayAt, type JsonObject, type JsonValue, stringAt } from '../model/json.ts';
import { type GroupVersionKind, gvkOf, type KubeObject, keyOf, type ObjectKey } from '../model/objects.ts';
import { type ResourceInfo, resourcePath } from '../model/resourceInfo.ts';
import { AccessReviews } from './accessReview.ts';
import type {
  AccessQuestion,
  ApiCounters,
  CallOptions,
  ClusterConnection,
  ConnectionState,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  WriteAnswer,
  WriteOptions,
} from './api.ts';
import { type CallTarget, continueOf } from './apiErrors.ts';
import { asObject, patchTypes, subjectOf, withQuery, writeQuery } from './calls.ts';
import { ChangedKinds } from './changedKinds.ts';
import { ConnectionMonitor, defaultMonitorTimes, type MonitorTimes } from './connectionMonitor.ts';
import { type ClusterHost, Credentials } from './credentials.ts';
import { followDefinitions } from './definitions.ts';
import { ServerDiscovery } from './discovery.ts';
import { EventWatches } from './eventWatches.ts';
import type { ResolvedContext } from './kubeconfig.ts';
import { defaultReflectorTimes, type ReflectorTimes } from './reflector.ts';
import { ServerSchemas } from './schemas.ts';
import { type ApiCall, Transport, type TransportTimes } from './transport.ts';
import { ReflectorWatchCache, type WatchedPart } from './watchCache.ts';

/** What a connection is given; the optional parts are for tests and settings. */
export interface ConnectionOptions {
  readonly host: ClusterHost;
  readonly log: Logger;
  readonly expectedUid?: string;
  /** folder for reduced schemas */
  readonly cacheFolder?: string;
  /** `group/Kind` of aggregated kinds that may be dry-run all the same */
  readonly dryRunAllowed?: readonly string[];
  readonly maxWatches?: number;
  readonly transportTimes?: Partial<TransportTimes>;
  readonly monitorTimes?: Partial<MonitorTimes>;
  readonly reflectorTimes?: Partial<ReflectorTimes>;
  readonly unknownKindRetryMs?: number;
}

const LIST_LIMIT = '500';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** {@link ClusterConnection} over {@link Transport}. Made for one context; opened by the first call. */
export class HttpClusterConnection implements ClusterConnection, Disposable {
  readonly discovery: ServerDiscovery;
  readonly schemas: ServerSchemas;
  readonly watches: ReflectorWatchCache;
  readonly objectEvents: EventWatches;
  readonly #options: ConnectionOptions;
  readonly #disposables = new DisposableStore();
  readonly #closing = new AbortController();
  readonly #target: CallTarget;
  readonly #transport: Transport;
  readonly #monitor: ConnectionMonitor;
  readonly #reviews: AccessReviews;
  #context: ResolvedContext;
  #credentials: Credentials;

  constructor(context: ResolvedContext, options: ConnectionOptions) {
    this.#context = context;
    this.#options = options;
    this.#credentials = new Credentials(context, options.host);
    const serverNow = (): string => this.#context.server;
    this.#target = {
      context: context.name,
      get server(): string {
        return serverNow();
      },
    };
    this.#transport = this.#disposables.add(new Transport(this.#target, this.#credentials, options.host, options.transportTimes));
    const monitorTimes = { ...defaultMonitorTimes, ...options.monitorTimes };
    this.#monitor = this.#disposables.add(
      new ConnectionMonitor(this.#transport, context.name, options.expectedUid, options.log, monitorTimes),
    );
    this.#reviews = new AccessReviews(this.#transport);
    this.discovery = this.#disposables.add(new ServerDiscovery(this.#transport));
    const online = (signal: AbortSignal): Promise<void> => this.#monitor.online(signal);
    this.schemas = this.#disposables.add(new ServerSchemas(this.#transport, options.cacheFolder, options.log, online));
    this.watches = this.#disposables.add(this.#watchCache());
    this.objectEvents = this.#disposables.add(
      new EventWatches({
        objects: this.watches,
        watch: (part) => this.#watchCache(part),
        list: (gvk, listOptions) => this.list(gvk, listOptions),
        log: options.log,
      }),
    );
    const { discovery, schemas, watches } = this;
    this.#disposables.add(followDefinitions({ discovery, schemas, watches, log: options.log }));
    this.#disposables.add(new ChangedKinds({ schemas, watches, log: options.log }));
    this.#disposables.add(
      this.discovery.onDidChange(() => {
        this.schemas.lookAgain();
      }),
    );
    this.#disposables.add(
      this.#monitor.onDidChangeCluster(() => {
        this.#reviews.clear();
        this.schemas.invalidate();
        this.watches.restart();
        this.objectEvents.restart();
      }),
    );
    let lastVersion: string | undefined;
    this.#disposables.add(
      this.#monitor.onDidChangeState(({ status }) => {
        if (status !== 'connected') return;
        this.watches.reconnected();
        if (lastVersion !== undefined && lastVersion !== this.version) {
          this.discovery.invalidate();
          this.schemas.lookAgain();
        }
        lastVersion = this.version;
      }),
    );
  }

  get context(): string {
    return this.#context.name;
  }

  get namespace(): string {
    return this.#context.namespace;
  }

  get server(): string {
    return this.#context.server;
  }

  get version(): string | undefined {
    return this.#monitor.version;
  }

  get uid(): string | undefined {
    return this.#monitor.uid;
  }

  get state(): ConnectionState {
    return this.#monitor.state;
  }

  get onDidChangeState(): Event<ConnectionState> {
    return this.#monitor.onDidChangeState;
  }

  get counters(): ApiCounters {
    return this.#transport.counters;
  }

  ready(signal = this.#closing.signal): Promise<void> {
    return this.#monitor.ready(signal);
  }

  async lookAgain(signal = this.#closing.signal): Promise<void> {
    if (this.state.status !== 'connected') await this.#monitor.reconnect(signal);
    this.#reviews.clear();
    await Promise.all([this.schemas.lookOnce(), this.discovery.refresh(signal)]);
  }

  async signIn(signal = this.#closing.signal): Promise<void> {
    await this.#credentials.signIn(signal);
    await this.#monitor.reconnect(signal);
  }

  get(gvk: GroupVersionKind, key: ObjectKey, options: CallOptions = {}): Promise<KubeObject> {
    return this.#during(options, async (signal) => {
      const info = await this.#open(gvk, signal);
      const path = resourcePath(info, info.isNamespaced ? key.namespace : '', key.name);
      return asObject((await this.#transport.send({ method: 'GET', path, subject: subjectOf('get', info, key), signal })).json, info);
    });
  }

  list(gvk: GroupVersionKind, options: ListOptions = {}): Promise<readonly KubeObject[]> {
    return this.#during(options, async (signal) => {
      const info = await this.#open(gvk, signal);
      const namespace = info.isNamespaced ? (options.namespace ?? '') : '';
      const query = new URLSearchParams({ limit: LIST_LIMIT });
      if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
      if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
      const objects: KubeObject[] = [];
      for (;;) {
        const { json } = await this.#transport.send({
          method: 'GET',
          path: `${resourcePath(info, namespace)}?${query.toString()}`,
          subject: { verb: 'list', group: info.group, resource: info.plural, namespace },
          signal,
          ...(options.metadataOnly === true ? { accept: METADATA_LIST } : {}),
        });
        for (const item of arrayAt(json, 'items')) objects.push(asObject(item, info));
        const token = continueOf(json);
        if (token === undefined) return objects;
        query.set('continue', token);
      }
    });
  }

  patch(gvk: GroupVersionKind, key: ObjectKey, body: JsonValue, options: PatchOptions): Promise<WriteAnswer> {
    return this.#during(options, async (signal) => {
      const info = await this.#openForWrite(gvk, options, signal);
      const query = writeQuery(options);
      if (options.force === true && options.type === 'apply') query.set('force', 'true');
      const path = resourcePath(info, info.isNamespaced ? key.namespace : '', key.name, options.subresource);
      return this.#write(info, {
        method: 'PATCH',
        path: withQuery(path, query),
        body,
        contentType: patchTypes[options.type],
        isDryRun: options.dryRun === true,
        subject: subjectOf('patch', info, key, options.subresource),
        signal,
      });
    });
  }

  create(object: KubeObject, options: WriteOptions = {}): Promise<WriteAnswer> {
    return this.#during(options, async (signal) => {
      const info = await this.#openForWrite(gvkOf(object), options, signal);
      const key = keyOf(object);
      return this.#write(info, {
        method: 'POST',
        path: withQuery(resourcePath(info, info.isNamespaced ? key.namespace : ''), writeQuery(options)),
        body: object,
        isDryRun: options.dryRun === true,
        subject: subjectOf('create', info, key),
        signal,
      });
    });
  }

  delete(gvk: GroupVersionKind, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    return this.#during(options, async (signal) => {
      const info = await this.#openForWrite(gvk, options, signal);
      const { uid, resourceVersion, propagation } = options;
      const body: JsonObject = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion },
        propagationPolicy: propagation,
        dryRun: options.dryRun === true ? ['All'] : undefined,
      };
      const path = resourcePath(info, info.isNamespaced ? key.namespace : '', key.name);
      const isDryRun = options.dryRun === true;
      await this.#transport.send({ method: 'DELETE', path, body, isDryRun, subject: subjectOf('delete', info, key), signal });
    });
  }

  canI(question: AccessQuestion, options: CallOptions = {}): Promise<boolean> {
    return this.#during(options, async (signal) => {
      await this.#monitor.ready(signal);
      return this.#reviews.canI(question, signal);
    });
  }

  podLogs(
    pod: { readonly namespace: string; readonly name: string; readonly container?: string },
    options: CallOptions & { readonly tailLines?: number; readonly previous?: boolean } = {},
  ): Promise<string> {
    return this.#during(options, async (signal) => {
      await this.#monitor.ready(signal);
      const query = new URLSearchParams();
      if (pod.container !== undefined) query.set('container', pod.container);
      if (options.tailLines !== undefined) query.set('tailLines', String(options.tailLines));
      if (options.previous === true) query.set('previous', 'true');
      const path = resourcePath({ group: '', version: 'v1', plural: 'pods' }, pod.namespace, pod.name, 'log');
      const subject = { verb: 'get', group: '', resource: 'pods/log', namespace: pod.namespace, name: pod.name };
      const { json } = await this.#transport.send({ method: 'GET', path: withQuery(path, query), accept: '*/*', subject, signal });
      return typeof json === 'string' ? json : JSON.stringify(json);
    });
  }

  async events(object: { readonly namespace: string; readonly uid: string }, options: CallOptions = {}): Promise<readonly KubeObject[]> {
    // Events of cluster-scoped objects stand in the namespace default.
    const namespace = object.namespace === '' ? 'default' : object.namespace;
    const fieldSelector = `involvedObject.uid=${object.uid}`;
    const found = await this.list({ group: '', version: 'v1', kind: 'Event' }, { ...options, namespace, fieldSelector });
    return [...found].sort((a, b) => (eventTime(a) < eventTime(b) ? -1 : 1));
  }

  /** Takes over a changed kubeconfig: another server address or other credentials of the same context. */
  reconfigure(context: ResolvedContext): void {
    this.#context = context;
    this.#credentials = new Credentials(context, this.#options.host);
    this.#transport.renew(this.#credentials);
    this.#reviews.clear();
    this.#monitor.reset();
  }

  dispose(): void {
    this.#closing.abort(new AppError('connection-closed', { context: this.context, server: this.server }));
    this.#disposables.dispose();
  }

  /** @param part of the collections; absent: everything */
  #watchCache(part?: WatchedPart): ReflectorWatchCache {
    const { log, maxWatches, reflectorTimes, unknownKindRetryMs } = this.#options;
    return new ReflectorWatchCache({
      discovery: this.discovery,
      context: {
        transport: this.#transport,
        target: this.#target,
        online: (signal) => this.#monitor.online(signal),
        times: { ...defaultReflectorTimes, ...reflectorTimes },
      },
      ready: (signal) => this.#monitor.ready(signal),
      read: (gvk, key, signal) => this.get(gvk, key, { signal }),
      list: (gvk, namespace, signal) => this.list(gvk, { namespace, signal }),
      log,
      ...(part === undefined ? {} : { part }),
      ...(maxWatches === undefined ? {} : { maxWatches }),
      ...(unknownKindRetryMs === undefined ? {} : { unknownKindRetryMs }),
    });
  }

  /** A call ends with its caller's signal, and with the connection. */
  #during<T>(options: CallOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return options.signal === undefined ? call(this.#closing.signal) : withAnySignal([options.signal, this.#closing.signal], call);
  }

  async #open(gvk: GroupVersionKind, signal: AbortSignal): Promise<ResourceInfo> {
    await this.#monitor.ready(signal);
    const info = await this.discovery.resource(gvk, signal);
    if (info !== undefined) return info;
    const { group, version, kind } = gvk;
    throw new AppError('unknown-kind', { context: this.context, server: this.server, group, version, kind });
  }

  async #openForWrite(gvk: GroupVersionKind, { dryRun }: WriteOptions, signal: AbortSignal): Promise<ResourceInfo> {
    const info = await this.#open(gvk, signal);
    if (dryRun !== true) await this.#monitor.verifyForWrite(signal);
    else if (!(await this.#mayDryRun(info, signal))) {
      const { group, kind } = info;
      throw new AppError('dry-run-not-allowed', { context: this.context, group, kind });
    }
    return info;
  }

  /** Servers behind an APIService have been seen to persist dry-runs. */
  async #mayDryRun(info: ResourceInfo, signal: AbortSignal): Promise<boolean> {
    if (this.#options.dryRunAllowed?.includes(`${info.group}/${info.kind}`) === true) return true;
    if (info.servedBy !== 'unknown') return info.servedBy !== 'aggregated';
    const schema = await this.schemas.schemaOf(info, signal);
    return schema?.document.origin === 'crd';
  }

  async #write(info: ResourceInfo, call: ApiCall): Promise<WriteAnswer> {
    const { json, warnings } = await this.#transport.send(call);
    return { object: asObject(json, info), warnings };
  }
}

function eventTime(event: KubeObject): string {
  return stringAt(event, 'lastTimestamp') ?? stringAt(event, 'eventTime') ?? stringAt(event.metadata, 'creationTimestamp') ?? '';
}
