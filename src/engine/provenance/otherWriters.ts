import type { RenderResult } from '../model/render.ts';

/**
 * Files that may write fields of a render's objects without declaring any object themselves: kustomizations, patches,
 * transformers. Their texts are `ObjectOrigin.otherWriters`.
 */
export function otherWriterPaths({ objects, reads }: Pick<RenderResult, 'objects' | 'reads'>): readonly string[] {
  const declaring = new Set(objects.map(({ file }) => file));
  return reads.filter(({ path, kind, hash }) => kind === 'file' && hash !== 'absent' && !declaring.has(path)).map(({ path }) => path);
}
