import { type FSWatcher, watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackgroundRunner } from '../../base/async.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { isRepositoryTop } from './layout.ts';

const gitName = '.git';

/**
 * Watches a folder that is no repository for the moment when it becomes the top of one, as by `git init`. Told once, when Git's
 * folder is whole: `git init` makes its parts one by one. Parents are not watched.
 */
export class RepositoryArrival implements Disposable {
  readonly #folder: string;
  readonly #background: BackgroundRunner;
  readonly #onArrival: () => void;
  #folderWatcher: FSWatcher | undefined;
  #gitWatcher: { readonly watcher: FSWatcher; readonly inode: number } | undefined;
  #isDisposed = false;

  /**
   * @param folder absolute path; one that does not exist is not watched
   * @param onArrival called at most once, never after {@link dispose}
   */
  constructor(folder: string, background: BackgroundRunner, onArrival: () => void) {
    this.#folder = folder;
    this.#background = background;
    this.#onArrival = onArrival;
  }

  /** Begins; a repository that is there by now is told of, too. */
  start(): void {
    this.#folderWatcher = watchNames(this.#folder, (name) => {
      if (name !== null && name !== gitName) return;
      // Another folder may stand there by now, even with the same inode.
      this.#gitWatcher?.watcher.close();
      this.#gitWatcher = undefined;
      this.#lookSoon();
    });
    this.#lookSoon();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#folderWatcher?.close();
    this.#gitWatcher?.watcher.close();
  }

  #lookSoon(): void {
    if (!this.#isDisposed) this.#background.run(`look for a repository in ${this.#folder}`, () => this.#look());
  }

  async #look(): Promise<void> {
    // Watched before it is read: what comes meanwhile is looked at again.
    await this.#watchGitFolder();
    if (!(await isRepositoryTop(this.#folder)) || this.#isDisposed) return;
    this.dispose();
    this.#onArrival();
  }

  async #watchGitFolder(): Promise<void> {
    const gitFolder = join(this.#folder, gitName);
    const stats = await lstat(gitFolder).catch(() => undefined);
    if (this.#isDisposed || this.#gitWatcher?.inode === stats?.ino) return;
    this.#gitWatcher?.watcher.close();
    const watcher =
      stats?.isDirectory() === true
        ? watchNames(gitFolder, () => {
            this.#lookSoon();
          })
        : undefined;
    this.#gitWatcher = watcher === undefined || stats === undefined ? undefined : { watcher, inode: stats.ino };
  }
}

/** Watches the names in a folder; undefined when it is gone or the system watches no more: a refresh finds the repository then. */
function watchNames(folder: string, onName: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      onName(name);
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    return undefined;
  }
}
