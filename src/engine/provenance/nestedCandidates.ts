import { isUtf8 } from 'node:buffer';
import type { LineCounter } from 'yaml';
import { rangeOf } from '../apps/yamlNodes.ts';
import type { FileRange } from '../model/application.ts';
import type { SourceRole } from '../model/provenance.ts';
import {
  type Candidate,
  identity,
  keyOfPath,
  type OuterScalar,
  placeIn,
  rangeOfScalar,
  RISKY_KEYS,
  scalarsOf,
  type VisitedScalar,
} from './candidates.ts';

/**
 * The YAML in the scalars of a text: patches written into a kustomization, values written into an Application. Of a literal block each leaf
 * has its own line; of what stands otherwise in the file than it reads (quoted, folded, base64) the whole scalar is the range.
 * @param role of all of them; of a list of JSON patches only the values count
 */
export function nestedCandidates(
  file: string,
  text: string,
  accept: (path: readonly (string | number)[]) => boolean,
  role: SourceRole,
): readonly Candidate[] {
  const { scalars, lines } = scalarsOf(text);
  return scalars.flatMap((scalar) =>
    accept(scalar.path) ? candidatesIn(file, text, role, scalar, lines, isEncoded(scalar, scalars)) : [],
  );
}

/** Whether it stands in `data` of a Secret. */
function isEncoded({ path, document }: VisitedScalar, all: readonly VisitedScalar[]): boolean {
  if (path[0] !== 'data') return false;
  return all.some(
    (other) => other.document === document && other.path.length === 1 && other.path[0] === 'kind' && other.node.value === 'Secret',
  );
}

function candidatesIn(
  file: string,
  text: string,
  role: SourceRole,
  outer: VisitedScalar,
  lines: LineCounter,
  isBase64: boolean,
): readonly Candidate[] {
  const { node } = outer;
  const [start, end] = node.range ?? [0, 0];
  const header = text.indexOf('\n', start) + 1;
  const isLiteral = node.type === 'BLOCK_LITERAL' && header > 0 && !isBase64;
  const inner = isLiteral ? { text: text.slice(header, end), write: String } : readOtherwise(outer, isBase64);
  if (inner === undefined) return [];
  // A literal block is parsed with its indentation, so that offsets are those of the outer text.
  const { scalars } = scalarsOf(inner.text);
  const isText = scalars.every(({ path }) => path.length === 0);
  if (isText && !isBase64) return [];
  const shift = isLiteral ? header : 0;
  const scalar: OuterScalar = { start, end, ...(isLiteral ? {} : { inner }) };
  const whole = rangeOfScalar(file, text, lines, outer);
  if (isText) {
    const at = inner.text.trimEnd().length;
    const place = { kind: 'text' as const, start: at, end: at, value: inner.text };
    return [{ file, role, key: keyOfPath(outer.path), isRisky: false, ...place, range: whole, scalar }];
  }
  const isPatchList = scalars.some(({ path }) => path[1] === 'op');
  return scalars.flatMap((one): readonly Candidate[] => {
    const place = !isPatchList || one.path[1] === 'value' ? placeIn(inner.text, one.node) : undefined;
    if (place === undefined) return [];
    const key = keyOfPath(one.path);
    const isPatch = role === 'patch';
    return [
      {
        file,
        role,
        key,
        isRisky: isPatch && RISKY_KEYS.has(key),
        ...(isPatch ? identity(one.path) : {}),
        ...place,
        start: place.start + shift,
        end: place.end + shift,
        range: isLiteral ? rangeAt(file, text, lines, one.start + shift, (one.node.range?.[1] ?? 0) + shift) : whole,
        scalar,
      },
    ];
  });
}

/** What a scalar reads, and how another text is written in its place; undefined for one that says no text. */
function readOtherwise({ node }: VisitedScalar, isBase64: boolean): OuterScalar['inner'] {
  if (typeof node.value !== 'string' || node.value === '') return undefined;
  if (!isBase64) return node.type === 'PLAIN' ? undefined : { text: node.value, write: (next) => JSON.stringify(next) };
  const bytes = Buffer.from(node.value, 'base64');
  if (bytes.length === 0 || !isUtf8(bytes)) return undefined;
  return { text: bytes.toString('utf8'), write: (next) => Buffer.from(next, 'utf8').toString('base64') };
}

function rangeAt(file: string, text: string, lines: LineCounter, start: number, valueEnd: number): FileRange {
  const lineEnd = text.slice(start).search(/\r?\n|$/) + start;
  return rangeOf(file, lines, start, valueEnd > start && valueEnd <= lineEnd ? valueEnd : lineEnd);
}
