import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { documentsAsWritten, entriesOf, rangeOf, resolved } from '../apps/yamlNodes.ts';
import type { FileRange } from '../model/application.ts';
import type { FieldPath, PathStep } from '../model/fieldPath.ts';
import { keyEquals, scalarEquals } from './scalars.ts';

/** What names an object in a text. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** '' when none */
  readonly namespace: string;
}

/** One object of a text. */
export interface IndexedObject extends ObjectIdentity {
  /** which document it is in, from 0, empty documents not counted; the items of a List share theirs */
  readonly documentIndex: number;
  readonly document: Document;
  readonly root: YAMLMap;
}

/** Where a path leads. */
export type PathHit =
  /** `node` is the value; undefined for a key without one */
  | { readonly kind: 'found'; readonly range: FileRange; readonly node: Node | undefined }
  /** the path breaks: `range` is the last key on it that is there, after `depth` steps */
  | { readonly kind: 'missing'; readonly range: FileRange; readonly depth: number }
  /** more than one place may be meant */
  | { readonly kind: 'unknown' };

/** A place on the way: from where its line starts, and its value. */
interface Place {
  readonly start: number;
  readonly node: Node | undefined;
}

/** The objects of one manifest text (YAML or JSON, any number of documents) and the places of their fields. Exact, or nothing. */
export class YamlIndex {
  readonly objects: readonly IndexedObject[];
  readonly #text: string;
  readonly #lines = new LineCounter();

  /** @param text without a byte-order mark, line ends as they are */
  constructor(text: string) {
    this.#text = text;
    const documents = documentsAsWritten(text, this.#lines).filter((document) => !isEmpty(document));
    this.objects = documents.flatMap(objectsOf);
  }

  /**
   * The object at a place in the text, or else the only one of that name.
   * @param isRenamed only the kind must agree: a later step may have changed name and namespace
   */
  find(documentIndex: number | undefined, identity: ObjectIdentity, isRenamed: boolean): IndexedObject | undefined {
    const named = this.objects.filter((object) => isSame(object, identity));
    const here = named.filter((object) => object.documentIndex === documentIndex);
    if (here.length === 1) return here[0];
    if (isRenamed && here.length === 0) {
      const sameKind = this.objects.filter((object) => object.documentIndex === documentIndex && object.kind === identity.kind);
      if (sameKind.length === 1) return sameKind[0];
    }
    return named.length === 1 ? named[0] : undefined;
  }

  /** The first line of an object. */
  header(file: string, { root }: IndexedObject): FileRange {
    const [first] = root.items;
    const key = isScalar(first?.key) ? first.key : undefined;
    return this.#lineRange(file, key?.range?.[0] ?? root.range?.[0] ?? 0, undefined);
  }

  /** The line that sets a field: of the key in a mapping, of the item in a list; behind an alias or merge key, where the value stands. */
  locate(file: string, object: IndexedObject, path: FieldPath): PathHit {
    let place: Place = { start: firstOffset(object.root), node: object.root };
    for (const [depth, step] of path.entries()) {
      const next = this.#step(place.node, step, object.document);
      if (next === 'unknown') return { kind: 'unknown' };
      if (next === undefined) return { kind: 'missing', range: this.#lineRange(file, place.start, place.node), depth };
      place = next;
    }
    return { kind: 'found', range: this.#lineRange(file, place.start, place.node), node: place.node };
  }

  #step(node: Node | undefined, step: PathStep, document: Document): Place | 'unknown' | undefined {
    const target = resolved(node, document);
    if ('field' in step) {
      if (!isMap(target)) return undefined;
      const [entry, ...others] = entriesOf(target, document).filter(({ keyNode }) => keyEquals(keyNode, step.field));
      if (entry === undefined) return undefined;
      if (others.length > 0) return 'unknown';
      return placed(entry.keyNode.range?.[0] ?? 0, entry.valueNode, document);
    }
    if (!isSeq(target)) return undefined;
    const item = itemOf(target, step, document);
    if (item === undefined || item === 'unknown') return item;
    return placed(item.range?.[0] ?? 0, item, document);
  }

  /** From an offset to the end of its value when that is on the same line, else to the end of the line. */
  #lineRange(file: string, start: number, node: Node | undefined): FileRange {
    const lineEnd = this.#text.slice(start).search(/\r?\n|$/) + start;
    const valueEnd = isScalar(node) || isFlow(node) ? (node?.range?.[1] ?? lineEnd) : lineEnd;
    const end = valueEnd > start && valueEnd <= lineEnd ? valueEnd : start + this.#text.slice(start, lineEnd).trimEnd().length;
    return rangeOf(file, this.#lines, start, end);
  }
}

/** An alias's value stands where its anchor is; everything else where its key is. */
function placed(start: number, node: Node | undefined, document: Document): Place {
  if (!isAlias(node)) return { start, node };
  const target = node.resolve(document);
  return target === undefined ? { start, node } : { start: firstOffset(target), node: target };
}

function firstOffset(node: Node): number {
  if (isMap(node)) {
    const key = node.items[0]?.key;
    if (isScalar(key) && node.flow !== true) return key.range?.[0] ?? 0;
  }
  return node.range?.[0] ?? 0;
}

function isFlow(node: Node | undefined): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true;
}

/** The item of a list that a step means; keys that an item leaves to their defaults do not speak against it. */
function itemOf(list: YAMLSeq, step: PathStep, document: Document): Node | 'unknown' | undefined {
  const items = list.items.map((item) => (isAlias(item) || isMap(item) || isSeq(item) || isScalar(item) ? item : undefined));
  if ('index' in step) return items[step.index];
  const scores = items.map((item) => scoreOf(resolved(item, document), step, document));
  const best = Math.max(0, ...scores);
  if (best === 0) return undefined;
  return scores.filter((score) => score === best).length > 1 ? 'unknown' : items[scores.indexOf(best)];
}

/** How many of a step's keys an item has; 0 when one is different. */
function scoreOf(item: Node | undefined, step: PathStep, document: Document): number {
  if ('value' in step) return isScalar(item) && scalarEquals(item, step.value) ? 1 : 0;
  if (!('keys' in step) || !isMap(item)) return 0;
  let score = 0;
  const entries = entriesOf(item, document);
  for (const [key, value] of Object.entries(step.keys)) {
    const entry = entries.find(({ keyNode }) => keyEquals(keyNode, key));
    if (entry === undefined) continue;
    const target = resolved(entry.valueNode, document);
    if (!isScalar(target) || !scalarEquals(target, value)) return 0;
    score += 1;
  }
  return score;
}

function isEmpty({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.type === 'PLAIN' && contents.value === ''));
}

