import { isAppError } from '../../../base/errors.ts';
import { holdersOf } from '../../compare/fieldsV1.ts';
import { normalizeDesired, normalizeLive } from '../../compare/normalize.ts';
import { orphansOf } from '../../compare/ownership.ts';
import { APPLYSET_PART_OF, ownerMarkOf } from '../../compare/ownerMarks.ts';
import { semanticDiff } from '../../compare/semanticDiff.ts';
import { fieldOf } from '../../drift/fields.ts';
import { type Prepared, prepare } from '../../drift/prepare.ts';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, stringAt } from '../../model/json.ts';
import { displayName, gvkOf, type KubeObject, labelsOf } from '../../model/objects.ts';
import type { OwnerMark } from '../../model/states.ts';
import type { AutoscalerLookup } from './autoscalers.ts';
import { clusterRefusal, ownerRefusal } from './guards.ts';
import { withoutValue } from './edits.ts';
import { entryOf, heldPaths } from '../managers.ts';
import { isProvedSame } from './provedSame.ts';
import { randomRefusal } from './randomValues.ts';
import { reasonOfFailure } from '../execute/sendWrite.ts';
import { type MakeStep, stepMaker } from './stepMaker.ts';
import { takeOverFields } from './takeOverFields.ts';
import { type PreparedSyncStep, SYNC_MANAGER, type SyncConnection, type SyncItem, type SyncObject } from '../syncTypes.ts';

/** How often live may move under the dry-run before the object is refused. */
const MAX_TRIES = 3;
const replicas = [{ field: 'spec' }, { field: 'replicas' }];
/** Kinds that hold other objects or data: to make them anew would lose what they hold. */
const neverRecreated: readonly string[] = ['Namespace', 'CustomResourceDefinition', 'PersistentVolume', 'PersistentVolumeClaim'];

/** What planning shares between the objects of one application. */
export interface ObjectPlanContext {
  readonly connection: SyncConnection;
  readonly autoscalers: AutoscalerLookup;
  /** id of the application's ApplySet */
  readonly setId: string;
  /** namespaces that the same plan creates */
  readonly newNamespaces: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * Plans one desired object by server-side dry-run: what applying it would do to the object that is live now. Where a local proof says that
 * nothing would change, no dry-run is sent.
 */
export async function planObjectSync(
  item: SyncItem,
  object: SyncObject,
  wave: number,
  context: ObjectPlanContext,
): Promise<PreparedSyncStep> {
  const make = stepMaker(item, object, wave);
  const refusal = clusterRefusal(item, context.connection);
  if (refusal !== undefined) return make('skipped', { reason: refusal });
  if (object.resource === undefined) {
    if (object.isKindRendered) return make('create', { body: bodyOf(object, undefined, context), isUnverified: true });
    return make('skipped', { reason: { code: 'kind-not-served', details: { object: displayName(object.key), kind: object.key.kind } } });
  }
  if (object.resource.servedBy === 'aggregated') {
    return make('skipped', {
      reason: { code: 'sync-not-verifiable', details: { object: displayName(object.key), kind: object.key.kind } },
    });
  }
  let last: PreparedSyncStep | undefined;
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    try {
      const live = attempt === 1 && object.known !== undefined ? object.known.live : await liveOf(object, context);
      const random = randomRefusal(object, live);
      if (random !== undefined) return make('skipped', { reason: random, ...(live === undefined ? {} : { live }) });
      last = live === undefined ? await planCreate(object, make, context) : await planLive(item, object, live, make, context);
      if (last !== undefined) return last;
    } catch (error) {
      context.signal.throwIfAborted();
      return make('skipped', { reason: reasonOfFailure(error, object.key, context.connection.context) });
    }
  }
  return make('skipped', { reason: { code: 'moved-since-plan', details: { object: displayName(object.key) } } });
}

async function liveOf({ key, desired }: SyncObject, { connection, signal }: ObjectPlanContext): Promise<KubeObject | undefined> {
  try {
    return await connection.get(gvkOf(desired), key, { signal });
  } catch (error) {
    if (isAppError(error, 'not-found', 'namespace-missing')) return undefined;
    throw error;
  }
}

async function planCreate(object: SyncObject, make: MakeStep, context: ObjectPlanContext): Promise<PreparedSyncStep | undefined> {
  const { connection, signal, newNamespaces } = context;
  const body = bodyOf(object, undefined, context);
  try {
    const answer = await connection.patch(gvkOf(object.desired), object.key, body, { ...dryRun, signal });
    // The dry-run of a create has no resourceVersion: with one, somebody made the object meanwhile.
    return stringAt(answer.object.metadata, 'resourceVersion') === undefined ? make('create', { body }) : undefined;
  } catch (error) {
    if (isAppError(error, 'namespace-missing') && newNamespaces.has(object.key.namespace))
      return make('create', { body, isUnverified: true });
    throw error;
  }
}

