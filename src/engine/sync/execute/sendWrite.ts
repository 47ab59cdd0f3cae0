import { AppError, isAppError, toError } from '../../../base/errors.ts';
import type { JsonValue } from '../../model/json.ts';
import { displayName, type KubeObject, type ObjectKey } from '../../model/objects.ts';
import { stringAt } from '../../model/json.ts';
import type { Reason } from '../../model/states.ts';
import { patchOf } from '../plan/edits.ts';
import type { PreparedStep, RevertConnection, RevertWrite } from '../revertTypes.ts';

/** Options of one request. */
export interface SendOptions {
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Sends one request of a step, conditional on the state that it is for: its resourceVersion, and the values shown.
 * @param current the object as it is believed to be; undefined when it does not exist
 * @returns the server's answer
 * @throws AppError `moved-since-plan` when the object is another by now, and those of the cluster room
 */
export async function sendWrite(
  connection: Pick<RevertConnection, 'patch' | 'create'>,
  step: Pick<PreparedStep, 'gvk' | 'schema' | 'restored'> & { readonly step: { readonly key: ObjectKey } },
  write: RevertWrite,
  current: KubeObject | undefined,
  options: SendOptions,
): Promise<KubeObject> {
  const { key } = step.step;
  const common = {
    dryRun: options.dryRun,
    fieldValidation: 'Warn',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  } as const;
  if (write.type === 'create') {
    const { manager, operation } = write.manager;
    if (operation === 'Update') return (await connection.create(write.object, { ...common, fieldManager: manager })).object;
    // Without force: an object that someone made meanwhile is not overwritten.
    return (await connection.patch(step.gvk, key, write.object, { ...common, type: 'apply', fieldManager: manager })).object;
  }
  const version = current === undefined ? undefined : stringAt(current.metadata, 'resourceVersion');
  if (current === undefined || version === undefined) throw new AppError('moved-since-plan', { object: displayName(key) });
  if (write.type === 'apply') {
    const body = { ...write.body, metadata: { ...write.body.metadata, resourceVersion: version } };
    const sent = await connection.patch(step.gvk, key, body, { ...common, type: 'apply', force: true, fieldManager: write.manager });
    return sent.object;
  }
  const operations = patchOf(current, write.edits, step.schema, step.restored);
  if (operations === undefined) throw new AppError('moved-since-plan', { object: displayName(key) });
  const guard = { op: 'test', path: '/metadata/resourceVersion', value: version };
  const body: readonly JsonValue[] = [guard, ...operations.map((operation) => ({ ...operation }))];
  return (await connection.patch(step.gvk, key, body, { ...common, type: 'json', fieldManager: write.manager })).object;
}

/** evanphx/json-patch, as the API server passes it on when a `test` does not hold. */
const testFailed = /testing (value|path) .*failed|test failed/i;

/**
 * What stands in the way of writing an object, by what the server answered. Words about the object replace those about the call
 * where the cure differs; all other codes stay those of the cluster room.
 */
export function reasonOfFailure(error: unknown, key: ObjectKey, context: string): Reason {
  const object = displayName(key);
  if (!isAppError(error)) return { code: 'refused-by-server', details: { object, message: toError(error).message } };
  const { details } = error;
  const message = typeof details['message'] === 'string' ? details['message'] : '';
  if (isAppError(error, 'moved-since-plan', 'conflict', 'already-exists', 'field-conflict', 'not-found') || testFailed.test(message)) {
    return { code: 'moved-since-plan', details: { object } };
  }
  if (error.code === 'invalid' && details['isImmutable'] === true) {
    return { code: 'needs-recreate', details: { object, fields: details['fields'], message } };
  }
  if (isAppError(error, 'invalid', 'bad-request', 'denied-by-admission'))
    return { code: 'refused-by-server', details: { object, message } };
  return { code: error.code, details: { context, ...details, object } };
}
