import { type AppError, isAppError } from '../../base/errors.ts';
import { blobId, sha256 } from '../../base/hash.ts';
import { describe } from '../model/describe.ts';
import type { ReadRecord } from '../model/render.ts';
import type { SourceTree, TreeEntry } from '../model/sourceTree.ts';
import { ANSWER, errorAnswer, LOOK, type LookOperation, lookAnswer } from '../../upstream/renderer.ts';
import type { RemoteSources } from './remoteSources.ts';

/** Hash of a look that found nothing. */
export const ABSENT = 'absent';

const REMOTE_MOUNT = '/remote/';
const KIND_LETTER = { file: 'f', directory: 'd', submodule: 'u', unreachable: 'u' } as const;
const SHA256_LENGTH = 64;

/** Hash of the names and kinds in a folder. */
export function listingHash(entries: readonly TreeEntry[]): string {
  return `dir:${sha256(entries.map(({ name, kind }) => `${KIND_LETTER[kind]}${name}\0`).join(''))}`;
}

/** What {@link ReadRecorder} needs to know. */
export interface RecorderOptions {
  readonly tree: SourceTree;
  readonly remote: RemoteSources | undefined;
  /** largest file that a render may read, in bytes */
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
}

/** Answers the looks of one render and records each, so that the result can be reused exactly as long as every look gives the same. */
export class ReadRecorder {
  readonly #options: RecorderOptions;
  readonly #records = new Map<string, ReadRecord>();
  readonly #mounts = new Map<string, SourceTree>();
  #algorithm: 'sha1' | 'sha256' | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** All looks so far, sorted by path, without those that follow from another. */
  records(): readonly ReadRecord[] {
    const isImplied = ({ path, kind, hash }: ReadRecord): boolean => {
      const other = kind !== 'kind' ? undefined : this.#records.get(hash === 'file' ? `file ${path}` : `dir ${path}`);
      return other !== undefined && other.hash !== ABSENT;
    };
    return [...this.#records.values()]
      .filter((record) => !isImplied(record))
      .sort((left, right) => (left.path === right.path ? (left.kind < right.kind ? -1 : 1) : left.path < right.path ? -1 : 1));
  }

  /** The answer to one look; never rejects, since the worker waits for it. */
  async answer(operation: LookOperation, text: string): Promise<Uint8Array> {
    try {
      this.#options.signal.throwIfAborted();
      return await this.#answer(operation, text);
    } catch (error) {
      if (!isAppError(error)) return errorAnswer('read-failed', String(error));
      const known = ['file-too-large', 'remote-base', 'remote-failed', 'outside-root'].includes(error.code);
      return errorAnswer(known ? error.code : 'read-failed', messageOf(error), error.details);
    }
  }

  async #answer(operation: LookOperation, text: string): Promise<Uint8Array> {
    if (operation === LOOK.remote) return this.#remote(text);
    const { tree, path, isRecorded } = this.#locate(text);
    if (tree === undefined) return lookAnswer(ANSWER.absent);
    switch (operation) {
      case LOOK.read: {
        const bytes = await tree.read(path);
        if (bytes !== undefined && bytes.length > this.#options.maxFileBytes) {
          return errorAnswer('file-too-large', `${path} has ${bytes.length} bytes`, {
            file: path,
            size: bytes.length,
            limit: this.#options.maxFileBytes,
          });
        }
        if (isRecorded) this.#record(path, 'file', bytes === undefined ? ABSENT : blobId(bytes, await this.#algorithmOf(path)));
        return bytes === undefined ? lookAnswer(ANSWER.absent) : lookAnswer(ANSWER.ok, bytes);
      }
      case LOOK.list: {
        const entries = await tree.list(path);
        if (isRecorded) this.#record(path, 'dir', entries === undefined ? ABSENT : listingHash(entries));
        if (entries === undefined) return lookAnswer(ANSWER.absent);
        return lookAnswer(ANSWER.ok, entries.map(({ name, kind }) => `${KIND_LETTER[kind]}${name}\0`).join(''));
      }
      case LOOK.kind: {
        const kind = await tree.kindOf(path);
        if (isRecorded) this.#record(path, 'kind', kind ?? ABSENT);
        return kind === undefined ? lookAnswer(ANSWER.absent) : lookAnswer(ANSWER.ok, KIND_LETTER[kind]);
      }
    }
  }

