import { type Document, isAlias, isMap, isScalar, isSeq, type Scalar, stringify } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { documentsAsWritten } from '../apps/yamlNodes.ts';
import { resolvePlain } from '../provenance/scalars.ts';

/** A value that one scalar can say. */
export type ScalarValue = string | number | boolean | null;

/** Text that takes the place of what stands from `start` to `end` (offsets). */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** A scalar value of a YAML text. */
export interface ScalarPlace {
  readonly node: Scalar;
  /** which document, from 0, and keys and indexes in it */
  readonly path: readonly (string | number)[];
  /** inside `{}` or `[]` */
  readonly isInFlow: boolean;
}

/** Texts longer than this are not edited: a check of the edit would cost seconds. */
const MAX_TEXT = 2_000_000;

/**
 * The scalar values of a YAML text, each where it stands (behind an alias at its anchor).
 * @throws AppError `edit-not-yaml` when it does not parse, `edit-encrypted` for a file of SOPS, `edit-duplicate-key`, `edit-too-large`
 */
export function scalarPlaces(text: string): readonly ScalarPlace[] {
  const places: ScalarPlace[] = [];
  const visit = (node: unknown, path: readonly (string | number)[], isInFlow: boolean): void => {
    if (isAlias(node)) return;
    if (isScalar(node)) places.push({ node, path, isInFlow });
    else if (isMap(node)) {
      const keys = new Set<string>();
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        if (keys.has(name) && name !== '<<') throw new AppError('edit-duplicate-key', { key: name });
        keys.add(name);
        visit(value, [...path, name], isInFlow || node.flow === true);
      }
    } else if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index], isInFlow || node.flow === true);
  };
  for (const [index, document] of documentsOf(text).entries()) {
    if (isMap(document.contents) && document.contents.items.some(({ key }) => isScalar(key) && key.value === 'sops'))
      throw new AppError('edit-encrypted');
    visit(document.contents, [index], false);
  }
  return places;
}

/** The documents of a YAML text. @throws AppError `edit-not-yaml`, `edit-too-large` */
export function documentsOf(text: string): readonly Document[] {
  if (text.length > MAX_TEXT) throw new AppError('edit-too-large');
  let documents: readonly Document[];
  try {
    documents = documentsAsWritten(text);
  } catch (cause) {
    throw new AppError('edit-not-yaml', {}, { cause });
  }
  if (documents.some(({ errors }) => errors.length > 0)) throw new AppError('edit-not-yaml');
  return documents;
}

/** What a scalar says, by the rules of Kubernetes' tools. */
export function valueOfScalar({ type, source, value }: Scalar): ScalarValue {
  const text = typeof value === 'string' ? value : (source ?? '');
  return type === 'PLAIN' ? resolvePlain(source ?? text) : text;
}

/**
 * The edit that makes a scalar say another value. Quotes and the style of block scalars stay where they can say it; comments, anchors,
 * indentation and line ends are outside of the edit.
 * @param text that the place was found in
 * @throws AppError `edit-not-exact` when the text with the edit would say anything else
 */
export function spliceScalar(text: string, place: ScalarPlace, value: ScalarValue): Splice {
  const [start, end] = place.node.range ?? [0, 0];
  const written = place.node.type?.startsWith('BLOCK') === true ? blockText(text, place.node, value) : undefined;
  // The line end after a block scalar stays, whatever takes its place.
  const valueEnd = place.node.type?.startsWith('BLOCK') === true && text[end - 1] === '\n' ? end - (text[end - 2] === '\r' ? 2 : 1) : end;
  const candidates = [...(written === undefined ? [] : [written]), ...inlineTexts(place, value)];
  for (const newText of candidates) {
    const splice = { start, end: valueEnd, newText: start === end && !/\s/.test(text[start - 1] ?? ' ') ? ` ${newText}` : newText };
    if (saysOnly(text, place, splice, value)) return splice;
  }
  throw new AppError('edit-not-exact');
}

/** Texts that may say a value on one line, the one nearest to the present style first. */
function inlineTexts({ node }: ScalarPlace, value: ScalarValue): readonly string[] {
  if (typeof value !== 'string') return [String(value)];
  const single = `'${value.replaceAll("'", "''")}'`;
  const double = JSON.stringify(value);
  const isPlain = value !== '' && resolvePlain(value) === value && stringify(value, { version: '1.1', lineWidth: 0 }).trimEnd() === value;
  const isLine = !/[\n\r\t]/.test(value);
  const quoted = node.type === 'QUOTE_SINGLE' && isLine ? [single, double] : [double];
  return node.type === 'PLAIN' && isPlain ? [value, ...quoted] : quoted;
}

/** A literal block with another text, indented as it is; undefined when it cannot say the value. */
function blockText(text: string, node: Scalar, value: ScalarValue): string | undefined {
  if (typeof value !== 'string' || node.type !== 'BLOCK_LITERAL' || value === '' || /[\r\t]|^[ \n]|\n\n$/.test(value)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  const raw = text.slice(start, end);
  const headerEnd = raw.indexOf('\n');
  const indent = /\n([ ]+)\S/.exec(raw)?.[1];
  if (headerEnd < 0 || indent === undefined || /\d/.test(raw.slice(0, headerEnd))) return undefined;
  const eol = raw[headerEnd - 1] === '\r' ? '\r\n' : '\n';
  const chomping = value.endsWith('\n') ? '' : '-';
  const header = raw
    .slice(0, headerEnd)
    .replace(/\r$/, '')
    .replace(/^\|[-+]?/, `|${chomping}`);
  const lines = value.replace(/\n$/, '').split('\n');
  return [header, ...lines.map((line) => (line === '' ? '' : indent + line))].join(eol);
}

/** Whether the text with an edit parses, says the value there, and everything else as before. */
function saysOnly(text: string, place: ScalarPlace, { start, end, newText }: Splice, value: ScalarValue): boolean {
  const id = place.path.join('\n');
  let after: readonly ScalarPlace[];
  let before: readonly ScalarPlace[];
  try {
    before = scalarPlaces(text);
    after = scalarPlaces(text.slice(0, start) + newText + text.slice(end));
  } catch {
    return false;
  }
  return (
    before.length === after.length &&
    after.every((one, index) => {
      const was = before[index];
      if (was?.path.join('\n') !== one.path.join('\n')) return false;
      return valueOfScalar(one.node) === (one.path.join('\n') === id ? value : valueOfScalar(was.node));
    })
  );
}
