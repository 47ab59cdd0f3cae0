import { AppError } from '../../base/errors.ts';
import { displayName, keyString } from '../../engine/model/objects.ts';
import { isWork } from '../../engine/model/plan.ts';
import {
  isChosen,
  isHarsh,
  mendsRecord,
  type SyncPlan,
  type SyncPlans,
  type SyncProgress,
  type SyncResult,
  type SyncStep,
  tickOf,
} from '../../engine/model/sync.ts';
import type { SyncApi } from '../../engine/syncs/syncApi.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { safeText } from '../style.ts';
import { syncPlanText, syncResultText, toPlanReport, toSyncReport } from '../syncReport.ts';
import { compare, isNamed } from './compare.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from './context.ts';

const noRefusals: readonly string[] = ['prune-off', 'take-over-not-live', 'take-over-not-in-git'];

interface Planned {
  readonly syncs: SyncApi;
  readonly plans: SyncPlans;
}

/** `plumbline plan`: what a sync would do, object by object. Writes nothing. */
export async function runPlan(context: CommandContext): Promise<ExitCode> {
  return withPlans(context, ({ plans }) => {
    const { args, output, paint, now } = context;
    if (args.output === 'json') output.out(`${JSON.stringify(toPlanReport(plans), undefined, 2)}\n`);
    else output.out(syncPlanText(plans, { paint, nowMs: now() }));
    return Promise.resolve(planExitCode(plans));
  });
}

/** `plumbline sync`: plans, shows the plan, asks once, and applies exactly that plan. */
export async function runSync(context: CommandContext): Promise<ExitCode> {
  return withPlans(context, async ({ syncs, plans }) => {
    const { exitCode, results } = await carryOut(syncs, plans, context);
    if (context.args.output === 'json') context.output.out(`${JSON.stringify(toSyncReport(plans, results), undefined, 2)}\n`);
    return exitCode;
  });
}

/** What came of plans that were shown and asked for. */
export interface CarriedOut {
  readonly results: readonly SyncResult[];
  readonly exitCode: ExitCode;
}

/** Shows plans, asks once, and applies exactly them; as text it tells what came of it. */
export async function carryOut(syncs: SyncApi, plans: SyncPlans, context: CommandContext): Promise<CarriedOut> {
  const { args, output, paint, now } = context;
  const isText = args.output === 'text';
  if (isText) output.out(syncPlanText(plans, { paint, nowMs: now() }));
  const working = plans.plans.filter((plan) => plan.steps.some((step) => isWork(step)) || mendsRecord(plan));
  const ticks = ticksOf(working, args.allowed);
  const isConfirmed = working.length > 0 && (await isAgreed(working, ticks, context));
  const results = isConfirmed ? await executeAll(syncs, working, ticks, context) : [];
  if (isText) output.out(syncResultText(results, { paint, nowMs: now() }));
  if (working.length > 0 && !isConfirmed) return { results, exitCode: exitCodes.differences };
  return { results, exitCode: results.length === 0 ? planExitCode(plans) : syncExitCode(results, plans) };
}

async function withPlans(context: CommandContext, use: (planned: Planned) => Promise<ExitCode>): Promise<ExitCode> {
  const { args, signal } = context;
  const compared = await compare(context);
  try {
    const targets = compared.comparisons.map(({ application, objects }) => ({
      applicationId: application.id,
      ...(args.objects.length === 0 ? {} : { objects: objects.map(({ key }) => keyString(key)) }),
    }));
    const { syncs } = compared.engine;
    const kind = args.takesOver ? 'take-over' : args.appliesWorkingTree ? 'dirty' : 'sync';
    const plans = await syncs.plan(targets, { kind, prune: args.prunes }, signal);
    return await use({ syncs, plans });
  } finally {
    compared.dispose();
  }
}

/** What is kept because nobody asked for pruning, and what a take over has no business with, is no refusal. */
function isRefused({ action, reason }: SyncStep): boolean {
  return action === 'skipped' && reason !== undefined && !noRefusals.includes(reason.code);
}

