import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Scalar } from 'yaml';
import { documentsAsWritten, rangeOf } from '../apps/yamlNodes.ts';
import type { FileRange } from '../model/application.ts';
import type { SourceRole } from '../model/provenance.ts';
import { resolvePlain } from './scalars.ts';

/** A piece of an input that may set rendered fields. */
export interface Candidate {
  readonly file: string;
  readonly role: SourceRole;
  /** `text` takes a marker at `start`; a number or boolean is replaced from `start` to `end` (offsets in the text) */
  readonly kind: 'text' | 'number' | 'boolean';
  readonly start: number;
  readonly end: number;
  /** what it says, as text */
  readonly value: string;
  /** what it is a part of, when only its end takes a marker */
  readonly whole?: string;
  /** name of its mapping key; of the list for an item */
  readonly key: string;
  /** the line that shows it */
  readonly range: FileRange;
  /** names and list keys: a change may break how objects and patches find each other, so it is tried alone */
  readonly isRisky: boolean;
  /** what an object is found by: where it is changed, patches of it fail */
  readonly isIdentity?: true;
  /** an expression of a template: where its output stands, asked for when no value of an input is found */
  readonly isExpression?: true;
  /** the scalar whose text it stands in, where that is YAML itself */
  readonly scalar?: OuterScalar;
  /** places that have to say the same: they take the same marker */
  readonly together?: readonly Candidate[];
}

/** A scalar of a file that holds a YAML text. */
export interface OuterScalar {
  /** offsets in the file */
  readonly start: number;
  readonly end: number;
  /** where the file has that text otherwise than it reads (quoted, folded, base64): candidates have their offsets in it */
  readonly inner?: { readonly text: string; readonly write: (text: string) => string };
}

/** A scalar on the way from the root of a document. */
export interface VisitedScalar {
  readonly node: Scalar;
  /** keys and indexes */
  readonly path: readonly (string | number)[];
  /** where its key, or the item itself, starts */
  readonly start: number;
  /** which document, from 0 */
  readonly document: number;
}

/** Keys whose values objects and patches, or list items, find each other by. */
export const RISKY_KEYS: ReadonlySet<string> = new Set([
  ...['name', 'namespace', 'kind', 'apiVersion', 'type', 'key'],
  ...['containerPort', 'port', 'protocol', 'mountPath', 'devicePath', 'topologyKey', 'ip'],
]);
/** What a YAML text may hold before nothing of it is tried: larger ones cost seconds. */
export const MAX_TEXT = 2_000_000;
const MAX_SCALARS = 20_000;
/** Keys of strategic merge patches that say how to merge, and reach no object (kustomize kyaml/yaml/merge2, apimachinery strategicpatch). */
const DIRECTIVE = /^\$(patch$|retainKeys$|setElementOrder\/|deleteFromPrimitiveList\/)/;

/** Every scalar of the values of a YAML text, each once (behind an anchor where it stands); none of a broken document. */
export function scalarsOf(text: string): { readonly scalars: readonly VisitedScalar[]; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const scalars: VisitedScalar[] = [];
  if (text.length > MAX_TEXT) return { scalars, lines };
  let documents: readonly Document[];
  try {
    documents = documentsAsWritten(text, lines);
  } catch {
    // The parser throws on a few texts that are no YAML at all.
    return { scalars, lines };
  }
  let index = 0;
  const visit = (node: unknown, path: readonly (string | number)[], start: number): void => {
    if (scalars.length >= MAX_SCALARS || isAlias(node)) return;
    if (isScalar(node)) scalars.push({ node, path, start, document: index });
    else if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key) && !DIRECTIVE.test(String(key.value))) visit(value, [...path, String(key.value)], key.range?.[0] ?? start);
      }
    } else if (isSeq(node)) {
      for (const [at, item] of node.items.entries()) visit(item, [...path, at], (item as Node).range?.[0] ?? start);
    }
  };
  for (const document of documents) {
    if (document.errors.length === 0) visit(document.contents, [], 0);
    index += 1;
  }
  return { scalars, lines };
}

/**
 * Where a marker goes into a scalar, or undefined for one that says nothing (null, an empty block).
 * @param text that the node was parsed from
 */
