import { displayName, keyString } from '../engine/model/objects.ts';
import type { StepResult } from '../engine/model/plan.ts';
import {
  isOwnershipOnly,
  type ReleaseLeft,
  type SyncPlan,
  type SyncPlanApplication,
  type SyncPlans,
  type SyncResult,
  type SyncStep,
} from '../engine/model/sync.ts';
import { fieldText, type TextOptions } from './diffText.ts';
import { reasonText, withReason } from './reasons.ts';
import { safeText, type TextRole } from './style.ts';

/** Version of the JSON that `plumbline plan --output json` prints; its schema is media/plumbline-sync.schema.json. */
const planApiVersion = 'plumbline.dev/plan/v1';
/** Version of the JSON that `plumbline sync --output json` prints; its schema is media/plumbline-sync.schema.json. */
const syncApiVersion = 'plumbline.dev/sync/v1';

const actionRoles: Readonly<Record<SyncStep['action'], TextRole>> = {
  create: 'good',
  configure: 'good',
  recreate: 'bad',
  prune: 'bad',
  'take-over': 'good',
  unchanged: 'muted',
  skipped: 'warning',
};

/** Plans as text: per cluster its applications and commits, per object what is done to which fields; then what is refused and why. */
export function syncPlanText({ plans, refused }: SyncPlans, options: TextOptions): string {
  const { paint } = options;
  const lines = plans.flatMap((plan) => planLines(plan, options));
  if (refused.length > 0) lines.push(paint('bad', 'Refused:'));
  for (const { key, reason } of refused) lines.push(`  ${paint('title', safeText(displayName(key)))}  ${reasonText(reason)}`);
  return lines.length === 0 ? 'Nothing to sync.\n' : `${lines.join('\n')}\n`;
}

function planLines(plan: SyncPlan, options: TextOptions): readonly string[] {
  const { paint } = options;
  const name = safeText([plan.environment, plan.context].filter((part) => part !== undefined).join(' · '));
  const mark = plan.isProtected ? `  ${paint('warning', 'protected')}` : '';
  return [
    `${paint('title', name)}${mark}`,
    ...plan.applications.flatMap((application) => applicationLines(application, plan, options)),
    `  ${summary(plan)}`,
  ];
}

function applicationLines(application: SyncPlanApplication, plan: SyncPlan, options: TextOptions): readonly string[] {
  const { paint } = options;
  const steps = plan.steps.filter(({ applicationId }) => applicationId === application.applicationId);
  const revision = [application.revisionName, application.revision.slice(0, 7)].filter((part) => part !== undefined).join(' ');
  const notes = [
    `to ${revision}`,
    ...(application.prune ? [] : ['without pruning']),
    ...(application.hasUnfinished ? ['finishes a sync that did not end'] : []),
    ...(application.endsDirty === true ? ['ends the state dirty'] : []),
  ];
  return [
    `  ${paint('title', safeText(application.name))}  ${paint('muted', safeText([application.namespace, ...notes].join(' · ')))}`,
    ...(application.releases ?? []).map((release) => `    ${paint('warning', safeText(releaseText(release)))}`),
    ...steps.filter(({ action }) => action !== 'unchanged').flatMap((step) => stepLines(step, options)),
  ];
}

function stepLines(step: SyncStep, options: TextOptions): readonly string[] {
  const { paint } = options;
  const namespace = step.key.namespace === '' ? '' : paint('muted', `  ${safeText(step.key.namespace)}`);
  const reason = step.reason === undefined ? '' : `  ${reasonText(step.reason)}`;
  const tick = step.tick === undefined ? '' : paint('warning', `  [only with --allow ${safeText(displayName(step.key))}]`);
  const head = `    ${paint(actionRoles[step.action], step.action.padEnd(9))} ${paint('title', safeText(displayName(step.key)))}`;
  return [
    `${head}${namespace}${tick}${isOwnershipOnly(step) ? paint('muted', '  only who holds its fields changes') : ''}${reason}`,
    ...step.fields.map((field) => {
      const undo = step.undoes.includes(field.id) ? paint('warning', '  [undoes a live change]') : '';
      return `        ${fieldText(field, undefined, options, true)}${undo}`;
    }),
    ...(step.moves ?? []).map(
      ({ manager, count }) => `        ${count} ${count === 1 ? 'field' : 'fields'}: ${safeText(manager)} → plumbline`,
    ),
    ...(step.marks ?? []).map(({ place, name, change }) => `        ${place} ${change}: ${safeText(name)}`),
  ];
}

