import type { FileRange } from '../model/application.ts';

/** Where something may be added to a mapping or list of a text. */
export interface OpenPlace {
  /** the line of its key, or of the list item that it is */
  readonly range: FileRange;
  /** the text with a marker added to it: as an entry of the mapping, or as an item of the list */
  readonly marked: string;
}

/** A key, or the dash of a list item, on a line. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is added to see where it arrives: an entry with this key and value, or an item with this value. */
export const ADDED = 'zqaddedqz';

/** What stands before a key of a mapping on one line: where the key of that mapping is, and its brace. */
const FLOW_BEFORE = /^(\s*(?:- +)*)["']?[\w./-]+["']?:\s*\{(?:[^{}]*,)?\s*$/;

/**
 * The mapping or list above a line, found by indentation alone: it may be of a template, which is no YAML.
 * @param at 0-based line and column of a key, or of an item without one
 * @param steps from the mapping or list down to that key: keys, or indexes of items
 * @returns undefined where the lines are built otherwise than the steps
 */
export function openPlaceAbove(file: string, text: string, at: Place, steps: readonly (string | number)[]): OpenPlace | undefined {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  let place = at;
  let first = at;
  for (const [index, step] of steps.toReversed().entries()) {
    if (typeof step === 'string' && !startsWithKey(lines, place, step)) return undefined;
    const isItem = typeof step === 'number';
    const own = isItem && index === 0 ? dashBefore(lines, place) : place;
    if (own === undefined || isItem !== isDash(lines, own)) return undefined;
    first = own;
    const above = isItem ? keyOfList(lines, own) : ownerOfKey(lines, own);
    if (above === undefined) return undefined;
    place = above;
  }
  // An item is shown by its first key.
  const start = isDash(lines, place) ? { ...place, column: contentAfterDash(lines, place) } : place;
  const shown = { file, startLine: start.line, startColumn: start.column };
  const range = { ...shown, endLine: start.line, endColumn: (lines[start.line] ?? '').trimEnd().length };
  return { range, marked: withMarker(text, lines, first, typeof steps[0] === 'number') };
}

/**
 * The mappings and lists of a text that stand under a key, wherever they are in it: empty ones on its line, others on the lines below.
 * @param isList what is added is an item
 */
export function openPlacesOf(file: string, text: string, key: string, isList: boolean): readonly OpenPlace[] {
  const all = text.split('\n');
  return all.flatMap((raw, line): readonly OpenPlace[] => {
    const head = /^\s*(?:- +)*/.exec(raw)?.[0] ?? '';
    if (!startsWithKey(all, { line, column: head.length }, key)) return [];
    const shown = raw.trimEnd();
    const range = { file, startLine: line, startColumn: head.length, endLine: line, endColumn: shown.length };
    const added = isList ? ADDED : `${ADDED}: ${ADDED}`;
    const empty = (isList ? /\[(?=\s*\]\s*(#.*)?$)/ : /\{(?=\s*\}\s*(#.*)?$)/).exec(shown);
    if (empty !== null) {
      const filled = `${raw.slice(0, empty.index + 1)}${added}${raw.slice(empty.index + 1)}`;
      return [{ range, marked: all.with(line, filled).join('\n') }];
    }
    if (!opens(shown.slice(head.length))) return [];
    // The pair of brackets may stand by itself, below comments.
    const next = all.findIndex((other, at) => at > line && !/^\s*(#|$)/.test(other));
    const alone = isList ? '[]' : '{}';
    if (all[next]?.trim() === alone) {
      const filled = (all[next] ?? '').replace(alone, `${alone.slice(0, 1)}${added}${alone.slice(1)}`);
      return [{ range, marked: all.with(next, filled).join('\n') }];
    }
    const below = `${' '.repeat(head.length + 2)}${isList ? '- ' : ''}${added}${raw.endsWith('\r') ? '\r' : ''}`;
    return [{ range, marked: all.toSpliced(line + 1, 0, below).join('\n') }];
  });
}

function withMarker(text: string, lines: readonly string[], { line, column }: Place, isList: boolean): string {
  const own = lines[line] ?? '';
  const all = text.split('\n');
  const end = all[line]?.endsWith('\r') === true ? '\r\n' : '\n';
  const next = isFlow(own, column) ? ', ' : `${end}${' '.repeat(column)}`;
  const added = isList ? (isFlow(own, column) ? ADDED : `- ${ADDED}`) : `${ADDED}: ${ADDED}`;
  const raw = all[line] ?? '';
  return all.with(line, `${raw.slice(0, column)}${added}${next}${raw.slice(column)}`).join('\n');
}

/** Whether a key stands in a mapping on one line. */
function isFlow(line: string, column: number): boolean {
  return FLOW_BEFORE.test(line.slice(0, column));
}

function startsWithKey(lines: readonly string[], { line, column }: Place, key: string): boolean {
  const text = (lines[line] ?? '').slice(column);
  return [key, `"${key}"`, `'${key}'`].some((written) => text.startsWith(`${written}:`));
}

function isDash(lines: readonly string[], { line, column }: Place): boolean {
  const text = (lines[line] ?? '').slice(column);
  return text === '-' || text.startsWith('- ');
}

function contentAfterDash(lines: readonly string[], { line, column }: Place): number {
  return column + (/^(?:-\s+)+/.exec((lines[line] ?? '').slice(column))?.[0].length ?? 0);
}

/** The dash of the item that a text is, which stands before it on its line. */
function dashBefore(lines: readonly string[], { line, column }: Place): Place | undefined {
  const at = (lines[line] ?? '').slice(0, column).lastIndexOf('-');
  return at < 0 || (lines[line] ?? '').slice(at + 1, column).trim() !== '' ? undefined : { line, column: at };
}

/** The key of the mapping that a key is in, or the dash of the list item that the mapping is. */
function ownerOfKey(lines: readonly string[], { line, column }: Place): Place | undefined {
  const own = lines[line] ?? '';
  if (isFlow(own, column)) return { line, column: FLOW_BEFORE.exec(own.slice(0, column))?.[1]?.length ?? 0 };
  if (!/^\s*(- +)*$/.test(own.slice(0, column))) return undefined;
  for (let at = line; at >= 0; at -= 1) {
    const text = lines[at] ?? '';
    const [head = '', spaces = ''] = /^(\s*)(?:-\s+)*/.exec(text) ?? [];
    if (at < line && isPassedOver(text)) continue;
    // The first key of the item stands beside its dash.
    if (head.length === column && head.trim() !== '') return { line: at, column: head.lastIndexOf('-') };
    if (at === line || spaces.length >= column) continue;
    return head.length < column && opens(text.slice(head.length)) ? { line: at, column: head.length } : undefined;
  }
  return undefined;
}

/** The key of the list that a dash is in; it may stand as far to the left as the dash. */
function keyOfList(lines: readonly string[], { line, column }: Place): Place | undefined {
  for (let at = line - 1; at >= 0; at -= 1) {
    const text = lines[at] ?? '';
    const [head = '', spaces = ''] = /^(\s*)(?:-\s+)*/.exec(text) ?? [];
    if (isPassedOver(text) || spaces.length > column || (spaces.length === column && isDash(lines, { line: at, column }))) continue;
    return head.length <= column && opens(text.slice(head.length)) ? { line: at, column: head.length } : undefined;
  }
  return undefined;
}

/** Whether a key's value stands on the lines below it, or is put there by a template. */
function opens(text: string): boolean {
  return /^["']?[^\s"'{[#][^"']*?["']?:\s*(&\S+\s*)?(#.*|\{\{.*)?$/.test(text);
}

/** Lines that say nothing: empty ones, comments, and what only steers a template. */
function isPassedOver(text: string): boolean {
  const content = text.trim();
  return content === '' || content.startsWith('#') || content.startsWith('{{') || content.startsWith('---');
}
