import { Throttler } from '../../base/async.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { isUnwell } from '../health/eventCause.ts';
import { PodFollowers } from '../live/podFollowers.ts';
import type { ApplicationServices } from './applicationServices.ts';
import { CheckQueue } from './checkQueue.ts';
import { ProgressLooks } from './progressLooks.ts';
import { SyncedSide } from './syncedSide.ts';
import type { TrackedObject } from './trackedObject.ts';

/** What a session does in the background. */
export interface SessionWork {
  /** id of the application, under which failures are reported */
  readonly id: string;
  readonly compare: () => Promise<void>;
  readonly check: () => Promise<void>;
  /** one of both has ended, and none of it waits; says whether it was the comparison */
  readonly idle: (isCompared: boolean) => void;
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
    this.refresh = new Throttler(background, `compare ${id}`, compare, () => {
      idle(true);
    });
    this.check = new Throttler(background, `check ${id}`, check, () => {
      idle(false);
    });
    this.signal = AbortSignal.any([background.signal, this.#abort.signal]);
  }

  /** Queues a look at the objects that time alone may have changed. */
  addLooks(objects: ReadonlyMap<string, TrackedObject>): void {
    for (const id of this.looks.due(objects)) this.queue.addLook(id);
    for (const id of this.followers.due(objects)) this.queue.addLook(id);
  }

  /** Queues a look at those of these objects that are not well: events may tell another cause now. @param keys `keyString`s */
  addUnwell(keys: ReadonlySet<string>, objects: ReadonlyMap<string, TrackedObject>): void {
    for (const id of keys) if (isUnwell(objects.get(id)?.health)) this.queue.addLook(id);
  }

  /** Queues those of these objects that schemas of these group-versions describe. */
  addDescribedBy(groupVersions: ReadonlySet<string>, objects: ReadonlyMap<string, TrackedObject>): void {
    for (const [id, { desired }] of objects) if (groupVersions.has(desired.apiVersion)) this.queue.add(id);
  }

  dispose(): void {
    this.#abort.abort();
  }
}
