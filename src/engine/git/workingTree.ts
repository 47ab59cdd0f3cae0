import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { blobId } from '../../base/hash.ts';
import type { EntryKind, SourceTree, TreeEntry } from '../model/sourceTree.ts';
import { joinPath, normalPath } from '../model/treePath.ts';
import { isGitInternal, type RepositoryLayout } from './layout.ts';
import { decodeText, encodeText } from './textEncoding.ts';

const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** A file written this shortly before it was hashed may be written again within the clock's grain: its hash is not kept. */
const RACY_NS = 100_000_000n;

/** What a path leads to on disk. `real` is relative to the root, links resolved. */
type Resolved = {
  readonly kind: 'file' | 'directory' | 'submodule';
  readonly real: string;
  readonly absolute: string;
  readonly stats: BigIntStats;
};

/** Hash of a file's content, good as long as these of its inode hold. */
interface HashEntry {
  readonly stamp: string;
  readonly hash: string;
}

/**
 * The files on disk with unsaved buffers over them. Starts no process, so it works in an untrusted workspace too. Every path
 * is resolved through links and stays inside the root and outside `.git`.
 */
export class WorkingTree implements SourceTree {
  readonly id = 'working tree';
  readonly #layout: RepositoryLayout;
  /** by real path: an open editor's text */
  readonly #buffers = new Map<string, string>();
  readonly #hashes = new Map<string, HashEntry>();

  constructor(layout: RepositoryLayout) {
    this.#layout = layout;
  }

