import { isUnwell } from '../health/eventCause.ts';
import { stringAt } from '../model/json.ts';
import type { TrackedObject } from './trackedObject.ts';

interface Look {
  /** what the object looked like */
  readonly state: string;
  readonly waitMs: number;
  readonly atMs: number;
}

const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;

/**
 * When to look again at objects that are not well, since time alone may change what they are called (kstatus calls a Pod unschedulable
 * 15 s after its creation) and what their cause is (a warning that is not told again is over): after 5 s, then twice as long each time
 * while nothing of them changes, to a minute.
 */
export class ProgressLooks {
  readonly #looks = new Map<string, Look>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The ids of the objects to look at now. @param objects all of the application; those that are gone or healthy are forgotten */
  due(objects: ReadonlyMap<string, Pick<TrackedObject, 'health' | 'live'>>): readonly string[] {
    const now = this.#now();
    const due: string[] = [];
    for (const id of this.#looks.keys()) if (!isUnwell(objects.get(id)?.health)) this.#looks.delete(id);
    for (const [id, { health, live }] of objects) {
      if (!isUnwell(health)) continue;
      const state = `${stringAt(live?.metadata, 'resourceVersion') ?? ''} ${health?.message ?? ''}`;
      const last = this.#looks.get(id);
      if (last?.state === state && now < last.atMs) continue;
      const waitMs = last?.state === state ? Math.min(last.waitMs * 2, LONGEST_MS) : FIRST_MS;
      this.#looks.set(id, { state, waitMs, atMs: now + waitMs });
      if (last !== undefined) due.push(id);
    }
    return due;
  }
}
