/** The module asked the system to end it: a crash of the Go runtime, such as running out of memory. */
class RendererExit extends Error {
  override readonly name = 'RendererExit';

  constructor(code: number) {
    super(`the renderer ended with code ${code}`);
  }
}

const ERRNO_SUCCESS = 0;
const ERRNO_BADF = 8;
/** Libraries take their program's name from the only argument. */
const PROGRAM = new TextEncoder().encode('plumbline\0');
const STDERR = 2;
const CLOCK_REALTIME = 0;

/** Clock and randomness of one request; the same seed gives the same. */
export class Deterministic {
  #state = 0;
  /** what the wall clock says, in ms since 1970 */
  now = 0;
  /** what the other clock says, in ms: it stands still but for sleeps, since templates can print it */
  monotonic = 1000;

  constructor(seed: number) {
    this.reset(seed);
  }

  /** Starts over: the clock stands at a time of a day that the seed chooses, at noon for 0. */
  reset(seed: number): void {
    this.#state = seed | 0;
    const size = Math.abs(seed);
    this.now = Date.UTC(2026, 0, 1, 12) + (size % 3650) * 86_400_000 + (size % 40_000) * 1000;
  }

  /** Fills bytes with the next random numbers (mulberry32). */
  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1) {
      this.#state = (this.#state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      bytes[at] = (mixed ^ (mixed >>> 14)) & 0xff;
    }
  }
}

/**
 * The part of WASI preview 1 that Go's runtime calls: clock, randomness and the text it prints when it crashes. There are no files, no
 * environment and no network.
 * @param names all WASI functions that the module imports
 * @param memory the module's memory, once there is one
 * @param source clock and randomness of the current request
 * @param print receives what Go's runtime says when it crashes
 */
export function wasiImports(
  names: readonly string[],
  memory: () => WebAssembly.Memory,
  source: Deterministic,
  print: (text: string) => void,
): Record<string, (...args: never[]) => unknown> {
  const view = (): DataView => new DataView(memory().buffer);
  const none = (count: number, size: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return ERRNO_SUCCESS;
  };
  const given: Record<string, (...args: never[]) => unknown> = {
    clock_time_get: (clock: number, _precision: bigint, result: number) => {
      const ms = clock === CLOCK_REALTIME ? source.now : source.monotonic;
      view().setBigUint64(result, BigInt(Math.round(ms * 1e6)), true);
      return ERRNO_SUCCESS;
    },
    random_get: (start: number, size: number) => {
      source.fill(new Uint8Array(memory().buffer, start, size));
      return ERRNO_SUCCESS;
    },
    fd_write: (file: number, vectors: number, count: number, result: number) => {
      let written = 0;
      for (let index = 0; index < count; index += 1) {
        const start = view().getUint32(vectors + index * 8, true);
        const size = view().getUint32(vectors + index * 8 + 4, true);
        written += size;
        if (file === STDERR) print(new TextDecoder().decode(new Uint8Array(memory().buffer, start, size)));
      }
      view().setUint32(result, written, true);
      return ERRNO_SUCCESS;
    },
    args_sizes_get: (count: number, size: number) => {
      view().setUint32(count, 1, true);
      view().setUint32(size, PROGRAM.length, true);
      return ERRNO_SUCCESS;
    },
    args_get: (pointers: number, text: number) => {
      view().setUint32(pointers, text, true);
      new Uint8Array(memory().buffer, text, PROGRAM.length).set(PROGRAM);
      return ERRNO_SUCCESS;
    },
    environ_sizes_get: none,
    environ_get: () => ERRNO_SUCCESS,
    sched_yield: () => ERRNO_SUCCESS,
    poll_oneoff: (_input: number, _output: number, count: number, result: number) => {
      source.monotonic += 1;
      view().setUint32(result, count, true);
      return ERRNO_SUCCESS;
    },
    proc_exit: (code: number) => {
      throw new RendererExit(code);
    },
  };
  // Go's library is linked with everything that it could call; whatever has to do with files finds no open ones.
  for (const name of names) given[name] ??= () => ERRNO_BADF;
  return given;
}
