import { delay, Limiter } from '../../../base/async.ts';
import { AppError, isAppError } from '../../../base/errors.ts';
import { displayName, keyString } from '../../model/objects.ts';
import type { StepResult } from '../../model/plan.ts';
import { errorOf } from '../../model/reasons.ts';
import { tickOf, type SyncProgress, type SyncResult, type SyncResultOutcome } from '../../model/sync.ts';
import type { SyncCounts } from '../../model/ledger.ts';
import type { Reason } from '../../model/states.ts';
import { endingCodes, refusalCodes } from './executePlan.ts';
import { reasonOfFailure } from './sendWrite.ts';
import { runSyncStep } from './syncStep.ts';
import type { ExecuteSyncOptions, PreparedApplication, PreparedSync, PreparedSyncStep, SyncConnection } from '../syncTypes.ts';
import { waitHealthy, type WaitingStep } from './waitHealthy.ts';
import { isFoundation } from '../plan/waves.ts';

const CONCURRENT_WRITES = 4;
/** Skipped because somebody wants it so: such a step does not make a sync partial. */
const wantedSkips: readonly string[] = ['prune-off', 'kept-by-annotation', 'kept-by-owner', 'take-over-not-live', 'take-over-not-in-git'];
const kindRetryMs = 200;

/** The objects of one application on their way, with what came of each. */
export class SyncRun {
  readonly #prepared: PreparedSync;
  readonly #application: PreparedApplication;
  readonly #connection: SyncConnection;
  readonly #options: ExecuteSyncOptions;
  readonly #results = new Map<PreparedSyncStep, StepResult>();
  readonly #untilMs: number;
  #stop: Reason | undefined;
  #waiting: readonly WaitingStep[] = [];

  constructor(prepared: PreparedSync, application: PreparedApplication, connection: SyncConnection, options: ExecuteSyncOptions) {
    this.#prepared = prepared;
    this.#application = application;
    this.#connection = connection;
    this.#options = options;
    this.#untilMs = Date.now() + options.timeoutSeconds * 1000;
  }

  /** How many objects were changed so far, by what was done. */
  get counts(): SyncCounts {
    const counts = { created: 0, configured: 0, recreated: 0, pruned: 0, unchanged: 0, failed: 0 };
    const names = {
      create: 'created',
      configure: 'configured',
      recreate: 'recreated',
      prune: 'pruned',
      'take-over': 'configured',
      unchanged: 'unchanged',
    } as const;
    for (const [{ step }, { outcome }] of this.#results) {
      if (outcome === 'failed' || (outcome === 'refused' && step.action !== 'skipped')) counts.failed += 1;
      else if (outcome === 'done' && step.action !== 'skipped') counts[names[step.action]] += 1;
    }
    return counts;
  }

