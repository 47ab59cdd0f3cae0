import { diffArrays } from 'diff';
import type { FileRange } from '../model/application.ts';

/** Where a range of one text is in another version of it. */
export interface MappedRange {
  readonly range: FileRange;
  /** the line itself was changed: the same key now has another value, or the same item another text */
  readonly isEdited: boolean;
}

/** Consecutive lines that were replaced: `[start, end)` of each text. */
interface Hunk {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

const MAX_EDITS = 500;

/** Maps lines of one text to a later version of it, by a line diff. A line that cannot be told is gone, never guessed. */
export class LineMap {
  readonly #from: readonly string[];
  readonly #to: readonly string[];
  readonly #hunks: readonly Hunk[];

  constructor(fromText: string, toText: string) {
    this.#from = fromText.split(/\r?\n/);
    this.#to = fromText === toText ? this.#from : toText.split(/\r?\n/);
    this.#hunks = fromText === toText ? [] : hunksOf(this.#from, this.#to);
  }

  /** The range in the other text, or undefined when its line is gone. Ranges span one line or keep their length. */
  map(range: FileRange): MappedRange | undefined {
    let shift = 0;
    for (const hunk of this.#hunks) {
      if (range.startLine < hunk.from[0]) break;
      if (range.startLine < hunk.from[1]) return this.#mapEdited(range, hunk);
      shift = hunk.to[1] - hunk.from[1];
    }
    return { range: { ...range, startLine: range.startLine + shift, endLine: range.endLine + shift }, isEdited: false };
  }

  #mapEdited(range: FileRange, hunk: Hunk): MappedRange | undefined {
    const line = counterpart(this.#from, this.#to, hunk, range.startLine);
    if (line === undefined) return undefined;
    const text = this.#to[line] ?? '';
    const startColumn = text.length - text.replace(/^\s*(- +)*/, '').length;
    return { range: { file: range.file, startLine: line, startColumn, endLine: line, endColumn: text.trimEnd().length }, isEdited: true };
  }
}

/** The line of the new text that stands for a replaced one: the same key with the same indentation, by its turn in the hunk. */
function counterpart(from: readonly string[], to: readonly string[], hunk: Hunk, line: number): number | undefined {
  const keyAt = (lines: readonly string[], index: number): string | undefined =>
    /^\s*(?:- +)*[^\s#:][^#]*?:(?=\s|$)/.exec(lines[index] ?? '')?.[0];
  const key = keyAt(from, line);
  const indexes = ([start, end]: readonly [number, number]): number[] => Array.from({ length: end - start }, (_, offset) => start + offset);
  const same = (lines: readonly string[], side: readonly [number, number]): number[] =>
    indexes(side).filter((index) => keyAt(lines, index) === key);
  const before = same(from, hunk.from);
  const after = same(to, hunk.to);
  return before.length === after.length ? after[before.indexOf(line)] : undefined;
}

function hunksOf(from: readonly string[], to: readonly string[]): Hunk[] {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1;
  let tail = 0;
  while (tail < from.length - start && tail < to.length - start && from[from.length - 1 - tail] === to[to.length - 1 - tail]) tail += 1;
  const middle = { from: from.slice(start, from.length - tail), to: to.slice(start, to.length - tail) };
  const changes = diffArrays(middle.from, middle.to, { maxEditLength: MAX_EDITS });
  // Too different to be worth the time: all of the middle is one replaced block.
  if (changes === undefined) return [{ from: [start, from.length - tail], to: [start, to.length - tail] }];
  const hunks: Hunk[] = [];
  let [fromLine, toLine] = [start, start];
  let open: { from: number; to: number } | undefined;
  const close = (): void => {
    if (open !== undefined) hunks.push({ from: [open.from, fromLine], to: [open.to, toLine] });
    open = undefined;
  };
  for (const { added, removed, value } of changes) {
    if (added || removed) open ??= { from: fromLine, to: toLine };
    else close();
    if (!added) fromLine += value.length;
    if (!removed) toLine += value.length;
  }
  close();
  return hunks;
}
