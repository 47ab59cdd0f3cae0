import type { ClusterConnection } from '../cluster/api.ts';
import type { CustomHealth } from './customHealth.ts';
import type { DesiredObject } from './desiredObjects.ts';
import { type Neighbours, type PodLabels, withEndpoints } from '../health/endpoints.ts';
import { asksForEvents, withWarnings } from '../health/eventCause.ts';
import { healthOf } from '../health/health.ts';
import { isBuiltInGroup } from '../health/reading.ts';
import { objectAt } from '../model/json.ts';
import { type KubeObject, labelsOf, nameOf, namespaceOf, type ObjectKey, parseApiVersion } from '../model/objects.ts';
import type { Health } from '../model/states.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const SERVICE = { group: '', version: 'v1', kind: 'Service' };
/** ReplicaSets are held without their template; those of Deployments say nothing new */
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
const NEEDS_NEIGHBOURS = /^(Service|Ingress)$/;

/** Health of live objects with the cause in one line, from all that tells: Lua checks, statuses, Pods, warnings, endpoints. */
export class LiveHealth {
  readonly #custom: CustomHealth;
  readonly #near = new WeakMap<readonly DesiredObject[], Map<string, Nearby>>();

  constructor(custom: CustomHealth) {
    this.#custom = custom;
  }

  /**
   * @param children live objects below it by owner references, at any depth
   * @param rendered all desired objects of its application
   */
  async of(
    connection: ClusterConnection,
    live: KubeObject,
    children: readonly KubeObject[],
    rendered: readonly DesiredObject[],
    signal: AbortSignal,
  ): Promise<Health> {
    const custom = await this.#custom.of(connection, live, signal);
    const nowMs = Date.now();
    const health = healthOf(live, { children, nowMs, ...(custom === undefined ? {} : { custom }) });
    if (custom === undefined && NEEDS_NEIGHBOURS.test(live.kind))
      return withEndpoints(live, health, this.#neighbours(connection, live, rendered));
    if (asksForEvents(live, health, children, nowMs))
      return withWarnings(live, health, children, await connection.objectEvents.near(live, signal), nowMs);
    connection.objectEvents.well(live);
    return health;
  }

  #neighbours(connection: ClusterConnection, object: KubeObject, rendered: readonly DesiredObject[]): Neighbours {
    const { watches } = connection;
    const namespace = namespaceOf(object);
    const near = this.#nearby(rendered, namespace);
    const keyOfService = (name: string): ObjectKey => ({ group: '', kind: 'Service', namespace, name });
    return {
      pods: () => (watches.isSynced(POD, namespace) ? watches.objects('', 'Pod', namespace) : undefined),
      hasService: (name) => {
        if (near.services.has(name) || watches.get(keyOfService(name)) !== undefined) return true;
        return watches.isSynced(SERVICE, namespace) ? false : undefined;
      },
      serviceOf: (name) => (watches.isFull(keyOfService(name)) ? watches.get(keyOfService(name)) : undefined),
      makesPods: (matches) => {
        if (near.podLabels.some(matches)) return true;
        return near.isClosed ? liveMakesPods(connection, namespace, matches) : undefined;
      },
    };
  }

  /** What Git has in a namespace, worked out once for a render. */
  #nearby(rendered: readonly DesiredObject[], namespace: string): Nearby {
    const known = this.#near.get(rendered) ?? new Map<string, Nearby>();
    this.#near.set(rendered, known);
    const near = known.get(namespace) ?? nearbyOf(rendered.filter(({ key }) => key.namespace === namespace).map(({ object }) => object));
    known.set(namespace, near);
    return near;
  }
}

/** The desired objects of one namespace, as far as Services depend on them. */
interface Nearby {
  readonly services: ReadonlySet<string>;
  readonly podLabels: readonly PodLabels[];
  /** nothing but kinds of Kubernetes itself: no operator makes Pods from them */
  readonly isClosed: boolean;
}

function nearbyOf(objects: readonly KubeObject[]): Nearby {
  return {
    services: new Set(objects.filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Service').map(nameOf)),
    podLabels: objects.map(podLabelsOf).filter((labels) => Object.keys(labels).length > 0),
    isClosed: objects.every((object) => isBuiltInGroup(parseApiVersion(object.apiVersion).group)),
  };
}

/** Labels of the Pods that a workload makes, or of the Pod itself; empty for other kinds. */
function podLabelsOf(object: KubeObject): PodLabels {
  return object.kind === 'Pod' ? labelsOf(object) : (objectAt(object, 'spec', 'template', 'metadata', 'labels') as PodLabels);
}

/** Undefined where a workload's template is not held here: another application's may fit. */
function liveMakesPods({ watches }: ClusterConnection, namespace: string, matches: (labels: PodLabels) => boolean): boolean | undefined {
  let isKnown = true;
  for (const kind of WORKLOADS) {
    for (const workload of watches.objects('apps', kind, namespace)) {
      const labels = podLabelsOf(workload);
      if (Object.keys(labels).length === 0) isKnown = false;
      else if (matches(labels)) return true;
    }
  }
  return isKnown ? false : undefined;
}
