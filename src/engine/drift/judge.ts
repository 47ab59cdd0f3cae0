import type { Limiter } from '../../base/async.ts';
import { normalizeLive } from '../compare/normalize.ts';
import { type Proof, prove } from '../compare/proof.ts';
import { threeWayPatch, type ThreeWayPatch } from '../compare/threeWay.ts';
import { gvkOf, type KubeObject } from '../model/objects.ts';
import type { Verdict } from '../model/states.ts';
import type { DryRunClient } from './dryRunClient.ts';
import type { JudgeContext, JudgeInput } from './judgement.ts';
import { because } from './causes.ts';
import { causedVerdict, verdictWithoutComparison } from './outcome.ts';
import { type Prepared, prepare, proofInputOf } from './prepare.ts';
import { refusalOf } from './refusals.ts';
import type { VerdictCache } from './verdictCache.ts';
import { predictedVerdict, provedVerdict, refreshed, refusedVerdict, unconfirmed } from './verdicts.ts';

/** How often live may change under a dry-run before the verdict is left to the next event of the watch. */
const MAX_ATTEMPTS = 3;
/** As whom an object is judged whose managedFields name nobody. */
const FALLBACK_MANAGER = 'plumbline';

/** How many verdicts took which way since the start. */
export interface JudgeCounters {
  readonly judged: number;
  readonly provedLocally: number;
  readonly fromCache: number;
  readonly dryRuns: number;
  readonly refusals: number;
}

/** Per-call options. */
export interface JudgeOptions {
  readonly signal?: AbortSignal;
  /** goes before waiting background dry-runs */
  readonly isInteractive?: boolean;
  /** the local part, when the caller has it already */
  readonly local?: LocalJudgement;
}

/** What the local part of a judgement came to: a verdict, or what a dry-run needs. */
export type LocalJudgement = { readonly verdict: Verdict } | { readonly prepared: Prepared; readonly proof: Proof };

/** Judges objects: local proof, then the verdict cache, then one server-side dry-run (design.md §7). */
export class Judge {
  readonly #cache: VerdictCache;
  readonly #dryRuns: Limiter;
  #judged = 0;
  #provedLocally = 0;
  #fromCache = 0;
  #sentDryRuns = 0;
  #refusals = 0;

  /**
   * @param cache verdicts that cost a dry-run
   * @param dryRuns how many dry-runs run at a time; 6 to 8 are fair to an API server
   */
  constructor(cache: VerdictCache, dryRuns: Limiter) {
    this.#cache = cache;
    this.#dryRuns = dryRuns;
  }

  get counters(): JudgeCounters {
    return {
      judged: this.#judged,
      provedLocally: this.#provedLocally,
      fromCache: this.#fromCache,
      dryRuns: this.#sentDryRuns,
      refusals: this.#refusals,
    };
  }

  /**
   * The verdict on one object.
   * @throws AppErrors of the cluster room when the connection fails (the last verdict then stands, stale); the signal's reason
   */
  async judge(input: JudgeInput, context: JudgeContext, options: JudgeOptions = {}): Promise<Verdict> {
    let current = input;
    for (let attempt = 1; ; attempt += 1) {
      const local = attempt === 1 && options.local !== undefined ? options.local : this.judgeLocally(current, context);
      if ('verdict' in local) return local.verdict;
      const verdict = await this.#ask(local.prepared, local.proof, context, options);
      if (verdict !== undefined) return verdict;
      const { client } = context;
      if (attempt >= MAX_ATTEMPTS || client === undefined) return causedVerdict(because('live-keeps-changing'));
      current = { ...current, live: await getLive(client, current, options.signal) };
    }
  }

  /** The part of a judgement that needs no call and no wait: missing objects, proofs, cached verdicts. */
  judgeLocally(input: JudgeInput, context: JudgeContext): LocalJudgement {
    this.#judged += 1;
    const early = verdictWithoutComparison(input);
    if (early !== undefined || input.live === undefined)
      return { verdict: early ?? causedVerdict(because('object-not-live', { kind: input.key.kind, name: input.key.name })) };
    const prepared = prepare(input, input.live);
    const proof = prove(proofInputOf(prepared));
    // Where the owner counts what admission would change, only the server knows.
    if (proof.outcome !== 'unknown' && input.view?.countsAdmission !== true) {
      this.#provedLocally += 1;
      return { verdict: provedVerdict(prepared, proof) };
    }
    const cached = proof.code === 'other-version' ? undefined : this.#cache.get(this.#cache.keyOf(prepared, context));
    if (cached === undefined) return { prepared, proof };
    this.#fromCache += 1;
    return { verdict: refreshed(cached, input.live) };
  }

