import { type Document, isScalar, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { kustomizationNames } from '../apps/fileFacts.ts';
import { rangeOf } from '../apps/yamlNodes.ts';
import type { FileRange } from '../model/application.ts';
import { arrayAt, isJsonObject, type JsonValue, stringAt } from '../model/json.ts';

/** A place of a file that names an object by kind and name: a manifest or patch of it, a patch's target in a kustomization. */
export interface ObjectMention {
  /** from its first line to its last */
  readonly range: FileRange;
  readonly kind: string;
  readonly name: string;
}

const largest = 2_000_000;
const patchLists = ['patches', 'patchesJson6902', 'patchesStrategicMerge'] as const;

/**
 * The objects that a text of manifests, patches or a kustomization names.
 * @param file path of the tree
 * @returns nothing for texts that do not parse
 */
export function objectMentions(file: string, text: string): readonly ObjectMention[] {
  if (text.length > largest || !/\.(ya?ml|json)$|kustomization/i.test(file)) return [];
  const isKustomization = kustomizationNames.includes(file.slice(file.lastIndexOf('/') + 1));
  const lines = new LineCounter();
  return parsed(text, lines).flatMap((document): readonly ObjectMention[] => {
    const value = jsonOf(document);
    const at = (node: unknown): FileRange => {
      const [start, end] = (node as Node | null | undefined)?.range ?? [0, 0];
      return rangeOf(file, lines, start, Math.max(start, end));
    };
    if (!isKustomization) return named(value, at(document.contents));
    return patchLists.flatMap((list) =>
      arrayAt(value, list).flatMap((item, index): readonly ObjectMention[] => {
        const node: unknown = document.getIn([list, index], true);
        const range = at(node);
        const inline = typeof item === 'string' ? item : stringAt(item, 'patch');
        const [kind, name] = [stringAt(item, 'target', 'kind'), stringAt(item, 'target', 'name')];
        const target = kind === undefined || name === undefined ? [] : [{ range, kind, name }];
        if (target.length > 0 || inline?.includes('\n') !== true) return target;
        return parsed(inline, new LineCounter()).flatMap((inner) => named(jsonOf(inner), isScalar(node) ? at(node) : range));
      }),
    );
  });
}

function parsed(text: string, lineCounter: LineCounter): readonly Document[] {
  try {
    const found = parseAllDocuments(text, { lineCounter, merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    return 'empty' in found ? [] : found.filter(({ errors }) => errors.length === 0);
  } catch {
    // The parser throws on a few texts that are no YAML at all.
    return [];
  }
}

function jsonOf(document: Document): JsonValue | undefined {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Aliases without an anchor, or too many of them.
    return undefined;
  }
}

function named(value: JsonValue | undefined, range: FileRange): readonly ObjectMention[] {
  const [kind, name] = [stringAt(value, 'kind'), stringAt(value, 'metadata', 'name')];
  return kind === undefined || name === undefined ? [] : [{ range, kind, name }];
}
