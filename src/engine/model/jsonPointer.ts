/** A key or an index as a token of a JSON pointer (RFC 6901). */
export function pointerToken(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The key that a token of a JSON pointer (RFC 6901) stands for. */
export function keyOfToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The keys and indexes, as text, that a JSON pointer (RFC 6901) goes through; none for the pointer to the whole. */
export function keysOfPointer(pointer: string): readonly string[] {
  return pointer === '' ? [] : pointer.replace(/^\//, '').split('/').map(keyOfToken);
}
