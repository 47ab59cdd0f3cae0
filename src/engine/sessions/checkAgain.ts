import type { Verdict } from '../model/states.ts';

interface Waiting {
  readonly attempts: number;
  readonly atMs: number;
}

const FIRST_MS = 2_000;
const LONGEST_MS = 300_000;

/** Refusals that say something of the server's state, not of the object: the same question may get an answer later. */
const PASSING = new Set([
  'server-error',
  'webhook-failed',
  'server-timeout',
  'too-many-requests',
  'unreachable',
  'timed-out',
  'tls-failed',
  'conflict',
  'gone',
  'live-keeps-changing',
  'owner-read-failed',
]);

/** Whether a verdict is for want of an answer that a later attempt may get. */
export function isPassing(verdict: Pick<Verdict, 'reason'>): boolean {
  return verdict.reason !== undefined && PASSING.has(verdict.reason.code);
}

/** Remembers which checks came to nothing for a passing reason, and when each is due again: after 2 s, then twice as long each time, to 5 min. */
export class CheckAgain {
  readonly #waiting = new Map<string, Waiting>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A check had no end: its connection broke, or a part of what it needs could not be read. */
  failed(id: string): void {
    const attempts = (this.#waiting.get(id)?.attempts ?? 0) + 1;
    const waitMs = Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS);
    this.#waiting.set(id, { attempts, atMs: this.#now() + waitMs });
  }

  /** A check ended with this verdict; a passing one is noted like a failure. */
  checked(id: string, verdict: Pick<Verdict, 'reason'>): void {
    if (isPassing(verdict)) this.failed(id);
    else this.#waiting.delete(id);
  }

  /** What is due now. Each id comes back until {@link checked} is told of a verdict that stands. */
  due(): readonly string[] {
    const now = this.#now();
    return [...this.#waiting].flatMap(([id, { atMs }]) => (atMs <= now ? [id] : []));
  }

  /** The server answers again, or a watch is in sync: everything that waits is due now, and waits as briefly as at first. */
  hurry(): void {
    for (const id of this.#waiting.keys()) this.#waiting.set(id, { attempts: 0, atMs: this.#now() });
  }

  /** Keeps only the ids that are still there. */
  retain(has: (id: string) => boolean): void {
    for (const id of this.#waiting.keys()) if (!has(id)) this.#waiting.delete(id);
  }
}
