import { delay } from '../../../base/async.ts';
import { AppError, isAppError, toError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { connectionCodes, signInCodes } from '../../cluster/apiErrors.ts';
import { displayName, type KubeObject, keyString } from '../../model/objects.ts';
import type { StepResult } from '../../model/plan.ts';
import type { Reason } from '../../model/states.ts';
import { giveUpUpdates } from '../plan/giveUpUpdates.ts';
import type { PreparedPlan, PreparedStep, RevertConnection } from '../revertTypes.ts';
import { reasonOfFailure, sendWrite } from './sendWrite.ts';
import { sameButStatus } from '../plan/statusMoves.ts';

/** What carrying out a plan needs beside the plan. */
export interface ExecuteOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** who asked, for the log: the user as the kubeconfig or the machine names them */
  readonly actor: string;
  /** called after each step with its result; `done` counts from 1 */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly result: StepResult }) => void;
}

/** The server would not take the write, and nothing was changed. */
export const refusalCodes: readonly string[] = [
  'moved-since-plan',
  'needs-recreate',
  'refused-by-server',
  'forbidden',
  'quota-exceeded',
  'namespace-missing',
  'namespace-terminating',
];
const MAX_TRIES = 4;
const FIRST_RETRY_MS = 250;
/** The cluster does not answer: going on would only repeat the failure for every step. */
export const endingCodes: readonly string[] = [...connectionCodes, ...signInCodes, 'wrong-cluster'];

/**
 * Carries out a plan, step by step, each write conditional on the state that the plan saw. An abort takes effect between steps: a
 * request that was sent is always waited for, so every step's outcome is known.
 * @returns one result per step, in order; never throws
 */
export async function executePlan(
  prepared: PreparedPlan,
  connection: RevertConnection,
  options: ExecuteOptions,
): Promise<readonly StepResult[]> {
  const { plan, steps } = prepared;
  const results: StepResult[] = [];
  let stop: Reason | undefined;
  if (connection.uid !== plan.clusterUid) {
    stop = { code: 'wrong-cluster', details: { context: plan.context, expectedUid: plan.clusterUid, uid: connection.uid } };
  }
  options.logger.info(
    `revert ${plan.id} by ${options.actor}: ${steps.length} objects, ${where(prepared)}, to ${plan.revisionIs} ${plan.revision}`,
  );
  for (const step of steps) {
    const { applicationId, key } = step.step;
    let result: StepResult;
    if (stop !== undefined) result = { applicationId, key, outcome: 'skipped', reason: stopReason(stop, step) };
    else if (options.signal.aborted) {
      result = { applicationId, key, outcome: 'skipped', reason: { code: 'revert-cancelled', details: { object: displayName(key) } } };
    } else {
      result = await runStep(step, connection, options);
      if (result.reason !== undefined && endingCodes.includes(result.reason.code)) stop = result.reason;
    }
    results.push(result);
    logResult(prepared, step, result, options);
    options.onProgress?.({ done: results.length, total: steps.length, result });
  }
  return results;
}

function stopReason(stop: Reason, { step }: PreparedStep): Reason {
  return stop.code === 'wrong-cluster' ? stop : { code: 'revert-stopped', details: { object: displayName(step.key), cause: stop.code } };
}

async function runStep(step: PreparedStep, connection: RevertConnection, { signal, logger }: ExecuteOptions): Promise<StepResult> {
  const { applicationId, key } = step.step;
  let current = step.live;
  let written = 0;
  try {
    for (const write of step.writes) {
      const before = current;
      current = await writeWithRetries(step, write, current, connection, signal);
      if (write.type === 'patch' && write.givesUp) current = await giveUp(step, write.manager, before, current, connection, logger);
      written += 1;
    }
    return { applicationId, key, outcome: 'done' };
  } catch (error) {
    const reason = reasonOfFailure(error, key, connection.context);
    const before = refusalCodes.includes(reason.code) ? 'refused' : reason.code === 'revert-cancelled' ? 'skipped' : 'failed';
    return { applicationId, key, outcome: written === 0 ? before : 'failed', reason };
  }
}

/** The fields are restored by now: what cannot be given up is only noted. */
async function giveUp(
  step: PreparedStep,
  manager: string,
  before: KubeObject | undefined,
  after: KubeObject,
  connection: RevertConnection,
  logger: Logger,
): Promise<KubeObject> {
  try {
    return await giveUpUpdates(step, manager, before, after, connection);
  } catch (error) {
    logger.debug(`managedFields of ${keyString(step.step.key)} stay as they are: ${toError(error).message}`);
    return after;
  }
}

async function writeWithRetries(
  step: PreparedStep,
  write: PreparedStep['writes'][number],
  planned: KubeObject | undefined,
  connection: RevertConnection,
  signal: AbortSignal,
): Promise<KubeObject> {
  let current = planned;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendWrite(connection, step, write, current, { dryRun: false });
    } catch (error) {
      if (attempt >= MAX_TRIES) throw error;
      if (isAppError(error, 'too-many-requests')) {
        const seconds = error.details['retryAfterSeconds'];
        await waitOrCancel(typeof seconds === 'number' ? seconds * 1000 : FIRST_RETRY_MS * 2 ** attempt, step, signal);
        continue;
      }
      if (current === undefined || reasonOfFailure(error, step.step.key, connection.context).code !== 'moved-since-plan') throw error;
      current = await sameButStatus(step.gvk, step.step.key, current, connection, error);
    }
  }
}

async function waitOrCancel(waitMs: number, { step }: PreparedStep, signal: AbortSignal): Promise<void> {
  try {
    await delay(waitMs, signal);
  } catch {
    throw new AppError('revert-cancelled', { object: displayName(step.key) });
  }
}

function where({ plan }: PreparedPlan): string {
  const namespaces = plan.namespaces.length === 0 ? '' : `, namespaces ${plan.namespaces.join(' ')}`;
  return `cluster ${plan.context} (${plan.clusterUid})${namespaces}`;
}

function logResult(prepared: PreparedPlan, { step }: PreparedStep, result: StepResult, { logger, actor }: ExecuteOptions): void {
  const fields = step.fields.map((field) => field.id).join(' ');
  const why = result.reason === undefined ? '' : `: ${result.reason.code}`;
  const line = `revert ${prepared.plan.id} by ${actor}, ${where(prepared)}, commit ${prepared.plan.revision}: ${step.action} ${keyString(step.key)} [${fields}] ${result.outcome}${why}`;
  if (result.outcome === 'done') logger.info(line);
  else logger.warn(line);
}
