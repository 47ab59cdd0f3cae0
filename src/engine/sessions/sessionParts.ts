import { Throttler } from '../../base/async.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { PodFollowers } from '../live/podFollowers.ts';
import type { ApplicationServices } from './applicationSession.ts';
import { CheckQueue } from './checkQueue.ts';
import { ProgressLooks } from './progressLooks.ts';
import { SyncedSide } from './syncedSide.ts';

/** What a session does in the background. */
export interface SessionWork {
  /** id of the application, under which failures are reported */
  readonly id: string;
  readonly compare: () => Promise<void>;
  readonly check: () => Promise<void>;
  /** one of both has ended, and none of it waits */
  readonly idle: () => void;
}

/** What an application needs once it is looked at; made then, since a fleet has thousands that nobody looks at. */
export class SessionParts implements Disposable {
  readonly #abort = new AbortController();
  readonly queue: CheckQueue;
  readonly looks = new ProgressLooks();
  readonly followers = new PodFollowers();
  readonly synced: SyncedSide;
  readonly refresh: Throttler;
  readonly check: Throttler;
  /** fires when the session or the engine ends */
  readonly signal: AbortSignal;

  constructor({ repo, renderer, checker, background }: ApplicationServices, { id, compare, check, idle }: SessionWork) {
    this.queue = new CheckQueue(checker);
    this.synced = new SyncedSide(repo, renderer);
    this.refresh = new Throttler(background, `compare ${id}`, compare, idle);
    this.check = new Throttler(background, `check ${id}`, check, idle);
    this.signal = AbortSignal.any([background.signal, this.#abort.signal]);
  }

  dispose(): void {
    this.#abort.abort();
  }
}
