import { displayName, parseKeyString } from '../../engine/model/objects.ts';
import type { HistoryEntry, MainlineQuestion, RenderedChange, RollbackPlan, SharedChange } from '../../engine/model/rollback.ts';
import { commitDocument } from './commitText.ts';
import type { Localizer } from './localizer.ts';
import type { WordsContext } from './rowText.ts';
import { dotted } from './rowText.ts';
import { ago } from './time.ts';
import { outcomeWords } from './historyText.ts';

type Words = Pick<WordsContext, 'l10n' | 'reasonWords'>;

const mostLines = 24;
const shortLength = 7;

/** A commit to go back to, as an item of a list. */
export interface CommitItem {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
}

/** A commit of a history as an item of a list: subject, commit, author, age, and when it was synced. */
export function commitItem({ id, subject, author, committedAtMs, syncs }: HistoryEntry, words: WordsContext): CommitItem {
  const { l10n, nowMs } = words;
  const [newest] = syncs;
  const description = dotted(id.slice(0, shortLength), author, ago(committedAtMs, nowMs, l10n));
  if (newest === undefined) return { label: subject, description };
  const when = ago(Date.parse(newest.startedAt), nowMs, l10n);
  const detail =
    newest.outcome === 'done'
      ? l10n.t('synced {0} by {1}', when, newest.by)
      : l10n.t('synced {0} by {1} ({2})', when, newest.by, outcomeWords(newest.outcome, l10n));
  return { label: subject, description, detail };
}

/** A roll back as a patch document: what cannot be undone, what else changes, the objects, and the patch of the files. */
export function rollbackDocument(plan: RollbackPlan, words: Words): string {
  const { l10n } = words;
  const head = [
    l10n.t('{0} back to {1} “{2}”', plan.applicationId, plan.revision.slice(0, shortLength), plan.summary.subject),
    ...plan.reverted.map(({ id, subject }) => l10n.t('reverts {0} “{1}”', id.slice(0, shortLength), subject)),
    ...reasonLines(plan, words),
    '',
    ...changeLines(plan, words),
  ];
  return [...head.map((line) => `# ${line}`.trimEnd()), '', commitDocument(plan.commit, words)].join('\n');
}

/** The confirmation of a roll back: other applications first, then the objects, then what is not undone. */
export function rollbackDetail(plan: RollbackPlan, words: Words): string {
  const { l10n } = words;
  const lines = changeLines(plan, words);
  const reasons = reasonLines(plan, words);
  const more = lines.length - mostLines;
  return [
    ...(more > 0 ? [...lines.slice(0, mostLines), l10n.t('… and {0} more lines', more)] : lines),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
  ].join('\n');
}

/** The parents of a merge as items of a list, in the order of their numbers. */
export function mainlineItems({ parents }: MainlineQuestion, words: WordsContext): readonly (CommitItem & { readonly mainline: number })[] {
  const { l10n, nowMs } = words;
  return parents.map(({ id, subject, author, committedAtMs }, index) => ({
    label: `${String(index + 1)}: ${subject}`,
    description: dotted(id.slice(0, shortLength), author, ago(committedAtMs, nowMs, l10n)),
    detail: index === 0 ? l10n.t('the branch that was merged into') : l10n.t('the branch that was merged'),
    mainline: index + 1,
  }));
}

/** Other applications first: what is shared must be seen before anything else. */
function changeLines({ applicationId, rendered, shared }: RollbackPlan, words: Words): readonly string[] {
  const { l10n } = words;
  const own =
    rendered.length === 0
      ? [l10n.t('No object of {0} changes.', applicationId)]
      : [l10n.t('Changes {0}:', applicationId), ...rendered.map((change) => `•  ${changeText(change, l10n)}`)];
  if (shared.length === 0) return own;
  return [l10n.t('Other applications read these files:'), ...shared.flatMap((each) => sharedLines(each, words)), '', ...own];
}

function reasonLines({ notes, cannotUndo, commit }: RollbackPlan, words: Words): readonly string[] {
  const branch = commit.mustBranch === undefined ? [] : [commit.mustBranch];
  return [...notes, ...cannotUndo, ...branch].map((reason) => words.reasonWords(reason));
}

function sharedLines({ applicationId, files, rendered, problem }: SharedChange, { l10n, reasonWords }: Words): readonly string[] {
  if (problem !== undefined) return [`•  ${applicationId}: ${reasonWords(problem)}`];
  if (rendered.length === 0) return [`•  ${l10n.t('{0}: nothing of it changes ({1})', applicationId, files.join(', '))}`];
  return [`•  ${applicationId}: ${rendered.map((change) => changeText(change, l10n)).join(', ')}`];
}

function changeText({ action, key }: RenderedChange, l10n: Localizer): string {
  const name = displayName(parseKeyString(key));
  switch (action) {
    case 'create':
      return l10n.t('create {0}', name);
    case 'configure':
      return l10n.t('configure {0}', name);
    case 'prune':
      return l10n.t('remove {0}', name);
  }
}
