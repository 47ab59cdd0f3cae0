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
  /** largest content, in bytes; default 64 MB */
  readonly maxBytes?: number;
}

interface Known {
  readonly digest: string;
  readonly at: number;
}

const HOUR = 3_600_000;
const MAX_BYTES = 64 << 20;

/**
 * Remote files, chart archives and indexes by their SHA-256: what was fetched once is kept on disk under its digest, and the digest of each
 * URL is remembered for a time. Git bases come from `fetchTree`, which has a cache of its own.
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

  digestOf(url: string): Promise<string | undefined> {
    const known = this.#options.isAllowed() ? (this.#fresh(this.#known.get(url)) ?? this.#fresh(this.#trees.get(url))) : undefined;
    return Promise.resolve(known?.digest);
  }

  #fresh<T extends Known>(known: T | undefined): T | undefined {
    return known !== undefined && Date.now() - known.at <= (this.#options.maxAgeMs ?? HOUR) ? known : undefined;
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
    const known = this.#fresh(this.#known.get(url));
    const kept = known === undefined ? undefined : await this.#readKept(known.digest);
    if (known !== undefined && kept !== undefined) return { kind: 'file', bytes: kept, digest: known.digest };
    const bytes = await this.#options.fetchBytes(url, signal);
    const limit = this.#options.maxBytes ?? MAX_BYTES;
    if (bytes.length > limit) throw new AppError('remote-failed', { url, problem: `${bytes.length} bytes, more than ${limit}` });
    const digest = sha256(bytes);
    await this.#keep(digest, bytes);
    this.#known.set(url, { digest, at: Date.now() });
    return { kind: 'file', bytes, digest };
  }

  /** Content on disk counts only while it still has the digest that it is named by. */
  async #readKept(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await readFile(join(this.#options.folder, digest)).catch(() => undefined);
    return bytes !== undefined && sha256(bytes) === digest ? bytes : undefined;
  }

  async #keep(digest: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#options.folder, `${digest}.${randomUUID()}`);
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    try {
      await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' });
      await rename(temporary, join(this.#options.folder, digest));
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

const TIMEOUT_MS = 30_000;

/** {@link FetchBytes} by the global `fetch`, which honours the proxy settings of the process. */
export async function fetchOverHttp(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]), redirect: 'follow' });
  if (!response.ok) throw new AppError('remote-failed', { url, problem: `status ${response.status}` });
  return new Uint8Array(await response.arrayBuffer());
}
