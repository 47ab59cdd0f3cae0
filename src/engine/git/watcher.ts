import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Emitter, type Event } from '../../base/events.ts';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle.ts';
import type { Reason } from '../model/states.ts';
import { FolderWatch } from './folderWatch.ts';
import type { RepositoryLayout } from './layout.ts';
import { operationNames } from './operation.ts';

/** What changed in a repository within one window of {@link WINDOW_MS}. */
export interface RepositoryChange {
  /** another branch is checked out, or an operation (merge, rebase ...) began or ended */
  readonly headChanged: boolean;
  /** a branch or remote branch moved, appeared or went; so also each commit on the checked-out branch */
  readonly refsChanged: boolean;
  /** the index was written, or its lock came or went */
  readonly indexChanged: boolean;
  /** a fetch ended, also one that brought nothing */
  readonly fetched: boolean;
  /** `.git/config` changed: upstreams, remotes */
  readonly configChanged: boolean;
  /** files and folders of the working tree relative to the root, with `/`, sorted; a folder stands for all below it, '' for everything */
  readonly paths: readonly string[];
  /** the root or its `.git` is gone; the watcher has ended */
  readonly isGone: boolean;
}

type Flag = Exclude<keyof RepositoryChange, 'paths'>;

const WINDOW_MS = 40;

/** The names in a Git folder that matter, and what they tell. */
const GIT_FILES: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['HEAD', 'headChanged'],
  ['index', 'indexChanged'],
  ['index.lock', 'indexChanged'],
  ['FETCH_HEAD', 'fetched'],
  ['packed-refs', 'refsChanged'],
  ['config', 'configChanged'],
  ['config.worktree', 'configChanged'],
  ...[...operationNames].map((name): [string, Flag] => [name, 'headChanged']),
]);

/** Watches a repository: HEAD, refs, index, configuration and the working tree. No polling, no processes. */
export class RepositoryWatcher implements Disposable {
  readonly #layout: RepositoryLayout;
  readonly #onProblem: (reason: Reason) => void;
  readonly #store = new DisposableStore();
  readonly #emitter = new Emitter<RepositoryChange>();
  readonly #flags = new Set<Flag>();
  readonly #paths = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** One event per window in which anything changed. */
  readonly onChange: Event<RepositoryChange> = this.#emitter.event;

  /** @param onProblem `watch-limit`: the system watches no more folders */
  constructor(layout: RepositoryLayout, onProblem: (reason: Reason) => void) {
    this.#layout = layout;
    this.#onProblem = onProblem;
    this.#store.add(this.#emitter);
    this.#store.add(
      toDisposable(() => {
        clearTimeout(this.#timer);
      }),
    );
  }

  /** Resolves when everything is watched; changes from then on are told. */
  async start(): Promise<void> {
    const { realRoot, gitDir, commonDir } = this.#layout;
    const folders = new Set([gitDir, commonDir]);
    for (const folder of folders) this.#watchGitFolder(folder);
    const starts = [this.#watchTree(realRoot, (path) => this.#paths.add(path))];
    for (const name of ['refs', 'reftable']) {
      const hasFolder = await stat(join(commonDir, name)).then(
        () => true,
        () => false,
      );
      if (!hasFolder) continue;
      const onPath = (path: string): void => {
        if (path.endsWith('.lock')) return;
        this.#flags.add('refsChanged');
        // With reftable HEAD is in the table too.
        if (name === 'reftable') this.#flags.add('headChanged');
      };
      starts.push(this.#watchTree(join(commonDir, name), onPath));
    }
    await Promise.all(starts);
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #watchTree(folder: string, onPath: (path: string) => void): Promise<void> {
    const isRoot = folder === this.#layout.realRoot;
    const watch = new FolderWatch(folder, {
      onPath: (path) => {
        onPath(path);
        this.#request();
      },
      onGone: () => {
        if (isRoot) this.#end();
      },
      onLimit: (path, code) => {
        this.#onProblem({ code: 'watch-limit', details: { folder: join(folder, path), message: code } });
      },
    });
    this.#store.add(watch);
    await watch.start();
  }

  #watchGitFolder(folder: string): void {
    let watcher: FSWatcher;
    try {
      watcher = watch(folder, { persistent: false }, (event, name) => {
        const flag = name === null ? 'headChanged' : GIT_FILES.get(name);
        if (flag !== undefined) this.#mark(flag);
        if (event !== 'rename') return;
        // Its own name: the folder went, though another may stand in its place by now.
        if (name === basename(folder)) this.#end();
        else if (name === null) this.#checkGitFolder(folder);
      });
    } catch (error) {
      const message = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.#onProblem({ code: 'watch-limit', details: { folder, message } });
      return;
    }
    watcher.on('error', () => {
      this.#checkGitFolder(folder);
    });
    this.#store.add(
      toDisposable(() => {
        watcher.close();
      }),
    );
  }

  #checkGitFolder(folder: string): void {
    stat(folder).catch(() => {
      this.#end();
    });
  }

  #mark(flag: Flag): void {
    this.#flags.add(flag);
    this.#request();
  }

  #request(): void {
    if (this.#store.isDisposed) return;
    this.#timer ??= setTimeout(() => {
      this.#fire();
    }, WINDOW_MS);
  }

  #fire(): void {
    this.#timer = undefined;
    const has = (flag: Flag): boolean => this.#flags.has(flag);
    const change: RepositoryChange = {
      headChanged: has('headChanged'),
      refsChanged: has('refsChanged'),
      indexChanged: has('indexChanged'),
      fetched: has('fetched'),
      configChanged: has('configChanged'),
      paths: [...this.#paths].sort(),
      isGone: has('isGone'),
    };
    this.#flags.clear();
    this.#paths.clear();
    if (Object.values(change).some((value) => value === true) || change.paths.length > 0) this.#emitter.fire(change);
  }

  /** The repository is gone: tells it with what is still waiting, and ends. */
  #end(): void {
    if (this.#store.isDisposed) return;
    clearTimeout(this.#timer);
    this.#flags.add('isGone');
    this.#fire();
    this.dispose();
  }
}
