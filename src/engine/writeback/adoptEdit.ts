import { AppError } from '../../base/errors.ts';
import { isJsonArray, jsonEqual, type JsonValue, valueAt } from '../model/json.ts';
import type { SourceRole } from '../model/provenance.ts';
import { type ScalarPlace, type ScalarValue, scalarPlaces, type Splice, spliceScalar, valueOfScalar } from './spliceScalar.ts';
import { applySplice, editYaml, yamlValues } from './yamlEdit.ts';

/** What a line that sets one leaf of a field is to make of the whole field. */
export interface FieldEdit {
  /** offsets of the line in the text */
  readonly from: number;
  readonly to: number;
  readonly role: SourceRole;
  /** the rendered value of the leaf that the line sets */
  readonly leaf: JsonValue;
  /** steps from the place to be edited down to that leaf; empty: the leaf itself */
  readonly up: readonly string[];
  /** steps from there to the field; `null` appends to a list. Empty: the place itself */
  readonly down: readonly (string | null)[];
  /** the value that the place has before, when it is to be replaced */
  readonly before: JsonValue | undefined;
  /** undefined: the field goes */
  readonly value: JsonValue | undefined;
}

/**
 * The edit of a file that gives a field another value, or takes it away.
 * @param text of the file, without a byte-order mark
 * @throws AppError `edit-not-exact`, `adopt-composed`, and those of `scalarPlaces`
 */
export function fieldEdit(text: string, edit: FieldEdit): Splice {
  if (edit.role === 'generator file') return generatorEdit(text, edit);
  const nested = nestedText(text, edit.from);
  if (nested === undefined) return yamlFieldEdit(text, edit);
  const inner = yamlFieldEdit(nested.text, { ...edit, from: edit.from - nested.start, to: edit.to - nested.start });
  const splice = { ...inner, start: inner.start + nested.start, end: inner.end + nested.start };
  // In the outer text only that block may say something else: the same lines with their indentation, as it was changed.
  const meant = applySplice(nested.text, inner);
  const block = placeAt(applySplice(text, splice), nested.block.node.range?.[0] ?? 0);
  if (block === undefined || dedented(meant) !== String(valueOfScalar(block.node)).trimEnd()) throw new AppError('edit-not-exact');
  return splice;
}

function yamlFieldEdit(text: string, { from, to, leaf, up, down, before, value }: FieldEdit): Splice {
  const place = scalarPlaces(text).find(({ node }) => (node.range?.[0] ?? -1) >= from && (node.range?.[0] ?? -1) <= to);
  if (place === undefined) throw new AppError('edit-not-exact');
  if (up.length === 0 && down.length === 0 && value !== undefined && isScalarValue(value) && isScalarValue(leaf))
    return spliceScalar(text, place, newValue(valueOfScalar(place.node), leaf, value));
  const [document, ...path] = place.path;
  const tail = up.length === 0 ? [] : path.slice(-up.length);
  // The line has to stand in a structure like that of the field.
  if (up.length >= path.length + 1 || !tail.every((step, index) => typeof step === 'number' || step === up[index]))
    throw new AppError('edit-not-exact');
  const anchor = path.slice(0, path.length - up.length);
  const said = valueAt(yamlValues(text)[Number(document)], ...anchor);
  if (down.length === 0 && (before === undefined || (value !== undefined && !jsonEqual(said, before))))
    throw new AppError('adopt-composed');
  const steps = down.map((step) => step ?? (isJsonArray(said) ? said.length : 0));
  return editYaml(text, { document: Number(document), path: [...anchor, ...steps], value });
}

/** The block scalar that holds an offset, as in patches written into a kustomization; parsed with its indentation, so that offsets fit. */
function nestedText(
  text: string,
  offset: number,
): { readonly text: string; readonly start: number; readonly block: ScalarPlace } | undefined {
  const block = scalarPlaces(text).find(({ node }) => {
    const [start, end] = node.range ?? [0, 0];
    return node.type === 'BLOCK_LITERAL' && text.indexOf('\n', start) < offset && offset < end;
  });
  if (block === undefined) return undefined;
  const start = text.indexOf('\n', block.node.range?.[0] ?? 0) + 1;
  return { text: text.slice(start, block.node.range?.[1]), start, block };
}

/** A scalar of a YAML text. */
interface FoundScalar {
  readonly path: readonly (string | number)[];
  readonly value: ScalarValue;
  /** what its document says */
  readonly root: JsonValue | undefined;
}

/**
 * The scalar on a line: the keys to it and what it says; within a YAML text in a block scalar those of that text.
 * @param from offset of the line's content
 * @param to offset of its end
 */
export function scalarAt(text: string, from: number, to: number): FoundScalar | undefined {
  const nested = nestedText(text, from);
  if (nested !== undefined) return scalarAt(nested.text, from - nested.start, to - nested.start);
  const found = scalarPlaces(text).find(({ node }) => (node.range?.[0] ?? -1) >= from && (node.range?.[0] ?? -1) <= to);
  if (found === undefined) return undefined;
  const [document, ...path] = found.path;
  return { path, value: valueOfScalar(found.node), root: yamlValues(text)[Number(document)] };
}

function placeAt(text: string, start: number): ScalarPlace | undefined {
  return scalarPlaces(text).find(({ node }) => node.range?.[0] === start);
}

function dedented(text: string): string {
  const lines = text.split(/\r?\n/);
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return lines
    .map((line) => line.slice(indent))
    .join('\n')
    .trimEnd();
}

/** A file that is one value as a whole, or a line `KEY=value` of one. */
function generatorEdit(text: string, { from, to, leaf, up, down, value }: FieldEdit): Splice {
  if (typeof value !== 'string' || typeof leaf !== 'string' || up.length + down.length > 0) throw new AppError('adopt-composed');
  if (text === leaf) return { start: 0, end: text.length, newText: value };
  const line = text.slice(from, to);
  const at = line.indexOf('=') + 1;
  if (at === 0 || line.slice(at) !== leaf || /[\r\n]/.test(value)) throw new AppError('adopt-composed');
  return { start: from + at, end: to, newText: value };
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

/** The offset of a line and column (from 0) of a text. */
export function offsetOf(text: string, line: number, column: number): number {
  let offset = 0;
  for (let index = 0; index < line; index += 1) {
    const next = text.indexOf('\n', offset);
    if (next < 0) return text.length;
    offset = next + 1;
  }
  return Math.min(offset + column, text.length);
}

/** Names of the images that Flux's image automation writes into a line, by its marker comment. */
export function imagePolicyOf(text: string, offset: number): string | undefined {
  const line = text.slice(offset, offset + text.slice(offset).search(/\r?\n|$/));
  return /#\s*\{\s*"\$imagepolicy"\s*:\s*"([^"]+)"/.exec(line)?.[1];
}
