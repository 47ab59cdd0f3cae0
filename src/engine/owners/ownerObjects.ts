import { isAppError } from '../../base/errors.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { stringAt, valueAt } from '../model/json.ts';
import { type GroupVersionKind, type KubeObject, keyString, nameOf, namespaceOf } from '../model/objects.ts';
import type { OwnerSource } from '../model/ownerView.ts';
import type { OwnerMark } from '../model/states.ts';

interface Read {
  readonly readAtMs: number;
  /** a change of it was seen */
  isOutdated?: boolean;
  readonly object: Promise<KubeObject | undefined>;
}

const APPLICATION = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application' };
const CONFIG_MAP = { group: '', version: 'v1', kind: 'ConfigMap' };
/** the destination by which Argo CD means its own cluster */
const IN_CLUSTER = 'https://kubernetes.default.svc';
const ARGO_NAMESPACE = 'argocd';
const FLUX_GROUPS = { Kustomization: 'kustomize.toolkit.fluxcd.io', HelmRelease: 'helm.toolkit.fluxcd.io' } as const;

/** a change of an Application or Kustomization counts after this time at the latest */
const lifetimeMs = 15_000;
const maximumReads = 2_000;

/** Clusters where controllers run that deploy to others. */
export interface Hubs {
  connections(signal: AbortSignal): Promise<readonly ClusterConnection[]>;
}

/** An Application with the cluster that it was found in: its argocd-cm is there, too. */
export interface FoundApplication {
  readonly application: KubeObject;
  readonly home: ClusterConnection;
}

/** A Kustomization or HelmRelease with the cluster that it was found in. */
export interface FoundController {
  readonly controller: KubeObject;
  readonly home: ClusterConnection;
}

/**
 * Reads the live objects of Argo CD and Flux that own others: from the cluster of what they own, else from the hubs. Each is kept for a
 * short time. What may not be read is as if it were not there.
 */
export class OwnerObjects {
  readonly #reads = new WeakMap<ClusterConnection, Map<string, Read>>();
  readonly #watched = new WeakMap<ClusterConnection, ReadonlySet<string>>();
  readonly #hubs: Hubs;
  readonly #now: () => number;

  constructor(hubs: Hubs = { connections: () => Promise.resolve([]) }, now: () => number = Date.now) {
    this.#hubs = hubs;
    this.#now = now;
  }

  /**
   * The Application that a mark names. One of a hub counts when it deploys to another cluster than its own.
   * @param connection of the object that carries the mark
   */
  async argoApplication(connection: ClusterConnection, mark: OwnerMark, signal: AbortSignal): Promise<FoundApplication | undefined> {
    const near = await this.#applicationIn(connection, mark, signal);
    if (near !== undefined) return { application: near, home: connection };
    for (const home of await this.#others(connection, signal)) {
      const application = await this.#applicationIn(home, mark, signal);
      if (application !== undefined && stringAt(application, 'spec', 'destination', 'server') !== IN_CLUSTER) return { application, home };
    }
    return undefined;
  }

  /** Names what a watch covers (`keyString`): such an object is read once, and again when {@link reread} is called for it. */
  setWatched(connection: ClusterConnection, keys: ReadonlySet<string>): void {
    this.#watched.set(connection, keys);
  }

  /** Reads an object anew. @returns what it was, as far as it had been read, and what it is */
  async reread(
    connection: ClusterConnection,
    { gvk, key }: OwnerSource,
    signal: AbortSignal,
  ): Promise<{ readonly before: KubeObject | undefined; readonly after: KubeObject | undefined }> {
    const known = this.#reads.get(connection)?.get(keyString(key));
    if (known !== undefined) known.isOutdated = true;
    const before = await known?.object;
    return { before, after: await this.#get(connection, gvk, key.namespace, key.name, signal) };
  }

  async #others(connection: ClusterConnection, signal: AbortSignal): Promise<readonly ClusterConnection[]> {
    const hubs = await this.#hubs.connections(signal);
    return hubs.filter((hub) => hub !== connection && (hub.uid === undefined || hub.uid !== connection.uid));
  }

