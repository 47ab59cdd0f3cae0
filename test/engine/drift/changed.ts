import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

/** A copy of an object with one place changed; undefined removes it. */
export function changed(object: KubeObject, path: readonly (string | number)[], value: JsonValue | undefined): KubeObject {
  const copy = structuredClone(object) as Record<string, unknown>;
  let at: Record<string | number, unknown> = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (value !== undefined) at[last] = value;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else Reflect.deleteProperty(at, last);
  return copy as KubeObject;
}
