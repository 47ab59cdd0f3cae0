import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';

/** A value that must not get out, and where it was planted. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

/** Pieces of a value are looked for in this length: anything as long as two of them less one is found wherever it begins. */
const PIECE = 8;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const GZIP = Buffer.from([0x1f, 0x8b]);
/** how deep encodings within encodings are opened: Helm's records are base64 of base64 of gzip */
const DEPTH = 4;

/** Makes values that occur nowhere by chance. */
export class Canaries {
  readonly #all: Canary[] = [];
  #patterns: readonly { readonly name: string; readonly text: string }[] | undefined;

  /** A new value of letters and digits. */
  plant(name: string): string {
    const value = Array.from(randomBytes(40), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
    this.#all.push({ name, value });
    this.#patterns = undefined;
    return value;
  }

  /** A value that is secret already. */
  add(name: string, value: string): void {
    this.#all.push({ name, value });
    this.#patterns = undefined;
  }

  /** `name in place` of everything found: whole, in pieces, in base64 at any offset, in hex, hashed without a key, within archives. */
  find(place: string, content: string | Buffer): string[] {
    const found = new Set<string>();
    this.#look(place, typeof content === 'string' ? content : content.toString('latin1'), DEPTH, found);
    return [...found];
  }

  /** {@link find} in all files below a folder, in their names too. @param isOwn files (relative) that may hold them */
  async findInFolder(folder: string, isOwn: (path: string) => boolean = () => false): Promise<string[]> {
    const found: string[] = [];
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      found.push(...this.find(`the name ${path}`, entry.name));
      if (entry.isFile() && !isOwn(path.slice(folder.length + 1))) found.push(...this.find(path, await readFile(path)));
    }
    return found;
  }

  #look(place: string, text: string, depth: number, found: Set<string>): void {
    this.#patterns ??= this.#all.flatMap((canary) => patternsOf(canary));
    for (const { name, text: pattern } of this.#patterns) if (text.includes(pattern)) found.add(`${name} in ${place}`);
    if (depth === 0) return;
    const bytes = Buffer.from(text, 'latin1');
    for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1))
      this.#open(place, () => gunzipSync(bytes.subarray(at)), depth, found);
    if (bytes[0] === 0x78) this.#open(place, () => inflateSync(bytes), depth, found);
    for (const [run] of text.matchAll(/[A-Za-z0-9+/]{64,}={0,2}/g)) this.#open(place, () => Buffer.from(run, 'base64'), depth, found);
  }

  #open(place: string, decode: () => Buffer, depth: number, found: Set<string>): void {
    let inner: Buffer;
    try {
      inner = decode();
    } catch {
      return;
    }
    this.#look(place, inner.toString('latin1'), depth - 1, found);
  }
}

function patternsOf({ name, value }: Canary): { name: string; text: string }[] {
  const patterns: { name: string; text: string }[] = [];
  const add = (form: string, text: string): void => {
    patterns.push({ name: `${name} (${form})`, text });
  };
  for (let at = 0; at + PIECE <= value.length; at += PIECE) {
    const piece = value.slice(at, at + PIECE);
    add('in part', piece);
    add('hex', Buffer.from(piece).toString('hex'));
  }
  for (const offset of [0, 1, 2]) {
    const inBase64 = Buffer.from('x'.repeat(offset) + value)
      .toString('base64')
      .replace(/=+$/, '');
    // What lies around the value reaches into the first and the last characters.
    const own = inBase64.slice(offset === 0 ? 0 : 4, -4);
    for (let at = offset === 0 ? 8 : 4; at + 12 <= own.length; at += 12) add('base64', own.slice(at, at + 12));
  }
  for (const algorithm of ['sha256', 'sha1', 'md5']) {
    const digest = createHash(algorithm).update(value).digest();
    add(algorithm, digest.toString('hex'));
    add(algorithm, digest.toString('base64').replace(/=+$/, ''));
  }
  return patterns;
}
