import type { ClusterConnection } from './cluster/api.ts';
import type { CustomHealth } from './customHealth.ts';
import type { DesiredObject } from './desiredObjects.ts';
import { type Neighbours, withEndpoints } from './health/endpoints.ts';
import { asksForEvents, withWarnings } from './health/eventCause.ts';
import { healthOf } from './health/health.ts';
import { isBuiltInGroup } from './health/reading.ts';
import { objectAt } from './model/json.ts';
import { type KubeObject, labelsOf, nameOf, namespaceOf, parseApiVersion } from './model/objects.ts';
import type { Health } from './model/states.ts';
import type { Warnings } from './warnings.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const SERVICE = { group: '', version: 'v1', kind: 'Service' };
const WORKLOADS = [
  ['apps', 'Deployment'],
  ['apps', 'StatefulSet'],
  ['apps', 'DaemonSet'],
  ['apps', 'ReplicaSet'],
] as const;
const NEEDS_NEIGHBOURS = /^(Service|Ingress)$/;

/** Health of live objects with the cause in one line, from all that tells: Lua checks, statuses, Pods, warnings, endpoints. */
export class LiveHealth {
  readonly #custom: CustomHealth;
  readonly #warnings: Warnings;

  constructor(custom: CustomHealth, warnings: Warnings) {
    this.#custom = custom;
    this.#warnings = warnings;
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
      return withEndpoints(live, health, neighboursOf(connection, live, rendered));
    if (!asksForEvents(live, health, children, nowMs)) return health;
    const warnings = await this.#warnings.near(connection, live, signal);
    return withWarnings(live, health, children, (uid) => warnings.get(uid) ?? [], nowMs);
  }
}

function neighboursOf(connection: ClusterConnection, object: KubeObject, rendered: readonly DesiredObject[]): Neighbours {
  const { watches } = connection;
  const namespace = namespaceOf(object);
  const near = rendered.filter(({ key }) => key.namespace === namespace);
  const services = watches.isSynced(SERVICE, namespace)
    ? new Set([
        ...watches.objects('', 'Service', namespace).map(nameOf),
        ...near.filter(({ key }) => isService(key)).map(({ key }) => key.name),
      ])
    : undefined;
  return {
    pods: watches.isSynced(POD, namespace) ? watches.objects('', 'Pod', namespace) : undefined,
    services,
    serviceOf: (name) => {
      const key = { group: '', kind: 'Service', namespace, name };
      return watches.isFull(key) ? watches.get(key) : undefined;
    },
    templateLabels: templateLabelsOf(connection, namespace, near),
  };
}

function isService({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === '' && kind === 'Service';
}

/** Undefined where something else may make Pods: custom resources, or workloads whose template is not held here. */
function templateLabelsOf(
  { watches }: ClusterConnection,
  namespace: string,
  near: readonly DesiredObject[],
): readonly Readonly<Record<string, string>>[] | undefined {
  if (near.some(({ object }) => !isBuiltInGroup(parseApiVersion(object.apiVersion).group))) return undefined;
  const live = WORKLOADS.flatMap(([group, kind]) => watches.objects(group, kind, namespace));
  const desired = near.map(({ object }) => object);
  const labels: Readonly<Record<string, string>>[] = [];
  for (const object of [...live, ...desired]) {
    const template = objectAt(object, 'spec', 'template', 'metadata', 'labels');
    const isWorkload = WORKLOADS.some(([, kind]) => kind === object.kind);
    // A ReplicaSet below a Deployment is held without its template and says nothing new.
    if (isWorkload && object.kind !== 'ReplicaSet' && Object.keys(template).length === 0) return undefined;
    labels.push(object.kind === 'Pod' ? labelsOf(object) : (template as Readonly<Record<string, string>>));
  }
  return labels;
}
