import type { WatchInterest, WatchOutcome } from '../cluster/api.ts';
import type { Destination } from '../model/application.ts';
import { arrayAt, isJsonObject, jsonEqual, type JsonObject, type JsonValue, stringAt, valueAt } from '../model/json.ts';
import { annotationsOf, gvkOf, keyOf, keyString, type KubeObject, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { RenderedObject } from '../model/render.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { Reason } from '../model/states.ts';

/** A rendered object with its place in the destination settled. */
export interface DesiredObject {
  readonly key: ObjectKey;
  readonly rendered: RenderedObject;
  readonly object: KubeObject;
  /** undefined: the server does not serve this version of the kind */
  readonly resource: ResourceInfo | undefined;
  /** versions of the kind that are served instead */
  readonly otherVersions: readonly string[];
  readonly isKindRendered: boolean;
}

/** Whether both are there and say the same of one object, from the same place. */
export function isSameDesired(left: DesiredObject | undefined, right: DesiredObject | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  const isSameKind = left.resource === right.resource && left.isKindRendered === right.isKindRendered;
  if (!isSameKind || namespaceOf(left.object) !== namespaceOf(right.object)) return false;
  return left.rendered === right.rendered || jsonEqual(left.rendered as unknown as JsonValue, right.rendered as unknown as JsonValue);
}

/** How kinds are looked up: a connection's discovery. */
export interface KindLookup {
  resource(gvk: { group: string; version: string; kind: string }, signal?: AbortSignal): Promise<ResourceInfo | undefined>;
  known(): readonly ResourceInfo[];
}

/**
 * Settles the namespace of every rendered object as an apply would: namespaced kinds without one get the destination's, cluster-scoped
 * kinds have none. Kinds of CRDs in the same render are taken as their CRD says. Hooks of Helm and of Argo CD are left out: they are run, not kept.
 */
export async function settleObjects(
  rendered: readonly RenderedObject[],
  destination: Destination,
  kinds: KindLookup,
  signal: AbortSignal,
): Promise<readonly DesiredObject[]> {
  const scopes = renderedScopes(rendered);
  const settled: DesiredObject[] = [];
  const looked = new Map<string, { readonly resource: ResourceInfo | undefined; readonly others: readonly ResourceInfo[] }>();
  for (const each of rendered) {
    if (each.hook !== undefined || annotationsOf(each.object)['argocd.argoproj.io/hook'] !== undefined) continue;
    const gvk = gvkOf(each.object);
    const kindId = `${gvk.group}/${gvk.version}/${gvk.kind}`;
    const known = looked.get(kindId) ?? (await lookUpKind(gvk, kinds, signal));
    looked.set(kindId, known);
    const { resource, others } = known;
    const renderedScope = scopes.get(`${gvk.group}/${gvk.kind}`);
    const isNamespaced = resource?.isNamespaced ?? others[0]?.isNamespaced ?? renderedScope !== 'Cluster';
    const object = withNamespace(each.object, isNamespaced ? namespaceOf(each.object) || destination.namespace : '');
    settled.push({
      key: keyOf(object),
      rendered: each,
      object,
      resource,
      otherVersions: resource === undefined ? [...new Set(others.map((kind) => kind.version))] : [],
      isKindRendered: renderedScope !== undefined,
    });
  }
  return settled;
}

async function lookUpKind(
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
  kinds: KindLookup,
  signal: AbortSignal,
): Promise<{ readonly resource: ResourceInfo | undefined; readonly others: readonly ResourceInfo[] }> {
  const resource = await kinds.resource(gvk, signal);
  return { resource, others: kinds.known().filter((kind) => kind.group === gvk.group && kind.kind === gvk.kind) };
}

/** Scope by `group/Kind` of the CRDs in a render. */
function renderedScopes(rendered: readonly RenderedObject[]): ReadonlyMap<string, string> {
  const scopes = new Map<string, string>();
  for (const { object } of rendered) {
    if (object.kind !== 'CustomResourceDefinition') continue;
    const kind = stringAt(object, 'spec', 'names', 'kind');
    if (kind !== undefined)
      scopes.set(`${stringAt(object, 'spec', 'group') ?? ''}/${kind}`, stringAt(object, 'spec', 'scope') ?? 'Namespaced');
  }
  return scopes;
}

function withNamespace(object: KubeObject, namespace: string): KubeObject {
  if (namespaceOf(object) === namespace) return object;
  const { namespace: _written, ...metadata } = object.metadata;
  return { ...object, metadata: namespace === '' ? metadata : { ...metadata, namespace } };
}

const childKinds: Readonly<Record<string, readonly { group: string; version: string; kind: string }[]>> = {
  'apps/Deployment': [
    { group: 'apps', version: 'v1', kind: 'ReplicaSet' },
    { group: '', version: 'v1', kind: 'Pod' },
  ],
  'apps/ReplicaSet': [{ group: '', version: 'v1', kind: 'Pod' }],
  'apps/StatefulSet': [{ group: '', version: 'v1', kind: 'Pod' }],
  'apps/DaemonSet': [{ group: '', version: 'v1', kind: 'Pod' }],
  'batch/Job': [{ group: '', version: 'v1', kind: 'Pod' }],
  'batch/CronJob': [
    { group: 'batch', version: 'v1', kind: 'Job' },
    { group: '', version: 'v1', kind: 'Pod' },
  ],
};

/** Whether a kind makes other objects that the tree shows below it. */
export function canHaveChildren(group: string, kind: string): boolean {
  return childKinds[`${group}/${kind}`] !== undefined;
}

/** What has to be watched to know these objects, what they make, and whether their namespaces exist. */
export function interestsOf(objects: readonly DesiredObject[]): readonly WatchInterest[] {
  const interests = new Map<string, WatchInterest>();
  const add = (interest: WatchInterest): void => {
    const { gvk, namespace } = interest;
    const id = `${gvk.group}/${gvk.version}/${gvk.kind}/${namespace}`;
    if (interests.get(id)?.isChildOnly !== false) interests.set(id, interest);
  };
  for (const { key, object } of objects) {
    // A kind that is not served is wanted all the same: its watch starts when its definition comes.
    add({ gvk: gvkOf(object), namespace: key.namespace, isChildOnly: false });
    for (const gvk of childKinds[`${key.group}/${key.kind}`] ?? []) add({ gvk, namespace: key.namespace, isChildOnly: true });
  }
  add({ gvk: { group: '', version: 'v1', kind: 'Namespace' }, namespace: '', isChildOnly: true });
  return [...interests.values()];
}

/** Whether the kind of an object is none of Kubernetes itself, so that another definition may bring, change or take it. */
export function hasCustomKind({ resource }: DesiredObject): boolean {
  return resource?.servedBy !== 'builtin';
}

/** Names of autoscalers by the `keyString` of the object that they scale. */
export function autoscalerTargets(desired: readonly DesiredObject[], live: readonly KubeObject[]): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  for (const autoscaler of [...scalersAmong(desired), ...live]) {
    const target = valueAt(autoscaler, 'spec', 'scaleTargetRef');
    if (!isJsonObject(target)) continue;
    targets.set(keyString(targetKey(target, namespaceOf(autoscaler))), `${autoscaler.kind}/${keyOf(autoscaler).name}`);
  }
  return targets;
}

