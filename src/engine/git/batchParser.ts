/** An object of the object database. */
export interface GitObject {
  readonly id: string;
  readonly type: 'blob' | 'tree' | 'commit' | 'tag';
  readonly content: Uint8Array;
}

/** One answer of the batch process. */
export type BatchResult =
  | { readonly kind: 'object'; readonly object: GitObject }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-large'; readonly size: number };

const LINE_FEED = 0x0a;
const HEADER = /^([0-9a-f]+) (blob|tree|commit|tag) (\d+)$/;

/** Cuts the byte stream of `git cat-file --batch` into answers: `<id> <type> <size>\n<content>\n`, or `<name> missing\n`. */
export class BatchParser {
  readonly #maxBytes: number;
  readonly #onResult: (result: BatchResult) => void;
  #header: Buffer[] = [];
  #current: { id: string; type: GitObject['type']; size: number; content: Buffer | undefined; received: number } | undefined;

  /** @param maxBytes content beyond it is skipped, not kept */
  constructor(maxBytes: number, onResult: (result: BatchResult) => void) {
    this.#maxBytes = maxBytes;
    this.#onResult = onResult;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) offset = this.#current === undefined ? this.#pushHeader(chunk, offset) : this.#pushContent(chunk, offset);
  }

  #pushHeader(chunk: Buffer, offset: number): number {
    const end = chunk.indexOf(LINE_FEED, offset);
    if (end < 0) {
      this.#header.push(chunk.subarray(offset));
      return chunk.length;
    }
    const line = Buffer.concat([...this.#header, chunk.subarray(offset, end)]).toString('latin1');
    this.#header = [];
    const match = HEADER.exec(line);
    if (match === null) this.#onResult({ kind: 'missing' });
    else {
      const size = Number(match[3]);
      this.#current = {
        id: match[1] ?? '',
        type: match[2] as GitObject['type'],
        size,
        content: size > this.#maxBytes ? undefined : Buffer.allocUnsafeSlow(size),
        received: 0,
      };
    }
    return end + 1;
  }

  #pushContent(chunk: Buffer, offset: number): number {
    const current = this.#current;
    if (current === undefined) return offset;
    const taken = Math.min(chunk.length - offset, current.size - current.received);
    if (current.content !== undefined) chunk.copy(current.content, current.received, offset, offset + taken);
    current.received += taken;
    const next = offset + taken;
    if (current.received < current.size || next >= chunk.length) return next;
    // The line feed after the content.
    this.#current = undefined;
    const { id, type, size, content } = current;
    this.#onResult(content === undefined ? { kind: 'too-large', size } : { kind: 'object', object: { id, type, content } });
    return next + 1;
  }
}