  /** `<namespace>_<name>` outside Argo CD's own namespace, else by name in `argocd`, else the only one of that name anywhere. */
  async #applicationIn(connection: ClusterConnection, mark: OwnerMark, signal: AbortSignal): Promise<KubeObject | undefined> {
    if (!(await this.#isServed(connection, APPLICATION, signal))) return undefined;
    const [namespace, name] = mark.name.includes('_') ? splitAt(mark.name, '_') : [ARGO_NAMESPACE, mark.name];
    const exact = await this.#get(connection, APPLICATION, namespace, name, signal);
    if (exact !== undefined || mark.name.includes('_')) return exact;
    return this.#kept(connection, `list ${mark.name}`, async () => {
      const found = await connection.list(APPLICATION, { fieldSelector: `metadata.name=${mark.name}`, signal });
      const [first] = found;
      return found.length === 1 && first !== undefined ? connection.get(APPLICATION, keyIn(APPLICATION, first), { signal }) : undefined;
    });
  }

  /** `argocd-cm` in the namespace of an Application, else in `argocd`. */
  async argoConfig({ application, home }: FoundApplication, signal: AbortSignal): Promise<KubeObject | undefined> {
    const namespace = namespaceOf(application);
    const own = await this.#get(home, CONFIG_MAP, namespace, 'argocd-cm', signal);
    return own ?? (namespace === ARGO_NAMESPACE ? undefined : this.#get(home, CONFIG_MAP, ARGO_NAMESPACE, 'argocd-cm', signal));
  }

  /** The Kustomization or HelmRelease that a mark (`<namespace>/<name>`) names. One of a hub counts when it deploys to another cluster. */
  async fluxObject(
    connection: ClusterConnection,
    kind: keyof typeof FLUX_GROUPS,
    mark: OwnerMark,
    signal: AbortSignal,
  ): Promise<FoundController | undefined> {
    const near = await this.#fluxObjectIn(connection, kind, mark, signal);
    if (near !== undefined) return { controller: near, home: connection };
    for (const hub of await this.#others(connection, signal)) {
      const found = await this.#fluxObjectIn(hub, kind, mark, signal);
      if (found !== undefined && valueAt(found, 'spec', 'kubeConfig') !== undefined) return { controller: found, home: hub };
    }
    return undefined;
  }

  async #fluxObjectIn(
    connection: ClusterConnection,
    kind: keyof typeof FLUX_GROUPS,
    mark: OwnerMark,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const known = await connection.discovery.resourceOfKind(FLUX_GROUPS[kind], kind, signal);
    if (known === undefined) return undefined;
    const [namespace, name] = splitAt(mark.name, '/');
    return this.#get(connection, { group: known.group, version: known.version, kind }, namespace, name, signal);
  }

  async #isServed(connection: ClusterConnection, gvk: GroupVersionKind, signal: AbortSignal): Promise<boolean> {
    return (await connection.discovery.resource(gvk, signal)) !== undefined;
  }

  #get(
    connection: ClusterConnection,
    gvk: GroupVersionKind,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const key = { group: gvk.group, kind: gvk.kind, namespace, name };
    return this.#kept(connection, keyString(key), () => connection.get(gvk, key, { signal }));
  }

  async #kept(connection: ClusterConnection, id: string, read: () => Promise<KubeObject | undefined>): Promise<KubeObject | undefined> {
    const reads = this.#reads.get(connection) ?? new Map<string, Read>();
    this.#reads.set(connection, reads);
    const known = reads.get(id);
    const isFresh =
      known !== undefined &&
      known.isOutdated !== true &&
      (this.#now() - known.readAtMs < lifetimeMs || this.#watched.get(connection)?.has(id) === true);
    if (isFresh) return known.object;
    if (reads.size >= maximumReads) reads.clear();
    const object = read().catch((error: unknown) => {
      if (isAppError(error, 'not-found') || isAppError(error, 'forbidden')) return undefined;
      // A connection that is down for a moment takes nothing back that is known; the next question asks again.
      reads.delete(id);
      return known?.object;
    });
    reads.set(id, { readAtMs: this.#now(), object });
    return object;
  }
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

function keyIn(gvk: GroupVersionKind, object: KubeObject): { group: string; kind: string; namespace: string; name: string } {
  return { group: gvk.group, kind: gvk.kind, namespace: namespaceOf(object), name: nameOf(object) };
}
