import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { FileRange } from '../model/application.ts';
import { joinPath, parentPath, resolvePath } from '../model/treePath.ts';
import { configFileName } from './configFile.ts';
import { chartName, kustomizationNames } from './fileFacts.ts';
import { entriesOf, rangeOf, resolved } from './yamlNodes.ts';

/** A place of a file that names another file, a folder, or a place of a file. */
export interface FileLink {
  readonly range: FileRange;
  /** path of the tree; a folder stands for the kustomization or chart in it */
  readonly target: string;
  /** a key in the target: `environments.prod` of plumbline.yaml, `image.tag` of a values file */
  readonly key?: readonly string[];
}

const pathLists: readonly string[] = [
  ...['resources', 'bases', 'components', 'crds', 'configurations', 'transformers', 'generators', 'validators'],
  'patchesStrategicMerge',
];
const pathItems: readonly string[] = ['patches', 'patchesJson6902', 'replacements'];
const generators: readonly string[] = ['configMapGenerator', 'secretGenerator'];

/** Reads one YAML document and collects the scalars that name files. */
export class LinkReader {
  readonly links: FileLink[] = [];
  readonly #file: string;
  readonly #folder: string;
  readonly #lines: LineCounter;
  readonly #document: Document;

  /** @param lines filled by the parse of the text that the document is of */
  constructor(file: string, document: Document, lines: LineCounter) {
    this.#file = file;
    this.#folder = parentPath(file);
    this.#document = document;
    this.#lines = lines;
  }

  /** A reader of a text of one document. */
  static of(file: string, text: string): LinkReader {
    const lines = new LineCounter();
    return new LinkReader(
      file,
      parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' }),
      lines,
    );
  }

  /** The document's content. */
  get root(): Node | undefined {
    return resolved(this.#document.contents, this.#document);
  }

  /** The value of a key of a mapping. */
  child(node: Node | undefined, key: string): Node | undefined {
    const map = resolved(node, this.#document);
    return isMap(map) ? resolved(entriesOf(map, this.#document).find((entry) => entry.key === key)?.valueNode, this.#document) : undefined;
  }

  /** The items of a list. */
  items(node: Node | undefined): readonly (Node | undefined)[] {
    const list = resolved(node, this.#document);
    return isSeq(list) ? list.items.map((item) => resolved(item, this.#document)) : [];
  }

  /** The text of a scalar. */
  text(node: Node | undefined): string | undefined {
    return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
  }

  /** Notes that a scalar names a path relative to a folder. */
  path(node: Node | undefined, folder = this.#folder, written = this.text(node)): void {
    if (written === undefined || written === '' || written.includes('\n') || /^[a-z+]+:\/\/|^git@|^github\.com\//.test(written)) return;
    const target = resolvePath(folder, written);
    if (target !== undefined) this.add(node, target);
  }

  /** Notes that a scalar names a path of the tree. */
  add(node: Node | undefined, target: string, key?: readonly string[]): void {
    const [start, end] = node?.range ?? [0, 0];
    this.links.push({ range: rangeOf(this.#file, this.#lines, start, end), target, ...(key === undefined ? {} : { key }) });
  }

  /** Where a chain of keys stands, or undefined. */
  keyRange(keys: readonly string[]): FileRange | undefined {
    let node = this.root;
    let found: Node | undefined;
    for (const key of keys) {
      const map = resolved(node, this.#document);
      const entry = isMap(map) ? entriesOf(map, this.#document).find((each) => each.key === key) : undefined;
      if (entry === undefined) return undefined;
      found = entry.keyNode;
      node = entry.valueNode;
    }
    return found?.range ? rangeOf(this.#file, this.#lines, found.range[0], found.range[1]) : undefined;
  }
}

/**
 * The places of one file that name other files: a kustomization's resources, patches and generators, a chart's dependencies, a template's
 * `.Values`, the paths and environments of plumbline.yaml. A text that does not parse gives what can be read.
 * @param file path of the tree
 * @param text without a byte-order mark
 * @param chart folder of the chart that a template belongs to
 */
export function fileLinks(file: string, text: string, chart?: string): readonly FileLink[] {
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (chart !== undefined && name !== chartName) return valueLinks(file, text, joinPath(chart, 'values.yaml'));
  const isOurs = file === configFileName || name === chartName || kustomizationNames.includes(name);
  if (!isOurs) return [];
  try {
    const reader = LinkReader.of(file, text);
    if (file === configFileName) readConfig(reader);
    else if (name === chartName) {
      for (const item of reader.items(reader.child(reader.root, 'dependencies'))) {
        const node = reader.child(item, 'repository');
        const written = reader.text(node);
        if (written?.startsWith('file://') === true) reader.path(node, parentPath(file), written.slice('file://'.length));
        // What is not fetched stands unpacked among the chart's own.
        else if (written === undefined) reader.path(reader.child(item, 'name'), joinPath(parentPath(file), 'charts'));
      }
    } else readKustomization(reader);
    return reader.links;
  } catch {
    // The parser throws on a few texts that are no YAML at all; they name nothing.
    return [];
  }
}

/** Where a chain of keys of a YAML text stands, or undefined. */
export function keyRange(file: string, text: string, keys: readonly string[]): FileRange | undefined {
  try {
    return LinkReader.of(file, text).keyRange(keys);
  } catch {
    return undefined;
  }
}

function readKustomization(reader: LinkReader): void {
  const { root } = reader;
  for (const name of pathLists) for (const item of reader.items(reader.child(root, name))) reader.path(item);
  for (const name of pathItems) for (const item of reader.items(reader.child(root, name))) reader.path(reader.child(item, 'path'));
  reader.path(reader.child(reader.child(root, 'openapi'), 'path'));
  for (const name of generators) {
    for (const item of reader.items(reader.child(root, name))) {
      for (const list of ['files', 'envs']) {
        for (const entry of reader.items(reader.child(item, list)))
          reader.path(entry, undefined, reader.text(entry)?.replace(/^[^=/]+=/, ''));
      }
      reader.path(reader.child(item, 'env'));
    }
  }
  for (const chart of reader.items(reader.child(root, 'helmCharts'))) {
    reader.path(reader.child(chart, 'valuesFile'));
    for (const entry of reader.items(reader.child(chart, 'additionalValuesFiles'))) reader.path(entry);
  }
}

function readConfig(reader: LinkReader): void {
  for (const application of reader.items(reader.child(reader.root, 'applications'))) {
    const path = reader.child(application, 'path');
    reader.path(path, '');
    const environment = reader.child(application, 'environment');
    const name = reader.text(environment);
    if (name !== undefined) reader.add(environment, configFileName, ['environments', name]);
    const folder = resolvePath('', reader.text(path) ?? '');
    if (folder === undefined) continue;
    for (const file of reader.items(reader.child(reader.child(application, 'helm'), 'valueFiles'))) reader.path(file, folder);
  }
}

/** `.Values.a.b` of a template leads to the key in the chart's values. */
function valueLinks(file: string, text: string, values: string): readonly FileLink[] {
  return text.split(/\r?\n/).flatMap((line, number) =>
    [...line.matchAll(/(?<![\w$)])\$?\.Values((?:\.[A-Za-z_]\w*)+)/g)].map(({ 0: whole, 1: path = '', index }) => ({
      range: { file, startLine: number, startColumn: index, endLine: number, endColumn: index + whole.length },
      target: values,
      key: path.slice(1).split('.'),
    })),
  );
}
