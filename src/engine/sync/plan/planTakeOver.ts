import { isAppError } from '../../../base/errors.ts';
import { ownerMarkOf } from '../../compare/ownerMarks.ts';
import { canonicalJson, type JsonObject, jsonEqual, stringAt } from '../../model/json.ts';
import { annotationsOf, displayName, gvkOf, type KubeObject, labelsOf, nameOf, namespaceOf } from '../../model/objects.ts';
import type { Reason } from '../../model/states.ts';
import type { ReleaseLeft, SyncStep } from '../../model/sync.ts';
import { clusterRefusal, ownerRefusal } from './guards.ts';
import type { ObjectPlanContext } from './planObjectSync.ts';
import { type MakeStep, stepMaker } from './stepMaker.ts';
import { reasonOfFailure } from '../execute/sendWrite.ts';
import type { LeftOver, PreparedSyncStep, SyncConnection, SyncItem, SyncObject } from '../syncTypes.ts';
import { isReason, takenOverObject, takeOverOf } from './takeOver.ts';
import { withoutKeys } from './withoutKeys.ts';

const SECRETS = { group: '', version: 'v1', kind: 'Secret' };
/** Manager of the label of our ApplySet, beside our *Apply* entry: a JSON patch counts as an update. */
export const TAKE_OVER_MANAGER = 'plumbline-applyset';
const MAX_TRIES = 3;

/**
 * Plans the take over of one object, proved by a server-side dry-run of the very request: when anything but the announced marks would
 * change, it is refused.
 */
export async function planTakeOver(item: SyncItem, object: SyncObject, context: ObjectPlanContext): Promise<PreparedSyncStep> {
  const make = stepMaker(item, object, 0);
  const { connection, signal } = context;
  const name = displayName(object.key);
  const refusal = clusterRefusal(item, connection);
  if (refusal !== undefined) return make('skipped', { reason: refusal });
  if (object.resource === undefined) return make('skipped', { reason: { code: 'take-over-not-live', details: { object: name } } });
  if (object.resource.servedBy === 'aggregated') {
    return make('skipped', { reason: { code: 'sync-not-verifiable', details: { object: name, kind: object.key.kind } } });
  }
  try {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
      const live = await connection.get(gvkOf(object.desired), object.key, { signal });
      const step = await planLive(item, object, live, make, context);
      if (step !== undefined) return step;
    }
    return make('skipped', { reason: { code: 'moved-since-plan', details: { object: name } } });
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error, 'not-found', 'namespace-missing')) {
      return make('skipped', { reason: { code: 'take-over-not-live', details: { object: name } } });
    }
    return make('skipped', { reason: reasonOfFailure(error, object.key, connection.context) });
  }
}

/** @returns undefined when live moved under the dry-run */
async function planLive(
  item: SyncItem,
  object: SyncObject,
  live: KubeObject,
  make: MakeStep,
  { connection, setId, signal }: ObjectPlanContext,
): Promise<PreparedSyncStep | undefined> {
  const { key } = object;
  const mark = ownerMarkOf(live);
  const isOpen = mark === undefined || mark.owner === 'helm' || (mark.owner === 'applyset' && mark.name === setId);
  const owned = ownerRefusal({ application: item.application, key, ...(isOpen ? {} : { mark }) });
  if (owned !== undefined) return make('skipped', { reason: owned, live });
  const deletedAt = stringAt(live.metadata, 'deletionTimestamp');
  if (deletedAt !== undefined) {
    return make('skipped', { reason: { code: 'being-deleted', details: { object: displayName(key), time: deletedAt } }, live });
  }
  const input = { desired: object.desired, setId };
  const takeOver = takeOverOf(live, input);
  if (takeOver === undefined) return make('unchanged', { live });
  if (isReason(takeOver)) return make('skipped', { reason: takeOver, live });
  const { operations, moves, marks } = takeOver;
  let predicted: KubeObject;
  try {
    const options = { type: 'json', dryRun: true, fieldManager: TAKE_OVER_MANAGER, signal } as const;
    predicted = (await connection.patch(gvkOf(object.desired), key, operations, options)).object;
  } catch (error) {
    if (reasonOfFailure(error, key, connection.context).code === 'moved-since-plan') return undefined;
    throw error;
  }
  const [before, after] = [comparable(takenOverObject(live, marks, setId)), comparable(predicted)];
  if (!jsonEqual(before, after)) {
    return make('skipped', {
      reason: { code: 'take-over-changes', details: { object: displayName(key), fields: changed(before, after) } },
      live,
    });
  }
  return make('take-over', { live, takeOver: input, moves, marks });
}