  /** One dry-run; undefined when live moved meanwhile. */
  async #ask(prepared: Prepared, proof: Proof, context: JudgeContext, options: JudgeOptions): Promise<Verdict | undefined> {
    const { input, raw } = prepared;
    const { resource } = input;
    const { client } = context;
    if (resource === undefined || client === undefined) return unconfirmed(prepared, proof, because('offline'));
    if (resource.servedBy === 'aggregated') return unconfirmed(prepared, proof, because('aggregated-api', { kind: input.key.kind }));
    if (raw.apiVersion !== input.desired.apiVersion) return this.#atDesiredVersion(prepared, context, client, options);
    const isUpdate = prepared.owner?.operation === 'Update';
    const patch = isUpdate ? threeWayPatch(prepared.recorded, prepared.desired, prepared.live, input.schema) : undefined;
    if (patch?.isEmpty === true && input.view?.countsAdmission !== true) return predictedVerdict(prepared, proof, prepared.live, 'local');
    if (!(await context.canDryRun(resource, input.key, options.signal))) {
      const details = { verb: 'patch', resource: resource.plural, group: resource.group, namespace: input.key.namespace };
      return unconfirmed(prepared, proof, because('dry-run-forbidden', details));
    }
    return this.#dryRuns.run(async () => this.#dryRun(prepared, proof, patch, { context, client, options }), {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      interactive: options.isInteractive === true,
    });
  }

  async #dryRun(
    prepared: Prepared,
    proof: Proof,
    patch: ThreeWayPatch | undefined,
    { context, client, options }: { context: JudgeContext; client: DryRunClient; options: JudgeOptions },
  ): Promise<Verdict | undefined> {
    const { input, raw, owner, desired } = prepared;
    const common = {
      dryRun: true,
      fieldManager: owner?.manager ?? FALLBACK_MANAGER,
      fieldValidation: 'Warn',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    } as const;
    const gvk = gvkOf(input.desired);
    this.#sentDryRuns += 1;
    try {
      const answer =
        patch === undefined
          ? await client.patch(gvk, input.key, desired, { ...common, type: 'apply', force: true })
          : await client.patch(gvk, input.key, patch.body, { ...common, type: patch.type });
      const { metadata } = answer.object;
      if (metadata['resourceVersion'] !== raw.metadata['resourceVersion'] || metadata['uid'] !== raw.metadata['uid']) return undefined;
      const verdict = predictedVerdict(prepared, proof, normalizeLive(answer.object, input.resource), 'dry-run');
      this.#cache.set(this.#cache.keyOf(prepared, context), verdict);
      return verdict;
    } catch (error) {
      this.#refusals += 1;
      return refusedVerdict(prepared, proof, refusalOf(error), error);
    }
  }

  /** Live was watched at another version: it is read at the one that Git names, and judged again. */
  async #atDesiredVersion(
    prepared: Prepared,
    context: JudgeContext,
    client: DryRunClient,
    options: JudgeOptions,
  ): Promise<Verdict | undefined> {
    const { input } = prepared;
    const live = await getLive(client, input, options.signal);
    if (live === undefined) return verdictWithoutComparison({ ...input, live });
    if (live.apiVersion !== input.desired.apiVersion) {
      const { kind } = input.key;
      return causedVerdict(because('version-not-served', { kind, apiVersion: input.desired.apiVersion, versions: [live.apiVersion] }));
    }
    return this.judge({ ...input, live }, context, { ...options, local: this.judgeLocally({ ...input, live }, context) });
  }
}

async function getLive(client: DryRunClient, input: JudgeInput, signal: AbortSignal | undefined): Promise<KubeObject | undefined> {
  try {
    return await client.get(gvkOf(input.desired), input.key, signal === undefined ? {} : { signal });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.meaning === 'gone') return undefined;
    throw error;
  }
}
