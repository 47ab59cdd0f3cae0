import type { BackgroundRunner } from '../../base/async.ts';
import { isAbortError } from '../../base/errors.ts';
import { Emitter, type Event } from '../../base/events.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Verdict } from '../model/states.ts';
import type { Judge } from './judge.ts';
import type { JudgeContext, JudgeInput } from './judgement.ts';

/** What is to be judged: read when its turn comes, so that it is never older than the wait. */
export interface JudgeTask {
  /** identity of the comparison, e.g. application and object; a later request of the same id replaces a waiting one */
  readonly id: string;
  /** undefined: there is nothing to be judged any more */
  readonly read: () => { readonly input: JudgeInput; readonly context: JudgeContext } | undefined;
  /** what a person looks at goes first */
  readonly isInteractive: boolean;
}

/** The end of one task. */
export type JudgeResult =
  | { readonly id: string; readonly verdict: Verdict }
  /** the connection was lost or the code failed: the last verdict stands */
  | { readonly id: string; readonly error: unknown };

/** Longest stretch of proofs without giving way to other work of the process, in milliseconds. */
const SLICE_MS = 8;

/**
 * Judges objects in the background: one task per object however often it is asked for, interactive ones first, proofs in short slices,
 * dry-runs side by side (as many as the judge's limiter lets). Results come in batches.
 */
export class VerdictScheduler implements Disposable {
  readonly #judge: Judge;
  readonly #background: BackgroundRunner;
  readonly #lanes: { readonly interactive: Map<string, JudgeTask>; readonly normal: Map<string, JudgeTask> } = {
    interactive: new Map(),
    normal: new Map(),
  };
  readonly #running = new Map<string, { next: JudgeTask | undefined }>();
  readonly #onDidJudge = new Emitter<readonly JudgeResult[]>();
  #results: JudgeResult[] = [];
  #isDraining = false;
  #isDisposed = false;
  #idleWaiters: (() => void)[] = [];

  /**
   * @param judge makes the verdicts
   * @param background runs what nobody awaits
   */
  constructor(judge: Judge, background: BackgroundRunner) {
    this.#judge = judge;
    this.#background = background;
  }

  /** Fires with every batch of results, at the latest when a slice ends. */
  get onDidJudge(): Event<readonly JudgeResult[]> {
    return this.#onDidJudge.event;
  }

  /** Tasks that wait or run. */
  get pending(): number {
    return this.#lanes.interactive.size + this.#lanes.normal.size + this.#running.size;
  }

  /** Asks for a verdict. While the object is being judged, it is judged once more afterwards. */
  request(task: JudgeTask): void {
    if (this.#isDisposed) return;
    const running = this.#running.get(task.id);
    if (running !== undefined) {
      running.next = task;
      return;
    }
    if (task.isInteractive || this.#lanes.interactive.has(task.id)) {
      this.#lanes.normal.delete(task.id);
      this.#lanes.interactive.set(task.id, task);
    } else this.#lanes.normal.set(task.id, task);
    this.#drain();
  }

  /** Forgets what waits under an id; a running judgement ends without a result. */
  cancel(id: string): void {
    this.#lanes.interactive.delete(id);
    this.#lanes.normal.delete(id);
    const running = this.#running.get(id);
    if (running !== undefined) running.next = undefined;
    this.#settle();
  }

  /** Resolves when nothing waits or runs. */
  idle(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#lanes.interactive.clear();
    this.#lanes.normal.clear();
    this.#onDidJudge.dispose();
    this.#settle();
  }

  #take(): JudgeTask | undefined {
    for (const lane of [this.#lanes.interactive, this.#lanes.normal]) {
      for (const [id, task] of lane) {
        lane.delete(id);
        return task;
      }
    }
    return undefined;
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#background.run('judge objects', async () => {
      try {
        await nextTurn();
        let sliceStart = performance.now();
        for (let task = this.#take(); task !== undefined; task = this.#take()) {
          this.#start(task);
          if (performance.now() - sliceStart < SLICE_MS) continue;
          this.#publish();
          await nextTurn();
          sliceStart = performance.now();
        }
      } finally {
        this.#isDraining = false;
        this.#publish();
        this.#settle();
      }
    });
  }

  #start(task: JudgeTask): void {
    const read = task.read();
    if (read === undefined) return;
    const local = this.#attempt(task.id, () => this.#judge.judgeLocally(read.input, read.context));
    if (local === undefined) return;
    if ('verdict' in local) {
      this.#results.push({ id: task.id, verdict: local.verdict });
      return;
    }
    this.#running.set(task.id, { next: undefined });
    this.#background.run('judge an object', async (signal) => {
      let result: JudgeResult | undefined;
      try {
        const verdict = await this.#judge.judge(read.input, read.context, { signal, isInteractive: task.isInteractive, local });
        result = { id: task.id, verdict };
      } catch (error) {
        if (!isAbortError(error)) result = { id: task.id, error };
      }
      this.#finish(task.id, result);
    });
  }

  #attempt<T>(id: string, judge: () => T): T | undefined {
    try {
      return judge();
    } catch (error) {
      this.#results.push({ id, error });
      return undefined;
    }
  }

  #finish(id: string, result: JudgeResult | undefined): void {
    const next = this.#running.get(id)?.next;
    this.#running.delete(id);
    if (result !== undefined) this.#results.push(result);
    if (next !== undefined) this.request(next);
    if (!this.#isDraining) this.#publish();
    this.#settle();
  }

  #publish(): void {
    if (this.#results.length === 0 || this.#isDisposed) return;
    const results = this.#results;
    this.#results = [];
    this.#onDidJudge.fire(results);
  }

  #settle(): void {
    if (this.pending > 0 || this.#isDraining) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