export function placeIn(text: string, node: Scalar): Pick<Candidate, 'kind' | 'start' | 'end' | 'value'> | undefined {
  const [start, end] = node.range ?? [0, 0];
  const value = typeof node.value === 'string' ? node.value : (node.source ?? '');
  if (node.type === 'PLAIN') {
    const plain = resolvePlain(node.source ?? value);
    if (plain === null || start === end) return undefined;
    if (typeof plain === 'boolean') return { kind: 'boolean', start, end, value: String(plain) };
    if (typeof plain === 'number') return { kind: 'number', start, end, value: String(plain) };
    return { kind: 'text', start: end, end, value };
  }
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') {
    if (text[end - 1] !== text[start] || end - start < 2) return undefined;
    if (/^\d+$/.test(value)) return { kind: 'number', start: start + 1, end: end - 1, value };
    return { kind: 'text', start: end - 1, end: end - 1, value };
  }
  const content = text.slice(start, end);
  const last = content.trimEnd().length;
  // Without a content line there is only the header.
  if (!content.slice(0, last).includes('\n')) return undefined;
  return { kind: 'text', start: start + last, end: start + last, value };
}

/** The line of a scalar: from its key to the end of its value when that is on the same line, else to the end of the line. */
export function rangeOfScalar(file: string, text: string, lines: LineCounter, { start, node }: VisitedScalar): FileRange {
  const lineEnd = text.slice(start).search(/\r?\n|$/) + start;
  const valueEnd = node.range?.[1] ?? lineEnd;
  const end = valueEnd > start && valueEnd <= lineEnd ? valueEnd : start + text.slice(start, lineEnd).trimEnd().length;
  return rangeOf(file, lines, start, end);
}

/** What the scalars of a YAML text may set. @param accept decides by the path; default all */
export function yamlCandidates(
  file: string,
  text: string,
  role: SourceRole,
  accept: (path: readonly (string | number)[]) => boolean = () => true,
): readonly Candidate[] {
  const { scalars, lines } = scalarsOf(text);
  return scalars.flatMap((scalar) => {
    const place = accept(scalar.path) ? placeIn(text, scalar.node) : undefined;
    if (place === undefined) return [];
    const key = keyOfPath(scalar.path);
    const isRisky = role !== 'values' && typeof scalar.path.at(-1) === 'string' && RISKY_KEYS.has(key);
    return [{ file, role, key, isRisky, ...identity(scalar.path), ...place, range: rangeOfScalar(file, text, lines, scalar) }];
  });
}

/** The mark of what an object is found by: of `kind`, `apiVersion` and the names in `metadata`. */
export function identity(path: VisitedScalar['path']): Pick<Candidate, 'isIdentity'> {
  const [last, above] = [path.at(-1), path.at(-2)];
  const isIdentity = last === 'kind' || last === 'apiVersion' || (above === 'metadata' && (last === 'name' || last === 'namespace'));
  return isIdentity ? { isIdentity } : {};
}

/** The last key on a path; '' for none. */
export function keyOfPath(path: readonly (string | number)[]): string {
  for (let index = path.length - 1; index >= 0; index -= 1) {
    const step = path[index];
    if (typeof step === 'string') return step;
  }
  return '';
}

