import type { MessagePort } from 'node:worker_threads';
import type { LookOperation } from '../../upstream/renderer.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  /** one Int32: 1 when an answer to a look is on the port */
  readonly bell: SharedArrayBuffer;
  /** answers to looks arrive here while the worker waits on the bell */
  readonly port: MessagePort;
  /** how long a worker waits for one look, in ms */
  readonly lookTimeoutMs: number;
}

/** The compiled module; sent before the first job, since the thread starts while V8 compiles. */
export interface WorkerModule {
  readonly type: 'module';
  readonly module: WebAssembly.Module;
}

/** A request to the worker. */
export interface WorkerJob {
  readonly type: 'job';
  readonly id: number;
  readonly request: { readonly op: string; readonly seed: number };
  readonly text: Uint8Array;
  readonly maxOutputBytes: number;
}

/** What comes from a worker. */
export type WorkerMessage =
  | { readonly type: 'look'; readonly operation: LookOperation; readonly text: string }
  | { readonly type: 'done'; readonly id: number; readonly answer: Uint8Array; readonly memoryBytes: number }
  | { readonly type: 'failed'; readonly id: number; readonly reason: WorkerFailure; readonly message: string };

/** Why a job ended without an answer. */
export type WorkerFailure = 'too-large' | 'out-of-memory' | 'crashed';
