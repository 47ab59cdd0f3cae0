import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { delay } from '../../../base/async.ts';
import { isAbortError, isAppError, toError } from '../../../base/errors.ts';
import { connectionCodes } from '../../cluster/apiErrors.ts';
import { keyString, type ObjectKey } from '../../model/objects.ts';
import type { PlanAction } from '../../model/plan.ts';
import type { SyncPlan, SyncProgress, SyncResult, SyncResultOutcome } from '../../model/sync.ts';
import type { SyncRecord } from '../../model/ledger.ts';
import { type SetScope, supersetOf } from '../applySet.ts';
import { noCounts } from '../ledger/ledger.ts';
import { LedgerHold } from '../ledger/ledgerHold.ts';
import type { AppliedChange, AppliedObject } from '../ledger/ledgerObjects.ts';
import { reasonOfFailure } from './sendWrite.ts';
import { SyncRun } from './syncRun.ts';
import type { ExecuteSyncOptions, PreparedApplication, PreparedSync, SyncConnection, SyncItem } from '../syncTypes.ts';

const RENEW_MS = 15_000;
const CLOSING_SECONDS = 20;
const CLOSING_POLL_MS = 500;
const closingRetries: readonly string[] = [...connectionCodes, 'server-timeout', 'server-error', 'too-many-requests'];

/**
 * Carries out a sync plan, one application after the other: the running record first, then Namespaces and CRDs, the waves, the prunes, the
 * wait, and the closing record last. Interrupted anywhere, a new plan finishes what is left.
 * @returns never throws: what went wrong is the outcome
 */
export async function executeSync(prepared: PreparedSync, connection: SyncConnection, options: ExecuteSyncOptions): Promise<SyncResult> {
  const { plan } = prepared;
  const { logger, actor } = options;
  logger.info(`sync ${plan.id} (${plan.kind}) by ${actor}: ${plan.steps.length} objects, cluster ${plan.context} (${plan.clusterUid})`);
  const results: SyncResult[] = [];
  for (const application of prepared.applications) {
    results.push(await executeApplication(prepared, application, connection, options));
  }
  const result: SyncResult = {
    outcome: worst(results.map(({ outcome }) => outcome)),
    results: results.flatMap((each) => each.results),
    waiting: results.flatMap((each) => each.waiting),
  };
  logger.info(`sync ${plan.id}: ${result.outcome}`);
  return result;
}

async function executeApplication(
  prepared: PreparedSync,
  application: PreparedApplication,
  connection: SyncConnection,
  options: ExecuteSyncOptions,
): Promise<SyncResult> {
  const { plan } = prepared;
  const { item, parent } = application;
  // Also fired when the sync has ended, so that its record is renewed no more.
  const abort = new AbortController();
  const run = new SyncRun(prepared, application, connection, { ...options, signal: AbortSignal.any([options.signal, abort.signal]) });
  if (connection.uid !== plan.clusterUid) {
    return run.refuseAll({ code: 'wrong-cluster', details: { context: plan.context, expectedUid: plan.clusterUid, uid: connection.uid } });
  }
  const start = runningRecord(plan, item, connection, options.actor);
  const tell = (state: SyncProgress['state']): void => {
    options.onProgress({
      planId: plan.id,
      phase: 'record',
      done: 0,
      total: application.steps.length,
      applicationId: item.application.id,
      state,
    });
  };
  const claim = { key: parent, applicationId: item.application.id, record: start, scope: application.scope, now: () => Date.now() };
  let hold: LedgerHold;
  try {
    // The ledger stands in the application's namespace: where the plan makes that one, it alone comes before the record.
    await run.makeNamespace(parent.namespace);
    tell('started');
    hold = await LedgerHold.claim(connection, claim);
    tell('done');
  } catch (error) {
    tell('refused');
    return run.refuseAll(reasonOfFailure(error, parent, connection.context));
  }
  const renewing = renew(hold, () => ({ ...start, counts: run.counts }), abort, options);
  const ended = await run.all();
  abort.abort();
  await renewing.catch(() => undefined);
  const change = appliedChange(application, start, ended);
  const record: SyncRecord = {
    ...start,
    finishedAt: new Date().toISOString(),
    outcome: ended.outcome === 'refused' ? 'failed' : ended.outcome,
    // A wave that does not become healthy leaves those after it unapplied.
    isPartial: start.isPartial || (ended.outcome === 'timed-out' && change?.isWhole !== true),
    counts: run.counts,
  };
  try {
    const untilMs = Date.now() + (options.closingSeconds ?? CLOSING_SECONDS) * 1000;
    await patiently(() => hold.close(record, exactScope(application, ended), change), untilMs);
  } catch (error) {
    options.logger.error(`sync ${plan.id}: the ledger of ${keyString(parent)} was not closed: ${toError(error).message}`);
    return { ...ended, outcome: ended.outcome === 'done' ? 'partly' : ended.outcome };
  }
  return ended;
}

