import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { nearest } from '../../base/nearest.ts';
import type { FileRange } from '../model/application.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Reason } from '../model/states.ts';
import type { AppProblem } from './problems.ts';
import { entriesOf, type MapEntry, rangeOf, resolved } from './yamlNodes.ts';

/** A mapping with known keys. */
export interface Fields {
  readonly node: Node;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A pattern of a string value, and how people read it. */
export interface StringRule {
  readonly pattern: RegExp;
  readonly expected: string;
}

/** Reads typed values of one YAML document and notes every problem with its place. */
export class ConfigReader {
  readonly problems: AppProblem[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  /** The place of a node; one line even when the node has more. */
  range(node: Node | undefined): FileRange {
    const [start, end] = node?.range ?? [0, 0];
    const range = rangeOf(this.#file, this.#lines, start, end);
    if (range.endLine === range.startLine) return range;
    return { ...range, endLine: range.startLine, endColumn: range.startColumn + 1 };
  }

  /** Notes an error at a node. */
  fail(code: string, node: Node | undefined, details: Reason['details'] = {}): void {
    this.problems.push({ code, details, severity: 'error', range: this.range(node) });
  }

  /**
   * A mapping; keys that are not known are noted, missing ones too.
   * @param path how people name it, for the words
   */
  fields(node: Node | undefined, path: string, known: readonly string[], required: readonly string[]): Fields | undefined {
    const map = this.#collection(node, path, 'mapping', isMap);
    if (map === undefined) return undefined;
    const entries = new Map<string, MapEntry>();
    for (const entry of entriesOf(map, this.#document)) {
      if (entries.has(entry.key)) this.fail('config-duplicate-key', entry.keyNode, { key: entry.key, path });
      entries.set(entry.key, entry);
      if (known.includes(entry.key)) continue;
      const suggestion = nearest(entry.key, known);
      if (suggestion === undefined) this.fail('config-unknown-key', entry.keyNode, { key: entry.key, path, known });
      else this.fail('config-misspelt-key', entry.keyNode, { key: entry.key, path, suggestion });
    }
    for (const key of required) if (!entries.has(key)) this.fail('config-missing-key', map, { key, path });
    return { node: map, entries };
  }

  /** Entries of a mapping whose keys are names. */
  named(node: Node | undefined, path: string, rule: StringRule): readonly MapEntry[] {
    const map = this.#collection(node, path, 'mapping', isMap);
    if (map === undefined) return [];
    const seen = new Set<string>();
    return entriesOf(map, this.#document).filter(({ key, keyNode }) => {
      if (seen.has(key)) this.fail('config-duplicate-key', keyNode, { key, path });
      else if (rule.pattern.test(key)) return seen.add(key);
      else this.fail('config-bad-value', keyNode, { key: path, value: key, expected: rule.expected });
      return false;
    });
  }

  /** Items of a list. */
  items(node: Node | undefined, path: string): readonly (Node | undefined)[] {
    return this.#collection(node, path, 'list', isSeq)?.items.map((item) => resolved(item, this.#document)) ?? [];
  }

  /** A string of a field that obeys a rule; undefined when the field is absent or wrong. */
  string(fields: Fields, key: string, path: string, rule: StringRule): string | undefined {
    const entry = fields.entries.get(key);
    return entry === undefined
      ? undefined
      : this.stringNode(entry.valueNode ?? entry.keyNode, entry.valueNode !== undefined, `${path}.${key}`, rule);
  }

  /** A string node that obeys a rule. */
  stringNode(node: Node | undefined, hasValue: boolean, path: string, rule: StringRule): string | undefined {
    const target = hasValue ? resolved(node, this.#document) : undefined;
    const value: unknown = isScalar(target) ? target.value : undefined;
    if (typeof value !== 'string') this.#wrongType(node, path, 'string', target);
    else if (rule.pattern.test(value)) return value;
    else this.fail('config-bad-value', node, { key: path, value, expected: rule.expected });
    return undefined;
  }

  /** A boolean of a field, or a fallback when it is absent or wrong. */
  boolean(fields: Fields, key: string, path: string, fallback: boolean): boolean {
    const entry = fields.entries.get(key);
    if (entry === undefined) return fallback;
    const target = resolved(entry.valueNode, this.#document);
    if (isScalar(target) && typeof target.value === 'boolean') return target.value;
    this.#wrongType(entry.valueNode ?? entry.keyNode, `${path}.${key}`, 'boolean', target);
    return fallback;
  }

  /** The value node of a field, aliases resolved. */
  node(fields: Fields, key: string): Node | undefined {
    const entry = fields.entries.get(key);
    return entry === undefined ? undefined : (resolved(entry.valueNode, this.#document) ?? entry.keyNode);
  }

  /** A field's value as plain JSON; it must be a mapping. */
  object(fields: Fields, key: string, path: string): JsonObject | undefined {
    const node = this.node(fields, key);
    if (node === undefined) return undefined;
    let value: unknown;
    try {
      value = node.toJS(this.#document, { maxAliasCount: 100 });
    } catch {
      value = undefined;
    }
    if (isJsonObject(value)) return value;
    this.#wrongType(node, `${path}.${key}`, 'mapping', node);
    return undefined;
  }

  #collection<T extends Node>(node: Node | undefined, path: string, expected: string, is: (node: unknown) => node is T): T | undefined {
    const target = resolved(node, this.#document);
    if (is(target)) return target;
    this.#wrongType(node, path, expected, target);
    return undefined;
  }

  #wrongType(node: Node | undefined, key: string, expected: string, actual: Node | undefined): void {
    this.fail('config-wrong-type', node, { key, expected, actual: typeName(actual) });
  }
}

function typeName(node: Node | undefined): string {
  if (isMap(node)) return 'mapping';
  if (isSeq(node)) return 'list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  return typeof node.value;
}
