/** Makes sure that dist/renderer.wasm is that of the present sources; returns its path. */
export function buildWasm(options?: { signal?: AbortSignal; note?: (message: string) => void }): Promise<string>;

/** Gives the module's one memory a maximum in bytes, and puts the version in a custom section at the front. */
export function patchModule(bytes: Uint8Array, version: string, limit?: number): Buffer;
