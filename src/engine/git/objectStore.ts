import { AppError } from '../../base/errors.ts';
import type { GitObject } from './batchParser.ts';
import type { ObjectReader } from './objectReader.ts';

/** One name in a tree object. A link is stored as a blob that holds its target. */
export interface StoredEntry {
  readonly kind: 'file' | 'directory' | 'link' | 'submodule';
  readonly id: string;
}

const MAX_TREES = 4_000;
const MAX_CACHED_BLOB_BYTES = 32 * 1024 * 1024;

/** Trees and blobs by id. Ids name contents, so what is cached never goes stale; least recently used first out. */
export class ObjectStore {
  readonly #reader: Pick<ObjectReader, 'read'>;
  readonly #idBytes: number;
  readonly #trees = new Map<string, ReadonlyMap<string, StoredEntry>>();
  readonly #blobs = new Map<string, Uint8Array>();
  #blobBytes = 0;

  constructor(reader: Pick<ObjectReader, 'read'>, objectFormat: 'sha1' | 'sha256') {
    this.#reader = reader;
    this.#idBytes = objectFormat === 'sha1' ? 20 : 32;
  }

  /** Any object, not cached. */
  object(name: string, signal?: AbortSignal): Promise<GitObject | undefined> {
    return this.#reader.read(name, signal);
  }

  /** The id of `<commit>^{tree}`; the tree is then in the cache. */
  async idOf(name: string, signal: AbortSignal): Promise<string | undefined> {
    const object = await this.#reader.read(name, signal);
    if (object?.type === 'tree') this.#keepTree(object);
    return object?.id;
  }

  /** Names in a tree object. @throws AppError `git-object-missing` */
  async tree(id: string): Promise<ReadonlyMap<string, StoredEntry>> {
    const cached = this.#trees.get(id);
    if (cached !== undefined) {
      this.#trees.delete(id);
      this.#trees.set(id, cached);
      return cached;
    }
    const object = await this.#reader.read(id);
    if (object?.type !== 'tree') throw new AppError('git-object-missing', { id, message: 'tree' });
    return this.#keepTree(object);
  }

  /** Content of a blob. @param path only for the words of an error. @throws AppError `git-object-missing`, `file-too-large` */
  async blob(id: string, path: string): Promise<Uint8Array> {
    const cached = this.#blobs.get(id);
    if (cached !== undefined) {
      this.#blobs.delete(id);
      this.#blobs.set(id, cached);
      return cached;
    }
    const object = await this.#reader.read(id);
    if (object?.type !== 'blob') throw new AppError('git-object-missing', { id, message: path });
    this.#blobs.set(id, object.content);
    this.#blobBytes += object.content.length;
    for (const [oldest, content] of this.#blobs) {
      if (this.#blobBytes <= MAX_CACHED_BLOB_BYTES) break;
      this.#blobs.delete(oldest);
      this.#blobBytes -= content.length;
    }
    return object.content;
  }

  #keepTree(object: GitObject): ReadonlyMap<string, StoredEntry> {
    const entries = parseTree(object.content, this.#idBytes);
    this.#trees.set(object.id, entries);
    const oldest = this.#trees.size > MAX_TREES ? this.#trees.keys().next().value : undefined;
    if (oldest !== undefined) this.#trees.delete(oldest);
    return entries;
  }
}

/**
 * Reads the content of a tree object: `<octal mode> <name>\0<id bytes>` repeated (Git's tree.c, tree-walk.c).
 * @param idBytes 20 for SHA-1, 32 for SHA-256
 */
export function parseTree(content: Uint8Array, idBytes: number): Map<string, StoredEntry> {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const entries = new Map<string, StoredEntry>();
  let offset = 0;
  while (offset < buffer.length) {
    const space = buffer.indexOf(0x20, offset);
    const end = buffer.indexOf(0, space);
    const mode = buffer.toString('latin1', offset, space);
    const name = buffer.toString('utf8', space + 1, end);
    offset = end + 1 + idBytes;
    entries.set(name, { kind: kindOfMode(mode), id: buffer.toString('hex', end + 1, offset) });
  }
  return entries;
}

function kindOfMode(mode: string): StoredEntry['kind'] {
  if (mode === '40000') return 'directory';
  if (mode === '120000') return 'link';
  return mode === '160000' ? 'submodule' : 'file';
}