function objectsOf(document: Document, documentIndex: number): IndexedObject[] {
  if (document.errors.length > 0 || !isMap(document.contents)) return [];
  const root = document.contents;
  const kind = textOf(root, 'kind', document);
  const items = kind.endsWith('List') ? nodeOf(root, 'items', document) : undefined;
  if (isSeq(items) && nodeOf(root, 'metadata.name', document) === undefined) {
    return items.items
      .map((item) => resolved(item, document))
      .flatMap((item) => (isMap(item) ? [objectOf(item, document, documentIndex)] : []));
  }
  return kind === '' ? [] : [objectOf(root, document, documentIndex)];
}

function objectOf(root: YAMLMap, document: Document, documentIndex: number): IndexedObject {
  return {
    apiVersion: textOf(root, 'apiVersion', document),
    kind: textOf(root, 'kind', document),
    name: textOf(root, 'metadata.name', document),
    namespace: textOf(root, 'metadata.namespace', document),
    documentIndex,
    document,
    root,
  };
}

function nodeOf(root: YAMLMap, path: string, document: Document): Node | undefined {
  let node: Node | undefined = root;
  for (const field of path.split('.')) {
    const map: Node | undefined = resolved(node, document);
    node = isMap(map) ? entriesOf(map, document).find(({ key }) => key === field)?.valueNode : undefined;
  }
  return resolved(node, document);
}

function textOf(root: YAMLMap, path: string, document: Document): string {
  const node = nodeOf(root, path, document);
  return isScalar(node) && typeof node.value === 'string' ? node.value : '';
}

/** The version does not count; a namespace only when the text names one. */
function isSame(object: ObjectIdentity, identity: ObjectIdentity): boolean {
  const group = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');
  return (
    object.kind === identity.kind &&
    object.name === identity.name &&
    group(object.apiVersion) === group(identity.apiVersion) &&
    (object.namespace === '' || object.namespace === identity.namespace)
  );
}
