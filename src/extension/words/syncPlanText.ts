import { displayName } from '../../engine/model/objects.ts';
import { shortValue } from '../../engine/model/snapshot.ts';
import { isWork, type StepResult } from '../../engine/model/plan.ts';
import type { FieldDifference } from '../../engine/model/states.ts';
import {
  isChosen,
  isHarsh,
  isOwnershipOnly,
  mendsRecord,
  type SyncPlan,
  type SyncPlanApplication,
  type SyncPlans,
  type SyncResult,
  type SyncStep,
} from '../../engine/model/sync.ts';
import { forDialog } from './dialog.ts';
import type { Localizer } from './localizer.ts';
import type { WordsContext } from './rowText.ts';
import { releaseTexts, takeOverLines } from './takeOverText.ts';
import { clockTime } from './time.ts';

type Words = Pick<WordsContext, 'l10n' | 'reasonWords' | 'nowMs' | 'locale'>;

const mostLines = 20;

/** Marks of the actions at the start of a line; the grammar of plan documents colours by them. */
const marks: Readonly<Record<SyncStep['action'], string>> = {
  create: '+',
  configure: '~',
  recreate: '-/+',
  prune: '-',
  'take-over': '>',
  unchanged: '=',
  skipped: '!',
};

/** The one confirmation of a sync, as words. */
export interface SyncQuestion {
  readonly message: string;
  readonly detail: string;
  readonly action: string;
  /** environments whose name must be typed: protected, and something is deleted, recreated or undone */
  readonly protectedEnvironments: readonly string[];
}

function chosenSteps(plans: readonly SyncPlan[], ticks: ReadonlySet<string>): readonly SyncStep[] {
  return plans.flatMap((plan) => plan.steps.filter((step) => isChosen(step, ticks)));
}

/** What is done, in one word. */
export function actionWords(action: SyncStep['action'], l10n: Localizer): string {
  switch (action) {
    case 'create':
      return l10n.t('create');
    case 'configure':
      return l10n.t('configure');
    case 'recreate':
      return l10n.t('recreate');
    case 'prune':
      return l10n.t('prune');
    case 'take-over':
      return l10n.t('take over');
    case 'unchanged':
      return l10n.t('unchanged');
    case 'skipped':
      return l10n.t('refused');
  }
}

/** A field as it goes from live to Git, with who made the live change that is undone. */
export function syncFieldText(field: FieldDifference, step: SyncStep, words: Words): string {
  const { l10n } = words;
  const isUndone = step.undoes.includes(field.id);
  const live = shortValue(field, 'live') ?? '∅';
  const git = shortValue(field, 'git') ?? '∅';
  const values = field.isMasked ? l10n.t('another value (masked)') : `${live} → ${git}`;
  if (!isUndone) return `${field.id}: ${values}`;
  const who = [field.writer?.manager, clockTime(field.writer?.time, words.nowMs, words.locale)]
    .filter((part) => part !== undefined)
    .join(', ');
  const undo = who === '' ? l10n.t('undoes a live change') : l10n.t('undoes a live change by {0}', who);
  return `${field.id}: ${values}  ! ${undo}`;
}

/** The whole plan as a text document: a header per application, a line per object, its fields below it, then what is refused and why. */
export function syncPlanDocument({ plans, refused }: SyncPlans, words: Words): string {
  const { l10n } = words;
  const lines: string[] = [];
  for (const plan of plans) {
    const place = [plan.environment, plan.context].filter((part) => part !== undefined).join(' · ');
    lines.push(`# ${plan.isProtected ? l10n.t('{0} (protected)', place) : place}`, `# ${countsText(plan.steps, l10n)}`);
    for (const application of plan.applications) lines.push('', ...applicationLines(application, plan, words));
    lines.push('');
  }
  if (refused.length > 0) lines.push(`# ${l10n.t('Refused')}`, ...refused.map((result) => refusalLine(result, words)), '');
  return lines.length === 0 ? `# ${l10n.t('Nothing to sync.')}\n` : lines.join('\n');
}

function applicationLines(application: SyncPlanApplication, plan: SyncPlan, words: Words): string[] {
  const { l10n } = words;
  const steps = plan.steps.filter(({ applicationId }) => applicationId === application.applicationId);
  const unchanged = steps.filter(({ action }) => action === 'unchanged').length;
  return [
    `@ ${application.name}  ${applicationFacts(application, l10n)}`,
    ...releaseTexts([application], l10n).flatMap((texts) => texts.map((text) => `# ${text}`)),
    ...steps.filter(({ action }) => action !== 'unchanged').flatMap((step) => stepLines(step, words)),
    ...(unchanged === 0 ? [] : [`= ${unchanged === 1 ? l10n.t('1 object is unchanged') : l10n.t('{0} objects are unchanged', unchanged)}`]),
  ];
}