  #record(path: string, kind: ReadRecord['kind'], hash: string): void {
    this.#records.set(`${kind} ${path}`, { path, kind, hash });
  }

  /** Git's hash of the repo: ids of the tree tell it by their length. */
  async #algorithmOf(path: string): Promise<'sha1' | 'sha256'> {
    this.#algorithm ??= (await this.#options.tree.hashOf(path))?.length === SHA256_LENGTH ? 'sha256' : 'sha1';
    return this.#algorithm;
  }

  #locate(text: string): { tree: SourceTree | undefined; path: string; isRecorded: boolean } {
    if (!text.startsWith(REMOTE_MOUNT)) return { tree: this.#options.tree, path: text, isRecorded: true };
    const [name = '', ...rest] = text.slice(REMOTE_MOUNT.length).split('/');
    return { tree: this.#mounts.get(name), path: rest.join('/'), isRecorded: false };
  }

  /** `text` is the kind and the URL. A Git tree is mounted, and the answer is its folder below the mount. */
  async #remote(text: string): Promise<Uint8Array> {
    const space = text.indexOf(' ');
    const url = text.slice(space + 1);
    const kind = text.slice(0, space);
    if (this.#options.remote === undefined || !(kind === 'file' || kind === 'git' || kind === 'chart' || kind === 'index')) {
      return errorAnswer('remote-base', 'fetching remote sources is not allowed', { url });
    }
    const found = await this.#options.remote.resolve(url, kind, this.#options.signal);
    this.#record(text, 'remote', found.digest);
    if (found.kind === 'file') return lookAnswer(ANSWER.ok, found.bytes);
    const name = found.digest.slice(0, 16);
    this.#mounts.set(name, found.tree);
    return lookAnswer(ANSWER.ok, found.path === '' ? name : `${name}/${found.path}`);
  }
}

/** The words of a failed look. Those of a remote source go into the words of the file that refers to it. */
function messageOf({ code, details }: AppError): string {
  if (code === 'remote-base') return 'fetching remote sources is not allowed';
  return code === 'remote-failed' ? String(details['problem']) : describe(code, details);
}

/**
 * Whether every recorded look would give the same now. Looks go side by side; the first difference ends the check.
 * @param known answers of this tree that are known already, by kind and path; new ones are added
 */
export async function stillHolds(
  reads: readonly ReadRecord[],
  tree: SourceTree,
  remote: RemoteSources | undefined,
  known: Map<string, Promise<string>>,
): Promise<boolean> {
  for (let start = 0; start < reads.length; start += CHECKED_AT_ONCE) {
    const results = await Promise.all(
      reads.slice(start, start + CHECKED_AT_ONCE).map(async ({ path, kind, hash }) => {
        const key = `${kind} ${path}`;
        const present = known.get(key) ?? hashNow(kind, path, tree, remote);
        known.set(key, present);
        return (await present) === hash;
      }),
    );
    if (results.includes(false)) return false;
  }
  return true;
}

const CHECKED_AT_ONCE = 64;

async function hashNow(kind: ReadRecord['kind'], path: string, tree: SourceTree, remote: RemoteSources | undefined): Promise<string> {
  switch (kind) {
    case 'file':
      return (await tree.hashOf(path)) ?? ABSENT;
    case 'kind':
      return (await tree.kindOf(path)) ?? ABSENT;
    case 'dir': {
      const entries = await tree.list(path);
      return entries === undefined ? ABSENT : listingHash(entries);
    }
    case 'remote':
      return (await remote?.digestOf(path.slice(path.indexOf(' ') + 1))) ?? ABSENT;
  }
}
