import { displayName, keyOf } from '../model/objects.ts';
import { isComplete, type RenderedObject, type RenderResult } from '../model/render.ts';
import type { AffectedObject } from '../model/writeback.ts';
import { leavesOf } from '../provenance/markers.ts';

/** What an edit changes in one render; `isBroken`: it cannot be rendered with it any more. */
export interface Impact {
  readonly affected: readonly AffectedObject[];
  readonly isBroken: boolean;
}

/**
 * The fields that differ between two renders of one application.
 * @param intended leaf that is to change: index of its object, and JSON pointer
 */
export function impactOf(
  applicationId: string,
  before: Pick<RenderResult, 'objects' | 'errors'>,
  after: Pick<RenderResult, 'objects' | 'errors'>,
  intended?: { readonly object: number; readonly pointer: string },
): Impact {
  if (!isComplete(after as RenderResult) || before.objects.length !== after.objects.length) return { affected: [], isBroken: true };
  const affected: AffectedObject[] = [];
  for (const [index, object] of before.objects.entries()) {
    const next = after.objects[index];
    const changes = next === undefined ? [] : changesOf(object, next);
    for (const kind of ['intended', 'derived', 'other'] as const) {
      const paths = changes.filter(({ pointer, isDerived }) => {
        if (intended?.object === index && intended.pointer === pointer) return kind === 'intended';
        return kind === (isDerived ? 'derived' : 'other');
      });
      if (paths.length > 0) {
        const name = displayName(keyOf(object.object));
        affected.push({ applicationId, object: name, paths: paths.map(({ pointer }) => pointer), kind });
      }
    }
  }
  return { affected, isBroken: false };
}

function changesOf(before: RenderedObject, after: RenderedObject): readonly { pointer: string; isDerived: boolean }[] {
  const [was, is] = [leavesOf([before]), leavesOf([after])];
  const ids = new Set([...was.keys(), ...is.keys()]);
  return [...ids]
    .filter((id) => was.get(id) !== is.get(id))
    .map((id) => ({ pointer: id.slice(1), isDerived: isDerived(was.get(id), is.get(id)) }));
}

/** Kustomize's name suffix hash (ten letters or digits after a dash), or a checksum in hexadecimal. */
function isDerived(before: unknown, after: unknown): boolean {
  if (typeof before !== 'string' || typeof after !== 'string') return false;
  const hash = /^[0-9a-f]{32,128}$/;
  if (hash.test(before) && hash.test(after) && before.length === after.length) return true;
  const suffix = /-[a-z0-9]{10}$/;
  return suffix.test(before) && suffix.test(after) && before.slice(0, -10) === after.slice(0, -10);
}