/** Namespace, commit and what is special about one application of a plan. */
export function applicationFacts(application: SyncPlanApplication, l10n: Localizer): string {
  const { revision, revisionName, namespace, prune, isDirty, hasUnfinished, endsDirty } = application;
  const commit = revision.slice(0, 7);
  return [
    namespace,
    isDirty ? l10n.t('working tree on {0}', commit) : revisionName === undefined ? commit : `${revisionName} ${commit}`,
    ...(prune ? [l10n.t('with pruning')] : []),
    ...(hasUnfinished ? [l10n.t('finishes a sync that did not end')] : []),
    ...(endsDirty === true ? [l10n.t('ends the state dirty')] : []),
  ].join(' · ');
}

/** @param fields those that are shown; what is said of the step counts all of them */
function stepLines(step: SyncStep, words: Words, fields: readonly FieldDifference[] = step.fields): string[] {
  const { l10n } = words;
  const notes = [
    ...(step.tick === undefined ? [] : [l10n.t('only when ticked')]),
    ...(step.isUnverified && isWork(step) ? [l10n.t('not verified: its kind or namespace comes with this plan')] : []),
    ...(isOwnershipOnly(step) ? [l10n.t('only who holds its fields changes')] : []),
    ...(step.reason === undefined ? [] : [words.reasonWords(step.reason)]),
  ];
  const namespace = step.key.namespace === '' ? '' : `  ${step.key.namespace}`;
  const head = `${marks[step.action]} ${actionWords(step.action, l10n)} ${displayName(step.key)}${namespace}`;
  return [
    notes.length === 0 ? head : `${head}  # ${notes.join('; ')}`,
    ...fields.map((field) => `    ${syncFieldText(field, step, words)}`),
    ...takeOverLines(step, l10n).map(({ text }) => `    ${text}`),
  ];
}

function refusalLine({ key, reason }: StepResult, words: Words): string {
  const why = reason === undefined ? '' : `  # ${words.reasonWords(reason)}`;
  return `! ${words.l10n.t('refused')} ${displayName(key)}${why}`;
}

