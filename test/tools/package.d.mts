export function packVsix(options: { readonly path: string; readonly update?: boolean }): Promise<number>;
export function stageExtension(folder: string): Promise<void>;
export function vsixPath(): Promise<string>;
