import type { LineMark } from '../../engine/model/snapshot.ts';
import type { WordsContext } from '../words/rowText.ts';
import { clockTime } from '../words/time.ts';

/** One edit of a document: the lines that were replaced, and how many lines stand there now. Lines are 0-based. */
export interface LineEdit {
  readonly startLine: number;
  readonly endLine: number;
  /** newline characters of the inserted text */
  readonly insertedLines: number;
  /** the edit starts at column 0, so a line break inserted there pushes the start line itself down */
  readonly startsAtLineStart: boolean;
}

/** Moves marks with an edit, as the editor moves its decorations; a mark whose lines were deleted goes. */
export function moveMarks(marks: readonly LineMark[], edit: LineEdit): readonly LineMark[] {
  const shift = edit.insertedLines - (edit.endLine - edit.startLine);
  if (shift === 0) return marks;
  return marks.flatMap((mark) => {
    const line = mark.range.startLine;
    const isAfter = line > edit.endLine || (line === edit.endLine && (edit.endLine > edit.startLine || edit.startsAtLineStart));
    if (isAfter) {
      return [{ ...mark, range: { ...mark.range, startLine: line + shift, endLine: mark.range.endLine + shift } }];
    }
    const isDeleted = line > edit.startLine || (line === edit.startLine && edit.startsAtLineStart && edit.endLine > edit.startLine);
    return isDeleted ? [] : [mark];
  });
}

/** All marks of one line as one decoration. */
export interface LineNote {
  readonly line: number;
  /** the mark that decides gutter icon and colour: the worst */
  readonly kind: LineMark['kind'];
  /** the muted text at the end of the line */
  readonly text: string;
}

const kindOrder: readonly LineMark['kind'][] = [
  'missing',
  'changed',
  'removed',
  'added',
  'differs',
  'cannot-compare',
  'out-of-sync',
  'edited',
];
const mostNotesPerLine = 2;
const mostValuesPerLine = 3;
const shortestCommonPath = 8;

/** Gathers the marks of a file by line, worst first. */
export function lineNotes(marks: readonly LineMark[], words: Pick<WordsContext, 'l10n' | 'nowMs' | 'locale'>): LineNote[] {
  const byLine = new Map<number, LineMark[]>();
  for (const mark of marks) {
    const line = byLine.get(mark.range.startLine);
    if (line === undefined) byLine.set(mark.range.startLine, [mark]);
    else line.push(mark);
  }
  return [...byLine]
    .sort(([a], [b]) => a - b)
    .flatMap(([line, group]) => {
      const sorted = [...group].sort((a, b) => kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind));
      const [worst] = sorted;
      return worst === undefined ? [] : [{ line, kind: worst.kind, text: joinNotes(sorted, words) }];
    });
}

function joinNotes(marks: readonly LineMark[], words: Pick<WordsContext, 'l10n' | 'nowMs' | 'locale'>): string {
  const applications = new Set(marks.map((mark) => mark.applicationId));
  const combined = combinedNote(marks, words);
  if (combined !== undefined) return combined;
  const notes = marks.map((mark) => {
    const note = noteText(mark, words);
    return applications.size > 1 ? `${mark.environment ?? mark.applicationName}: ${note}` : note;
  });
  const shown = [...new Set(notes)];
  const rest = shown.length - mostNotesPerLine;
  return [...shown.slice(0, mostNotesPerLine), ...(rest > 0 ? [words.l10n.t('+{0} more', rest)] : [])].join('  |  ');
}

/** `live: 5 in prod-eu, 4 in prod-us`: one field, changed in several applications and nothing else on the line. */
function combinedNote(marks: readonly LineMark[], { l10n }: Pick<WordsContext, 'l10n'>): string | undefined {
  const [first] = marks;
  const isOneField = marks.every(
    ({ kind, fieldId }) => (kind === 'changed' || kind === 'edited') && kind === first?.kind && fieldId === first.fieldId,
  );
  const places = new Map<string, string[]>();
  for (const mark of marks) {
    const live = mark.live === undefined ? l10n.t('not set') : withoutCommonPath(mark.live, mark.git);
    places.set(live, [...(places.get(live) ?? []), mark.environment ?? mark.context]);
  }
  if (marks.length < 2 || !isOneField) return undefined;
  const shown = [...places].slice(0, mostValuesPerLine).map(([live, where]) => l10n.t('{0} in {1}', live, [...new Set(where)].join(', ')));
  const rest = places.size - mostValuesPerLine;
  return l10n.t('live: {0}', [...shown, ...(rest > 0 ? [l10n.t('+{0} more', rest)] : [])].join(', '));
}

/** The note of one mark: `live: 5 · kubectl-scale 14:02`. */
export function noteText(mark: LineMark, words: Pick<WordsContext, 'l10n' | 'nowMs' | 'locale'>): string {
  const { l10n } = words;
  const writer = [mark.manager, clockTime(mark.time, words.nowMs, words.locale)].filter((part) => part !== undefined).join(' ');
  return [fact(mark, l10n), writer].filter((part) => part !== '').join(' · ');
}

function fact(mark: LineMark, l10n: WordsContext['l10n']): string {
  const live = mark.live === undefined ? l10n.t('not set') : withoutCommonPath(mark.live, mark.git);
  const git = mark.git === undefined ? l10n.t('not set') : withoutCommonPath(mark.git, mark.live);
  switch (mark.kind) {
    case 'edited':
      return mark.working === mark.live ? l10n.t('as live') : l10n.t('live: {0}', live);
    case 'changed':
      if (mark.working !== undefined && mark.working === mark.live) return l10n.t('as live, Git: {0}', git);
      // Git has changed it, too: the line shows what it has now.
      if (mark.synced !== undefined && !mark.isEdited) return l10n.t('live: {0}, synced: {1}', live, mark.synced);
      return mark.isEdited ? l10n.t('live: {0}, Git: {1}', live, git) : l10n.t('live: {0}', live);
    case 'added':
      return mark.fieldId === undefined
        ? l10n.t('added live')
        : l10n.t('only live: {0}', `${lastSteps(mark.fieldId)}${mark.live === undefined ? '' : `: ${live}`}`);
    case 'removed':
      return l10n.t('removed live');
    case 'missing':
      return l10n.t('not in the cluster');
    case 'out-of-sync':
      return l10n.t('not applied yet, live: {0}', live);
    case 'differs':
      return mark.fieldId === undefined ? l10n.t('differs') : l10n.t('differs, live: {0}', live);
    case 'cannot-compare':
      return l10n.t('cannot compare');
  }
}

/** Without the registry, host or folders that the other side has too: `…/web:1.2` tells more than a name that runs out of the window. */
function withoutCommonPath(value: string, other: string | undefined): string {
  if (other === undefined) return value;
  let common = 0;
  while (common < value.length && value[common] === other[common]) common += 1;
  const slash = common === 0 ? -1 : value.lastIndexOf('/', common - 1);
  return slash < shortestCommonPath ? value : `…${value.slice(slash)}`;
}

/** The last step of a path as people write it: `limits.cpu` of `spec…resources.limits.cpu` would be too long on a line. */
function lastSteps(fieldId: string): string {
  return /(?:[^.[\]]+|\["[^"]*"\]|\[[^\]]*\])$/.exec(fieldId)?.[0] ?? fieldId;
}
