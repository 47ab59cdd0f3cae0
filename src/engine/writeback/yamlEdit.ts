import { type Document, isMap, isScalar, isSeq, type Node, type Pair, stringify, type YAMLMap, type YAMLSeq } from 'yaml';
import { AppError, isAppError } from '../../base/errors.ts';
import { columnOf, endOfBlock, linesOf } from '../apps/yamlLayout.ts';
import { entriesOf, resolved } from '../apps/yamlNodes.ts';
import { isJsonArray, isJsonObject, jsonEqual, type JsonValue, valueAt } from '../model/json.ts';
import { changesBetween } from './structureChanges.ts';
import { documentsOf, scalarPlaces, type Splice, spliceScalar, valueOfScalar } from './spliceScalar.ts';

/** Keys and indexes from the root of a document. */
export type YamlPath = readonly (string | number)[];

/** One change of what a document says. */
export interface YamlChange {
  /** which document of the text, from 0; default 0 */
  readonly document?: number;
  /** the index after the last item of a list appends; what is missing on the way is made */
  readonly path: YamlPath;
  /** undefined: the key or item goes */
  readonly value: JsonValue | undefined;
}

/** Aliases unfold to at most this many values. */
const MAX_VALUES = 200_000;

/**
 * The edit that makes a YAML text say another value at one place: text is put in, replaced or cut, everything else stays byte by byte.
 * @throws AppError those of `scalarPlaces`; `edit-not-exact` when no edit would change just that
 */
export function editYaml(text: string, change: YamlChange): Splice {
  // Refuses texts in which nothing is certain.
  scalarPlaces(text);
  const documents = documentsOf(text);
  const at = change.document ?? 0;
  const document = documents[at];
  if (document === undefined) throw new AppError('edit-not-exact');
  const meant = documents.map((each, index) => (index === at ? withChange(valueOf(each), change.path, change.value) : valueOf(each)));
  const stepwise = stepwiseSplice(text, at, valueAt(valueOf(document), ...change.path), change);
  if (stepwise !== undefined && says(applySplice(text, stepwise), meant)) return stepwise;
  const splice = spliceOf(text, document, change.path, change.value);
  if (!says(applySplice(text, splice), meant)) throw new AppError('edit-not-exact');
  return splice;
}