/** KEDA's target is a Deployment when it says no more than its name (keda apis/keda/v1alpha1/scaledobject_types.go). */
function targetKey(target: JsonObject, namespace: string): ObjectKey {
  const [group = ''] = (stringAt(target, 'apiVersion') ?? 'apps/v1').split('/').slice(0, -1);
  return { group, kind: stringAt(target, 'kind') ?? 'Deployment', namespace, name: stringAt(target, 'name') ?? '' };
}

/** Desired objects that scale others: an autoscaler that is not yet live, and KEDA's, count like live ones. */
function scalersAmong(objects: readonly DesiredObject[]): readonly KubeObject[] {
  return objects.flatMap(({ key, object }) => (SCALERS.has(`${key.group}/${key.kind}`) ? [object] : []));
}

const SCALERS = new Set(['autoscaling/HorizontalPodAutoscaler', 'keda.sh/ScaledObject']);

/**
 * The VerticalPodAutoscalers of an application that size the Pods of an object, by the object's `keyString`; one that only recommends
 * (`updateMode: Off`) does not.
 */
export function sizerTargets(objects: readonly DesiredObject[]): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  for (const { key, object } of objects) {
    if (key.kind !== 'VerticalPodAutoscaler' || stringAt(object, 'spec', 'updatePolicy', 'updateMode') === 'Off') continue;
    const target = valueAt(object, 'spec', 'targetRef');
    if (isJsonObject(target)) targets.set(keyString(targetKey(target, key.namespace)), `${key.kind}/${key.name}`);
  }
  return targets;
}

/** UIDs of the owners of an object. */
export function ownerUids(object: KubeObject): readonly string[] {
  return arrayAt(object.metadata, 'ownerReferences').flatMap((reference) => stringAt(reference, 'uid') ?? []);
}

/** Why objects of a kind and namespace cannot be watched; undefined when they are. */
export function watchFailureOf(outcomes: readonly WatchOutcome[], key: ObjectKey): Reason | undefined {
  return outcomes.find(
    ({ interest }) => interest.gvk.kind === key.kind && interest.gvk.group === key.group && interest.namespace === key.namespace,
  )?.reason;
}
