import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Disposable } from '../../base/lifecycle.ts';
import type { LookOperation } from '../../upstream/renderer.ts';
import type { WorkerFailure, WorkerJob, WorkerMessage, WorkerModule, WorkerSetup } from './workerMessages.ts';

/** Answers the looks of one job. */
export type Lookup = (operation: LookOperation, text: string) => Promise<Uint8Array>;

/** How a job ended. */
export type JobOutcome =
  { readonly kind: 'answer'; readonly bytes: Uint8Array } | { readonly kind: WorkerFailure | 'timeout'; readonly message: string };

/** One request for a worker. */
export interface JobRequest {
  readonly request: { readonly op: string; readonly seed: number };
  readonly text: Uint8Array;
  readonly lookup: Lookup;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
}

interface RunningJob {
  readonly id: number;
  readonly lookup: Lookup;
  readonly settle: (outcome: JobOutcome) => void;
}

const STACK_MB = 64;

/** How long a {@link RenderWorker} waits. */
export interface WorkerLimits {
  /** longest wait for one read, in ms */
  readonly timeoutMs: number;
  /** from a job's cancelling to the end of its thread, in ms */
  readonly cancelGraceMs: number;
}

/** One worker thread with one instance of the module. Runs one job at a time; a job that overruns its time costs the thread. */
export class RenderWorker implements Disposable {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #bell: Int32Array;
  #running: RunningJob | undefined;
  #lastId = 0;
  #memoryBytes = 0;
  #isDead = false;
  readonly #cancelGraceMs: number;

  /** Starts the thread. @param file the worker's program */
  constructor(file: URL, { timeoutMs: lookTimeoutMs, cancelGraceMs }: WorkerLimits) {
    this.#cancelGraceMs = cancelGraceMs;
    const { port1, port2 } = new MessageChannel();
    const bell = new SharedArrayBuffer(4);
    this.#bell = new Int32Array(bell);
    this.#port = port1;
    const workerData = { bell, port: port2, lookTimeoutMs } satisfies Omit<WorkerSetup, 'port'> & { port: MessagePort };
    this.#worker = new Worker(file, {
      workerData,
      transferList: [port2],
      resourceLimits: { stackSizeMb: STACK_MB },
      env: {},
      execArgv: [],
    });
    this.#worker.unref();
    this.#port.unref();
    this.#worker.on('message', (message: WorkerMessage) => {
      this.#onMessage(message);
    });
    this.#worker.on('error', (error) => {
      this.#end({ kind: 'crashed', message: String(error) });
    });
    this.#worker.on('exit', () => {
      this.#end({ kind: 'crashed', message: 'the render worker ended' });
    });
  }

  /** False once the thread has ended; make a new worker then. */
  get isAlive(): boolean {
    return !this.#isDead;
  }

  /** Bytes that the module's memory had grown to after the last job. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Hands over the compiled module; once, before the first job. */
  load(module: WebAssembly.Module): void {
    this.#worker.postMessage({ type: 'module', module } satisfies WorkerModule);
  }

  /** Runs a job to its end. Rejects with the signal's reason when cancelled; the promise then settles only when the thread is free or gone. */
  async run(job: JobRequest): Promise<JobOutcome> {
    job.signal.throwIfAborted();
    if (this.#isDead) return { kind: 'crashed', message: 'the renderer was closed' };
    this.#lastId += 1;
    const id = this.#lastId;
    const outcome = new Promise<JobOutcome>((settle) => {
      this.#running = { id, lookup: job.lookup, settle };
    });
    const timer = setTimeout(() => {
      this.#end({ kind: 'timeout', message: `no result after ${job.timeoutMs} ms` });
    }, job.timeoutMs);
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      grace = setTimeout(() => {
        this.#end({ kind: 'timeout', message: 'cancelled' });
      }, this.#cancelGraceMs);
    };
    job.signal.addEventListener('abort', onAbort, { once: true });
    this.#worker.ref();
    this.#worker.postMessage({
      type: 'job',
      id,
      request: job.request,
      text: job.text,
      maxOutputBytes: job.maxOutputBytes,
    } satisfies WorkerJob);
    try {
      const ended = await outcome;
      job.signal.throwIfAborted();
      return ended;
    } finally {
      clearTimeout(timer);
      clearTimeout(grace);
      job.signal.removeEventListener('abort', onAbort);
      this.#worker.unref();
    }
  }

  dispose(): void {
    this.#end({ kind: 'crashed', message: 'the renderer was closed' });
  }

  #onMessage(message: WorkerMessage): void {
    const running = this.#running;
    if (running === undefined) return;
    if (message.type === 'look') {
      void running.lookup(message.operation, message.text).then((answer) => {
        if (this.#isDead) return;
        this.#port.postMessage(answer);
        Atomics.store(this.#bell, 0, 1);
        Atomics.notify(this.#bell, 0);
      });
      return;
    }
    if (message.id !== running.id) return;
    this.#running = undefined;
    if (message.type === 'done') {
      this.#memoryBytes = message.memoryBytes;
      running.settle({ kind: 'answer', bytes: message.answer });
    } else {
      this.#memoryBytes = 0;
      running.settle({ kind: message.reason, message: message.message });
    }
  }

  #end(outcome: JobOutcome): void {
    const running = this.#running;
    this.#running = undefined;
    if (!this.#isDead) {
      this.#isDead = true;
      this.#port.close();
      void this.#worker.terminate();
    }
    running?.settle(outcome);
  }
}
