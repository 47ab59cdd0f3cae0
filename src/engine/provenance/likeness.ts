import { stringAt } from '../model/json.ts';
import type { RenderedObject } from '../model/render.ts';
import type { Candidate } from './candidates.ts';

/** Where an object stands in the inputs, as far as that is known. */
export interface Origin {
  readonly file?: string;
  /** 0-based */
  readonly line?: number;
}

/** Where rendered objects stand: of those behind Kustomize only the file is known, the line by the name and kind that stand in it. */
export function originsOf(objects: readonly RenderedObject[], candidates: readonly Candidate[]): readonly Origin[] {
  const identities = Map.groupBy(
    candidates.filter(({ isIdentity, key }) => isIdentity === true && (key === 'name' || key === 'kind')),
    ({ file }) => file,
  );
  return objects.map(({ file, line, object }) => {
    if (file === undefined) return {};
    if (line !== undefined) return { file, line };
    const { kind } = object;
    const name = stringAt(object.metadata, 'name') ?? '';
    const ofFile = identities.get(file) ?? [];
    const kinds = ofFile.filter(({ key, value }) => key === 'kind' && value === kind).map(({ range }) => range.startLine);
    // Prefixes and suffixes stand elsewhere: of names in it the longest is meant.
    const [found] = ofFile
      .filter(({ key, value }) => key === 'name' && name.includes(value))
      .map(({ value, range }) => ({ length: value.length, line: nearest(kinds, range.startLine) }))
      .filter((each) => each.line !== undefined)
      .sort((left, right) => right.length - left.length);
    return { file, ...(found?.line === undefined ? {} : { line: found.line }) };
  });
}

/** The number nearest to another, when it is within an object's head. */
function nearest(lines: readonly number[], line: number): number | undefined {
  return lines
    .filter((each) => Math.abs(each - line) < HEAD_LINES)
    .sort((left, right) => Math.abs(left - line) - Math.abs(right - line))[0];
}

/** `kind` and `metadata.name` stand together; between them may be labels and annotations */
const HEAD_LINES = 30;

/** How many lines below the first one of an object a candidate stands; what stands above it, or elsewhere, comes last. */
export function linesAway({ file, range }: Candidate, origin: Origin | undefined): number {
  const lines = range.startLine - (origin?.line ?? 0);
  return file === origin?.file && lines >= 0 ? lines : Number.MAX_SAFE_INTEGER;
}

/**
 * How likely a candidate is the source of a leaf; 0: not at all, from 8 on: it says just the leaf, under the same key.
 * @param text the leaf's value, as text
 * @param decoded the same without its Base64
 * @param leafKey name of the leaf's mapping key, or an index
 */
export function likeness({ value: own, whole: value = own, key, kind }: Candidate, text: string, decoded: string, leafKey: string): number {
  if (value === '') return 0;
  if (kind === 'boolean') return value === text ? (key === leafKey ? 8 : 3) : 0;
  if (value === text || value === decoded) return key === leafKey ? 9 : 5;
  const isPart = value.length > 1 && (text.includes(value) || decoded.includes(value));
  // `KEY=value`, as the literals of generators have it
  const isLiteral = value.endsWith(`=${text}`) || value.endsWith(`=${decoded}`);
  return isLiteral ? 7 : isPart ? (key === leafKey ? 4 : 2) : 0;
}
