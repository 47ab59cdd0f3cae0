import type { RevertPlans } from '../engine/engineApi.ts';
import { displayName, keyString } from '../engine/model/objects.ts';
import type { Plan, PlanStep, StepResult } from '../engine/model/plan.ts';
import { fieldText, type TextOptions } from './diffText.ts';
import { reasonText, withReason } from './reasons.ts';
import { safeText } from './style.ts';

/** Version of the JSON that `plumbline revert --output json` prints. */
const revertApiVersion = 'plumbline.dev/revert/v1';

/** Plans as text: per plan its cluster and commit, per object what is done to which fields; then what is refused and why. */
export function planText({ plans, refused }: RevertPlans, options: TextOptions): string {
  const { paint } = options;
  const lines: string[] = [];
  for (const plan of plans) lines.push(...planLines(plan, options));
  if (refused.length > 0) lines.push(paint('bad', 'Refused:'));
  for (const { key, reason } of refused) lines.push(`  ${paint('title', safeText(displayName(key)))}  ${reasonText(reason)}`);
  if (lines.length === 0) lines.push('Nothing drifted.');
  return `${lines.join('\n')}\n`;
}

function planLines(plan: Plan, options: TextOptions): readonly string[] {
  const { paint } = options;
  const revision = plan.revision.slice(0, 7);
  const back =
    plan.revisionIs === 'synced' ? `back to the synced revision ${revision}` : `back to target ${revision} (no sync is recorded)`;
  const name = safeText([plan.environment, plan.context].filter((part) => part !== undefined).join(' · '));
  const mark = plan.isProtected ? `  ${paint('warning', 'protected')}` : '';
  return [`${paint('title', name)}  ${back}${mark}`, ...plan.steps.flatMap((step) => stepLines(step, options))];
}

function stepLines(step: PlanStep, options: TextOptions): readonly string[] {
  const { paint } = options;
  const namespace = step.key.namespace === '' ? '' : paint('muted', `  ${safeText(step.key.namespace)}`);
  const reason = step.reason === undefined ? '' : `  ${reasonText(step.reason)}`;
  const action = paint(step.action === 'skipped' ? 'warning' : 'good', step.action.padEnd(9));
  const head = `  ${action} ${paint('title', safeText(displayName(step.key)))}${namespace}${reason}`;
  return [head, ...step.fields.map((field) => `      ${fieldText(field, field.source, options, true)}`)];
}

/** Results as text, one line per object. */
export function resultsText(results: readonly StepResult[], { paint }: TextOptions): string {
  return results
    .map(({ key, outcome, reason }) => {
      const why = reason === undefined ? '' : `  ${reasonText(reason)}`;
      return `${paint(outcome === 'done' ? 'good' : 'bad', outcome.padEnd(8))}${safeText(displayName(key))}${why}\n`;
    })
    .join('');
}

/** Plans, refusals and results as JSON. */
export function toRevertReport({ plans, refused }: RevertPlans, results: readonly StepResult[]): Record<string, unknown> {
  return {
    apiVersion: revertApiVersion,
    plans: plans.map(({ context, environment, clusterUid, revision, revisionIs, isProtected, steps }) => ({
      context,
      environment,
      clusterUid,
      commit: revision,
      commitIs: revisionIs,
      protected: isProtected,
      steps: steps.map((step) => ({
        key: keyString(step.key),
        action: step.action,
        fields: step.fields.map(({ id, git, live }) => ({ path: id, git, live })),
        ...withReason(step.reason),
      })),
    })),
    refused: refused.map(({ key, reason }) => ({ key: keyString(key), ...withReason(reason) })),
    results: results.map(({ key, outcome, reason }) => ({ key: keyString(key), outcome, ...withReason(reason) })),
  };
}
