import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/hash.ts';
import { canonicalJson, isJsonObject, type JsonValue } from '../model/json.ts';
import type { RenderedObject } from '../model/render.ts';
import type { CachedRender } from './renderCache.ts';

const FORMAT = 2;
const MAX_CANDIDATES = 8;
const SUFFIX = '.json';

/** Whether a render holds values of a Secret, in an object, in last-applied of one, or in a list. Such renders never go to disk. */
export function holdsSecretValues(objects: readonly RenderedObject[]): boolean {
  return objects.some(({ object }) => isSecretWithValues(object));
}

function isSecretWithValues(value: JsonValue | undefined): boolean {
  if (!isJsonObject(value)) return false;
  const isSecret = value['kind'] === 'Secret' && (value['apiVersion'] === 'v1' || value['apiVersion'] === undefined);
  return isSecret && (isFilled(value['data']) || isFilled(value['stringData']));
}

function isFilled(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.values(value).some((one) => one !== null && one !== '');
}

/**
 * Renders on disk, shared by every process of the user: one file per render, named by the hash of spec and renderer and by that of the
 * read set; written to a temporary name and renamed. A file that cannot be read as expected counts as absent. Renders with Secret values
 * are refused by {@link add}: they stay in memory only.
 */
export class DiskCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  #writesUntilSweep = 0;

  /** @param folder made with mode 0700 when first needed; @param maxBytes of all files together */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Results for a spec, newest first. */
  async candidates(specKey: string): Promise<readonly CachedRender[]> {
    const names = await readdir(join(this.#folder, specKey.slice(0, 2))).catch(() => []);
    const mine = names.filter((name) => name.startsWith(specKey) && name.endsWith(SUFFIX));
    const files = await Promise.all(mine.map((name) => this.#age(join(this.#folder, specKey.slice(0, 2), name))));
    const newest = files
      .filter((file) => file !== undefined)
      .sort((left, right) => right.mtimeMs - left.mtimeMs)
      .slice(0, MAX_CANDIDATES);
    const found = await Promise.all(newest.map(({ path }) => readEntry(path)));
    return found.filter((entry) => entry !== undefined);
  }

  /** Keeps a result, unless it holds values of Secrets. Failures to write are ignored: the cache is a help, not a need. */
  async add(specKey: string, render: CachedRender): Promise<void> {
    if (holdsSecretValues(render.objects)) return;
    const folder = join(this.#folder, specKey.slice(0, 2));
    const name = `${specKey}-${sha256(canonicalJson(render.reads as unknown as JsonValue)).slice(0, 24)}${SUFFIX}`;
    const temporary = join(folder, `${name}.${randomUUID()}.tmp`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, JSON.stringify({ format: FORMAT, ...render }), { mode: 0o600, flag: 'wx' });
      await rename(temporary, join(folder, name));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
      return;
    }
    this.#writesUntilSweep -= 1;
    if (this.#writesUntilSweep <= 0) await this.sweep();
  }

  /** Marks a result as used just now, so that it is swept last. */
  async touch(specKey: string, render: CachedRender): Promise<void> {
    const name = `${specKey}-${sha256(canonicalJson(render.reads as unknown as JsonValue)).slice(0, 24)}${SUFFIX}`;
    const now = new Date();
    await utimes(join(this.#folder, specKey.slice(0, 2), name), now, now).catch(() => undefined);
  }

  /** Removes what was unused longest until the rest fits into the limit, and remains of interrupted writes. */
  async sweep(): Promise<void> {
    this.#writesUntilSweep = 50;
    const names = await readdir(this.#folder, { recursive: true }).catch(() => []);
    const ages = await Promise.all(names.map((name) => this.#age(join(this.#folder, name))));
    const files = ages.filter((file) => file !== undefined).sort((left, right) => right.mtimeMs - left.mtimeMs);
    const hourAgo = Date.now() - 3_600_000;
    let total = 0;
    for (const { path, size, mtimeMs } of files) {
      const isLeftover = path.endsWith('.tmp') && mtimeMs < hourAgo;
      total += size;
      if (isLeftover || total > this.#maxBytes) await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async #age(path: string): Promise<{ path: string; size: number; mtimeMs: number } | undefined> {
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() === true ? { path, size: found.size, mtimeMs: found.mtimeMs } : undefined;
  }
}

async function readEntry(path: string): Promise<CachedRender | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as Partial<CachedRender> & { readonly format?: number };
    const { format, reads, objects, errors } = entry;
    if (format !== FORMAT || !Array.isArray(reads) || !Array.isArray(objects) || !Array.isArray(errors)) return undefined;
    return { reads, objects, errors };
  } catch {
    return undefined;
  }
}
