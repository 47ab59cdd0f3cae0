import type { ReadRecord, RenderError, RenderedObject } from '../model/render.ts';

/** What is kept of a render. */
export interface CachedRender {
  readonly reads: readonly ReadRecord[];
  readonly objects: readonly RenderedObject[];
  readonly errors: readonly RenderError[];
}

interface Entry extends CachedRender {
  readonly bytes: number;
}

const MAX_PER_SPEC = 12;
const PERTINENT_BYTES = 200;

/** Renders in memory: for each hash of spec and renderer the results with their read sets, newest first; the least recently used go first. */
export class RenderCache {
  readonly #maxBytes: number;
  /** in the order of use: the first is the least recently used */
  readonly #bySpec = new Map<string, Entry[]>();
  #bytes = 0;

  /** @param maxBytes size of the answers' JSON that is kept at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Results for a spec, newest first; the caller checks their reads. */
  candidates(specKey: string): readonly CachedRender[] {
    return this.#bySpec.get(specKey) ?? [];
  }

  /** Marks a candidate as used just now. */
  touch(specKey: string, used: CachedRender): void {
    const entries = this.#bySpec.get(specKey);
    if (entries === undefined) return;
    this.#bySpec.delete(specKey);
    this.#bySpec.set(specKey, [...entries.filter((entry) => entry === used), ...entries.filter((entry) => entry !== used)]);
  }

  /** Keeps a result. @param bytes size of its JSON */
  add(specKey: string, render: CachedRender, bytes: number): void {
    const entries = this.#bySpec.get(specKey) ?? [];
    const size = bytes + render.reads.length * PERTINENT_BYTES;
    const kept = [{ ...render, bytes: size }, ...entries];
    this.#bytes += size;
    for (const dropped of kept.splice(MAX_PER_SPEC)) this.#bytes -= dropped.bytes;
    this.#bySpec.delete(specKey);
    this.#bySpec.set(specKey, kept);
    for (const [key, oldest] of this.#bySpec) {
      if (this.#bytes <= this.#maxBytes) break;
      if (key === specKey) continue;
      this.#bySpec.delete(key);
      for (const { bytes: freed } of oldest) this.#bytes -= freed;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#bySpec.clear();
    this.#bytes = 0;
  }
}
