// The render worker: owns one instance of the WebAssembly module and waits synchronously for the reads that it asks the engine for.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { AnswerTooLarge, errorAnswer, type Look, Renderer } from '../../upstream/renderer.ts';
import type { WorkerFailure, WorkerJob, WorkerMessage, WorkerModule, WorkerSetup } from './workerMessages.ts';

const setup = workerData as WorkerSetup;
const bell = new Int32Array(setup.bell);

/** so long until an answer is looked for again, in milliseconds */
const bellLagMs = 2;

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

const look: Look = (operation, text) => {
  Atomics.store(bell, 0, 0);
  post({ type: 'look', operation, text });
  const endMs = performance.now() + setup.lookTimeoutMs;
  while (Atomics.wait(bell, 0, 0, Math.max(endMs - performance.now(), 0)) !== 'timed-out' && performance.now() < endMs) {
    const received = receiveMessageOnPort(setup.port) as { message: Uint8Array } | undefined;
    if (received !== undefined) return received.message;
    // On a busy machine the bell was seen to ring before its answer had come through.
    Atomics.wait(bell, 0, 1, bellLagMs);
  }
  return errorAnswer('read-failed', `reading ${text} took too long`);
};

function reasonOf(error: unknown, stderr: string): WorkerFailure {
  if (error instanceof AnswerTooLarge) return 'too-large';
  if (/out of memory|cannot allocate/.test(stderr)) return 'out-of-memory';
  if (error instanceof RangeError && /memory|call stack/.test(error.message)) return 'out-of-memory';
  return 'crashed';
}

class JobRunner {
  readonly #module: WebAssembly.Module;
  #renderer: Renderer | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  run(job: WorkerJob): void {
    let renderer = this.#renderer;
    try {
      renderer ??= new Renderer(this.#module, look);
      // An instance that threw is in no defined state, so it is kept only after it answered.
      this.#renderer = undefined;
      const answer = renderer.call(job.request, job.text, job.maxOutputBytes);
      this.#renderer = renderer;
      post({ type: 'done', id: job.id, answer, memoryBytes: renderer.memoryBytes }, [answer.buffer as ArrayBuffer]);
    } catch (error) {
      const stderr = renderer?.stderr ?? '';
      const said = stderr.split('\n').slice(0, 2).join(' ').trim();
      post({ type: 'failed', id: job.id, reason: reasonOf(error, stderr), message: said === '' ? String(error) : said });
    }
  }
}

parentPort?.once('message', ({ module }: WorkerModule) => {
  const runner = new JobRunner(module);
  parentPort?.on('message', (job: WorkerJob) => {
    runner.run(job);
  });
});
