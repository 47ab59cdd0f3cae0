import { raceWithSignal } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { RemoteKind, RemoteSource, RemoteSources } from '../render/remoteSources.ts';

/** What {@link PatientRemotes} is made of. */
export interface PatientRemotesOptions {
  /** asked at each use: the setting is on and the workspace is trusted */
  readonly isAllowed: () => boolean;
  readonly sources: RemoteSources;
  /** how long a render, and with it the only renderer, waits for a fetch, in ms; default one second */
  readonly patienceMs?: number;
  /** how long a failed fetch is not tried again, in ms; default 15 seconds */
  readonly failedMs?: number;
}

interface Failure {
  readonly error: unknown;
  readonly at: number;
}

const PATIENCE_MS = 1_000;
const FAILED_MS = 15_000;

/**
 * Lets a render wait for remote sources only shortly: a fetch that takes longer goes on without it, and the render is to be repeated after
 * {@link settled}. Each URL is fetched once at a time, whoever asks.
 */
export class PatientRemotes implements RemoteSources, Disposable {
  readonly #options: PatientRemotesOptions;
  readonly #running = new Map<string, Promise<RemoteSource>>();
  readonly #failures = new Map<string, Failure>();
  readonly #closed = new AbortController();

  constructor(options: PatientRemotesOptions) {
    this.#options = options;
  }

  /** Whether a fetch is under way. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when the fetches that are under way now have ended, however they end. */
  async settled(signal: AbortSignal): Promise<void> {
    await raceWithSignal(Promise.allSettled(this.#running.values()), signal);
  }

  async resolve(url: string, kind: RemoteKind, signal: AbortSignal): Promise<RemoteSource> {
    if (!this.#options.isAllowed()) {
      this.#failures.clear();
      throw new AppError('remote-base', { url });
    }
    const key = `${kind} ${url}`;
    const failure = this.#failures.get(key);
    if (failure !== undefined && Date.now() - failure.at <= (this.#options.failedMs ?? FAILED_MS)) throw failure.error;
    const fetching = this.#running.get(key) ?? this.#start(key, url, kind);
    const patience = AbortSignal.timeout(this.#options.patienceMs ?? PATIENCE_MS);
    try {
      return await raceWithSignal(fetching, AbortSignal.any([signal, patience]));
    } catch (error) {
      signal.throwIfAborted();
      if (error === patience.reason) throw new AppError('remote-failed', { url, problem: `${url} is still being fetched` });
      throw error;
    }
  }

  digestOf(url: string): Promise<string | undefined> {
    return this.#options.sources.digestOf(url);
  }

  dispose(): void {
    this.#closed.abort();
  }

  #start(key: string, url: string, kind: RemoteKind): Promise<RemoteSource> {
    const fetching = this.#options.sources.resolve(url, kind, this.#closed.signal);
    this.#running.set(key, fetching);
    fetching.then(
      () => {
        this.#running.delete(key);
        this.#failures.delete(key);
      },
      (error: unknown) => {
        this.#running.delete(key);
        this.#failures.set(key, { error, at: Date.now() });
      },
    );
    return fetching;
  }
}
