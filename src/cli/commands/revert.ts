import { AppError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { RevertPlans } from '../../engine/engineApi.ts';
import { displayName, keyString } from '../../engine/model/objects.ts';
import type { Plan, RevertTarget, StepResult } from '../../engine/model/plan.ts';
import type { Comparison } from '../comparison.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { planText, resultsText, toRevertReport } from '../revertReport.ts';
import { safeText } from '../style.ts';
import { compare } from './compare.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from './context.ts';

/** `plumbline revert`: plans to bring drifted fields back to Git, shows the plans, asks once, and carries them out. */
export async function runRevert(context: CommandContext): Promise<ExitCode> {
  const { args, output, paint, now, signal } = context;
  const compared = await compare(context);
  try {
    const { engine, comparisons } = compared;
    const plans = await engine.planRevert(targetsOf(comparisons, args.objects.length > 0, args.fields), signal);
    const isText = args.output === 'text';
    if (isText) output.out(planText(plans, { paint, nowMs: now() }));
    const isConfirmed = plans.plans.length > 0 && (await isAgreed(plans.plans, context));
    const results = isConfirmed ? await execute(engine, plans.plans, context) : [];
    if (isText) output.out(resultsText(results, { paint, nowMs: now() }));
    else output.out(`${JSON.stringify(toRevertReport(plans, results), undefined, 2)}\n`);
    return exitCode(plans, isConfirmed, results);
  } finally {
    compared.dispose();
  }
}

function targetsOf(comparisons: readonly Comparison[], isNamed: boolean, fields: readonly string[]): readonly RevertTarget[] {
  if (!isNamed) return comparisons.map(({ application }) => ({ applicationId: application.id }));
  const [onlyLive] = comparisons.flatMap(({ extraneous }) => extraneous);
  if (onlyLive !== undefined) throw new AppError('cli-revert-not-in-git', { object: displayName(onlyLive.key) });
  return comparisons.flatMap(({ application, objects }) =>
    objects.map((object): RevertTarget => {
      const drifted = object.verdict.fields.map(({ id }) => id);
      for (const field of fields) {
        if (!drifted.includes(field)) throw new AppError('cli-unknown-field', { object: keyString(object.key), field, fields: drifted });
      }
      return { applicationId: application.id, object: keyString(object.key), ...(fields.length === 0 ? {} : { fields }) };
    }),
  );
}

function isAgreed(plans: readonly Plan[], context: CommandContext): Promise<boolean> {
  const count = plans.reduce((sum, plan) => sum + plan.steps.filter(({ action }) => action !== 'skipped').length, 0);
  const where = [...new Set(plans.map(({ context: name }) => name))].join(', ');
  const environments = plans.flatMap((plan) => (plan.isProtected ? [plan.environment ?? plan.context] : []));
  return confirm(`Revert ${count} ${count === 1 ? 'object' : 'objects'} in ${where}`, environments, context);
}

async function execute(engine: Engine, plans: readonly Plan[], { args, output, signal }: CommandContext): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const plan of plans) {
    const report = ({ done, total, object }: { done: number; total: number; object: string }): void => {
      if (args.output === 'text' && total > 1) output.err(`${done}/${total} ${safeText(object)}\n`);
    };
    results.push(...(await engine.execute(plan.id, report, signal)));
  }
  return results;
}

function exitCode(plans: RevertPlans, isConfirmed: boolean, results: readonly StepResult[]): ExitCode {
  if (results.some(({ outcome }) => outcome === 'failed')) return exitCodes.failed;
  if (results.some(({ outcome }) => outcome !== 'done')) return exitCodes.refused;
  if (plans.refused.length > 0) return exitCodes.refused;
  if (plans.plans.length === 0) return exitCodes.same;
  if (!isConfirmed) return exitCodes.differences;
  return plans.plans.some(({ steps }) => steps.some(({ action }) => action === 'skipped')) ? exitCodes.refused : exitCodes.same;
}