  /** Makes the namespace of the ledger when it is a step of the plan that creates it. */
  async makeNamespace(namespace: string): Promise<void> {
    const prepared = this.#application.steps.find(
      ({ step }) => step.key.kind === 'Namespace' && step.key.group === '' && step.key.name === namespace && step.action === 'create',
    );
    if (prepared === undefined) return;
    const reason = await this.#run(prepared, 'apply');
    if (reason !== undefined) throw errorOf(reason);
  }

  /** Carries out everything: waves with their waits, prunes, and the wait for health. Never throws. */
  async all(): Promise<SyncResult> {
    const { steps } = this.#application;
    const applied = steps.filter(({ step }) => step.action !== 'prune');
    const isTakeOver = this.#prepared.plan.kind === 'take-over';
    const waves = [...new Set(applied.map(({ step }) => step.wave))].sort((left, right) => left - right);
    for (const wave of waves) {
      const ofWave = applied.filter(({ step }) => step.wave === wave);
      await this.#wave(ofWave);
      const isLast = wave === waves.at(-1);
      const foundations = ofWave.filter(({ step }) => isFoundation(step.key));
      // Nothing of an object moves in a take over, so there is nothing to wait for.
      if (isTakeOver) continue;
      if (foundations.length > 0) await this.#await(foundations, true);
      else if (!isLast && this.#options.wait) await this.#await(ofWave, true);
      if (foundations.some(({ step }) => step.key.kind === 'CustomResourceDefinition')) await this.#learnKinds();
    }
    const isApplied = [...this.#results.values()].every(
      ({ outcome, reason }) => outcome === 'done' || (reason !== undefined && wantedSkips.includes(reason.code)),
    );
    for (const prepared of steps.filter(({ step }) => step.action === 'prune')) {
      if (!isApplied) this.#skip(prepared, { code: 'not-pruned', details: { object: displayName(prepared.step.key) } }, 'prune');
      else await this.#run(prepared, 'prune');
    }
    if (this.#options.wait && this.#stop === undefined && !isTakeOver) await this.#await(applied, false);
    return this.#result();
  }

  /** Nothing was written: every step that would have been is refused. */
  refuseAll(reason: Reason): SyncResult {
    for (const prepared of this.#application.steps) {
      if (!this.#results.has(prepared)) this.#note(prepared, { outcome: 'refused', reason }, 'record');
    }
    return { ...this.#result(), outcome: 'refused' };
  }

  /** Objects of one kind at a time, several of a kind together. */
  async #wave(steps: readonly PreparedSyncStep[]): Promise<void> {
    const kinds = new Map<string, PreparedSyncStep[]>();
    for (const prepared of steps) {
      const kind = `${prepared.step.key.group}/${prepared.step.key.kind}`;
      kinds.set(kind, [...(kinds.get(kind) ?? []), prepared]);
    }
    const limiter = new Limiter(CONCURRENT_WRITES);
    for (const ofKind of kinds.values()) await Promise.all(ofKind.map((prepared) => limiter.run(() => this.#run(prepared, 'apply'))));
  }

  async #run(prepared: PreparedSyncStep, phase: SyncProgress['phase']): Promise<Reason | undefined> {
    if (this.#results.has(prepared)) return undefined;
    const { step } = prepared;
    const { signal, ticks } = this.#options;
    const object = displayName(step.key);
    if (step.action === 'skipped') {
      const isWanted = step.reason !== undefined && wantedSkips.includes(step.reason.code);
      const result = { outcome: isWanted ? ('skipped' as const) : ('refused' as const) };
      return this.#note(prepared, step.reason === undefined ? result : { ...result, reason: step.reason }, phase);
    }
    if (step.action === 'unchanged') return this.#note(prepared, { outcome: 'done' }, phase);
    if (this.#stop !== undefined) {
      return this.#skip(prepared, { code: 'sync-stopped', details: { object, cause: this.#stop.code } }, phase);
    }
    if (this.#isEnded()) return this.#skip(prepared, { code: 'sync-cancelled', details: { object } }, phase);
    if (step.tick !== undefined && !ticks.includes(tickOf(step))) {
      return this.#skip(prepared, { code: 'not-ticked', details: { object, action: step.action } }, phase);
    }
    this.#tell(prepared, 'started', phase);
    try {
      await runSyncStep(prepared, this.#connection, signal);
      return this.#note(prepared, { outcome: 'done' }, phase);
    } catch (error) {
      const reason =
        this.#isEnded() && !isAppError(error) ? { code: 'sync-cancelled', details: { object } } : this.#reason(error, prepared);
      if (endingCodes.includes(reason.code)) this.#stop = reason;
      return this.#note(prepared, { outcome: refusalCodes.includes(reason.code) ? 'refused' : 'failed', reason }, phase);
    }
  }

  #isEnded(): boolean {
    return this.#options.signal.aborted;
  }

  #reason(error: unknown, { step }: PreparedSyncStep): Reason {
    return reasonOfFailure(error, step.key, this.#connection.context);
  }

  #skip(prepared: PreparedSyncStep, reason: Reason, phase: SyncProgress['phase']): Reason {
    this.#note(prepared, { outcome: 'skipped', reason }, phase);
    return reason;
  }

  #note(prepared: PreparedSyncStep, part: Pick<StepResult, 'outcome' | 'reason'>, phase: SyncProgress['phase']): Reason | undefined {
    const { step } = prepared;
    this.#results.set(prepared, { applicationId: step.applicationId, key: step.key, ...part });
    const { logger, actor } = this.#options;
    const { plan } = this.#prepared;
    if (step.action !== 'unchanged') {
      const why = part.reason === undefined ? '' : `: ${part.reason.code}`;
      const line = `sync ${plan.id} by ${actor}, cluster ${plan.context}, commit ${this.#application.item.revision}: ${step.action} ${keyString(step.key)} ${part.outcome}${why}`;
      if (part.outcome === 'done' || part.outcome === 'skipped') logger.info(line);
      else logger.warn(line);
    }
    this.#tell(prepared, part.outcome, phase);
    return part.reason;
  }

  #tell({ step }: PreparedSyncStep, state: SyncProgress['state'], phase: SyncProgress['phase'], message?: string): void {
    this.#options.onProgress({
      planId: this.#prepared.plan.id,
      phase,
      done: this.#results.size,
      total: this.#application.steps.length,
      applicationId: step.applicationId,
      key: step.key,
      state,
      ...(message === undefined ? {} : { message }),
    });
  }

  /** @param isGate the next wave needs these: when they do not become healthy, it is not begun */
  async #await(steps: readonly PreparedSyncStep[], isGate: boolean): Promise<void> {
    if (this.#stop !== undefined || this.#isEnded()) return;
    const applied = steps.filter((prepared) => this.#results.get(prepared)?.outcome === 'done');
    try {
      this.#waiting = await waitHealthy(applied, this.#connection, {
        untilMs: this.#untilMs,
        signal: this.#options.signal,
        childrenOf: (live) => this.#options.childrenOf?.(live) ?? [],
        onHealthy: (prepared) => {
          this.#tell(prepared, 'done', 'wait');
        },
        onWaiting: ({ prepared, message }) => {
          this.#tell(prepared, 'waiting', 'wait', message);
        },
      });
    } catch (error) {
      if (!this.#isEnded()) this.#stop = this.#reason(error, steps[0] ?? this.#anyStep());
      return;
    }
    const [first] = this.#waiting;
    if (isGate && first !== undefined) {
      this.#stop = { code: 'wave-not-healthy', details: { object: displayName(first.prepared.step.key), message: first.message } };
    }
  }

  #anyStep(): PreparedSyncStep {
    const [first] = this.#application.steps;
    if (first === undefined) throw new AppError('internal', { message: 'a sync of nothing' });
    return first;
  }

  /** Kinds of CRDs that were just made are not served at once, though the CRD is Established. */
  async #learnKinds(): Promise<void> {
    const wanted = this.#application.steps.filter(({ step }) => step.isUnverified && step.action === 'create');
    try {
      for (;;) {
        await this.#connection.discovery.refresh(this.#options.signal);
        const found = await Promise.all(wanted.map(({ gvk }) => this.#connection.discovery.resource(gvk, this.#options.signal)));
        if (found.every((info) => info !== undefined) || Date.now() >= this.#untilMs || this.#stop !== undefined) return;
        await delay(kindRetryMs, this.#options.signal);
      }
    } catch (error) {
      if (!this.#isEnded()) this.#stop = this.#reason(error, this.#anyStep());
    }
  }

  #result(): SyncResult {
    const results = this.#application.steps.flatMap((prepared) => this.#results.get(prepared) ?? []);
    const waiting = this.#waiting.map(({ prepared: { step }, message }) => ({ applicationId: step.applicationId, key: step.key, message }));
    return { outcome: this.#outcome(results), results, waiting };
  }

  #outcome(results: readonly StepResult[]): SyncResultOutcome {
    // The hold on the ledger was lost: nobody cancelled.
    if (this.#isEnded()) return isAppError(this.#options.signal.reason) ? 'failed' : 'cancelled';
    if (this.#stop?.code === 'wave-not-healthy') return 'timed-out';
    if (this.#stop !== undefined) return 'failed';
    const bad = results.filter(({ outcome, reason }) => outcome !== 'done' && !(reason !== undefined && wantedSkips.includes(reason.code)));
    if (bad.length > 0) {
      const isWritten = this.#application.steps.some((prepared) => {
        const { action } = prepared.step;
        return action !== 'unchanged' && this.#results.get(prepared)?.outcome === 'done';
      });
      if (isWritten) return 'partly';
      return bad.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'refused';
    }
    return this.#waiting.length > 0 ? 'timed-out' : 'done';
  }
}
