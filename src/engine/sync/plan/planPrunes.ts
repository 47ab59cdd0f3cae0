import { isAppError } from '../../../base/errors.ts';
import { APPLYSET_PART_OF, ownerMarkOf } from '../../compare/ownerMarks.ts';
import { arrayAt, stringAt, valueAt } from '../../model/json.ts';
import { displayName, gvkOf, keyString, type KubeObject, nameOf, namespaceOf, type ObjectKey } from '../../model/objects.ts';
import type { SyncStep, SyncTick } from '../../model/sync.ts';
import type { Reason } from '../../model/states.ts';
import { applySetId, type GroupKind, type SetScope } from '../applySet.ts';
import { keepMarkOf } from './keepMarks.ts';
import { byApplyOrder } from './kindOrder.ts';
import { reasonOfFailure } from '../execute/sendWrite.ts';
import type { PreparedSyncStep, SyncConnection, SyncItem } from '../syncTypes.ts';

const ticked: readonly SyncTick[] = ['PersistentVolume', 'PersistentVolumeClaim', 'Namespace', 'CustomResourceDefinition'];

/** What there is to prune. */
export interface PrunePlanning {
  readonly steps: readonly PreparedSyncStep[];
  /** every kind and namespace of the set could be read */
  readonly isComplete: boolean;
}

/**
 * Plans the removal of members of an ApplySet that Git no longer has, each proved by a server-side dry-run of the delete. What asks to be
 * kept, belongs to somebody else or is held back by the policy is named and skipped.
 * @param scope where members may be: what the parent says, and what the source renders to
 * @param wantedUids of the live objects that Git has, whatever their kind is called now
 */
export async function planPrunes(
  item: SyncItem,
  parent: ObjectKey,
  scope: SetScope,
  wantedUids: ReadonlySet<string>,
  wave: number,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<PrunePlanning> {
  const wanted = new Set(item.objects.map(({ key }) => keyString(key)));
  const members = new Map<string, { readonly object: KubeObject; readonly key: ObjectKey }>();
  let isComplete = true;
  const kinds = new Map(scope.kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]));
  for (const kind of kinds.values()) {
    const found = await membersOf(kind, parent, scope, connection, signal);
    if (found === undefined) isComplete = false;
    for (const object of found ?? []) {
      const key = { ...kind, namespace: namespaceOf(object), name: nameOf(object) };
      const uid = stringAt(object.metadata, 'uid') ?? '';
      if (wanted.has(keyString(key)) || wantedUids.has(uid) || keyString(key) === keyString(parent)) continue;
      members.set(uid, { object, key });
    }
  }
  const steps: PreparedSyncStep[] = [];
  const ordered = [...members.values()].sort((left, right) => byApplyOrder(right.key, left.key));
  for (const { object, key } of ordered) {
    const reason = await whyKept(item, object, key, parent, connection, signal);
    steps.push(prepare(item, object, key, reason, wave));
  }
  return { steps, isComplete };
}

/** Members of one kind; undefined: they may not be read. A kind that is no longer served has none. */
async function membersOf(
  { group, kind }: GroupKind,
  parent: ObjectKey,
  scope: SetScope,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  const info = await connection.discovery.resourceOfKind(group, kind, signal);
  if (info === undefined) return [];
  const namespaces = info.isNamespaced ? new Set([parent.namespace, ...scope.namespaces]) : new Set(['']);
  const labelSelector = `${APPLYSET_PART_OF}=${applySetId(parent)}`;
  const found: KubeObject[] = [];
  for (const namespace of namespaces) {
    try {
      const list = await connection.list(info, { namespace, labelSelector, metadataOnly: true, signal });
      const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`;
      found.push(...list.map((object) => ({ ...object, apiVersion, kind })));
    } catch (error) {
      if (isAppError(error, 'not-found', 'namespace-missing', 'unknown-kind')) continue;
      if (isAppError(error, 'forbidden')) return undefined;
      throw error;
    }
  }
  return found;
}

async function whyKept(
  item: SyncItem,
  object: KubeObject,
  key: ObjectKey,
  parent: ObjectKey,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<Reason | undefined> {
  const name = displayName(key);
  const mark = ownerMarkOf(object);
  if (mark !== undefined && !(mark.owner === 'applyset' && mark.name === applySetId(parent))) {
    return { code: `owned-by-${mark.owner}`, details: { object: name, owner: mark.name } };
  }
  const keep = keepMarkOf(object);
  if (keep !== undefined) return { code: 'kept-by-annotation', details: { object: name, annotation: keep } };
  const controller = arrayAt(object.metadata, 'ownerReferences').find((reference) => valueAt(reference, 'controller') === true);
  if (controller !== undefined) {
    const owner = `${stringAt(controller, 'kind') ?? ''}/${stringAt(controller, 'name') ?? ''}`;
    return { code: 'kept-by-owner', details: { object: name, owner } };
  }
  const deletedAt = stringAt(object.metadata, 'deletionTimestamp');
  if (deletedAt !== undefined) return { code: 'being-deleted', details: { object: name, time: deletedAt } };
  if (!item.prune) return { code: 'prune-off', details: { object: name, application: item.application.name } };
  try {
    await connection.delete(gvkOf(object), key, { ...preconditionsOf(object), dryRun: true, signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return reasonOfFailure(error, key, connection.context);
  }
}

/** What makes a delete hit only the object that the plan saw. */
export function preconditionsOf(object: KubeObject): { readonly uid?: string; readonly resourceVersion?: string } {
  const [uid, resourceVersion] = [stringAt(object.metadata, 'uid'), stringAt(object.metadata, 'resourceVersion')];
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

function prepare(item: SyncItem, live: KubeObject, key: ObjectKey, reason: Reason | undefined, wave: number): PreparedSyncStep {
  const tick = ticked.find((kind) => kind === key.kind);
  const resourceVersion = stringAt(live.metadata, 'resourceVersion');
  const step: SyncStep = {
    applicationId: item.application.id,
    key,
    action: reason === undefined ? 'prune' : 'skipped',
    fields: [],
    undoes: [],
    wave,
    isUnverified: false,
    ...(reason === undefined ? {} : { reason }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(reason !== undefined || tick === undefined ? {} : { tick }),
  };
  return { step, gvk: gvkOf(live), body: undefined, live };
}
