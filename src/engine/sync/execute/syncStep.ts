import { delay } from '../../../base/async.ts';
import { AppError, isAppError } from '../../../base/errors.ts';
import { ownerMarkOf } from '../../compare/ownerMarks.ts';
import { stringAt } from '../../model/json.ts';
import { displayName, type KubeObject } from '../../model/objects.ts';
import { keepMarkOf } from '../plan/keepMarks.ts';
import { preconditionsOf } from '../plan/planPrunes.ts';
import { TAKE_OVER_MANAGER } from '../plan/planTakeOver.ts';
import { reasonOfFailure } from './sendWrite.ts';
import { sameButStatus } from '../plan/statusMoves.ts';
import { isReason, takeOverOf } from '../plan/takeOver.ts';
import { type PreparedSyncStep, SYNC_MANAGER, type SyncConnection } from '../syncTypes.ts';

const MAX_TRIES = 4;
const FIRST_RETRY_MS = 250;
const GONE_POLL_MS = 200;

/**
 * Carries out one step, conditional on the state that the plan saw. A request that was sent is always waited for.
 * @param signal cancels only the waits between requests
 * @throws AppError `moved-since-plan` and those of the cluster room
 */
export async function runSyncStep(prepared: PreparedSyncStep, connection: SyncConnection, signal: AbortSignal): Promise<void> {
  const { step, live, body } = prepared;
  if (step.action === 'prune' && live !== undefined) await prune(prepared, live, connection, signal);
  else if (step.action === 'take-over' && live !== undefined) await takeOver(prepared, live, connection, signal);
  else if (body === undefined) throw new AppError('internal', { message: `no body for ${step.action}` });
  else if (step.action === 'create') await create(prepared, body, connection, signal);
  else if (live !== undefined && step.action === 'recreate') await recreate(prepared, body, live, connection, signal);
  else if (live !== undefined) await configure(prepared, body, live, connection, signal);
}

/** Without force: an object that someone made meanwhile is not overwritten. */
async function create({ gvk, step }: PreparedSyncStep, body: KubeObject, connection: SyncConnection, signal: AbortSignal): Promise<void> {
  await patient(signal, () =>
    connection.patch(gvk, step.key, body, { type: 'apply', fieldManager: SYNC_MANAGER, fieldValidation: 'Warn' }),
  );
}

async function configure(
  prepared: PreparedSyncStep,
  body: KubeObject,
  planned: KubeObject,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<void> {
  const { gvk, step, takenOver } = prepared;
  let current = planned;
  if (takenOver !== undefined) {
    const operations = [
      { op: 'replace', path: '/metadata/resourceVersion', value: versionOf(current) },
      { op: 'replace', path: '/metadata/managedFields', value: takenOver },
    ];
    // No retry on another resourceVersion: the entries that move are those that the plan read.
    current = (await patient(signal, () => connection.patch(gvk, step.key, operations, { type: 'json', fieldManager: SYNC_MANAGER })))
      .object;
  }
  for (let attempt = 1; ; attempt += 1) {
    const conditional = { ...body, metadata: { ...body.metadata, resourceVersion: versionOf(current) } };
    try {
      await patient(signal, () =>
        connection.patch(gvk, step.key, conditional, { type: 'apply', force: true, fieldManager: SYNC_MANAGER, fieldValidation: 'Warn' }),
      );
      return;
    } catch (error) {
      if (attempt >= MAX_TRIES || reasonOfFailure(error, step.key, connection.context).code !== 'moved-since-plan') throw error;
      current = await sameButStatus(gvk, step.key, current, connection, error);
    }
  }
}

/** One request: the object is as before or as after, never between. When only its status moved, the request is made anew. */
async function takeOver(
  { gvk, step, takeOver: input }: PreparedSyncStep,
  live: KubeObject,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<void> {
  if (input === undefined) throw new AppError('internal', { message: 'a take over of nothing' });
  let current = live;
  for (let attempt = 1; ; attempt += 1) {
    const now = takeOverOf(current, input);
    if (now === undefined || isReason(now)) throw new AppError('moved-since-plan', { object: displayName(step.key) });
    try {
      await patient(signal, () => connection.patch(gvk, step.key, now.operations, { type: 'json', fieldManager: TAKE_OVER_MANAGER }));
      return;
    } catch (error) {
      if (attempt >= MAX_TRIES || reasonOfFailure(error, step.key, connection.context).code !== 'moved-since-plan') throw error;
      current = await sameButStatus(gvk, step.key, current, connection, error);
    }
  }
}

async function recreate(
  prepared: PreparedSyncStep,
  body: KubeObject,
  live: KubeObject,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<void> {
  const { gvk, step } = prepared;
  await remove(prepared, live, connection, signal);
  for (;;) {
    const now = await found(prepared, connection);
    if (now === undefined || now.metadata['uid'] !== live.metadata['uid']) break;
    await delay(GONE_POLL_MS, signal);
  }
  await create({ ...prepared, gvk, step }, body, connection, signal);
}

async function prune(prepared: PreparedSyncStep, live: KubeObject, connection: SyncConnection, signal: AbortSignal): Promise<void> {
  try {
    await remove(prepared, live, connection, signal);
  } catch (error) {
    if (!isAppError(error, 'not-found', 'namespace-missing')) throw error;
  }
}

/** Deletes exactly the object that the plan saw; when only its status moved, as it is now. */
async function remove({ gvk, step }: PreparedSyncStep, live: KubeObject, connection: SyncConnection, signal: AbortSignal): Promise<void> {
  let current = live;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await patient(signal, () => connection.delete(gvk, step.key, { ...preconditionsOf(current), propagation: 'Background' }));
      return;
    } catch (error) {
      if (attempt >= MAX_TRIES || !isAppError(error, 'conflict')) throw error;
      const now = await connection.get(gvk, step.key);
      const isSame =
        now.metadata['uid'] === live.metadata['uid'] &&
        now.metadata['generation'] === live.metadata['generation'] &&
        live.metadata['generation'] !== undefined &&
        keepMarkOf(now) === undefined &&
        ownerMarkOf(now)?.name === ownerMarkOf(live)?.name;
      if (!isSame) throw error;
      current = now;
    }
  }
}

async function found({ gvk, step }: PreparedSyncStep, connection: SyncConnection): Promise<KubeObject | undefined> {
  try {
    return await connection.get(gvk, step.key);
  } catch (error) {
    if (isAppError(error, 'not-found', 'namespace-missing')) return undefined;
    throw error;
  }
}

function versionOf(object: KubeObject): string {
  return stringAt(object.metadata, 'resourceVersion') ?? '';
}

/** Waits as long as a busy server asks, a few times. */
async function patient<T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= MAX_TRIES || !isAppError(error, 'too-many-requests')) throw error;
      const seconds = error.details['retryAfterSeconds'];
      await delay(typeof seconds === 'number' ? seconds * 1000 : FIRST_RETRY_MS * 2 ** attempt, signal);
    }
  }
}
