export function cacheFolder(): string;
export function keyOf(...parts: readonly (string | Uint8Array)[]): string;
export function exists(path: string): Promise<boolean>;
export function cached(
  name: string,
  make: (folder: string) => Promise<unknown>,
  options?: { readonly signal?: AbortSignal | undefined; readonly onWait?: ((message: string) => void) | undefined },
): Promise<string>;