const LITERAL_LINE = /^(\s*(?:-\s+)*)(?:(["']?[\w./-]+["']?):[ \t]+)?(\S.*?)[ \t]*$/;

/** The literals, and the ends of expressions, in `key: value` and `- value` lines of a template. */
export function templateCandidates(file: string, text: string): readonly Candidate[] {
  let offset = 0;
  return text.split('\n').flatMap((raw, line): readonly Candidate[] => {
    const at = offset;
    offset += raw.length + 1;
    const content = raw.replace(/\r$/, '');
    const match = LITERAL_LINE.exec(content);
    const [, indent = '', written = '', value = ''] = match ?? [];
    if (match === null || (written === '' && !indent.includes('-'))) return [];
    const valueStart = content.lastIndexOf(value);
    const key = written.replaceAll(/["']/g, '');
    const range = { file, startLine: line, startColumn: indent.length, endLine: line, endColumn: valueStart + value.length };
    const isRisky = key === 'kind' || key === 'apiVersion';
    return placesIn(value).map(({ isExpression, ...place }) => ({
      file,
      role: 'template',
      key,
      isRisky,
      ...place,
      start: at + valueStart + place.start,
      end: at + valueStart + place.end,
      range,
      ...(isExpression === true ? { isExpression } : {}),
    }));
  });
}

type Place = Pick<Candidate, 'kind' | 'start' | 'end' | 'value' | 'isExpression'>;

/** Where markers go into what stands after a key or a dash of a template's line. */
function placesIn(written: string): readonly Place[] {
  if (/^(\[|\{(?!\{))/.test(written)) return flowPlaces(written);
  if (written.includes('{{')) {
    // A comment after the expression takes no marker.
    const output = written.replace(/(?<=\}\}[^{}"']*)\s+#[^{}]*$/, '');
    if (/^[#|>&*!]|\{\{-?\s*(if|else|end|range|with|define|\/\*)/.test(output)) return [];
    const isQuoted = /^(["']).*\}\}[^{}"']*\1$/.test(output);
    const end = output.length - (isQuoted ? 1 : 0);
    return isQuoted || /\}\}[^{}"']*$/.test(output) ? [expressionPlace(end)] : [];
  }
  const place = /^[#|>&*!]|^-$|^---|:$/.test(written) ? undefined : literalPlace(written);
  return place === undefined ? [] : [place];
}

function expressionPlace(at: number): Place {
  return { kind: 'text', start: at, end: at, value: '', isExpression: true };
}

/** The items of a list, and the values of a mapping, on one line. */
function flowPlaces(written: string): readonly Place[] {
  const content = written.slice(0, Math.max(written.lastIndexOf(']'), written.lastIndexOf('}')) + 1 || undefined);
  return [...content.matchAll(/"[^"\\]*"|'[^']*'|(?:\{\{.*?\}\}|[^\s,[\]{}"'])+/g)].flatMap(({ 0: item, index }): readonly Place[] => {
    const isKey = item.endsWith(':') || content[index + item.length] === ':';
    if (isKey || /\{\{-?\s*(if|else|end|range|with)\b/.test(item)) return [];
    const isQuoted = /^["']/.test(item);
    const place = item.includes('{{') ? expressionPlace(item.length - (isQuoted ? 1 : 0)) : literalPlace(item);
    return place === undefined ? [] : [{ ...place, start: place.start + index, end: place.end + index }];
  });
}

function literalPlace(written: string): Pick<Candidate, 'kind' | 'start' | 'end' | 'value'> | undefined {
  const quote = /^(["'])(.*)\1$/.exec(written);
  if (quote !== null) {
    const value = quote[2] ?? '';
    const end = written.length - 1;
    if (/^\d+$/.test(value)) return { kind: 'number', start: 1, end, value };
    return { kind: 'text', start: end, end, value };
  }
  const value = written.replace(/\s+#.*$/, '');
  if (/["'[]/.test(value.slice(0, 1))) return undefined;
  const plain = resolvePlain(value);
  if (plain === null) return undefined;
  if (typeof plain === 'string') return { kind: 'text', start: value.length, end: value.length, value };
  return { kind: typeof plain === 'number' ? 'number' : 'boolean', start: 0, end: value.length, value: String(plain) };
}

/** A file that becomes one value as it is: a marker at its end. */
export function wholeFileCandidate(file: string, text: string, key: string): Candidate {
  const end = text.trimEnd().length;
  const range = { file, startLine: 0, startColumn: 0, endLine: 0, endColumn: text.search(/\r?\n|$/) };
  return { file, role: 'generator file', kind: 'text', start: end, end, value: text, key, range, isRisky: false };
}

/** The entries of a `KEY=value` file. */
export function environmentCandidates(file: string, text: string): readonly Candidate[] {
  let offset = 0;
  return text.split('\n').flatMap((raw, line): Candidate[] => {
    const start = offset;
    offset += raw.length + 1;
    const content = raw.trimEnd();
    const equals = content.indexOf('=');
    if (equals <= 0 || content.startsWith('#')) return [];
    const end = start + content.length;
    const range = { file, startLine: line, startColumn: 0, endLine: line, endColumn: content.length };
    const value = content.slice(equals + 1);
    return [
      { file, role: 'generator file', kind: 'text', start: end, end, value, key: content.slice(0, equals).trim(), range, isRisky: false },
    ];
  });
}