function runningRecord({ kind }: SyncPlan, item: SyncItem, { version }: SyncConnection, actor: string): SyncRecord {
  return {
    id: randomUUID(),
    revision: item.revision,
    by: `${actor}@${hostname()}`,
    startedAt: new Date().toISOString(),
    outcome: 'running',
    isDirty: item.isDirty,
    // A take over applies nothing: the revision that was applied last stays.
    isPartial: item.chosen !== undefined || kind === 'take-over',
    counts: noCounts,
    render: item.render,
    ...(item.renderer === undefined ? {} : { renderer: item.renderer }),
    ...(Object.keys(item.charts ?? {}).length === 0 ? {} : { charts: item.charts ?? {} }),
    ...(version === undefined ? {} : { kubernetes: version }),
  };
}

/** A connection that broke during the sync mostly comes back: a ledger that stays open would hold up the next sync until its time is over. */
async function patiently(close: () => Promise<void>, untilMs: number): Promise<void> {
  for (;;) {
    try {
      await close();
      return;
    } catch (error) {
      if (!isAppError(error, ...closingRetries) || Date.now() >= untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, CLOSING_POLL_MS));
    }
  }
}

/** Keeps the running record alive; when somebody else has claimed the ledger, the sync ends between two objects. */
async function renew(hold: LedgerHold, record: () => SyncRecord, abort: AbortController, { logger }: ExecuteSyncOptions): Promise<void> {
  for (;;) {
    try {
      await delay(RENEW_MS, abort.signal);
      await hold.renew(record());
    } catch (error) {
      if (isAbortError(error) || abort.signal.aborted) return;
      logger.warn(`the running record was not renewed: ${toError(error).message}`);
      abort.abort(error);
      return;
    }
  }
}

/** What the set holds after the sync, or undefined when that is not known for sure. */
function exactScope({ scope, steps, isMembershipKnown }: PreparedApplication, { results }: SyncResult): SetScope | undefined {
  if (!isMembershipKnown || results.length !== steps.length) return undefined;
  const staying = steps.filter(({ step, body }, index) => {
    const isOfGit = body !== undefined || step.action === 'unchanged';
    return !isOfGit && !(step.action === 'prune' && results[index]?.outcome === 'done');
  });
  return supersetOf(scope, {
    kinds: staying.map(({ step }) => ({ group: step.key.group, kind: step.key.kind })),
    namespaces: staying.map(({ step }) => step.key.namespace),
  });
}

const appliedActions: readonly string[] = ['create', 'configure', 'recreate', 'unchanged'] satisfies PlanAction[];

/** What was applied object by object, for the ledger. */
function appliedChange(
  { item, steps }: PreparedApplication,
  { kubernetes, isPartial }: SyncRecord,
  { results, outcome: ended }: SyncResult,
): AppliedChange | undefined {
  if (results.length !== steps.length) return undefined;
  const desired = new Map(item.objects.map((object) => [keyString(object.key), object]));
  const applied: AppliedObject[] = [];
  const forgotten: ObjectKey[] = [];
  for (const [index, { step }] of steps.entries()) {
    const outcome = results[index]?.outcome;
    const object = desired.get(keyString(step.key));
    if (outcome === 'done' && object !== undefined && appliedActions.includes(step.action)) applied.push(object);
    else if (outcome === 'failed' || (outcome === 'done' && step.action === 'prune')) forgotten.push(step.key);
  }
  const { revision, isDirty, render } = item;
  const from = { revision, isDirty, render, ...(kubernetes === undefined ? {} : { kubernetes }) };
  const isWhole = !isPartial && (ended === 'done' || ended === 'timed-out') && applied.length === item.objects.length;
  return { from, applied, forgotten, isWhole };
}

const badness: readonly SyncResultOutcome[] = ['done', 'timed-out', 'partly', 'refused', 'failed', 'cancelled'];

function worst(outcomes: readonly SyncResultOutcome[]): SyncResultOutcome {
  const sorted = [...outcomes].sort((left, right) => badness.indexOf(right) - badness.indexOf(left));
  const [first = 'done'] = sorted;
  return first === 'refused' && outcomes.some((outcome) => outcome !== 'refused') ? 'partly' : first;
}
