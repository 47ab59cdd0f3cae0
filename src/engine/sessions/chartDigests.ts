import { sha256 } from '../../base/hash.ts';
import type { Application } from '../model/application.ts';
import type { RenderResult } from '../model/render.ts';
import { isBelow } from '../model/treePath.ts';

/** Digests of what a render took from charts and remote sources: the chart's folder, and each URL. Empty for a source without any. */
export function chartDigests({ source }: Application, { reads }: RenderResult): Readonly<Record<string, string>> {
  const remote = reads.flatMap(({ kind, path, hash }) => (kind === 'remote' ? [[path, hash]] : []));
  const chart = source.type === 'helm' ? reads.filter(({ kind, path }) => kind === 'file' && isBelow(path, source.path)) : [];
  const own = chart.length === 0 ? [] : [[source.path, `sha256:${sha256(chart.map(({ path, hash }) => `${path} ${hash}`).join('\n'))}`]];
  return Object.fromEntries([...own, ...remote]) as Record<string, string>;
}