async function planLive(
  item: SyncItem,
  object: SyncObject,
  live: KubeObject,
  make: MakeStep,
  context: ObjectPlanContext,
): Promise<PreparedSyncStep | undefined> {
  const { connection, signal } = context;
  const { key } = object;
  const mark = ownerMarkOf(live);
  const owned = ownerRefusal({ application: item.application, key, ...(foreign(mark, context.setId) ? { mark } : {}) });
  if (owned !== undefined) return make('skipped', { reason: owned, live });
  const deletedAt = stringAt(live.metadata, 'deletionTimestamp');
  if (deletedAt !== undefined) {
    return make('skipped', { reason: { code: 'being-deleted', details: { object: displayName(key), time: deletedAt } }, live });
  }
  const schema = await connection.schemas.schemaOf(gvkOf(object.desired), signal);
  const holder = await context.autoscalers.holderOf(key, live, replicas);
  const prepared = prepare(
    {
      key,
      desired: object.desired,
      live,
      schema,
      resource: object.resource,
      owner: 'plumbline',
      rules: item.application.ignore,
      ...(holder === undefined ? {} : { autoscaler: holder }),
      ...(object.volatile === undefined ? {} : { volatile: object.volatile.fields }),
    },
    live,
  );
  const body = labelled(prepared.desired, object, context.setId);
  const takenOver = takeOverFields(live);
  if (takenOver === undefined && isProvedSame(prepared, body)) return make('unchanged', { live });
  let predicted: KubeObject;
  try {
    const answer = await connection.patch(gvkOf(object.desired), key, body, { ...dryRun, force: true, signal });
    if (stringAt(answer.object.metadata, 'resourceVersion') !== stringAt(live.metadata, 'resourceVersion')) return undefined;
    predicted = answer.object;
  } catch (error) {
    if (!isAppError(error, 'invalid') || error.details['isImmutable'] !== true || neverRecreated.includes(key.kind)) throw error;
    const fields = semanticDiff(body, pruned(normalizeLive(live, object.resource), body), prepared.schema).map((difference) =>
      fieldOf(prepared, difference, undefined, true),
    );
    return make('recreate', { body: bodyOf(object, live, context), live, fields, isUnverified: true });
  }
  const after = withoutOrphans(normalizeLive(predicted, object.resource), body, prepared, takenOver?.moved ?? []);
  const fields = semanticDiff(after, prepared.live, prepared.schema).map((difference) => fieldOf(prepared, difference, undefined, true));
  const isSame = fields.every(({ isCosmetic }) => isCosmetic) && takenOver === undefined && holdsSame(live, predicted);
  if (isSame) return make('unchanged', { live });
  return make('configure', {
    body,
    live,
    fields,
    ...(takenOver === undefined ? {} : { takesFrom: takenOver.from, takenOver: takenOver.managedFields }),
  });
}

const dryRun = { type: 'apply', dryRun: true, fieldManager: SYNC_MANAGER, fieldValidation: 'Warn' } as const;

function foreign(mark: OwnerMark | undefined, setId: string): mark is OwnerMark {
  return mark !== undefined && !(mark.owner === 'applyset' && mark.name === setId);
}

function bodyOf(object: SyncObject, live: KubeObject | undefined, { setId }: ObjectPlanContext): KubeObject {
  const normalized = normalizeDesired(object.desired, live, object.resource);
  return labelled(normalized, object, setId);
}

/** The object as it is sent: identified, and marked as a member of the set. */
function labelled(object: KubeObject, { desired, key }: SyncObject, setId: string): KubeObject {
  const namespace = key.namespace === '' ? {} : { namespace: key.namespace };
  const labels = { ...labelsOf(object), [APPLYSET_PART_OF]: setId };
  return {
    ...object,
    apiVersion: desired.apiVersion,
    kind: desired.kind,
    metadata: { ...object.metadata, name: key.name, ...namespace, labels },
  };
}

/** What an apply as the new owner takes away, since Git no longer has it and nobody else holds it. */
function withoutOrphans(
  predicted: KubeObject,
  body: KubeObject,
  { live, entries, schema }: Prepared,
  moved: readonly JsonObject[],
): KubeObject {
  let result: JsonValue = predicted;
  for (const fields of moved) {
    for (const path of orphansOf(fields, body, live, schema)) {
      const others = holdersOf(entries, path, schema).filter((entry) => !moved.includes(entry.fields));
      if (others.length === 0) result = withoutValue(result, path, schema);
    }
  }
  return isJsonObject(result) ? { ...predicted, ...result } : predicted;
}

/** Whether an apply would leave our manager with exactly the fields that it holds. */
function holdsSame(live: KubeObject, predicted: KubeObject): boolean {
  const held = (object: KubeObject): string => canonicalJson([...heldPaths(entryOf(object, SYNC_MANAGER)?.fields ?? {}).keys()].sort());
  return held(live) === held(predicted);
}

/** The parts of a live value that desired names: what else stands there are defaults, which a new object gets again. */
function pruned(live: JsonObject, desired: JsonObject): JsonObject {
  const result: Record<string, JsonValue | undefined> = {};
  for (const [name, wanted] of Object.entries(desired)) {
    const value = live[name];
    result[name] = isJsonObject(value) && isJsonObject(wanted) ? pruned(value, wanted) : value;
  }
  return result;
}
