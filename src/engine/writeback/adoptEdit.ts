import { AppError } from '../../base/errors.ts';
import type { FileRange } from '../model/application.ts';
import type { JsonValue } from '../model/json.ts';
import type { TextEdit } from '../model/writeback.ts';
import { type ScalarValue, scalarPlaces, spliceScalar, valueOfScalar } from './spliceScalar.ts';

/** An edit with the whole text that it leads to. */
export interface Adoption {
  readonly edit: TextEdit;
  readonly text: string;
}

/**
 * The edit of a file that makes the field which a line sets have another value.
 * @param text of the file, without a byte-order mark
 * @param range of the line, as provenance gives it
 * @param before the field's value as the line sets it now; the line may say only a piece of it
 * @param live the value to take over
 * @throws AppError `edit-not-exact`, `adopt-composed`, and those of `scalarPlaces`
 */
export function adoptEdit(text: string, range: FileRange, before: JsonValue, live: JsonValue): Adoption {
  if (!isScalarValue(before) || !isScalarValue(live)) throw new AppError('adopt-not-scalar');
  const [from, to] = [offsetOf(text, range.startLine, range.startColumn), offsetOf(text, range.endLine, range.endColumn)];
  const place = scalarPlaces(text).find(({ node }) => (node.range?.[0] ?? -1) >= from && (node.range?.[0] ?? -1) <= to);
  if (place === undefined) throw new AppError('edit-not-exact');
  const value = newValue(valueOfScalar(place.node), before, live);
  const { start, end, newText } = spliceScalar(text, place, value);
  return {
    edit: { range: rangeOfOffsets(range.file, text, start, end), newText },
    text: text.slice(0, start) + newText + text.slice(end),
  };
}

/** What the scalar must say: the live value, or that part of it that stands for the scalar. */
function newValue(said: ScalarValue, before: ScalarValue, live: ScalarValue): ScalarValue {
  if (said === before) return live;
  const [part, whole, next] = [String(said), String(before), String(live)];
  // An entry `KEY=value` of a generator.
  if (typeof said === 'string' && part.endsWith(`=${whole}`)) return part.slice(0, part.length - whole.length) + next;
  const at = whole.indexOf(part);
  const [head, tail] = [whole.slice(0, Math.max(at, 0)), whole.slice(at + part.length)];
  if (at < 0 || part === '' || whole.lastIndexOf(part) !== at || next.length < head.length + tail.length)
    throw new AppError('adopt-composed');
  if (!next.startsWith(head) || !next.endsWith(tail)) throw new AppError('adopt-composed');
  const piece = next.slice(head.length, next.length - tail.length);
  if (typeof said === 'string') return piece;
  if (typeof said === 'number' && /^-?\d+$/.test(piece)) return Number(piece);
  if (typeof said === 'boolean' && (piece === 'true' || piece === 'false')) return piece === 'true';
  return piece;
}

function isScalarValue(value: JsonValue): value is ScalarValue {
  return value === null || typeof value !== 'object';
}

function offsetOf(text: string, line: number, column: number): number {
  let offset = 0;
  for (let index = 0; index < line; index += 1) {
    const next = text.indexOf('\n', offset);
    if (next < 0) return text.length;
    offset = next + 1;
  }
  return Math.min(offset + column, text.length);
}

function rangeOfOffsets(file: string, text: string, start: number, end: number): FileRange {
  const at = (offset: number): { line: number; column: number } => {
    const before = text.slice(0, offset);
    return { line: before.split('\n').length - 1, column: offset - (before.lastIndexOf('\n') + 1) };
  };
  const [from, to] = [at(start), at(end)];
  return { file, startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}
