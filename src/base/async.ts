import { isAbortError, toError } from './errors.ts';
import { type Disposable, toDisposable } from './lifecycle.ts';
import type { Logger } from './log.ts';

/** Rejects like `promise`, or with the signal's reason as soon as the signal fires. */
export function raceWithSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // Nobody waits for it any more: its failure must not count as unhandled.
    promise.catch(() => undefined);
    return Promise.reject(signal.reason as Error);
  }
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/**
 * Runs a task with a signal that fires when any of these does, as long as the task runs. `AbortSignal.any` would leave a record with each
 * long-lived signal that it was made from, for as long as that one lives (Node 24): here nothing stays.
 */
export async function withAnySignal<T>(signals: readonly AbortSignal[], task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onAbort = (event: Event): void => {
    controller.abort((event.target as AbortSignal).reason);
  };
  const fired = signals.find(({ aborted }) => aborted);
  if (fired === undefined) for (const signal of signals) signal.addEventListener('abort', onAbort);
  else controller.abort(fired.reason);
  try {
    return await task(controller.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves after a time, or rejects when the signal fires. For back-off; never to guess when something is done. */
export function delay(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Runs tasks that nobody awaits, under a name, and reports their failures in one place. */
export class BackgroundRunner implements Disposable {
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #onError: (name: string, error: unknown) => void;

  /** @param onError receives every failure that is not a cancellation */
  constructor(onError: (name: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Fires when the runner is disposed. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Starts a task; its failure is reported under `name`, its cancellation is silent. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    if (this.#abort.signal.aborted) return;
    const promise = (async () => {
      try {
        await task(this.#abort.signal);
      } catch (error) {
        if (!isAbortError(error)) this.#onError(name, error);
      }
    })();
    this.#running.add(promise);
    void promise.finally(() => this.#running.delete(promise));
  }

  /** Waits until no task runs, including tasks started meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  dispose(): void {
    this.#abort.abort();
  }
}

/** A runner whose failures go to a log, as errors. */
export function loggingRunner(log: Logger): BackgroundRunner {
  return new BackgroundRunner((name, error) => {
    log.error(`${name}: ${toError(error).message}`);
  });
}

/** At most `limit` tasks at a time; interactive tasks go before waiting background ones. */
export class Limiter {
  readonly #limit: number;
  readonly #interactive: (() => void)[] = [];
  readonly #background: (() => void)[] = [];
  #active = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs a task when its turn comes; an abort while it waits takes it out of the queue. */
  async run<T>(task: () => Promise<T>, options: { signal?: AbortSignal; interactive?: boolean } = {}): Promise<T> {
    await this.#enter(options.interactive === true ? this.#interactive : this.#background, options.signal);
    try {
      options.signal?.throwIfAborted();
      return await task();
    } finally {
      this.#active -= 1;
      (this.#interactive.shift() ?? this.#background.shift())?.();
    }
  }

  #enter(queue: (() => void)[], signal?: AbortSignal): Promise<void> {
    if (this.#active < this.#limit) {
      this.#active += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', cancel);
        this.#active += 1;
        resolve();
      };
      const cancel = (): void => {
        const position = queue.indexOf(start);
        if (position >= 0) queue.splice(position, 1);
        reject(signal?.reason as Error);
      };
      queue.push(start);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }
}

/**
 * Calls `action` at most once per `intervalMs`, first call at once, later ones at the end of the interval.
 * @param longestMs while requests do not end, intervals double up to this
 * @returns `request` to ask for a call, and `dispose`
 */
export function coalesce(intervalMs: number, action: () => void, longestMs = intervalMs): Disposable & { request(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isRequested = false;
  let pauseMs = intervalMs;
  const elapsed = (): void => {
    timer = undefined;
    pauseMs = isRequested ? Math.min(pauseMs * 2, longestMs) : intervalMs;
    if (isRequested) start();
  };
  const start = (): void => {
    isRequested = false;
    timer = setTimeout(elapsed, pauseMs);
    action();
  };
  const end = toDisposable(() => {
    isRequested = false;
    clearTimeout(timer);
    timer = setTimeout(() => undefined, 0);
    clearTimeout(timer);
  });
  return {
    request() {
      isRequested = true;
      if (timer === undefined) start();
    },
    dispose: () => {
      end.dispose();
    },
  };
}

/** Runs a task in the background: one run at a time and at most one more waiting, however often it is asked for. */
export class Throttler {
  readonly #background: BackgroundRunner;
  readonly #name: string;
  readonly #task: (signal: AbortSignal) => Promise<void>;
  readonly #onIdle: () => void;
  #isRunning = false;
  #isQueued = false;

  /**
   * @param name under which failures are reported
   * @param onIdle called when a run has ended and none waits
   */
  constructor(
    background: BackgroundRunner,
    name: string,
    task: (signal: AbortSignal) => Promise<void>,
    onIdle: () => void = () => undefined,
  ) {
    this.#background = background;
    this.#name = name;
    this.#task = task;
    this.#onIdle = onIdle;
  }

  /** Whether a run is under way or waiting. */
  get isBusy(): boolean {
    return this.#isRunning;
  }

  /** Asks for a run that starts after now. */
  request(): void {
    this.#isQueued = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#background.run(this.#name, async (signal) => {
      try {
        while (this.#takeQueued()) await this.#task(signal);
      } finally {
        this.#isRunning = false;
        this.#onIdle();
      }
    });
  }

  #takeQueued(): boolean {
    const isQueued = this.#isQueued;
    this.#isQueued = false;
    return isQueued;
  }
}

/**
 * Lets other work of the event loop run between the parts of a long synchronous job.
 * @param sliceMs how long a part may run before the next call waits for the loop
 * @returns call and await it between parts
 */
export function timeSlices(sliceMs: number): () => Promise<void> {
  let startedAt = performance.now();
  return async () => {
    if (performance.now() - startedAt < sliceMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    startedAt = performance.now();
  };
}
