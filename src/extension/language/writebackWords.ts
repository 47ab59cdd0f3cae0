import type { AffectedObject, IgnorePlan, RefusedTarget, WritebackAction, WritebackPlan } from '../../engine/model/writeback.ts';
import type { Reason } from '../../engine/model/states.ts';
import type { Localizer } from '../words/localizer.ts';

const mostLines = 16;
const longestText = 60;

/** An edit of a file with what stands there now. */
export interface ShownEdit {
  readonly file: string;
  /** from 0 */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** What words of the extension work with. */
export interface Words {
  readonly l10n: Localizer;
  readonly reasonWords: (reason: Reason) => string;
}

/** The question before edits of files, as words. */
export interface Question {
  readonly message: string;
  readonly detail: string;
}

/** Each edit as `file:line  old → new`, new files, what else moves, what is refused and why. */
export function writebackQuestion(
  edits: readonly ShownEdit[],
  plan: Pick<WritebackPlan, 'newFiles' | 'affected' | 'refused'>,
  action: WritebackAction,
  words: Words,
): Question {
  const { l10n } = words;
  const files = new Set([...edits.map(({ file }) => file), ...plan.newFiles.map(({ file }) => file)]).size;
  const message = files === 1 ? l10n.t('Edit 1 file?') : l10n.t('Edit {0} files?', files);
  const lines = [
    ...edits.map((edit) => editLine(edit, l10n)),
    ...plan.newFiles.map(({ file, text }) => l10n.t('{0}: new file, {1} lines', file, text.trimEnd().split('\n').length)),
  ];
  const detail = [
    ...limited(lines, l10n),
    ...section(
      l10n.t('Follows from it:'),
      plan.affected.filter(({ kind }) => kind === 'derived'),
      l10n,
    ),
    ...section(
      l10n.t('Also changes:'),
      plan.affected.filter(({ kind }) => kind === 'other'),
      l10n,
    ),
    ...refusals(plan.refused, action === 'remove' ? l10n.t('Not removed:') : l10n.t('Not adopted:'), words),
  ].join('\n');
  return { message, detail };
}

/** What also moves, for the choice between the base and the overlay. */
export function choiceQuestion(affected: readonly AffectedObject[], l10n: Localizer): Question {
  const others = affected.filter(({ kind }) => kind === 'other');
  const applications = new Set(others.map(({ applicationId }) => applicationId)).size;
  return {
    message:
      applications === 1
        ? l10n.t('The line that sets this also serves something else. Edit it all the same?')
        : l10n.t('The line that sets this serves {0} applications. Edit it all the same?', applications),
    detail: limited(others.map(affectedLine), l10n).join('\n'),
  };
}

/** The rules that would be written, and every difference that they would hide. */
export function ignoreQuestion(
  edits: readonly ShownEdit[],
  plan: Pick<IgnorePlan, 'places' | 'effects' | 'refused'>,
  words: Words,
): Question {
  const { l10n } = words;
  const [place, ...more] = plan.places;
  const message =
    place !== undefined && more.length === 0
      ? place.rule === place.file
        ? l10n.t('Add a rule to {0}?', place.rule)
        : l10n.t('Add a rule to {0} in {1}?', place.rule, place.file)
      : l10n.t('Add {0} rules?', plan.places.length);
  const [asked, others] = [plan.effects.filter(({ isIntended }) => isIntended), plan.effects.filter(({ isIntended }) => !isIntended)];
  const line = ({ applicationId, object, fieldId }: IgnorePlan['effects'][number]): string => `${applicationId}: ${object} ${fieldId}`;
  const detail = [
    ...limited(
      edits.map((edit) => editLine(edit, l10n)),
      l10n,
    ),
    '',
    l10n.t('No longer counts:'),
    ...limited(asked.map(line), l10n),
    ...(others.length === 0 ? [] : ['', l10n.t('Also hidden by it:'), ...limited(others.map(line), l10n)]),
    ...refusals(plan.refused, l10n.t('Not ignored:'), words),
  ].join('\n');
  return { message, detail };
}

/** Why nothing of what was asked can be done. */
export function refusedText(refused: readonly RefusedTarget[], { l10n, reasonWords }: Words): string {
  const reasons = [...new Set(refused.map(({ reason }) => reasonWords(reason)))];
  return reasons.length === 0 ? l10n.t('There is nothing to change.') : reasons.join(' ');
}

function editLine({ file, line, before, after }: ShownEdit, l10n: Localizer): string {
  const place = `${file}:${String(line + 1)}`;
  if (before.trim() === '') return `${place}  + ${short(after)}`;
  return after.trim() === '' ? `${place}  ${l10n.t('without {0}', short(before))}` : `${place}  ${short(before)} → ${short(after)}`;
}

function short(text: string): string {
  const line = text.trim().replaceAll(/\s*\r?\n\s*/g, ' ⏎ ');
  return line.length > longestText ? `${line.slice(0, longestText - 1)}…` : line;
}

function section(title: string, affected: readonly AffectedObject[], l10n: Localizer): readonly string[] {
  return affected.length === 0 ? [] : ['', title, ...limited(affected.map(affectedLine), l10n)];
}

function affectedLine({ applicationId, object, paths }: AffectedObject): string {
  return `${applicationId}: ${object} ${paths.join(', ')}`.trimEnd();
}

function refusals(refused: readonly RefusedTarget[], title: string, { l10n, reasonWords }: Words): readonly string[] {
  if (refused.length === 0) return [];
  const lines = refused.map(({ target: { key, fieldId }, reason }) => `${fieldId ?? key}: ${reasonWords(reason)}`);
  return ['', title, ...limited(lines, l10n)];
}

function limited(lines: readonly string[], l10n: Localizer): readonly string[] {
  return lines.length <= mostLines ? lines : [...lines.slice(0, mostLines), l10n.t('+{0} more', lines.length - mostLines)];
}
