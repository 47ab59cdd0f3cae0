import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AppError } from '../../../src/base/errors.ts';
import { blobId } from '../../../src/base/hash.ts';
import type { EntryKind, SourceTree, TreeEntry } from '../../../src/engine/model/sourceTree.ts';
import { normalPath } from '../../../src/engine/model/treePath.ts';

/** A plain folder on disk, for what is no Git repository. Links are followed inside the folder only; `.git` is not there. */
export class DiskTree implements SourceTree {
  readonly id: string;
  readonly #root: string;
  readonly #maxFileBytes: number;

  /** @param root absolute path, links resolved ({@link openDiskTree} does that); @param maxFileBytes larger files are not read */
  constructor(root: string, maxFileBytes: number) {
    this.id = `folder:${root}`;
    this.#root = root;
    this.#maxFileBytes = maxFileBytes;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const real = await this.#resolve(path);
    if (real === undefined) return undefined;
    const found = await stat(real).catch(() => undefined);
    if (found?.isFile() !== true) return undefined;
    if (found.size > this.#maxFileBytes) throw new AppError('file-too-large', { file: path, size: found.size, limit: this.#maxFileBytes });
    try {
      return await readFile(real);
    } catch (cause) {
      throw new AppError('file-unreadable', { file: path }, { cause });
    }
  }

  async list(folder: string): Promise<readonly TreeEntry[] | undefined> {
    const real = await this.#resolve(folder);
    if (real === undefined) return undefined;
    const entries = await readdir(real, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) return undefined;
    const found = await Promise.all(
      entries
        .filter(({ name }) => name !== '.git')
        .map(async (entry): Promise<TreeEntry> => {
          if (!entry.isSymbolicLink()) return { name: entry.name, kind: entry.isDirectory() ? 'directory' : 'file', isLink: false };
          return { name: entry.name, kind: (await this.kindOf(`${folder}/${entry.name}`)) ?? 'unreachable', isLink: true };
        }),
    );
    return found.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async kindOf(path: string): Promise<EntryKind | undefined> {
    const name = normalPath(path);
    if (name === undefined) return undefined;
    const real = await this.#resolve(name);
    if (real !== undefined) {
      const found = await stat(real).catch(() => undefined);
      if (found !== undefined) return found.isDirectory() ? 'directory' : 'file';
    }
    const own = await lstat(join(this.#root, name)).catch(() => undefined);
    return own?.isSymbolicLink() === true ? 'unreachable' : undefined;
  }

  async hashOf(path: string): Promise<string | undefined> {
    const content = await this.read(path);
    return content === undefined ? undefined : blobId(content);
  }

  /** The real path, or undefined when there is nothing or it lies outside the root. */
  async #resolve(path: string): Promise<string | undefined> {
    const name = normalPath(path);
    if (name === undefined || name.split('/').includes('.git')) return undefined;
    const real = await realpath(join(this.#root, name)).catch(() => undefined);
    if (real === undefined || (real !== this.#root && !real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)))
      return undefined;
    return real;
  }
}

const MAX_FILE_BYTES = 16 << 20;

/** A {@link DiskTree} of a folder given by any path. @throws AppError `source-missing` when there is no such folder */
export async function openDiskTree(folder: string, maxFileBytes = MAX_FILE_BYTES): Promise<DiskTree> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory()) throw new AppError('source-missing', { file: folder });
  return new DiskTree(root, maxFileBytes);
}
