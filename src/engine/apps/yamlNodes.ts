import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, parseAllDocuments, type YAMLMap } from 'yaml';
import type { FileRange } from '../model/application.ts';

/**
 * The documents of a YAML text with scalars as they are written: what they say is read by Kubernetes' rules, not by those of a YAML version.
 * A broken document has `errors`.
 * @param lines takes in where the lines of the text begin
 * @throws Error on a few texts that are no YAML at all
 */
export function documentsAsWritten(text: string, lines?: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    ...(lines === undefined ? {} : { lineCounter: lines }),
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  return 'empty' in documents ? [] : documents;
}

/** One entry of a mapping, merge keys (`<<`) resolved. */
export interface MapEntry {
  readonly key: string;
  readonly keyNode: Node;
  readonly valueNode: Node | undefined;
}

const MAX_MERGE_DEPTH = 16;

/** The node that an alias stands for, or the node itself. */
export function resolved(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
}

/**
 * Entries of a mapping in the order of the text; own keys first, then those that merge keys bring and no earlier one has
 * (https://yaml.org/type/merge.html). A key that stands twice is given twice.
 */
export function entriesOf(map: YAMLMap, document: Document, depth = 0): MapEntry[] {
  const own: MapEntry[] = [];
  const merged: Node[] = [];
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue;
    const isMerge = key.type === 'PLAIN' && key.source === '<<';
    const valueNode = isAlias(value) || isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
    if (!isMerge) own.push({ key: keyText(key), keyNode: key, valueNode });
    else {
      const target = resolved(valueNode, document);
      merged.push(
        ...(isSeq(target) ? target.items.map((item) => resolved(item, document)) : [target]).filter((node) => node !== undefined),
      );
    }
  }
  if (depth >= MAX_MERGE_DEPTH) return own;
  const known = new Set(own.map(({ key }) => key));
  for (const node of merged) {
    if (!isMap(node)) continue;
    for (const entry of entriesOf(node, document, depth + 1)) {
      if (known.has(entry.key)) continue;
      known.add(entry.key);
      own.push(entry);
    }
  }
  return own;
}

function keyText(key: { value: unknown; source?: string }): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/**
 * Offsets of a text as a range in a file.
 * @param lines filled by the parse of that text
 */
export function rangeOf(file: string, lines: LineCounter, start: number, end: number): FileRange {
  const from = lines.linePos(start);
  const to = lines.linePos(end);
  return {
    file,
    startLine: Math.max(0, from.line - 1),
    startColumn: Math.max(0, from.col - 1),
    endLine: Math.max(0, to.line - 1),
    endColumn: Math.max(0, to.col - 1),
  };
}
