import { displayName, keyString } from '../../engine/model/objects.ts';
import { isWork, type Plan, type PlanStep, type StepResult } from '../../engine/model/plan.ts';
import { shortValue } from '../../engine/model/snapshot.ts';
import type { FieldDifference } from '../../engine/model/states.ts';
import { forDialog } from './dialog.ts';
import type { Localizer } from './localizer.ts';
import type { WordsContext } from './rowText.ts';

const mostLines = 24;

/** The one confirmation of a write, as words. */
export interface PlanText {
  readonly message: string;
  readonly detail: string;
  /** the whole plan, when `detail` had to be cut */
  readonly full?: string;
  readonly action: string;
  /** environments whose name must be typed */
  readonly protectedEnvironments: readonly string[];
  /** false: every step is refused or has nothing to do */
  readonly hasWork: boolean;
}

/** Steps that write something. */
export function workOf(plan: Plan): readonly PlanStep[] {
  return plan.steps.filter((step) => isWork(step));
}

/**
 * Words of a plan to revert drift: clusters, namespaces and counts first; then every object with its fields; then what is refused and why.
 * @param refused what the engine left out of all plans
 */
export function planText(
  plans: readonly Plan[],
  refused: readonly StepResult[],
  words: Pick<WordsContext, 'l10n' | 'reasonWords'>,
): PlanText {
  const { l10n } = words;
  const working = plans.filter((plan) => workOf(plan).length > 0);
  const steps = working.flatMap((plan) => workOf(plan));
  const fieldCount = steps.reduce((sum, step) => sum + step.fields.length, 0);
  const clusters = unique(working.map((plan) => plan.context)).join(', ');
  const namespaces = unique(working.flatMap((plan) => plan.namespaces));
  const what = countWords(steps.length, fieldCount, l10n);
  const message =
    namespaces.length === 0
      ? l10n.t('Revert {0} on cluster {1}?', what, clusters)
      : namespaces.length === 1
        ? l10n.t('Revert {0} in namespace {1} on cluster {2}?', what, namespaces.join(), clusters)
        : l10n.t('Revert {0} in namespaces {1} on cluster {2}?', what, namespaces.join(', '), clusters);
  const lines: string[] = [];
  for (const plan of working) {
    lines.push(revisionLine(plan, l10n));
    for (const step of workOf(plan)) lines.push(...stepLines(step, l10n));
  }
  const left = [
    ...plans.flatMap((plan) => plan.steps.filter((step) => step.action === 'skipped')),
    ...refused.filter((result) => result.outcome !== 'done'),
  ];
  if (left.length > 0) {
    lines.push('', l10n.t('Left as it is:'));
    const seen = new Set<string>();
    for (const { key, reason } of left) {
      const line = `${displayName(key)}: ${reason === undefined ? l10n.t('nothing to do') : words.reasonWords(reason)}`;
      if (seen.has(keyString(key) + line)) continue;
      seen.add(keyString(key) + line);
      lines.push(line);
    }
  }
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines), l10n.t('… and {0} more lines', lines.length - mostLines)] : lines;
  return {
    message,
    detail: forDialog(shown),
    ...(lines.length > mostLines ? { full: [message, '', ...lines, ''].join('\n') } : {}),
    action: steps.some((step) => step.action === 'recreate') ? l10n.t('Revert and Recreate') : l10n.t('Revert'),
    protectedEnvironments: unique(working.filter((plan) => plan.isProtected).map((plan) => plan.environment ?? plan.context)),
    hasWork: steps.length > 0,
  };
}

/** The outcome of an executed plan, in one sentence, and each failure on a line of its own. */
export function outcomeText(
  results: readonly StepResult[],
  words: Pick<WordsContext, 'l10n' | 'reasonWords'>,
): { readonly message: string; readonly failures: readonly string[] } {
  const { l10n } = words;
  const done = results.filter((result) => result.outcome === 'done').length;
  const failures = results
    .filter((result) => result.outcome === 'failed' || result.outcome === 'refused')
    .map((result) => `${displayName(result.key)}: ${result.reason === undefined ? result.outcome : words.reasonWords(result.reason)}`);
  const doneWords = done === 1 ? l10n.t('1 object is back to Git.') : l10n.t('{0} objects are back to Git.', done);
  if (failures.length === 0) return { message: doneWords, failures };
  const failedWords = failures.length === 1 ? l10n.t('1 was not reverted:') : l10n.t('{0} were not reverted:', failures.length);
  return {
    message: [done === 0 ? undefined : doneWords, failedWords, failures[0]].filter((part) => part !== undefined).join(' '),
    failures,
  };
}

function revisionLine(plan: Plan, l10n: Localizer): string {
  const commit = plan.revision.slice(0, 7);
  const place = plan.environment ?? plan.context;
  return plan.revisionIs === 'synced'
    ? l10n.t('{0}: back to the synced revision {1}', place, commit)
    : l10n.t('{0}: back to the target {1} (no synced revision is recorded)', place, commit);
}

function stepLines(step: PlanStep, l10n: Localizer): string[] {
  const name = displayName(step.key);
  const head = {
    create: l10n.t('{0}: create again', name),
    configure: name,
    recreate: l10n.t('{0}: delete and create again (an immutable field differs)', name),
    prune: l10n.t('{0}: delete', name),
    'take-over': name,
    unchanged: name,
    skipped: name,
  }[step.action];
  return [`• ${head}`, ...step.fields.map((field) => `    ${field.id}: ${undoWords(field, l10n)}`)];
}

function undoWords(field: FieldDifference, l10n: Localizer): string {
  if (field.isMasked) return l10n.t('back to the value of Git (masked)');
  const git = shortValue(field, 'git');
  const live = shortValue(field, 'live');
  if (git === undefined) return l10n.t('remove {0}', live ?? '');
  if (live === undefined) return l10n.t('set {0}', git);
  return `${live} → ${git}`;
}

function countWords(objects: number, fields: number, l10n: Localizer): string {
  const objectWords = objects === 1 ? l10n.t('1 object') : l10n.t('{0} objects', objects);
  if (fields === 0) return objectWords;
  return fields === 1 ? l10n.t('1 field of {0}', objectWords) : l10n.t('{0} fields of {1}', fields, objectWords);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
