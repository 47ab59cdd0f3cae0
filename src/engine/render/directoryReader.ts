import { isAppError } from '../../base/errors.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { ParsedDocument, ReadRecord, RenderError, RenderedObject } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { readPlainYaml } from './plainYaml.ts';
import { ABSENT, listingHash } from './readRecorder.ts';
import type { CachedRender } from './renderCache.ts';

/** What {@link DirectoryReader} is made of. */
export interface DirectoryReaderOptions {
  /** reads what is no plain YAML: {@link RenderService.parse} */
  readonly parse: (file: string, bytes: Uint8Array, signal: AbortSignal) => Promise<readonly ParsedDocument[]>;
  /** of one file; larger ones are left to the module, which refuses them */
  readonly maxFileBytes: number;
  /** of the texts whose objects are kept */
  readonly cacheBytes: number;
}

interface FileDocument {
  readonly value?: JsonValue;
  readonly index: number;
  readonly startLine: number;
  readonly error?: RenderError;
}

interface FileContent {
  readonly objects: readonly RenderedObject[];
  readonly errors: readonly RenderError[];
  readonly bytes: number;
}

/** Thrown where only the module's own words will do. */
class LeftToTheModule extends Error {
  override readonly name = 'LeftToTheModule';
}

const NO_MANIFESTS = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization', 'Chart.yaml']);
const READ_AT_ONCE = 32;
const MAX_TOTAL_BYTES = 64 << 20;

/**
 * Reads folders of manifests file by file and remembers each file's objects by its blob: after a commit only the files that it changes
 * are read again, and all other objects stay the very same. Gives what the module's `directory` request gives (go/directory.go).
 */
export class DirectoryReader {
  readonly #options: DirectoryReaderOptions;
  /** by path and blob, in the order of use */
  readonly #files = new Map<string, FileContent>();
  #bytes = 0;

  constructor(options: DirectoryReaderOptions) {
    this.#options = options;
  }