/** Whether a text says just these values. */
function says(text: string, meant: readonly (JsonValue | undefined)[]): boolean {
  try {
    scalarPlaces(text);
    return jsonEqual(documentsOf(text).map(valueOf), meant as JsonValue);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}

/** The edit of a list or mapping that touches only the items and keys that become others; undefined where there is none. */
function stepwiseSplice(text: string, at: number, before: JsonValue | undefined, { path, value }: YamlChange): Splice | undefined {
  const isStructure = (each: JsonValue | undefined): boolean => isJsonArray(each) || isJsonObject(each);
  const changes = value === undefined || !isStructure(before) || !isStructure(value) ? undefined : changesBetween(before, value, path);
  if (changes === undefined || changes.every((each) => each.path.length === path.length)) return undefined;
  let edited = text;
  try {
    for (const each of changes) {
      const document = documentsOf(edited)[at];
      if (document === undefined) return undefined;
      const splice =
        each.isInserted === true
          ? insertion(edited, document, each.path, each.value ?? null)
          : spliceOf(edited, document, each.path, each.value);
      edited = applySplice(edited, splice);
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
  return spliceBetween(text, edited);
}

/** The one edit that makes a text of another. */
function spliceBetween(before: string, after: string): Splice {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < least - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { start, end: before.length - same, newText: after.slice(start, after.length - same) };
}

/** Puts an item before another one of a list. */
function insertion(text: string, document: Document, path: YamlPath, value: JsonValue): Splice {
  const list = resolved(document.getIn(path.slice(0, -1), true), document);
  const item: unknown = isSeq(list) ? list.items[Number(path.at(-1))] : undefined;
  if (!isSeq(list) || item === undefined) throw new AppError('edit-not-exact');
  const offset = isMap(item) && item.flow !== true ? firstOffset(item) : ((item as Node).range?.[0] ?? 0);
  if (list.flow === true) return { start: offset, end: offset, newText: `${flowText(value)}, ` };
  const dash = text.lastIndexOf('-', offset - 1);
  const column = columnOf(text, dash);
  return { start: dash, end: dash, newText: `${blockText(text, [value], column).slice(column)}${eolOf(text)}${' '.repeat(column)}` };
}

/** The text with an edit. */
export function applySplice(text: string, { start, end, newText }: Splice): string {
  return text.slice(0, start) + newText + text.slice(end);
}

/** What each document of a YAML text says, by the rules of Kubernetes' tools. @throws AppError as `editYaml` */
export function yamlValues(text: string): readonly (JsonValue | undefined)[] {
  return documentsOf(text).map(valueOf);
}

function valueOf(document: Document): JsonValue {
  let count = 0;
  const visit = (node: unknown, depth: number): JsonValue => {
    count += 1;
    if (count > MAX_VALUES || depth > 200) throw new AppError('edit-too-large');
    const target = resolved(node, document);
    if (isScalar(target)) return valueOfScalar(target);
    if (isSeq(target)) return target.items.map((item) => visit(item, depth + 1));
    if (!isMap(target)) return null;
    return Object.fromEntries(entriesOf(target, document).map(({ key, valueNode }) => [key, visit(valueNode, depth + 1)]));
  };
  return visit(document.contents, 0);
}

/** What a value is with another one at a place; undefined takes the key or item away. */
export function withChange(root: JsonValue, [step, ...rest]: YamlPath, value: JsonValue | undefined): JsonValue | undefined {
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list = isJsonArray(root) ? [...root] : [];
    const next = withChange(list[step] ?? null, rest, value);
    if (next === undefined) list.splice(step, 1);
    else list[step] = next;
    return list;
  }
  const map: Record<string, JsonValue | undefined> = isJsonObject(root) ? { ...root } : {};
  const next = withChange(map[step] ?? null, rest, value);
  if (next === undefined) return Object.fromEntries(Object.entries(map).filter(([key]) => key !== step));
  return { ...map, [step]: next };
}

/** A value in what is made for the missing part of a path. */
function nested(path: YamlPath, value: JsonValue): JsonValue {
  return path.reduceRight<JsonValue>((inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value);
}

function spliceOf(text: string, document: Document, path: YamlPath, value: JsonValue | undefined): Splice {
  let holder: { readonly pair: Pair | undefined; readonly node: Node | undefined } = {
    pair: undefined,
    node: resolved(document.contents, document),
  };
  let isInFlow = false;
  let parent: YAMLMap | YAMLSeq | undefined;
  for (const [depth, step] of path.entries()) {
    const { node } = holder;
    const rest = path.slice(depth + 1);
    if (node === undefined || (isScalar(node) && valueOfScalar(node) === null)) {
      if (value === undefined) throw new AppError('edit-not-exact');
      return fill(text, holder.pair, node, nested(path.slice(depth), value));
    }
    if (!isMap(node) && !isSeq(node)) throw new AppError('edit-not-exact');
    isInFlow ||= node.flow === true;
    parent = node;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) {
        if (value === undefined || typeof step !== 'string') throw new AppError('edit-not-exact');
        return addTo(text, node, { [step]: nested(rest, value) }, isInFlow);
      }
      holder = { pair, node: resolved(pair.value, document) };
    } else {
      if (step === node.items.length && value !== undefined) return addTo(text, node, [nested(rest, value)], isInFlow);
      if (typeof step !== 'number' || node.items[step] === undefined) throw new AppError('edit-not-exact');
      holder = { pair: undefined, node: resolved(node.items[step], document) };
    }
  }
  const last = path.at(-1);
  if (parent === undefined || last === undefined) throw new AppError('edit-not-exact');
  if (value === undefined) return cut(text, parent, last, isInFlow);
  const { node } = holder;
  if (isScalar(node) && !isJsonArray(value) && !isJsonObject(value)) {
    const place = scalarPlaces(text).find((one) => one.node.range?.[0] === node.range?.[0]);
    if (place === undefined) throw new AppError('edit-not-exact');
    return spliceScalar(text, place, value);
  }
  return replace(text, holder.pair, node, value, isInFlow);
}

/** Text of a value inside `{}` or `[]`, or after a colon. */
function flowText(value: JsonValue): string {
  if (isJsonArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (isJsonObject(value)) {
    const entries = Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [`${flowText(key)}: ${flowText(item)}`]));
    return `{${entries.join(', ')}}`;
  }
  if (typeof value !== 'string') return String(value);
  const plain = stringify(value, { version: '1.1', lineWidth: 0 }).trimEnd();
  return plain === value && !/[,[\]{}:#]/.test(value) ? value : JSON.stringify(value);
}

function isEmptyCollection(value: JsonValue): boolean {
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** Lines of a value as a block, each after the indentation, with the text's line ends. */
function blockText(text: string, value: JsonValue, column: number): string {
  const lines = linesOf(stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }).replace(/\n$/, ''));
  return lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line)).join(eolOf(text));
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Puts a value where there is none: after `key:`, or into an empty document. */
function fill(text: string, pair: Pair | undefined, node: Node | undefined, value: JsonValue): Splice {
  if (pair === undefined) {
    const end = text.trimEnd().length;
    return {
      start: end,
      end,
      newText: `${end === 0 ? '' : eolOf(text)}${blockText(text, value, 0)}${end === text.length ? eolOf(text) : ''}`,
    };
  }
  return afterColon(text, pair, node, value);
}

