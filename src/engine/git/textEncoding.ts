/** The byte-order marks that an editor recognises. */
const ENCODINGS = [
  { encoding: 'utf-8', mark: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', mark: [0xff, 0xfe] },
  { encoding: 'utf-16be', mark: [0xfe, 0xff] },
] as const;

function markOf(bytes: Uint8Array): (typeof ENCODINGS)[number] | undefined {
  return ENCODINGS.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
}

/** Text of a file's bytes as an editor shows it: by its byte-order mark, which is left out, else UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(markOf(bytes)?.encoding ?? 'utf-8').decode(bytes);
}

/**
 * The bytes that saving a text writes.
 * @param previous what the file holds now: decides encoding and byte-order mark
 */
export function encodeText(text: string, previous: Uint8Array): Uint8Array {
  const found = markOf(previous);
  if (found === undefined) return Buffer.from(text, 'utf8');
  const content = Buffer.from(text, found.encoding === 'utf-8' ? 'utf8' : 'utf16le');
  return Buffer.concat([Buffer.from(found.mark), found.encoding === 'utf-16be' ? content.swap16() : content]);
}