  /**
   * @param folder or a single file
   * @returns undefined when the whole has to be left to the module: unreadable files, heads that are no strings
   * @throws the signal's reason
   */
  async read(folder: string, tree: SourceTree, signal: AbortSignal): Promise<CachedRender | undefined> {
    try {
      const reads: ReadRecord[] = [];
      const errors = new Map<string, RenderError>();
      const paths = (await tree.kindOf(folder)) === 'file' ? [folder] : await this.#walk(folder, tree, reads, errors, signal);
      const contents = await this.#contents(paths, tree, reads, signal);
      if (contents.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_TOTAL_BYTES) return undefined;
      const objects = contents.flatMap((content) => content.objects);
      const byPath = new Map(paths.map((path, index) => [path, contents[index]?.errors ?? []]));
      const ordered = [...new Set([...errors.keys(), ...paths])].sort(byTreeOrder);
      const found = ordered.flatMap((path) => errors.get(path) ?? byPath.get(path) ?? []);
      return { reads: reads.sort(byPathAndKind), objects, errors: [...found, ...duplicates(objects)] };
    } catch (error) {
      signal.throwIfAborted();
      // What a tree could not give, the module meets too, and says it.
      if (error instanceof LeftToTheModule || isAppError(error)) return undefined;
      throw error;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#files.clear();
    this.#bytes = 0;
  }

  async #walk(
    folder: string,
    tree: SourceTree,
    reads: ReadRecord[],
    errors: Map<string, RenderError>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    signal.throwIfAborted();
    const entries = await tree.list(folder);
    if (entries === undefined) throw new LeftToTheModule();
    reads.push({ path: folder, kind: 'dir', hash: listingHash(entries) });
    const paths: string[] = [];
    for (const { name, kind } of entries) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (kind === 'directory' && !name.startsWith('.')) paths.push(...(await this.#walk(path, tree, reads, errors, signal)));
      else if (kind === 'file' && isManifestName(name)) paths.push(path);
      else if (kind !== 'file' && kind !== 'directory' && isManifestName(name)) {
        errors.set(path, { code: 'outside-root', file: path, message: `the link ${path} leads out of the repository or nowhere` });
      }
    }
    return paths;
  }

  async #contents(paths: readonly string[], tree: SourceTree, reads: ReadRecord[], signal: AbortSignal): Promise<readonly FileContent[]> {
    const contents: FileContent[] = [];
    for (let start = 0; start < paths.length; start += READ_AT_ONCE) {
      signal.throwIfAborted();
      const part = await Promise.all(paths.slice(start, start + READ_AT_ONCE).map((path) => this.#content(path, tree, signal)));
      for (const { content, hash, path } of part) {
        reads.push({ path, kind: 'file', hash });
        contents.push(content);
      }
    }
    return contents;
  }

  async #content(path: string, tree: SourceTree, signal: AbortSignal): Promise<{ content: FileContent; hash: string; path: string }> {
    const hash = (await tree.hashOf(path)) ?? ABSENT;
    const id = `${hash} ${path}`;
    const known = this.#files.get(id);
    if (known !== undefined) {
      this.#files.delete(id);
      this.#files.set(id, known);
      return { content: known, hash, path };
    }
    const bytes = await tree.read(path);
    if (bytes === undefined || bytes.length > this.#options.maxFileBytes) throw new LeftToTheModule();
    const plain = readPlain(bytes);
    const documents = plain ?? (await this.#options.parse(path, bytes, signal));
    const content = { ...objectsOf(path, documents), bytes: bytes.length };
    // Read again, since a working tree may have moved between hash and content.
    if ((await tree.hashOf(path)) !== hash) throw new LeftToTheModule();
    this.#keep(id, content);
    return { content, hash, path };
  }

  #keep(id: string, content: FileContent): void {
    const before = this.#files.get(id);
    this.#bytes += content.bytes - (before?.bytes ?? 0);
    this.#files.set(id, content);
    for (const [oldest, { bytes }] of this.#files) {
      if (this.#bytes <= this.#options.cacheBytes) break;
      this.#files.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

function readPlain(bytes: Uint8Array): readonly FileDocument[] | undefined {
  try {
    return readPlainYaml(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function objectsOf(file: string, documents: readonly FileDocument[]): Pick<FileContent, 'objects' | 'errors'> {
  const objects: RenderedObject[] = [];
  const errors: RenderError[] = [];
  for (const { value, index, startLine, error } of documents) {
    if (error !== undefined) errors.push(error);
    if (value === undefined || value === null) continue;
    for (const object of flatten(value)) {
      const problem = problemOf(object);
      if (problem === undefined) objects.push({ object: object as KubeObject, file, documentIndex: index, line: startLine });
      else errors.push({ code: 'not-a-manifest', message: problem, file, line: startLine + 1, isWarning: true });
    }
  }
  // The module speaks where it could not read at all.
  if (errors.some(({ code }) => code.startsWith('render') || code === 'output-too-large')) throw new LeftToTheModule();
  return { objects, errors };
}

function isManifestName(name: string): boolean {
  return !NO_MANIFESTS.has(name) && !name.startsWith('.') && /\.(?:yaml|yml|json)$/.test(name);
}

/** The items of a List kind, or the object itself. */
function flatten(value: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(value)) return [value];
  const { kind, items } = value;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
    ? (items as readonly JsonValue[]).flatMap((item) => flatten(item))
    : [value];
}

/** Why a value is no manifest, in the words of the module. */
function problemOf(value: JsonValue): string | undefined {
  if (!isJsonObject(value)) throw new LeftToTheModule();
  const { metadata = null } = value;
  if (metadata !== null && !isJsonObject(metadata)) throw new LeftToTheModule();
  const [apiVersion, kind] = [text(value, 'apiVersion'), text(value, 'kind')];
  const [name, generateName] = [text(metadata ?? {}, 'name'), text(metadata ?? {}, 'generateName')];
  text(metadata ?? {}, 'namespace');
  if (apiVersion === '' || kind === '') return 'apiVersion or kind is missing';
  return name === '' && generateName === '' ? `${kind} without metadata.name` : undefined;
}

function text(object: Readonly<Record<string, JsonValue | undefined>>, name: string): string {
  const value = object[name] ?? '';
  // Go finds a name in any spelling, and refuses other types in words of its own.
  if (typeof value !== 'string' || Object.keys(object).some((key) => key !== name && key.toLowerCase() === name.toLowerCase())) {
    throw new LeftToTheModule();
  }
  return value;
}

/** An error for each object whose key an earlier one has. */
function duplicates(objects: readonly RenderedObject[]): readonly RenderError[] {
  const first = new Map<string, RenderedObject>();
  const errors: RenderError[] = [];
  for (const one of objects) {
    const { apiVersion, kind, metadata } = one.object;
    const [name, namespace] = [text(metadata, 'name'), text(metadata, 'namespace')];
    if (name === '') continue;
    const slash = apiVersion.indexOf('/');
    const key = `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}/${namespace}/${name}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, one);
      continue;
    }
    errors.push({
      code: 'duplicate-object',
      message: `${kind} ${name} is declared twice`,
      ...(one.file === undefined ? {} : { file: one.file }),
      ...(one.line === undefined ? {} : { line: one.line + 1 }),
      details: { kind, name, otherFile: earlier.file ?? '', ...(earlier.line === undefined ? {} : { otherLine: earlier.line + 1 }) },
    });
  }
  return errors;
}

/** Folder by folder, names by code unit: the order of the walk. */
function byTreeOrder(left: string, right: string): number {
  const [one, other] = [left.split('/'), right.split('/')];
  for (let at = 0; ; at += 1) {
    const [a, b] = [one[at], other[at]];
    if (a === b) {
      if (a === undefined) return 0;
      continue;
    }
    return (a ?? '') < (b ?? '') ? -1 : 1;
  }
}

function byPathAndKind(left: ReadRecord, right: ReadRecord): number {
  if (left.path !== right.path) return left.path < right.path ? -1 : 1;
  return left.kind < right.kind ? -1 : 1;
}
