import { open, readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { AppError } from '../../base/errors.ts';

const HEADER_BYTES = 8;
const SECTION = 'plumbline.version';
const PREFIX_BYTES = 256;

/** renderer.wasm: its version is read from the first bytes, the module is compiled when it is first needed and then kept. */
export class RendererModule {
  readonly #file: string;
  #version: Promise<string> | undefined;
  #module: Promise<WebAssembly.Module> | undefined;

  /** @param file absolute path of renderer.wasm */
  constructor(file: string) {
    this.#file = file;
  }

  /** Hash of the sources that the module was built from. @throws AppError `renderer-failed` when the file is not there or not ours */
  version(): Promise<string> {
    this.#version ??= this.#readVersion();
    return this.#version;
  }

  /** The compiled module. @throws AppError `renderer-failed` */
  compiled(): Promise<WebAssembly.Module> {
    this.#module ??= this.#compile();
    return this.#module;
  }

  async #compile(): Promise<WebAssembly.Module> {
    // Without this V8 checks all 40 MB of code before the first answer; so it checks each function when it is first called.
    setFlagsFromString('--wasm-lazy-validation');
    try {
      return await WebAssembly.compile(await readFile(this.#file));
    } catch (cause) {
      this.#module = undefined;
      throw new AppError('renderer-failed', { problem: String(cause) }, { cause });
    }
  }

  async #readVersion(): Promise<string> {
    try {
      const handle = await open(this.#file);
      try {
        const bytes = Buffer.alloc(PREFIX_BYTES);
        await handle.read(bytes, 0, PREFIX_BYTES, 0);
        return parseVersion(bytes);
      } finally {
        await handle.close();
      }
    } catch (cause) {
      this.#version = undefined;
      throw new AppError('renderer-failed', { problem: String(cause) }, { cause });
    }
  }
}

/** The text of the custom section that the build puts first: id 0, size, length of name, name, version; all lengths below 128. */
function parseVersion(bytes: Buffer): string {
  const [id, size = 0, nameLength = 0] = bytes.subarray(HEADER_BYTES);
  const start = HEADER_BYTES + 3;
  const name = bytes.toString('utf8', start, start + nameLength);
  if (id !== 0 || name !== SECTION) throw new Error('renderer.wasm carries no version');
  return bytes.toString('utf8', start + nameLength, HEADER_BYTES + 2 + size);
}
