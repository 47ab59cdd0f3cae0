import type { Event } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Reason } from '../model/states.ts';
import type { RepositoryLayout } from './layout.ts';

/** What changed in a repository within one debounce window (40 ms). */
export interface RepositoryChange {
  /** another branch or commit is checked out, or an operation (merge, rebase ...) began or ended */
  readonly headChanged: boolean;
  /** any branch or remote branch moved, appeared or went */
  readonly refsChanged: boolean;
  readonly indexChanged: boolean;
  /** a fetch ended (also one that brought nothing) */
  readonly fetched: boolean;
  /** `.git/config` changed: upstreams, remotes */
  readonly configChanged: boolean;
  /** files and folders of the working tree relative to the root, with `/`; a folder stands for all below it */
  readonly paths: readonly string[];
  /** the root or its `.git` is gone; the watcher has ended */
  readonly isGone: boolean;
}

/** Watches a repository without polling and without processes. */
export declare class RepositoryWatcher implements Disposable {
  /** @param onProblem e.g. `watch-limit`: too many folders for the system's limit of watches */
  constructor(layout: RepositoryLayout, onProblem: (reason: Reason) => void);
  readonly onChange: Event<RepositoryChange>;
  /** Resolves when all folders are watched. */
  start(signal: AbortSignal): Promise<void>;
  dispose(): void;
}