/** `1 created, 2 configured, 1 pruned, 3 live changes undone`, as what will be. */
function countsText(steps: readonly SyncStep[], l10n: Localizer): string {
  const count = (action: SyncStep['action']): number => steps.filter((step) => step.action === action).length;
  const undone = steps.reduce((sum, step) => sum + step.undoes.length, 0);
  const parts = [
    count('create') > 0 ? l10n.t('{0} to create', count('create')) : undefined,
    count('configure') > 0 ? l10n.t('{0} to configure', count('configure')) : undefined,
    count('recreate') > 0 ? l10n.t('{0} to delete and create again', count('recreate')) : undefined,
    count('prune') > 0 ? l10n.t('{0} to delete', count('prune')) : undefined,
    count('take-over') > 0 ? l10n.t('{0} to take over', count('take-over')) : undefined,
    undone > 0 ? (undone === 1 ? l10n.t('1 live change undone') : l10n.t('{0} live changes undone', undone)) : undefined,
    count('skipped') > 0 ? l10n.t('{0} refused', count('skipped')) : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? l10n.t('nothing to do') : parts.join(', ');
}

/**
 * The confirmation of what is chosen of some plans; undefined when nothing would be written.
 * @param ticks ids of the steps that were ticked
 */
export function syncQuestion({ plans, refused }: SyncPlans, ticks: ReadonlySet<string>, words: Words): SyncQuestion | undefined {
  const { l10n } = words;
  const steps = chosenSteps(plans, ticks);
  if (steps.length === 0) return recordQuestion(plans, l10n);
  const working = plans.filter((plan) => isWorking(plan, ticks));
  const clusters = unique(working.map((plan) => plan.context)).join(', ');
  const namespaces = unique(working.flatMap((plan) => plan.namespaces)).join(', ');
  const names = unique(working.flatMap((plan) => plan.applications.map(({ name }) => name))).join(', ');
  const objects = steps.length === 1 ? l10n.t('1 object') : l10n.t('{0} objects', steps.length);
  const undone = steps.reduce((sum, step) => sum + step.undoes.length, 0);
  const detail = stepsDetail(steps, refused.length, words);
  if (working.some(({ kind }) => kind === 'take-over')) {
    const applications = working.flatMap((plan) => plan.applications);
    const promise = l10n.t('Nothing is deleted, restarted or applied: the fields only get another owner.');
    return {
      message: l10n.t('Take over {0} of {1} in namespace {2} on cluster {3}?', objects, names, namespaces, clusters),
      detail: [promise, '', ...releaseTexts(applications, l10n).flatMap((texts) => [texts.join(' '), '']), detail].join('\n'),
      action: l10n.t('Take Over'),
      protectedEnvironments: [],
    };
  }
  if (working.some(({ kind }) => kind === 'dirty')) {
    const promise = l10n.t('What is not committed is applied. The application is marked dirty until the next sync, and nothing is pruned.');
    return {
      message: l10n.t('Apply {0} of {1} as the files are here to namespace {2} on cluster {3}?', objects, names, namespaces, clusters),
      detail: [promise, detail].join('\n'),
      action: l10n.t('Apply Working Tree'),
      protectedEnvironments: [],
    };
  }
  return {
    message:
      namespaces === ''
        ? l10n.t('Sync {0} of {1} on cluster {2}?', objects, names, clusters)
        : l10n.t('Sync {0} of {1} to namespace {2} on cluster {3}?', objects, names, namespaces, clusters),
    detail,
    action:
      undone === 0
        ? l10n.t('Sync')
        : undone === 1
          ? l10n.t('Sync and Undo 1 Live Change')
          : l10n.t('Sync and Undo {0} Live Changes', undone),
    protectedEnvironments: unique(
      working
        .filter((plan) => plan.isProtected && chosenSteps([plan], ticks).some((step) => isHarsh(step)))
        .map((plan) => plan.environment ?? plan.context),
    ),
  };
}

/** What is done, object by object, as far as a dialog has room. */
function stepsDetail(steps: readonly SyncStep[], refusedCount: number, words: Words): string {
  const { l10n } = words;
  const undone = ({ fields, undoes }: SyncStep): readonly FieldDifference[] => fields.filter(({ id }) => undoes.includes(id));
  const lines = [
    countsText(steps, l10n),
    ...steps.flatMap((step) => stepLines(step, words, undone(step))),
    ...(refusedCount === 0 ? [] : [l10n.t('{0} objects are refused and left as they are.', refusedCount)]),
  ];
  const rest = lines.length - mostLines;
  return forDialog(rest > 0 ? [...lines.slice(0, mostLines), l10n.t('… and {0} more lines', rest)] : lines);
}

/** Whether a plan is carried out: it changes objects, or mends the record of its application. */
export function isWorking(plan: SyncPlan, ticks: ReadonlySet<string>): boolean {
  return chosenSteps([plan], ticks).length > 0 || mendsRecord(plan);
}

/** No object changes, and yet a sync that was cut off, or the working tree, stands in the record until the next sync. */
function recordQuestion(plans: readonly SyncPlan[], l10n: Localizer): SyncQuestion | undefined {
  const applications = plans.filter((plan) => mendsRecord(plan)).flatMap((plan) => plan.applications);
  if (applications.length === 0) return undefined;
  return {
    message: l10n.t('Record the sync of {0}?', unique(applications.map(({ name }) => name)).join(', ')),
    detail: applications.map((application) => `${application.name}: ${applicationFacts(application, l10n)}`).join('\n'),
    action: l10n.t('Sync'),
    protectedEnvironments: [],
  };
}

/**
 * How syncs ended, in one sentence, and each object that was not applied on a line of its own.
 * @param isTakeOver they were take overs
 */
export function syncOutcomeText(
  results: readonly SyncResult[],
  words: Words,
  isTakeOver = false,
): { readonly message: string; readonly problems: readonly string[]; readonly isGood: boolean } {
  const { l10n } = words;
  const objects = results.flatMap((result) => result.results);
  const done = objects.filter(({ outcome }) => outcome === 'done').length;
  const takenWords = done === 1 ? l10n.t('1 object was taken over.') : l10n.t('{0} objects were taken over.', done);
  const syncedWords = done === 1 ? l10n.t('1 object was synced.') : l10n.t('{0} objects were synced.', done);
  const problems = [
    ...objects
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'refused')
      .map(({ key, reason }) => `${displayName(key)}: ${reason === undefined ? l10n.t('not synced') : words.reasonWords(reason)}`),
    ...results.flatMap(({ waiting }) =>
      waiting.map(({ key, message }) => l10n.t('{0} is not healthy yet: {1}', displayName(key), message)),
    ),
  ];
  const has = (outcome: SyncResult['outcome']): boolean => results.some((result) => result.outcome === outcome);
  const end = has('cancelled')
    ? l10n.t('The sync was cancelled; running it again finishes it.')
    : has('timed-out')
      ? l10n.t('Not everything became healthy in time.')
      : undefined;
  return {
    message: [isTakeOver ? takenWords : syncedWords, end, problems[0]].filter((part) => part !== undefined).join(' '),
    problems,
    isGood: problems.length === 0 && end === undefined,
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
