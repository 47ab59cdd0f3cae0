/** Makes sure that dist/renderer.wasm is that of the present sources; returns its path. */
export function buildWasm(options?: { signal?: AbortSignal; note?: (message: string) => void }): Promise<string>;
