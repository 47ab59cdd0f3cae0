import { AppError, isAppError } from '../../base/errors.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { FLUX_GROUPS, type FluxKind } from '../apps/flux/rules.ts';
import { stringAt, valueAt } from '../model/json.ts';
import { annotationsOf, type GroupVersionKind, keyOf, type KubeObject, nameOf, namespaceOf } from '../model/objects.ts';
import type { OwnerSource } from '../model/ownerView.ts';
import type { OwnerMark } from '../model/states.ts';
import { ArgoProjects } from './argoProjects.ts';
import { failureOf, OwnerReads, READ_FAILED, type ReadAnswer } from './ownerReads.ts';

const APPLICATION = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application' };
const CONFIG_MAP = { group: '', version: 'v1', kind: 'ConfigMap' };
/** the destination by which Argo CD means its own cluster */
export const IN_CLUSTER = 'https://kubernetes.default.svc';
const ARGO_NAMESPACE = 'argocd';
const INSTALLATION = 'argocd.argoproj.io/installation-id';

/** Clusters where controllers run that deploy to others. */
export interface Hubs {
  connections(signal: AbortSignal): Promise<readonly ClusterConnection[]>;
}

/** An Application with the cluster that it was found in, and what Argo CD is told there. */
export interface FoundApplication {
  readonly application: KubeObject;
  readonly home: ClusterConnection;
  /** `argocd-cm`; undefined: there is none, or it may not be read */
  readonly config: KubeObject | undefined;
  /** where it looked for {@link config}: what comes there counts */
  readonly settings: readonly OwnerSource[];
  /** names of what may not be read, though it counts */
  readonly unreadable: readonly string[];
}

/** One of Argo CD's ConfigMaps, as {@link FoundApplication} has it. */
type Settings = Pick<FoundApplication, 'config' | 'settings' | 'unreadable'>;

/** A Kustomization or HelmRelease with the cluster that it was found in. */
export interface FoundController {
  readonly controller: KubeObject;
  readonly home: ClusterConnection;
}

/**
 * The live objects of Argo CD and Flux that own others: from the cluster of what they own, else from the hubs. Each is kept for a short
 * time. What may not be read is as if it were not there; what cannot be read for another reason fails (`owner-read-failed`), so that
 * nobody takes somebody else for the owner.
 */
export class OwnerObjects {
  readonly #reads: OwnerReads;
  readonly #hubs: Hubs;
  /** the AppProjects of Applications */
  readonly projects: ArgoProjects;

