import { Deterministic, wasiImports } from './wasi.ts';

/** What the module may ask of its host; the numbers are those of go/host.go. */
export const LOOK = { read: 1, list: 2, kind: 3, remote: 4 } as const;
/** One of the {@link LOOK} operations. */
export type LookOperation = (typeof LOOK)[keyof typeof LOOK];

/** First byte of an answer to a look; an error goes on with the JSON that {@link errorAnswer} writes. */
export const ANSWER = { ok: 0, absent: 1, error: 2 } as const;

/** Answers a look synchronously: status byte and payload. */
export type Look = (operation: LookOperation, text: string) => Uint8Array;

const STDERR_LIMIT = 4096;
const WASI = 'wasi_snapshot_preview1';

interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (size: number) => number;
  readonly call: () => number;
  readonly size: () => number;
}

/** Builds an answer from its status and payload. */
export function lookAnswer(status: number, payload: Uint8Array | string = ''): Uint8Array {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const answer = new Uint8Array(bytes.length + 1);
  answer[0] = status;
  answer.set(bytes, 1);
  return answer;
}

/** The answer that a look failed. @param details what the words of the code need */
export function errorAnswer(code: string, message: string, details: object = {}): Uint8Array {
  return lookAnswer(ANSWER.error, JSON.stringify({ code, message, details }));
}

/** The answer is longer than the limit. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * One instance of the Go module of src/upstream/go, which the build has started already. Synchronous, so it belongs in a worker. An
 * instance that threw is in no defined state any more: drop it.
 */
export class Renderer {
  readonly #exports: ModuleExports;
  readonly #source = new Deterministic(0);
  #stderr = '';

  /**
   * @param module compiled renderer.wasm
   * @param look answers reads; called while {@link call} runs
   */
  constructor(module: WebAssembly.Module, look: Look) {
    let pending: Uint8Array = new Uint8Array();
    const memory = (): WebAssembly.Memory => this.#exports.memory;
    const names = WebAssembly.Module.imports(module).flatMap(({ module: from, name }) => (from === WASI ? [name] : []));
    const instance = new WebAssembly.Instance(module, {
      [WASI]: wasiImports(names, memory, this.#source, (text) => {
        this.#stderr = (this.#stderr + text).slice(0, STDERR_LIMIT);
      }),
      plumbline: {
        look: (operation: LookOperation, start: number, size: number) => {
          pending = look(operation, new TextDecoder().decode(new Uint8Array(memory().buffer, start, size)));
          return pending.length;
        },
        take: (start: number) => {
          new Uint8Array(memory().buffer, start, pending.length).set(pending);
        },
      },
    });
    this.#exports = instance.exports as unknown as ModuleExports;
  }

  /** What Go's runtime printed, which says why it crashed. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Bytes of the module's memory; it only ever grows. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /**
   * Runs one request to its end.
   * @param request a JSON object, see `request` in go/main.go
   * @param text what a `parse` request is about
   * @param limit largest answer in bytes
   * @returns the answer's JSON text
   * @throws AnswerTooLarge, RendererExit, or whatever the engine throws when the module traps
   */
  call(request: { readonly op: string; readonly seed: number }, text: Uint8Array, limit: number): Uint8Array {
    this.#source.reset(request.seed);
    const header = new TextEncoder().encode(JSON.stringify(request));
    const start = this.#exports.alloc(header.length + 1 + text.length);
    const input = new Uint8Array(this.#exports.memory.buffer, start, header.length + 1 + text.length);
    input.set(header);
    input.set(text, header.length + 1);
    const answer = this.#exports.call();
    const size = this.#exports.size();
    if (size > limit) throw new AnswerTooLarge(`${size} bytes`);
    return new Uint8Array(this.#exports.memory.buffer, answer, size).slice();
  }
}
