import { type Document, isMap, isScalar, isSeq, LineCounter, type Node } from 'yaml';
import { documentsAsWritten, entriesOf, resolved } from '../apps/yamlNodes.ts';
import type { FieldPath, PathStep } from '../model/fieldPath.ts';

/** A field of an object as a text has it. */
export interface FieldInText {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** list items by index, as they stand in the text */
  readonly path: FieldPath;
}

const mostCharacters = 1024 * 1024;

/**
 * The field whose key stands on a line of a manifest.
 * @param line 0-based
 * @returns undefined on lines without a key, in texts that do not parse, and in very large ones
 */
export function fieldAt(text: string, line: number): FieldInText | undefined {
  const around = documentAround(text, line);
  if (around.text.length > mostCharacters) return undefined;
  const lines = new LineCounter();
  try {
    for (const document of documentsAsWritten(around.text, lines)) {
      const root = document.contents;
      const [start, , end] = root?.range ?? [0, 0, 0];
      const { line: here } = around;
      if (document.errors.length > 0 || !isMap(root) || lines.linePos(start).line - 1 > here || lines.linePos(end).line - 1 < here)
        continue;
      const path = pathAt(root, here, lines, document);
      const read = (...keys: readonly string[]): string => textAt(root, keys, document);
      return path === undefined ? undefined : { apiVersion: read('apiVersion'), kind: read('kind'), name: read('metadata', 'name'), path };
    }
  } catch {
    // The parser throws on a few texts that are no YAML at all.
  }
  return undefined;
}

/** The document of a text that a line is in, and which of its lines it is: of a large bundle one document is parsed. */
function documentAround(text: string, line: number): { readonly text: string; readonly line: number } {
  let [start, first] = [0, 0];
  for (let [at, number] = [0, 0]; at < text.length; number += 1) {
    const next = text.indexOf('\n', at) + 1 || text.length;
    if (/^---(\s|$)/.test(text.slice(at, at + 4))) {
      if (number > line) return { text: text.slice(start, at), line: line - first };
      [start, first] = [at, number];
    }
    at = next;
  }
  return { text: text.slice(start), line: line - first };
}

/** The outermost key on the line. */
function pathAt(node: Node, line: number, lines: LineCounter, document: Document): FieldPath | undefined {
  const lineOf = (offset: number | undefined): number => lines.linePos(offset ?? 0).line - 1;
  const below = (child: Node | undefined, step: PathStep): FieldPath | undefined => {
    const [start, , end] = child?.range ?? [0, 0, 0];
    if (child === undefined || lineOf(start) > line || lineOf(end) < line) return undefined;
    const path = pathAt(child, line, lines, document);
    return path === undefined ? undefined : [step, ...path];
  };
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const step = { field: typeof key.value === 'string' ? key.value : (key.source ?? '') };
      if (lineOf(key.range?.[0]) === line) return [step];
      const found = isMap(value) || isSeq(value) ? below(value, step) : undefined;
      if (found !== undefined) return found;
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      if (isScalar(item) && lineOf(item.range?.[0]) === line) return [{ index }];
      const found = isMap(item) || isSeq(item) ? below(item, { index }) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function textAt(root: Node, keys: readonly string[], document: Document): string {
  let node: Node | undefined = root;
  for (const key of keys) {
    node = isMap(node) ? resolved(entriesOf(node, document).find((entry) => entry.key === key)?.valueNode, document) : undefined;
  }
  return isScalar(node) && typeof node.value === 'string' ? node.value : '';
}
