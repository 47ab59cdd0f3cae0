import { delay, Limiter } from '../../../base/async.ts';
import { isAppError } from '../../../base/errors.ts';
import { healthOf } from '../../health/health.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { PreparedSyncStep, SyncConnection } from '../syncTypes.ts';

const POLL_MS = 500;
const CONCURRENT_READS = 8;

/** One object that is not healthy yet, and what it waits for. */
export interface WaitingStep {
  readonly prepared: PreparedSyncStep;
  readonly message: string;
  /** it will not become healthy by itself */
  readonly isDegraded: boolean;
}

/** How a wait goes. */
export interface WaitOptions {
  /** epoch milliseconds */
  readonly untilMs: number;
  readonly signal: AbortSignal;
  /** live objects below one by owner references: they tell why it is not healthy */
  readonly childrenOf: (live: KubeObject, prepared: PreparedSyncStep) => readonly KubeObject[];
  readonly onHealthy: (prepared: PreparedSyncStep) => void;
  readonly onWaiting: (waiting: WaitingStep) => void;
}

/**
 * Waits until applied objects are healthy (or suspended, which somebody wants). Objects that are degraded are waited for too: a
 * rollout may still recover.
 * @returns what was not healthy when the time was over; empty: all are
 */
export async function waitHealthy(
  steps: readonly PreparedSyncStep[],
  connection: Pick<SyncConnection, 'get'>,
  options: WaitOptions,
): Promise<readonly WaitingStep[]> {
  const limiter = new Limiter(CONCURRENT_READS);
  const told = new Map<PreparedSyncStep, string>();
  let left = steps.filter((prepared) => {
    const isDone = wasHealthy(prepared, options);
    if (isDone) options.onHealthy(prepared);
    return !isDone;
  });
  if (left.length === 0) return [];
  for (;;) {
    const looked = await Promise.all(left.map((prepared) => limiter.run(() => look(prepared, connection, options))));
    const waiting = looked.filter((each) => each !== undefined);
    const still = new Set(waiting.map(({ prepared }) => prepared));
    for (const prepared of left) if (!still.has(prepared)) options.onHealthy(prepared);
    for (const each of waiting) {
      if (told.get(each.prepared) === each.message) continue;
      told.set(each.prepared, each.message);
      options.onWaiting(each);
    }
    left = waiting.map(({ prepared }) => prepared);
    if (left.length === 0 || Date.now() >= options.untilMs) return waiting;
    await delay(POLL_MS, options.signal);
  }
}

/** An object to which nothing was done needs no look where it was healthy when the plan saw it. */
function wasHealthy(prepared: PreparedSyncStep, { childrenOf }: WaitOptions): boolean {
  const { step, live } = prepared;
  if (step.action !== 'unchanged' || live === undefined) return false;
  const { status } = healthOf(live, { nowMs: Date.now(), children: childrenOf(live, prepared) });
  return status === 'healthy' || status === 'suspended';
}

async function look(
  prepared: PreparedSyncStep,
  connection: Pick<SyncConnection, 'get'>,
  { signal, childrenOf }: WaitOptions,
): Promise<WaitingStep | undefined> {
  let live: KubeObject | undefined;
  try {
    live = await connection.get(prepared.gvk, prepared.step.key, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isAppError(error)) throw error;
    if (!isAppError(error, 'not-found')) return { prepared, message: error.code, isDegraded: false };
  }
  const health = healthOf(live, { nowMs: Date.now(), ...(live === undefined ? {} : { children: childrenOf(live, prepared) }) });
  if (health.status === 'healthy' || health.status === 'suspended') return undefined;
  return { prepared, message: health.message ?? health.status, isDegraded: health.status === 'degraded' };
}