/** What stands after a key, with another value in block style; a comment behind the colon stays. */
function afterColon(text: string, pair: Pair, node: Node | undefined, value: JsonValue): Splice {
  const key = pair.key as Node;
  const colon = text.indexOf(':', key.range?.[1] ?? 0) + 1;
  const [start, valueEnd] = node?.range ?? [colon, colon];
  const isDashed = isSeq(node) && node.flow !== true && isJsonArray(value);
  const column = isDashed ? columnOf(text, node.range?.[0] ?? 0) : columnOf(text, key.range?.[0] ?? 0) + 2;
  if (!isJsonArray(value) && !isJsonObject(value)) throw new AppError('edit-not-exact');
  const isNothing = start >= valueEnd;
  const text2 = isEmptyCollection(value) ? ` ${flowText(value)}` : `${eolOf(text)}${blockText(text, value, column)}`;
  if (isNothing && !isEmptyCollection(value)) {
    const lineEnd = colon + text.slice(colon).search(/\r?\n|$/);
    return { start: lineEnd, end: lineEnd, newText: text2 };
  }
  const end = isNothing ? colon : isMap(node) || isSeq(node) ? endOfNode(text, node) : valueEnd;
  return { start: colon, end, newText: text2 };
}

function endOfNode(text: string, node: YAMLMap | YAMLSeq): number {
  const end = node.range?.[1] ?? 0;
  return node.flow === true ? end : endOfBlock(text, end, columnOf(text, node.range?.[0] ?? 0));
}

/** Adds an entry or item at the end of a collection. @param added a mapping or list of one */
function addTo(text: string, node: YAMLMap | YAMLSeq, added: JsonValue, isInFlow: boolean): Splice {
  if (isInFlow) {
    const close = (node.range?.[1] ?? 1) - 1;
    const inner = flowText(added).slice(1, -1);
    if (node.items.length === 0) return { start: (node.range?.[0] ?? 0) + 1, end: close, newText: inner };
    const last = text.slice(0, close).trimEnd();
    return { start: last.length, end: last.length, newText: `${last.endsWith(',') ? ' ' : ', '}${inner}` };
  }
  const first = firstOffset(node);
  const column = columnOf(text, isSeq(node) ? text.lastIndexOf('-', first - 1) : first);
  const end = endOfBlock(text, node.range?.[1] ?? 0, column);
  return { start: end, end, newText: eolOf(text) + blockText(text, added, column) };
}

function firstOffset(node: YAMLMap | YAMLSeq): number {
  const first: unknown = node.items[0];
  const inner = (isMap(node) ? (first as Pair | undefined)?.key : first) as Node | undefined;
  if (isMap(inner) && inner.flow !== true) return firstOffset(inner);
  return inner?.range?.[0] ?? node.range?.[0] ?? 0;
}

function replace(text: string, pair: Pair | undefined, node: Node | undefined, value: JsonValue, isInFlow: boolean): Splice {
  const [start, end] = node?.range ?? [0, 0];
  const isFlow = isInFlow || ((isMap(node) || isSeq(node)) && node.flow === true);
  const isCollection = isJsonArray(value) || isJsonObject(value);
  if (isFlow || !isCollection || pair === undefined) {
    if (node === undefined || ((isMap(node) || isSeq(node)) && node.flow !== true)) throw new AppError('edit-not-exact');
    return { start, end, newText: flowText(value) };
  }
  return afterColon(text, pair, node, value);
}

/** Cuts a key with its value, or an item, out of its collection. */
function cut(text: string, parent: YAMLMap | YAMLSeq, step: string | number, isInFlow: boolean): Splice {
  const items: readonly unknown[] = parent.items;
  const index = isMap(parent) ? parent.items.findIndex(({ key }) => isScalar(key) && String(key.value) === String(step)) : Number(step);
  const startOf = (at: number): number => {
    const item = items[at];
    const node = (isMap(parent) ? (item as Pair | undefined)?.key : item) as Node | undefined;
    const offset = isMap(node) && node.flow !== true ? firstOffset(node) : (node?.range?.[0] ?? 0);
    return isMap(parent) || isInFlow ? offset : text.lastIndexOf('-', offset - 1);
  };
  const start = startOf(index);
  const [from, to] = parent.range ?? [0, 0];
  if (items.length === 1) {
    if (isInFlow) return { start: from + 1, end: to - 1, newText: '' };
    const end = endOfBlock(text, to, columnOf(text, start));
    const empty = isMap(parent) ? '{}' : '[]';
    const before = text.slice(0, start).trimEnd();
    return before.endsWith(':') ? { start: before.length, end, newText: ` ${empty}` } : { start, end, newText: empty };
  }
  const hasNext = index + 1 < items.length;
  if (isInFlow) {
    if (hasNext) return { start, end: startOf(index + 1), newText: '' };
    const comma = text.lastIndexOf(',', start);
    return { start: comma, end: text.slice(0, to - 1).trimEnd().length, newText: '' };
  }
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  // Behind a dash the next key takes its place.
  if (text.slice(lineStart, start).trim() !== '') return { start, end: startOf(index + 1), newText: '' };
  const end = endOfBlock(text, hasNext ? lineStartOf(text, startOf(index + 1)) : to, columnOf(text, start));
  const next = text.slice(end).search(/\n|$/) + end;
  return { start: lineStart, end: Math.min(next + 1, text.length), newText: '' };
}

function lineStartOf(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}
