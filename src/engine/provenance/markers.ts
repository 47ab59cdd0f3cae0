import { isJsonArray, isJsonObject, type JsonValue } from '../model/json.ts';
import { pointerToken } from '../model/jsonPointer.ts';
import type { RenderedObject } from '../model/render.ts';
import type { Candidate, OuterScalar } from './candidates.ts';

/** A scalar of a render. */
export type Leaf = string | number | boolean;

const MARKER = /zq[a-z]([0-9a-z]{4})qz|\d{6}/gi;
const NUMBER_BASE = 100_000;
const NUMBER_STEP = 7;

/** The scalars of rendered objects by {@link leafId}; nulls are left out. */
export function leavesOf(objects: readonly RenderedObject[]): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const visit = (value: JsonValue | undefined, id: string): void => {
    if (isJsonArray(value)) for (const [index, item] of value.entries()) visit(item, `${id}/${String(index)}`);
    else if (isJsonObject(value)) for (const [key, item] of Object.entries(value)) visit(item, `${id}/${pointerToken(key)}`);
    else if (value !== undefined && value !== null) leaves.set(id, value);
  };
  for (const [index, { object }] of objects.entries()) visit(object, String(index));
  return leaves;
}

/** The name of a leaf: the index of its object in the render, and the JSON pointer in it. */
export function leafId(objectIndex: number, pointer: string): string {
  return `${String(objectIndex)}${pointer}`;
}

/** Markers of one render: each candidate has its own, and is found again by it. */
export class MarkerSet {
  readonly #round: number;
  readonly #byNumber = new Map<string, number>();
  readonly #candidates: readonly Candidate[];

  /** @param round different rounds have different markers */
  constructor(candidates: readonly Candidate[], round: number) {
    this.#candidates = candidates;
    this.#round = round;
  }

  /** The texts with these candidates marked. @param chosen indexes into the candidates */
  mark(texts: ReadonlyMap<string, string>, chosen: readonly number[]): Record<string, string> {
    const byFile = new Map<string, Marked[]>();
    for (const index of chosen) {
      const candidate = this.#candidates[index];
      if (candidate === undefined) continue;
      const marker = this.#markerOf(candidate, index);
      for (const each of [candidate, ...(candidate.together ?? [])])
        byFile.set(each.file, [...(byFile.get(each.file) ?? []), { candidate: each, marker }]);
    }
    const marked: Record<string, string> = {};
    for (const [file, pieces] of byFile) marked[file] = markedText(texts.get(file) ?? '', pieces);
    return marked;
  }

  #markerOf(candidate: Candidate, index: number): string {
    if (candidate.kind === 'boolean') return candidate.value === 'true' ? 'false' : 'true';
    if (candidate.kind === 'text') return `zq${String.fromCharCode(97 + (this.#round % 26))}${index.toString(36).padStart(4, '0')}qz`;
    // Below a million, since templates print larger numbers with an exponent.
    const number = String(NUMBER_BASE + ((index * NUMBER_STEP + this.#round) % (9 * NUMBER_BASE)));
    this.#byNumber.set(number, index);
    return number;
  }

  /**
   * The candidates that are in a leaf, in the order in which they stand in it; empty unless taking their markers away gives the leaf as it
   * was, that is unless nothing else has changed it.
   */
  found(before: Leaf | undefined, after: Leaf): readonly number[] {
    if (before === undefined || before === after) return [];
    const plain = this.#foundIn(String(before), String(after));
    if (plain.length > 0 || typeof before !== 'string' || typeof after !== 'string') return plain;
    const decoded = [fromBase64(before), fromBase64(after)];
    return decoded[0] === undefined || decoded[1] === undefined ? [] : this.#foundIn(decoded[0], decoded[1]);
  }

  #foundIn(before: string, after: string): readonly number[] {
    const places: { at: number; index: number }[] = [];
    const restored = after.replace(MARKER, (written: string, digits: string | undefined, at: number) => {
      const index = digits === undefined ? this.#byNumber.get(written) : parseInt(digits, 36);
      if (index === undefined || (digits === undefined && before.includes(written))) return written;
      places.push({ at, index });
      return digits === undefined ? (this.#candidates[index]?.value ?? '') : '';
    });
    if (places.length === 0 || !isSame(before, restored)) return [];
    return [...new Set(places.sort((left, right) => left.at - right.at).map(({ index }) => index))];
  }
}

interface Marked {
  readonly candidate: Candidate;
  readonly marker: string;
}

/** One text with these pieces of it marked. */
function markedText(text: string, pieces: readonly Marked[]): string {
  const splices: Splice[] = [];
  const inner = new Map<number, { readonly scalar: OuterScalar; readonly changes: Splice[] }>();
  for (const { candidate, marker } of pieces) {
    const { scalar, start, end } = candidate;
    const splice = { start, end, text: marker };
    if (scalar?.inner === undefined) {
      splices.push(splice);
      continue;
    }
    const known = inner.get(scalar.start) ?? { scalar, changes: [] };
    known.changes.push(splice);
    inner.set(scalar.start, known);
  }
  for (const { scalar, changes } of inner.values()) {
    const { start, end, inner: read } = scalar;
    if (read !== undefined) splices.push({ start, end, text: read.write(spliced(read.text, changes)) });
  }
  return spliced(text, splices);
}

/** Whether a text is as it was, but for the hash that Kustomize puts after the names of what it generates: another name has another one. */
function isSame(before: string, restored: string): boolean {
  if (before === restored) return true;
  const hash = /-[a-z0-9]{10}$/;
  const name = before.replace(hash, '');
  return name !== before && (restored === name || restored.replace(hash, '') === name);
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text with others in places of it, which do not overlap. */
function spliced(text: string, splices: readonly Splice[]): string {
  let result = text;
  for (const { start, end, text: added } of splices.toSorted((left, right) => right.start - left.start)) {
    result = result.slice(0, start) + added + result.slice(end);
  }
  return result;
}

function fromBase64(text: string): string | undefined {
  if (text.length < 4 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+=*$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('utf8');
}
