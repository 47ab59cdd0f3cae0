import { Limiter } from '../../base/async.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { ANSWER, lookAnswer } from '../../upstream/renderer.ts';
import type { RendererModule } from './rendererModule.ts';
import type { RenderLimits } from './renderLimits.ts';
import { type JobOutcome, type JobRequest, type Lookup, RenderWorker } from './renderWorker.ts';

/** A worker whose module has grown beyond this is replaced when it is idle, since WebAssembly memory never shrinks. */
const RECYCLE_BYTES = 512 << 20;
/** One that has grown beyond this makes room for a fresh one after so short a rest; what is compiled stays, so that it starts at once. */
const LARGE_BYTES = 96 << 20;
const LARGE_IDLE_MS = 3_000;

const program = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.mjs';

/** How urgent a job is, and how to cancel it. */
export interface RenderOptions {
  readonly signal: AbortSignal;
  /** true: goes before everything that waits in the background */
  readonly interactive?: boolean;
  /** overrides {@link RenderLimits.timeoutMs} */
  readonly timeoutMs?: number;
}

/** What a worker is asked; limits and cancelling come from the pool and the {@link RenderOptions}. */
export type PoolJob = Pick<JobRequest, 'request' | 'text' | 'lookup'>;

/** For jobs that read no files: whatever they look for is not there. */
export const nothingThere: Lookup = () => Promise.resolve(lookAnswer(ANSWER.absent));

/** The threads that the renderer runs in: started when there is work, and ended when they rest or have grown too large. */
export class WorkerPool implements Disposable {
  readonly #module: RendererModule;
  readonly #limits: RenderLimits;
  readonly #limiter: Limiter;
  readonly #idle: RenderWorker[] = [];
  readonly #workers = new Set<RenderWorker>();
  readonly #abort = new AbortController();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(module: RendererModule, limits: RenderLimits) {
    this.#module = module;
    this.#limits = limits;
    this.#limiter = new Limiter(limits.workers);
  }

  /**
   * Runs a job as soon as a worker is free for it.
   * @throws the signal's reason when cancelled; AppError `renderer-failed` when the renderer itself is not there
   */
  run(job: PoolJob, { signal, interactive = false, timeoutMs = this.#limits.timeoutMs }: RenderOptions): Promise<JobOutcome> {
    return this.#limiter.run(
      async () => {
        const worker = await this.#takeWorker();
        try {
          return await worker.run({ ...job, timeoutMs, maxOutputBytes: this.#limits.maxOutputBytes, signal });
        } finally {
          this.#giveBack(worker);
        }
      },
      { signal, interactive },
    );
  }

  /** Compiles the module and starts a worker, so that the next job does not wait for it. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.run({ request: { op: 'parse', seed: 0 }, text: new TextEncoder().encode('a: 1\n'), lookup: nothingThere }, { signal });
  }

  dispose(): void {
    this.#abort.abort();
    clearTimeout(this.#idleTimer);
    for (const worker of this.#workers) worker.dispose();
    this.#workers.clear();
  }

  async #takeWorker(): Promise<RenderWorker> {
    clearTimeout(this.#idleTimer);
    const idle = this.#idle.pop();
    if (idle?.isAlive === true) return idle;
    const worker = new RenderWorker(new URL(program, import.meta.url), this.#limits);
    this.#workers.add(worker);
    try {
      worker.load(await this.#module.compiled());
    } catch (error) {
      this.#workers.delete(worker);
      worker.dispose();
      throw error;
    }
    return worker;
  }

  #giveBack(worker: RenderWorker): void {
    if (worker.isAlive && worker.memoryBytes <= RECYCLE_BYTES && !this.#abort.signal.aborted) this.#idle.push(worker);
    else {
      worker.dispose();
      this.#workers.delete(worker);
    }
    const isLarge = LARGE_IDLE_MS < this.#limits.idleMs && this.#idle.some(({ memoryBytes }) => memoryBytes > LARGE_BYTES);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(
      () => {
        for (const idle of this.#idle.splice(0)) {
          idle.dispose();
          this.#workers.delete(idle);
        }
        if (isLarge) this.warmUp(this.#abort.signal).catch(ignore);
      },
      isLarge ? LARGE_IDLE_MS : this.#limits.idleMs,
    ).unref();
  }
}

/** A renderer that cannot start is told by the next who needs it. */
const ignore = (): void => undefined;