function planExitCode({ plans, refused }: SyncPlans): ExitCode {
  const steps = plans.flatMap((plan) => plan.steps);
  if (refused.length > 0 || steps.some((step) => isRefused(step))) return exitCodes.refused;
  return steps.some((step) => isWork(step)) ? exitCodes.differences : exitCodes.same;
}

/** The steps that `--allow` ticks; the others of their kind are left. */
function ticksOf(plans: readonly SyncPlan[], allowed: readonly string[]): readonly string[] {
  const asked = plans.flatMap((plan) => plan.steps).filter((step) => step.tick !== undefined && isWork(step));
  return allowed.flatMap((name) => {
    const named = asked.filter(({ key }) => isNamed({ key }, name));
    if (named.length === 0) throw new AppError('cli-not-ticked', { object: name, known: asked.map(({ key }) => displayName(key)) });
    return named.map((step) => tickOf(step));
  });
}

function isAgreed(plans: readonly SyncPlan[], ticks: readonly string[], context: CommandContext): Promise<boolean> {
  const { args } = context;
  const ticked = new Set(ticks);
  const chosen = plans.map((plan) => ({ plan, steps: plan.steps.filter((step) => isChosen(step, ticked)) }));
  const count = chosen.reduce((sum, { steps }) => sum + steps.length, 0);
  const where = plans.map(({ context: name, namespaces }) => [name, ...namespaces].join('/')).join(', ');
  const verb = args.takesOver ? 'Take over' : 'Apply';
  const objects = `${count} ${count === 1 ? 'object' : 'objects'} ${args.takesOver ? 'of' : 'to'}`;
  const files = args.appliesWorkingTree ? ', as the files are on disk' : '';
  return confirm(
    `${count === 0 ? 'No object changes. Record the sync of' : `${verb} ${objects}`} ${where}${files}`,
    chosen.flatMap(({ plan, steps }) =>
      plan.isProtected && steps.some((step) => isHarsh(step)) ? [plan.environment ?? plan.context] : [],
    ),
    context,
  );
}

async function executeAll(
  syncs: SyncApi,
  plans: readonly SyncPlan[],
  ticks: readonly string[],
  { args, output, signal }: CommandContext,
): Promise<readonly SyncResult[]> {
  const results: SyncResult[] = [];
  const options = { ticks, wait: args.waits, timeoutSeconds: args.timeoutSeconds };
  let said = '';
  const report = (progress: SyncProgress): void => {
    const line = progressLine(progress);
    if (line === undefined || line === said) return;
    said = line;
    output.err(`${line}\n`);
  };
  for (const plan of plans) {
    const result = await syncs.execute(plan.id, options, report, signal);
    results.push(result);
    if (result.outcome === 'cancelled') break;
  }
  return results;
}

function progressLine({ key, state, phase, message, done, total }: SyncProgress): string | undefined {
  if (key === undefined || state === 'started') return undefined;
  const name = safeText(displayName(key));
  if (phase === 'wait') return state === 'waiting' ? `waiting for ${name}: ${safeText(message ?? '')}` : undefined;
  return `${done}/${total} ${name} ${state}`;
}

function syncExitCode(results: readonly SyncResult[], plans: SyncPlans): ExitCode {
  const has = (...outcomes: readonly SyncResult['outcome'][]): boolean => results.some(({ outcome }) => outcomes.includes(outcome));
  const objects = results.flatMap((result) => result.results);
  if (has('cancelled', 'failed') || objects.some(({ outcome }) => outcome === 'failed')) {
    return objects.some(({ outcome }) => outcome === 'done') ? exitCodes.partlyApplied : exitCodes.failed;
  }
  if (has('refused', 'partly') || objects.some(({ outcome }) => outcome === 'refused') || plans.refused.length > 0)
    return exitCodes.refused;
  return has('timed-out') ? exitCodes.notHealthy : exitCodes.same;
}