/** What becomes of a Helm release whose objects are taken over. */
function releaseText({ name, namespace, version, records }: ReleaseLeft): string {
  const revision = version === undefined ? '' : `, revision ${version}`;
  const kept = records === undefined ? 'could not be read; it stays as it is' : `stays as it is (${records} Secrets)`;
  const never = 'never run `helm uninstall` or `helm upgrade` on it again, which deletes or overwrites these objects';
  const forget = `kubectl -n ${namespace} delete secret -l owner=helm,name=${name}`;
  return `Helm's record of the release ${namespace}/${name}${revision} ${kept}; ${never}. To make Helm forget it: ${forget}`;
}

function summary({ steps }: SyncPlan): string {
  const counts = (['create', 'configure', 'recreate', 'prune', 'take-over', 'unchanged', 'skipped'] as const).flatMap((action) => {
    const count = steps.filter((step) => step.action === action).length;
    return count === 0 ? [] : [`${count} ${action}`];
  });
  const undone = steps.reduce((sum, step) => sum + step.undoes.length, 0);
  return [...counts, ...(undone === 0 ? [] : [`${undone} live ${undone === 1 ? 'change' : 'changes'} undone`])].join(', ') || 'no objects';
}

/** What came of each plan: its outcome, every object that was not simply done, and what is still awaited. */
export function syncResultText(results: readonly SyncResult[], { paint }: TextOptions): string {
  return results
    .map(({ outcome, results: objects, waiting }) => {
      const done = objects.filter((object) => object.outcome === 'done').length;
      const lines = [`${paint(outcome === 'done' ? 'good' : 'bad', outcome)}: ${done} of ${objects.length} objects`];
      for (const { key, outcome: came, reason } of objects) {
        if (came === 'done' || (came === 'skipped' && reason === undefined)) continue;
        lines.push(`  ${paint('bad', came.padEnd(8))}${safeText(displayName(key))}  ${reasonText(reason)}`);
      }
      for (const { key, message } of waiting)
        lines.push(`  ${paint('warning', 'waiting')} ${safeText(displayName(key))}  ${safeText(message)}`);
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

/** Plans and refusals as JSON. */
export function toPlanReport({ plans, refused }: SyncPlans): Record<string, unknown> {
  return { apiVersion: planApiVersion, plans: plans.map((plan) => toPlan(plan)), refused: refused.map((result) => toRefusal(result)) };
}

/** Plans, refusals, and what came of each plan that was carried out, as JSON. */
export function toSyncReport(plans: SyncPlans, results: readonly SyncResult[]): Record<string, unknown> {
  return {
    ...toPlanReport(plans),
    apiVersion: syncApiVersion,
    results: results.map(({ outcome, results: objects, waiting }) => ({
      outcome,
      objects: objects.map(({ applicationId, key, outcome: came, reason }) => ({
        application: applicationId,
        key: keyString(key),
        outcome: came,
        ...withReason(reason),
      })),
      waiting: waiting.map(({ applicationId, key, message }) => ({ application: applicationId, key: keyString(key), message })),
    })),
  };
}

function toPlan(plan: SyncPlan): Record<string, unknown> {
  return {
    kind: plan.kind,
    context: plan.context,
    ...(plan.environment === undefined ? {} : { environment: plan.environment }),
    clusterUid: plan.clusterUid,
    namespaces: plan.namespaces,
    protected: plan.isProtected,
    applications: plan.applications.map((application) => ({
      id: application.applicationId,
      namespace: application.namespace,
      commit: application.revision,
      ...(application.revisionName === undefined ? {} : { ref: application.revisionName }),
      prune: application.prune,
      finishesUnfinished: application.hasUnfinished,
      ...(application.releases === undefined ? {} : { helmReleases: application.releases }),
    })),
    steps: plan.steps.map((step) => toStep(step)),
  };
}

function toStep(step: SyncStep): Record<string, unknown> {
  return {
    application: step.applicationId,
    key: keyString(step.key),
    action: step.action,
    wave: step.wave,
    unverified: step.isUnverified,
    ...(step.tick === undefined ? {} : { tick: step.tick }),
    fields: step.fields.map(({ id, git, live, isMasked }) => ({
      path: id,
      ...(git === undefined ? {} : { git }),
      ...(live === undefined ? {} : { live }),
      masked: isMasked,
      undoesLiveChange: step.undoes.includes(id),
    })),
    ...(step.moves === undefined ? {} : { moves: step.moves }),
    ...(step.marks === undefined ? {} : { marks: step.marks }),
    ...withReason(step.reason),
  };
}

function toRefusal({ applicationId, key, reason }: StepResult): Record<string, unknown> {
  return { application: applicationId, key: keyString(key), ...withReason(reason) };
}