  /**
   * The path in this tree of an absolute file name, by the opened root or through links.
   * @returns undefined when the file is outside the repository or in `.git`
   */
  async pathOf(absolute: string): Promise<string | undefined> {
    const direct = inside(this.#layout.root, resolve(absolute));
    if (direct !== undefined) return isGitInternal(direct) ? undefined : direct;
    const folder = await realpath(dirname(absolute)).catch(() => undefined);
    const path = folder === undefined ? undefined : inside(this.#layout.realRoot, join(folder, basename(absolute)));
    return path === undefined || isGitInternal(path) ? undefined : path;
  }

  /** Where a file really is in this tree, links followed; undefined when there is none, or it is outside. */
  async realPathOf(path: string): Promise<string | undefined> {
    const resolved = await this.#resolve(path);
    return typeof resolved === 'object' && resolved.kind === 'file' ? resolved.real : undefined;
  }

  /**
   * Takes the text of an open editor. It counts only while it differs from the decoded bytes on disk.
   * @param text undefined: the editor was closed
   */
  setBuffer(path: string, text: string | undefined): void {
    const normalized = normalPath(path);
    if (normalized === undefined) return;
    if (text === undefined) this.#buffers.delete(normalized);
    else this.#buffers.set(normalized, text);
  }

  /** Paths of open buffers whose text differs from the disk, sorted. */
  async unsavedPaths(): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const path of this.#buffers.keys()) {
      const resolved = await this.#resolve(path);
      if (typeof resolved !== 'object' || resolved.kind !== 'file') continue;
      if (this.#unsavedBytes(path, resolved, await this.#readDisk(path, resolved)) !== undefined) paths.push(path);
    }
    return paths.sort();
  }

  /** Forgets hashes of files; a folder stands for all below it, '' for everything. */
  invalidate(paths: readonly string[]): void {
    for (const path of paths) {
      if (path === '') this.#hashes.clear();
      else if (!this.#hashes.delete(path)) {
        for (const known of this.#hashes.keys()) if (known.startsWith(`${path}/`)) this.#hashes.delete(known);
      }
    }
  }

  /** Text of a file as an editor shows it, without a byte-order mark; undefined when there is no such file. */
  async readText(path: string): Promise<string | undefined> {
    const bytes = await this.read(path);
    return bytes === undefined ? undefined : decodeText(bytes);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const resolved = await this.#resolve(path);
    if (typeof resolved !== 'object' || resolved.kind !== 'file') return undefined;
    const bytes = await this.#readDisk(path, resolved);
    return this.#unsavedBytes(path, resolved, bytes) ?? bytes;
  }

  async hashOf(path: string): Promise<string | undefined> {
    const resolved = await this.#resolve(path);
    if (typeof resolved !== 'object' || resolved.kind !== 'file') return undefined;
    if (this.#bufferOf(path, resolved) !== undefined) {
      const bytes = await this.#readDisk(path, resolved);
      const unsaved = this.#unsavedBytes(path, resolved, bytes);
      if (unsaved !== undefined) return blobId(unsaved, this.#layout.objectFormat);
    }
    const { size, mtimeNs, ctimeNs, ino } = resolved.stats;
    const stamp = `${String(size)} ${String(mtimeNs)} ${String(ctimeNs)} ${String(ino)}`;
    const known = this.#hashes.get(resolved.real);
    if (known?.stamp === stamp) return known.hash;
    const hash = blobId(await this.#readDisk(path, resolved), this.#layout.objectFormat);
    const isRacy = BigInt(Date.now()) * 1_000_000n - mtimeNs < RACY_NS;
    if (isRacy) this.#hashes.delete(resolved.real);
    else this.#hashes.set(resolved.real, { stamp, hash });
    return hash;
  }

  async kindOf(path: string): Promise<EntryKind | undefined> {
    const resolved = await this.#resolve(path);
    return typeof resolved === 'object' ? resolved.kind : resolved;
  }

  async list(folder: string): Promise<readonly TreeEntry[] | undefined> {
    const normalized = normalPath(folder);
    const resolved = await this.#resolve(folder);
    if (normalized === undefined || typeof resolved !== 'object' || resolved.kind !== 'directory') return undefined;
    const entries: TreeEntry[] = [];
    let found: Dirent[];
    try {
      found = await readdir(resolved.absolute, { withFileTypes: true });
    } catch (error) {
      throwUnlessAbsent(error, folder);
      return undefined;
    }
    for (const entry of found) {
      const { name } = entry;
      if (name.toLowerCase() === '.git') continue;
      if (entry.isFile()) entries.push({ name, kind: 'file', isLink: false });
      else if (entry.isDirectory()) {
        const isSubmodule = await exists(join(resolved.absolute, name, '.git'));
        entries.push({ name, kind: isSubmodule ? 'submodule' : 'directory', isLink: false });
      } else if (entry.isSymbolicLink()) {
        const kind = (await this.kindOf(joinPath(normalized, name))) ?? 'unreachable';
        entries.push({ name, kind, isLink: true });
      }
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #resolve(path: string): Promise<Resolved | 'unreachable' | undefined> {
    const normalized = normalPath(path);
    if (normalized === undefined || isGitInternal(normalized) || (sep === '\\' && /[\\:]/.test(normalized))) return undefined;
    let absolute: string;
    let stats: BigIntStats;
    try {
      absolute = await realpath(join(this.#layout.realRoot, normalized));
      stats = await stat(absolute, { bigint: true });
    } catch (error) {
      throwUnlessAbsent(error, path);
      return (await isLink(join(this.#layout.realRoot, normalized))) ? 'unreachable' : undefined;
    }
    const real = inside(this.#layout.realRoot, absolute);
    if (real === undefined || isGitInternal(real)) return 'unreachable';
    if (stats.isFile()) return { kind: 'file', real, absolute, stats };
    if (!stats.isDirectory()) return 'unreachable';
    const isSubmodule = real !== '' && (await exists(join(absolute, '.git')));
    return { kind: isSubmodule ? 'submodule' : 'directory', real, absolute, stats };
  }

  async #readDisk(path: string, { absolute, stats }: Resolved): Promise<Buffer> {
    if (stats.size > BigInt(MAX_FILE_BYTES))
      throw new AppError('file-too-large', { file: path, size: Number(stats.size), limit: MAX_FILE_BYTES });
    try {
      // Without blocking: the file may have become a pipe since it was looked at.
      const handle = await open(absolute, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw new AppError('file-unreadable', { file: path, message: systemCode(error) }, { cause: error });
    }
  }

  #bufferOf(path: string, resolved: Resolved): string | undefined {
    return this.#buffers.get(resolved.real) ?? this.#buffers.get(normalPath(path) ?? path);
  }

  /** The bytes that saving the open buffer would write, when it differs from the disk. */
  #unsavedBytes(path: string, resolved: Resolved, disk: Uint8Array): Uint8Array | undefined {
    const text = this.#bufferOf(path, resolved);
    return text === undefined || text === decodeText(disk) ? undefined : encodeText(text, disk);
  }
}

/** The path below a folder with `/`, '' for the folder itself, undefined when outside. */
function inside(folder: string, absolute: string): string | undefined {
  const path = relative(folder, absolute);
  if (path === '..' || path.startsWith(`..${sep}`) || resolve(folder, path) !== absolute || /^[A-Za-z]:/.test(path)) return undefined;
  return path.split(sep).join('/');
}

async function isLink(absolute: string): Promise<boolean> {
  return lstat(absolute).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

async function exists(absolute: string): Promise<boolean> {
  return stat(absolute).then(
    () => true,
    () => false,
  );
}

function throwUnlessAbsent(error: unknown, path: string): void {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG' || code === 'EINVAL') return;
  throw new AppError('file-unreadable', { file: path, message: code }, { cause: error });
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