/** What a take over must leave as it is: all but managedFields and what the server counts. */
function comparable(object: KubeObject): JsonObject {
  const metadata = withoutKeys(object.metadata, 'managedFields', 'resourceVersion', 'generation', 'labels', 'annotations');
  return { ...object, metadata: { ...metadata, labels: labelsOf(object), annotations: annotationsOf(object) } };
}

function changed(before: JsonObject, after: JsonObject): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.filter((name) => canonicalJson(before[name]) !== canonicalJson(after[name]));
}

/** Live objects of the same Helm release that the source does not have: they are named, and stay as they are. */
export function leftOverSteps(item: SyncItem): readonly PreparedSyncStep[] {
  return (item.leftOver ?? []).map(({ key, release }: LeftOver) => {
    const reason: Reason = { code: 'take-over-not-in-git', details: { object: displayName(key), release } };
    const applicationId = item.application.id;
    const step: SyncStep = { applicationId, key, action: 'skipped', fields: [], undoes: [], wave: 0, isUnverified: false, reason };
    return { step, gvk: { group: key.group, version: '', kind: key.kind }, body: undefined, live: undefined };
  });
}

/**
 * The Helm releases that taken objects leave, with what Helm records of them; only metadata is read.
 * @returns with `busy` why a release may not be left now: Helm is at work on it
 */
export async function releasesLeft(
  steps: readonly PreparedSyncStep[],
  connection: Pick<SyncConnection, 'list'>,
  signal: AbortSignal,
): Promise<{ readonly releases: readonly ReleaseLeft[]; readonly busy?: Reason }> {
  const found = new Map<string, ReleaseLeft>();
  for (const { step, live } of steps) {
    const name = live === undefined ? undefined : annotationsOf(live)['meta.helm.sh/release-name'];
    if (step.action !== 'take-over' || live === undefined || name === undefined || ownerMarkOf(live)?.owner !== 'helm') continue;
    const namespace = annotationsOf(live)['meta.helm.sh/release-namespace'] ?? namespaceOf(live);
    found.set(`${namespace}/${name}`, { name, namespace });
  }
  const releases: ReleaseLeft[] = [];
  for (const release of found.values()) {
    const records = await recordsOf(release, connection, signal);
    const newest = records?.at(-1);
    const status = newest === undefined ? '' : (labelsOf(newest)['status'] ?? '');
    if (status.startsWith('pending-') || status === 'uninstalling') {
      return {
        releases: [],
        busy: { code: 'take-over-release-busy', details: { release: release.name, namespace: release.namespace, status } },
      };
    }
    const version = newest === undefined ? undefined : versionOf(newest);
    releases.push({
      ...release,
      ...(records === undefined ? {} : { records: records.length }),
      ...(version === undefined ? {} : { version }),
    });
  }
  return { releases: releases.sort((left, right) => keyText(left).localeCompare(keyText(right))) };
}

function keyText({ namespace, name }: ReleaseLeft): string {
  return `${namespace}/${name}`;
}

/** Helm's Secrets of a release (helm pkg/storage/driver/secrets.go), oldest first; undefined: they may not be read. */
async function recordsOf(
  { name, namespace }: ReleaseLeft,
  connection: Pick<SyncConnection, 'list'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  try {
    const list = await connection.list(SECRETS, { namespace, labelSelector: `owner=helm,name=${name}`, metadataOnly: true, signal });
    return [...list].sort((left, right) => (versionOf(left) ?? 0) - (versionOf(right) ?? 0));
  } catch (error) {
    if (isAppError(error, 'forbidden', 'not-found')) return undefined;
    throw error;
  }
}

function versionOf(record: KubeObject): number | undefined {
  const text = labelsOf(record)['version'] ?? /\.v(\d+)$/.exec(nameOf(record))?.[1];
  return text === undefined ? undefined : Number(text);
}
