import { normalizeDesired } from '../compare/normalize.ts';
import { semanticDiff } from '../compare/semanticDiff.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { KubeObject } from '../model/objects.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';

/**
 * The fields in which two renders of one object differ that had all in common but clock and random numbers: what `randAlphaNum`, `genCA`,
 * `now`, and all that is derived from them make (engine.md §1.4 #21). Paths are those of the object as its owner sends it.
 * @param again the same object of the other render
 */
export function volatileFields(
  rendered: KubeObject,
  again: KubeObject,
  schema: TypeSchema | undefined,
  resource: ResourceInfo | undefined,
): readonly FieldPath[] {
  const [first, second] = [normalizeDesired(rendered, undefined, resource), normalizeDesired(again, undefined, resource)];
  return semanticDiff(first, second, schema).map(({ path }) => path);
}
