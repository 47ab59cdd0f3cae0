export function installCodeServer(
  node: string,
  options?: { readonly signal?: AbortSignal | undefined; readonly onWait?: ((message: string) => void) | undefined },
): Promise<string>;
export function isCodeServerInstalled(): Promise<boolean>;
