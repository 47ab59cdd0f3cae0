import type { FileRange } from '../model/application.ts';
import type { NewFile, TextEdit } from '../model/writeback.ts';
import type { Splice } from './spliceScalar.ts';
import { applySplice } from './yamlEdit.ts';

/** A piece of a text: of the original, by offsets, or put in. */
type Piece = string | { readonly start: number; readonly end: number };

/** A file with the edits made to it so far. */
interface DraftFile {
  readonly original: string;
  readonly text: string;
  readonly pieces: readonly Piece[];
}

/** Files with edits laid over them; a change makes a new draft, so that one that did not work out is just dropped. */
export class TextDraft {
  readonly #files: ReadonlyMap<string, DraftFile>;
  readonly #created: ReadonlyMap<string, string>;

  constructor(files: ReadonlyMap<string, DraftFile> = new Map(), created: ReadonlyMap<string, string> = new Map()) {
    this.#files = files;
    this.#created = created;
  }

  /** Names of edited and new files. */
  get paths(): readonly string[] {
    return [...this.#files.keys(), ...this.#created.keys()];
  }

  /** The texts of edited and new files. */
  texts(): Readonly<Record<string, string>> {
    return Object.fromEntries([...[...this.#files].map(([path, { text }]) => [path, text] as const), ...this.#created]);
  }

  /** The present text of a file. @param original its text before any edit */
  text(path: string, original: string): string {
    return this.#files.get(path)?.text ?? original;
  }

  /** Where an offset of a file's original text is in its present one. */
  offset(path: string, original: number): number {
    let offset = 0;
    for (const piece of this.#files.get(path)?.pieces ?? [{ start: 0, end: Infinity }]) {
      if (typeof piece === 'string') offset += piece.length;
      else if (original < piece.start) return offset;
      else if (original < piece.end) return offset + original - piece.start;
      else offset += piece.end - piece.start;
    }
    return offset;
  }

  /** With one more edit. @param splice in the present text */
  with(path: string, original: string, splice: Splice): TextDraft {
    const known = this.#files.get(path) ?? { original, text: original, pieces: [{ start: 0, end: original.length }] };
    const next = { original, text: applySplice(known.text, splice), pieces: spliced(known.pieces, splice) };
    return new TextDraft(new Map([...this.#files, [path, next]]), this.#created);
  }

  /** With one more new file. */
  withFile(path: string, text: string): TextDraft {
    return new TextDraft(this.#files, new Map([...this.#created, [path, text]]));
  }

  newFiles(): readonly NewFile[] {
    return [...this.#created].map(([file, text]) => ({ file, text }));
  }

  /** The edits of the original texts, in their order. */
  edits(): readonly TextEdit[] {
    return [...this.#files].flatMap(([file, { original, pieces }]) => {
      const edits: TextEdit[] = [];
      let [end, added] = [0, ''];
      for (const piece of [...pieces, { start: original.length, end: original.length }]) {
        if (typeof piece === 'string') {
          added += piece;
          continue;
        }
        if (piece.start > end || added !== '') edits.push(...trimmed(file, original, end, original.slice(end, piece.start), added));
        [end, added] = [piece.end, ''];
      }
      return edits;
    });
  }
}

function spliced(pieces: readonly Piece[], { start, end, newText }: Splice): readonly Piece[] {
  const [head, tail]: [Piece[], Piece[]] = [[], []];
  let offset = 0;
  for (const piece of pieces) {
    const length = typeof piece === 'string' ? piece.length : piece.end - piece.start;
    const [before, after] = [Math.min(Math.max(start - offset, 0), length), Math.min(Math.max(end - offset, 0), length)];
    if (before > 0) head.push(part(piece, 0, before));
    if (after < length) tail.push(part(piece, after, length));
    offset += length;
  }
  return [...head, newText, ...tail];
}

function part(piece: Piece, from: number, to: number): Piece {
  return typeof piece === 'string' ? piece.slice(from, to) : { start: piece.start + from, end: piece.start + to };
}

/** An edit without what the old and the new text have in common at their start and end. */
function trimmed(file: string, text: string, offset: number, removed: string, added: string): readonly TextEdit[] {
  if (removed === added) return [];
  const least = Math.min(removed.length, added.length);
  let head = 0;
  while (head < least && removed[head] === added[head]) head += 1;
  let tail = 0;
  while (tail < least - head && removed[removed.length - 1 - tail] === added[added.length - 1 - tail]) tail += 1;
  const range = rangeOfOffsets(file, text, offset + head, offset + removed.length - tail);
  return [{ range, newText: added.slice(head, added.length - tail) }];
}

function rangeOfOffsets(file: string, text: string, start: number, end: number): FileRange {
  const at = (offset: number): { line: number; column: number } => {
    const before = text.slice(0, offset);
    return { line: before.split('\n').length - 1, column: offset - (before.lastIndexOf('\n') + 1) };
  };
  const [from, to] = [at(start), at(end)];
  return { file, startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}