  /** @param now epoch milliseconds */
  constructor(hubs: Hubs, now: () => number = Date.now) {
    this.#hubs = hubs;
    this.#reads = new OwnerReads(now);
    this.projects = new ArgoProjects(this.#reads);
  }

  /**
   * The Application that a mark names. One of a hub counts when it deploys to another cluster than its own, and no other hub has one like it.
   * @param connection of the object that carries the mark
   * @param live that object: an installation's id on it must be that of the Argo CD whose Application it is
   */
  async argoApplication(
    connection: ClusterConnection,
    mark: OwnerMark,
    live: KubeObject,
    signal: AbortSignal,
  ): Promise<FoundApplication | undefined> {
    const near = await this.#applicationIn(connection, mark, live, signal);
    if (near === 'forbidden') return undefined;
    if (near !== undefined) return near;
    const found = await this.#inHubs(connection, signal, async (hub) => {
      const there = await this.#applicationIn(hub, mark, live, signal);
      if (there === undefined || there === 'forbidden') return undefined;
      return stringAt(there.application, 'spec', 'destination', 'server') === IN_CLUSTER ? undefined : there;
    });
    const exact = found.filter(({ application }) => stringAt(application, 'spec', 'destination', 'server') === connection.server);
    const [first, ...others] = exact.length > 0 ? exact : found;
    return others.length > 0 ? undefined : first;
  }

  /** Names what a watch covers (`keyString`): such an object is read once, and again when {@link reread} is called for it. */
  setWatched(connection: ClusterConnection, keys: ReadonlySet<string>): void {
    this.#reads.setWatched(connection, keys);
  }

  /** Whether an object is still what was read of it, as a watch has it now. */
  isCurrent(connection: ClusterConnection, { key, gvk }: OwnerSource): Promise<boolean> {
    return this.#reads.isCurrent(connection, key, stringAt(connection.watches.get(key, gvk.version)?.metadata, 'resourceVersion'));
  }

  /** Reads an object anew. @returns what it was, as far as it had been read, and what it is */
  reread(connection: ClusterConnection, source: OwnerSource, signal: AbortSignal): ReturnType<OwnerReads['reread']> {
    return this.#reads.reread(connection, source, signal);
  }

  /** The Kustomization or HelmRelease that a mark (`<namespace>/<name>`) names. One of a hub counts when it deploys to another cluster. */
  async fluxObject(
    connection: ClusterConnection,
    kind: FluxKind,
    mark: OwnerMark,
    signal: AbortSignal,
  ): Promise<FoundController | undefined> {
    const near = await this.#fluxObjectIn(connection, kind, mark, signal);
    const [controller] = near.objects;
    if (controller !== undefined) return { controller, home: connection };
    if (near.isForbidden === true) return undefined;
    const found = await this.#inHubs(connection, signal, async (hub) => {
      const [there] = (await this.#fluxObjectIn(hub, kind, mark, signal)).objects;
      return there === undefined || valueAt(there, 'spec', 'kubeConfig') === undefined ? undefined : { controller: there, home: hub };
    });
    return found.length === 1 ? found[0] : undefined;
  }

  /** Every Kustomization and HelmRelease of a cluster, for what they say that they own; empty where they may not be listed. */
  async fluxObjects(connection: ClusterConnection, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const kinds = Object.keys(FLUX_GROUPS) as readonly FluxKind[];
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const gvk = await this.#servedFlux(connection, kind, signal);
        if (gvk === undefined) return [];
        const { objects } = await this.#reads.ask(connection, `all ${kind}`, `${kind} *`, () => connection.list(gvk), signal);
        return objects;
      }),
    );
    return lists.flat();
  }

  /** What Argo CD is told in its own namespace of a cluster: `argocd-cm`, or `argocd-cmd-params-cm`. */
  async argoSettings(
    connection: ClusterConnection,
    name: 'argocd-cm' | 'argocd-cmd-params-cm',
    namespaces: readonly string[],
    signal: AbortSignal,
  ): Promise<Settings> {
    const unreadable: string[] = [];
    const settings: OwnerSource[] = [];
    for (const namespace of new Set([...namespaces, ARGO_NAMESPACE])) {
      const { objects, isForbidden } = await this.#reads.get(connection, CONFIG_MAP, namespace, name, signal);
      settings.push({ gvk: CONFIG_MAP, key: { group: '', kind: 'ConfigMap', namespace, name } });
      if (isForbidden === true) unreadable.push(`ConfigMap ${namespace}/${name}`);
      if (objects[0] !== undefined) return { config: objects[0], settings, unreadable: [] };
    }
    return { config: undefined, settings, unreadable };
  }

  /** What a question to each hub gives; a hub that cannot answer is not one that has nothing. */
  async #inHubs<T>(
    connection: ClusterConnection,
    signal: AbortSignal,
    ask: (hub: ClusterConnection) => Promise<T | undefined>,
  ): Promise<readonly T[]> {
    const hubs = await this.#hubs.connections(signal);
    const others = hubs.filter((hub) => hub !== connection && (hub.uid === undefined || hub.uid !== connection.uid));
    const found: T[] = [];
    for (const hub of others) {
      try {
        const answer = await ask(hub);
        if (answer !== undefined) found.push(answer);
      } catch (error) {
        signal.throwIfAborted();
        if (!isAppError(error) || error.code === READ_FAILED) throw error;
        throw new AppError(READ_FAILED, { what: hub.context, context: hub.context, problem: error.code }, { cause: error });
      }
    }
    return found;
  }

  async #applicationIn(
    connection: ClusterConnection,
    mark: OwnerMark,
    live: KubeObject,
    signal: AbortSignal,
  ): Promise<FoundApplication | 'forbidden' | undefined> {
    if ((await this.#served(connection, () => connection.discovery.resource(APPLICATION, signal))) === undefined) return undefined;
    const { objects, isForbidden } = await this.#named(connection, mark, signal);
    const [application] = objects;
    if (application === undefined) return isForbidden === true ? 'forbidden' : undefined;
    const settings = await this.argoSettings(connection, 'argocd-cm', [namespaceOf(application)], signal);
    const { config } = settings;
    const installation = annotationsOf(live)[INSTALLATION] ?? '';
    // Label tracking knows no installations (Argo CD util/argo/resource_tracking.go, GetAppName).
    const isLabelled = stringAt(config, 'data', 'application.resourceTrackingMethod') === 'label';
    const isOthers = config !== undefined && !isLabelled && installation !== (stringAt(config, 'data', 'installationID') ?? '');
    return isOthers ? undefined : { application, home: connection, ...settings };
  }

  /** `<namespace>_<name>` outside Argo CD's own namespace, else by name in `argocd`, else the only one of that name anywhere. */
  async #named(connection: ClusterConnection, mark: OwnerMark, signal: AbortSignal): Promise<ReadAnswer> {
    const [namespace, name] = mark.name.includes('_') ? splitAt(mark.name, '_') : [ARGO_NAMESPACE, mark.name];
    const exact = await this.#reads.get(connection, APPLICATION, namespace, name, signal);
    if (exact.objects.length > 0 || mark.name.includes('_')) return exact;
    const anywhere = await this.#reads.ask(
      connection,
      `list ${mark.name}`,
      `Application ${mark.name}`,
      async () => {
        const found = await connection.list(APPLICATION, { fieldSelector: `metadata.name=${mark.name}` });
        const [first] = found;
        return found.length === 1 && first !== undefined ? [await connection.get(APPLICATION, keyOf(first))] : [];
      },
      signal,
    );
    return anywhere.objects.length === 0 && exact.isForbidden === true ? exact : anywhere;
  }

  async #fluxObjectIn(connection: ClusterConnection, kind: FluxKind, mark: OwnerMark, signal: AbortSignal): Promise<ReadAnswer> {
    const gvk = await this.#servedFlux(connection, kind, signal);
    if (gvk === undefined) return { objects: [] };
    const [namespace, name] = splitAt(mark.name, '/');
    return this.#reads.get(connection, gvk, namespace, name, signal);
  }

  async #servedFlux(connection: ClusterConnection, kind: FluxKind, signal: AbortSignal): Promise<GroupVersionKind | undefined> {
    const known = await this.#served(connection, () => connection.discovery.resourceOfKind(FLUX_GROUPS[kind], kind, signal));
    return known === undefined ? undefined : { group: known.group, version: known.version, kind };
  }

  async #served<T>(connection: ClusterConnection, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw failureOf(error, connection, 'discovery');
    }
  }
}

/** `Application argocd/shop`: an owner as the views name it. */
export function ownerName(owner: KubeObject): string {
  return `${owner.kind} ${namespaceOf(owner)}/${nameOf(owner)}`;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
