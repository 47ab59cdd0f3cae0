import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError, toError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { RemoteKind, RemoteSource, RemoteSources } from './remoteSources.ts';

/** Gets the bytes behind an http(s) URL. */
export type FetchBytes = (url: string, signal: AbortSignal) => Promise<Uint8Array>;
/** Gets the tree behind a Git URL of a kustomization, such as `https://github.com/org/repo//base?ref=v1`. */
export type FetchTree = (url: string, signal: AbortSignal) => Promise<RemoteSource>;

/** What {@link CachedRemoteSources} is made of. */
export interface CachedRemoteOptions {
  /** asked before each use, so that a changed setting counts at once; false also while the workspace is not trusted */
  readonly isAllowed: () => boolean;
  readonly fetchBytes: FetchBytes;
  /** without it remote Git bases are an error that says so */
  readonly fetchTree?: FetchTree;
  /** folder for what was fetched, made with mode 0700 */
  readonly folder: string;
  /** how long the content of a URL counts as the same, in ms; default one hour */
  readonly maxAgeMs?: number;
  /** told when a URL could not be fetched and what was kept of it is used instead */
  readonly onStale?: (problem: string) => void;
}

interface Known {
  readonly digest: string;
  readonly at: number;
}

const HOUR = 3_600_000;
/** After a failed fetch the kept content counts this long before the next try. */
const RETRY_MS = 60_000;

/**
 * Remote files, chart archives and indexes by their SHA-256: what was fetched once is kept on disk under its digest, beside the digest of
 * each URL (under the URL's hash, since a URL may hold a password). It counts as the same for a time, and longer while the URL cannot be
 * reached. Git bases come from `fetchTree`, which has a cache of its own.
 */
export class CachedRemoteSources implements RemoteSources {
  readonly #options: CachedRemoteOptions;
  readonly #known = new Map<string, Known>();
  readonly #trees = new Map<string, Known & { readonly source: RemoteSource }>();

  constructor(options: CachedRemoteOptions) {
    this.#options = options;
  }

  async resolve(url: string, kind: RemoteKind, signal: AbortSignal): Promise<RemoteSource> {
    if (!this.#options.isAllowed()) throw new AppError('remote-base', { url });
    try {
      return kind === 'git' ? await this.#tree(url, signal) : await this.#file(url, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'remote-base', 'remote-failed')) throw error;
      throw new AppError('remote-failed', { url, problem: toError(error).message }, { cause: error });
    }
  }

  async digestOf(url: string): Promise<string | undefined> {
    if (!this.#options.isAllowed()) return undefined;
    return (this.#fresh(await this.#knownOf(url)) ?? this.#fresh(this.#trees.get(url)))?.digest;
  }

  #fresh<T extends Known>(known: T | undefined): T | undefined {
    const age = known === undefined ? Number.NaN : Date.now() - known.at;
    return age >= 0 && age <= this.#maxAgeMs ? known : undefined;
  }

  async #tree(url: string, signal: AbortSignal): Promise<RemoteSource> {
    const known = this.#fresh(this.#trees.get(url));
    if (known !== undefined) return known.source;
    if (this.#options.fetchTree === undefined) throw new AppError('remote-failed', { url, problem: 'Git bases are not supported here' });
    const source = await this.#options.fetchTree(url, signal);
    this.#trees.set(url, { digest: source.digest, at: Date.now(), source });
    return source;
  }

  async #file(url: string, signal: AbortSignal): Promise<RemoteSource> {
    if (!/^https?:\/\//i.test(url)) throw new AppError('remote-failed', { url, problem: 'only http and https can be fetched' });
    const known = await this.#knownOf(url);
    const kept = known === undefined ? undefined : await this.#readKept(known.digest);
    const isKept = known !== undefined && kept !== undefined;
    if (isKept && this.#fresh(known) !== undefined) return { kind: 'file', bytes: kept, digest: known.digest };
    try {
      const bytes = await this.#options.fetchBytes(url, signal);
      const digest = sha256(bytes);
      await this.#keep(digest, bytes);
      await this.#remember(url, { digest, at: Date.now() });
      return { kind: 'file', bytes, digest };
    } catch (error) {
      signal.throwIfAborted();
      if (!isKept) throw error;
      this.#options.onStale?.(isAppError(error) ? String(error.details['problem']) : toError(error).message);
      this.#known.set(url, { digest: known.digest, at: Date.now() - this.#maxAgeMs + RETRY_MS });
      return { kind: 'file', bytes: kept, digest: known.digest };
    }
  }

  get #maxAgeMs(): number {
    return this.#options.maxAgeMs ?? HOUR;
  }

  async #knownOf(url: string): Promise<Known | undefined> {
    const inMemory = this.#known.get(url);
    if (inMemory !== undefined) return inMemory;
    const text = await readFile(this.#noteOf(url), 'utf8').catch(() => '');
    const [, digest, at] = /^([0-9a-f]{64}) (\d+)\n$/.exec(text) ?? [];
    if (digest === undefined) return undefined;
    const known = { digest, at: Number(at) };
    this.#known.set(url, known);
    return known;
  }

  async #remember(url: string, known: Known): Promise<void> {
    this.#known.set(url, known);
    await this.#write(this.#noteOf(url), `${known.digest} ${known.at}\n`);
  }

  #noteOf(url: string): string {
    return join(this.#options.folder, `${sha256(url)}.url`);
  }

  /** Content on disk counts only while it still has the digest that it is named by. */
  async #readKept(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await readFile(join(this.#options.folder, digest)).catch(() => undefined);
    return bytes !== undefined && sha256(bytes) === digest ? bytes : undefined;
  }

  #keep(digest: string, bytes: Uint8Array): Promise<void> {
    return this.#write(join(this.#options.folder, digest), bytes);
  }

  async #write(file: string, content: string | Uint8Array): Promise<void> {
    const temporary = `${file}.${randomUUID()}`;
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    try {
      await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
