export function forbidden(src: string, file: string, specifier: string): string | undefined;
export function roomOf(path: string): string | undefined;
