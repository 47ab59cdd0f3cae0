import type { FileRange, SourceType } from '../model/application.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { FieldDifference } from '../model/states.ts';
import { MAX_TEXT } from './candidates.ts';
import { nodeEquals } from './scalars.ts';
import { type IndexedObject, type ObjectIdentity, type PathHit, YamlIndex } from './yamlIndex.ts';

/** Where a rendered object comes from. */
export interface ObjectOrigin {
  /** relative to the repo root, with `/` */
  readonly file: string;
  /** which document of the file, from 0, empty documents not counted */
  readonly documentIndex?: number;
  /** `directory`: the document is the object; `kustomize`: later steps may have changed it; `helm`: the file is a template */
  readonly kind: SourceType;
  /** `kustomize`: texts of what else may write fields of the object (kustomizations, patches, transformers) */
  readonly otherWriters?: readonly string[];
}

/** A line for an object or a difference. */
export interface Location {
  readonly range: FileRange;
  /** true: this line sets the field (or is the parent's key of an added one); false: the object's first line stands in */
  readonly isExact: boolean;
}

const DEFAULT_CACHE_SIZE = 200;

/**
 * Finds the lines of rendered objects and their fields. Exact for plain manifests; behind Kustomize only where the declaring file
 * has the very value and nothing else may write it, or for the parent of a field that only live has; for Helm the template's first line. Texts are parsed when first asked for.
 */
export class Locator {
  readonly #cache = new Map<string, YamlIndex | undefined>();
  readonly #cacheSize: number;

  /** @param cacheSize parsed texts that are kept, least recently used first out */
  constructor(cacheSize = DEFAULT_CACHE_SIZE) {
    this.#cacheSize = cacheSize;
  }

  /**
   * The first line of an object.
   * @param text the declaring file on the side that was rendered, without a byte-order mark
   * @param contentHash of that file; equal hashes are the same text
   * @returns undefined when the object cannot be told in the text
   */
  locateObject(origin: ObjectOrigin, text: string, contentHash: string, identity: ObjectIdentity): Location | undefined {
    if (origin.kind === 'helm') return { range: firstLine(origin.file, text), isExact: false };
    const index = this.#indexOf(text, contentHash);
    const object = index?.find(origin.documentIndex, identity, origin.kind === 'kustomize');
    return index === undefined || object === undefined ? undefined : { range: index.header(origin.file, object), isExact: false };
  }

  /**
   * The line of a difference: that which sets the field; of a field that only live has, its parent's key; else the object's first line.
   * @returns as {@link locateObject}
   */
  locateField(
    origin: ObjectOrigin,
    text: string,
    contentHash: string,
    identity: ObjectIdentity,
    field: Pick<FieldDifference, 'path' | 'change' | 'git'>,
  ): Location | undefined {
    if (origin.kind === 'helm') return this.locateObject(origin, text, contentHash, identity);
    const index = this.#indexOf(text, contentHash);
    const object = index?.find(origin.documentIndex, identity, origin.kind === 'kustomize');
    if (index === undefined || object === undefined) return undefined;
    const header: Location = { range: index.header(origin.file, object), isExact: false };
    const hit = hitOf(index, origin.file, object, field.path);
    if (hit.kind === 'unknown') return header;
    // Nothing in Git writes it, so that its parent in the file that declares the object is as good behind Kustomize.
    if (hit.kind === 'missing' && field.change === 'added' && hit.depth > 0)
      return { range: hit.range, isExact: origin.kind === 'directory' && hit.depth === field.path.length - 1 };
    if (origin.kind === 'kustomize') {
      const isSetHere = hit.kind === 'found' && field.git !== undefined && nodeEquals(hit.node, field.git, object.document);
      return isSetHere && !mayBeWrittenBy(origin.otherWriters ?? [], field.path) ? { range: hit.range, isExact: true } : header;
    }
    return hit.kind === 'found' ? { range: hit.range, isExact: true } : header;
  }

  #indexOf(text: string, contentHash: string): YamlIndex | undefined {
    let index = this.#cache.get(contentHash);
    if (index === undefined && !this.#cache.has(contentHash)) index = parse(text);
    this.#cache.delete(contentHash);
    this.#cache.set(contentHash, index);
    const oldest = this.#cache.size > this.#cacheSize ? this.#cache.keys().next().value : undefined;
    if (oldest !== undefined) this.#cache.delete(oldest);
    return index;
  }
}

function parse(text: string): YamlIndex | undefined {
  // Seconds in which nothing else is done, for a file that nobody reads line by line.
  if (text.length > MAX_TEXT) return undefined;
  try {
    return new YamlIndex(text);
  } catch {
    // The parser throws on a few texts that are no YAML at all; there is nothing to find in them.
    return undefined;
  }
}

/** Where a path leads; what a Secret has in `data` may be written in `stringData`. */
function hitOf(index: YamlIndex, file: string, object: IndexedObject, path: FieldPath): PathHit {
  const hit = index.locate(file, object, path);
  const [first, ...rest] = path;
  if (hit.kind === 'found' || object.kind !== 'Secret' || first === undefined || !('field' in first) || first.field !== 'data') return hit;
  const other = index.locate(file, object, [{ field: 'stringData' }, ...rest]);
  return other.kind === 'found' ? other : hit;
}

/** Whether any text has the name of the path's last field, or the word that Kustomize uses for it: then it may set the field. */
function mayBeWrittenBy(texts: readonly string[], path: FieldPath): boolean {
  const names = path.map((step) => ('field' in step ? step.field : '')).filter((name) => name !== '');
  const last = names.at(-1) ?? '';
  const words = new Set([
    last,
    ...(last === 'image' ? ['images'] : []),
    ...(names.includes('labels') || names.includes('matchLabels') ? ['labels', 'commonLabels'] : []),
  ]);
  if (names.includes('annotations')) words.add('commonAnnotations');
  return texts.some((text) => text.split(/[^A-Za-z0-9_.-]+/).some((word) => words.has(word) || (last !== '' && word === `/${last}`)));
}

function firstLine(file: string, text: string): FileRange {
  return { file, startLine: 0, startColumn: 0, endLine: 0, endColumn: text.search(/\r?\n|$/) };
}
