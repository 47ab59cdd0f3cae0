import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { Disposable } from '../../base/lifecycle.ts';

/** What a watch of a folder tells. Paths are relative to the folder, with `/`; '' is the folder itself. */
export interface FolderWatchListener {
  /** something at this path came, changed or went; a folder stands for all below it */
  onPath(path: string): void;
  /** the folder itself is gone; nothing more is told */
  onGone(): void;
  /** folders below this one are not watched; `code` is the system's, e.g. ENOSPC */
  onLimit(path: string, code: string): void;
}

/** One watched folder; its inode tells a folder that was deleted and made again. */
interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/** Names that are not looked into. */
const IGNORED_NAMES: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/**
 * Watches a folder with everything below it, except `.git` and `node_modules`. On Linux one inotify watch per folder, since
 * Node's own recursive watch there cannot leave folders out; elsewhere the system's recursive watch.
 */
export class FolderWatch implements Disposable {
  readonly #root: string;
  readonly #listener: FolderWatchListener;
  readonly #watched = new Map<string, Watched>();
  #isDisposed = false;
  #isAtLimit = false;

  /** @param root absolute path of an existing folder */
  constructor(root: string, listener: FolderWatchListener) {
    this.#root = root;
    this.#listener = listener;
  }

  /** Resolves when everything is watched. */
  async start(): Promise<void> {
    if (process.platform === 'linux') await this.#add('');
    else this.#watchNatively();
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #watchNatively(): void {
    const watcher = watch(this.#root, { persistent: false, recursive: true }, (_event, name) => {
      const path = (name ?? '').split(sep).join('/');
      if (path.split('/').some((segment) => IGNORED_NAMES.has(segment))) return;
      this.#listener.onPath(path);
      if (path === '' || path === basename(this.#root)) this.#inBackground(this.#checkRoot());
    });
    watcher.on('error', () => {
      this.#inBackground(this.#checkRoot());
    });
    this.#watched.set('', { watcher, inode: 0 });
  }

  /** Watches a folder, then what is in it: so nothing that comes meanwhile is missed. */
  async #add(path: string): Promise<void> {
    const folder = join(this.#root, path);
    const stats = await lstat(folder).catch(() => undefined);
    if (this.#isDisposed || stats?.isDirectory() !== true) return;
    if (this.#watched.get(path)?.inode === stats.ino) return;
    if (this.#watched.has(path)) this.#drop(path);
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        this.#onEvent(path, event, name);
      });
      watcher.on('error', () => {
        this.#drop(path);
        this.#listener.onPath(path);
        if (path === '') this.#inBackground(this.#checkRoot());
      });
      this.#watched.set(path, { watcher, inode: stats.ino });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      if (code !== 'ENOENT' && !this.#isAtLimit) {
        this.#isAtLimit = true;
        this.#listener.onLimit(path, code);
      }
      return;
    }
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const folders = entries.filter((entry) => entry.isDirectory() && !IGNORED_NAMES.has(entry.name));
    await Promise.all(folders.map((entry) => this.#add(path === '' ? entry.name : `${path}/${entry.name}`)));
  }

  #onEvent(folder: string, event: string, name: string | null): void {
    if (this.#isDisposed) return;
    if (event === 'rename' && (name === null || name === basename(join(this.#root, folder)))) {
      // Perhaps the folder itself went, and another, even with the same inode, may stand in its place.
      if (folder === '') this.#inBackground(this.#checkRoot());
      else {
        this.#drop(folder);
        this.#inBackground(this.#follow(folder));
      }
    }
    if (name === null) this.#listener.onPath(folder);
    else if (!IGNORED_NAMES.has(name)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      this.#listener.onPath(path);
      if (event === 'rename') this.#inBackground(this.#follow(path));
    }
  }

  /** After a name came or went: watches a new folder, forgets one that is gone. */
  async #follow(path: string): Promise<void> {
    const stats = await lstat(join(this.#root, path)).catch(() => undefined);
    if (stats?.isDirectory() !== true) {
      this.#drop(path);
      return;
    }
    if (this.#watched.get(path)?.inode === stats.ino) return;
    await this.#add(path);
    if (!this.#isDisposed) this.#listener.onPath(path);
  }

  #drop(path: string): void {
    for (const [known, { watcher }] of this.#watched) {
      if (known !== path && path !== '' && !known.startsWith(`${path}/`)) continue;
      watcher.close();
      this.#watched.delete(known);
    }
  }

  async #checkRoot(): Promise<void> {
    const stats = await lstat(this.#root).catch(() => undefined);
    const inode = this.#watched.get('')?.inode;
    if (this.#isDisposed || (stats !== undefined && (inode === undefined || inode === 0 || inode === stats.ino))) return;
    this.dispose();
    this.#listener.onGone();
  }

  /** All failures of these are handled where they arise; what is left is a fault of this class and must be seen. */
  #inBackground(task: Promise<void>): void {
    task.catch((error: unknown) => {
      queueMicrotask(() => {
        throw error;
      });
    });
  }
}
