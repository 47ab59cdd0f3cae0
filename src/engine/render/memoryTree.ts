import { blobId } from '../../base/hash.ts';
import type { EntryKind, SourceTree, TreeEntry } from '../model/sourceTree.ts';
import { normalPath } from '../model/treePath.ts';

/** A tree of texts in memory, over another tree or alone: for a render with some files changed, and for tests. */
export class MemoryTree implements SourceTree {
  readonly id: string;
  readonly #files: ReadonlyMap<string, Uint8Array | undefined>;
  readonly #under: SourceTree | undefined;

  /**
   * @param files content by path; undefined: the file is not there, whatever the tree below has
   * @param under what gives all other files
   */
  constructor(files: Readonly<Record<string, string | Uint8Array | undefined>>, under?: SourceTree) {
    this.id = under === undefined ? 'memory' : `memory over ${under.id}`;
    this.#under = under;
    this.#files = new Map(
      Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? new TextEncoder().encode(content) : content]),
    );
  }

  read(path: string): Promise<Uint8Array | undefined> {
    const name = normalPath(path);
    if (name === undefined) return Promise.resolve(undefined);
    if (this.#files.has(name)) return Promise.resolve(this.#files.get(name));
    return this.#under?.read(name) ?? Promise.resolve(undefined);
  }

  async list(folder: string): Promise<readonly TreeEntry[] | undefined> {
    const name = normalPath(folder);
    if (name === undefined) return undefined;
    const below = await this.#under?.list(name);
    const entries = new Map<string, TreeEntry>(below?.map((entry) => [entry.name, entry]));
    const prefix = name === '' ? '' : `${name}/`;
    for (const [path, content] of this.#files) {
      if (!path.startsWith(prefix)) continue;
      const [first = '', ...rest] = path.slice(prefix.length).split('/');
      if (rest.length > 0 && content !== undefined) entries.set(first, { name: first, kind: 'directory', isLink: false });
      else if (rest.length === 0 && content === undefined) entries.delete(first);
      else if (rest.length === 0) entries.set(first, { name: first, kind: 'file', isLink: false });
    }
    if (entries.size === 0 && below === undefined && name !== '') return undefined;
    return [...entries.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async kindOf(path: string): Promise<EntryKind | undefined> {
    const name = normalPath(path);
    if (name === undefined) return undefined;
    if (this.#files.has(name)) return this.#files.get(name) === undefined ? undefined : 'file';
    if ([...this.#files].some(([file, content]) => content !== undefined && file.startsWith(name === '' ? '' : `${name}/`)))
      return 'directory';
    return this.#under?.kindOf(name) ?? (name === '' ? 'directory' : undefined);
  }

  async hashOf(path: string): Promise<string | undefined> {
    const name = normalPath(path);
    if (name === undefined) return undefined;
    if (!this.#files.has(name)) return this.#under?.hashOf(name);
    const content = this.#files.get(name);
    return content === undefined ? undefined : blobId(content);
  }
}
