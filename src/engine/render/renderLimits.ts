/** What a render may use up. */
export interface RenderLimits {
  /** of one render, from the start of its work; default 10,000 */
  readonly timeoutMs: number;
  /** of the answer's JSON; default 64 MB */
  readonly maxOutputBytes: number;
  /** of one file; default 16 MB */
  readonly maxFileBytes: number;
  /** of results kept in memory; default 128 MB */
  readonly memoryCacheBytes: number;
  /** of results kept on disk; default 256 MB */
  readonly diskCacheBytes: number;
  /** threads, each with up to 1 GiB; default 1 */
  readonly workers: number;
  /** a worker without work for this time is ended to give its memory back; default 5 minutes */
  readonly idleMs: number;
  /** a cancelled render may still end by itself, since its reads now fail; after this time its worker is ended; default 100 */
  readonly cancelGraceMs: number;
}

/** The limits of a renderer that is made without others. */
export const defaultLimits: RenderLimits = {
  timeoutMs: 10_000,
  maxOutputBytes: 64 << 20,
  maxFileBytes: 16 << 20,
  memoryCacheBytes: 128 << 20,
  diskCacheBytes: 256 << 20,
  workers: 1,
  idleMs: 300_000,
  cancelGraceMs: 100,
};
