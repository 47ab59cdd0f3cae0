import { lookUp } from '../../compare/schemaWalk.ts';
import { normalizeLive } from '../../compare/normalize.ts';
import { type FieldPath, formatPath } from '../../model/fieldPath.ts';
import { displayName, type KubeObject } from '../../model/objects.ts';
import type { Reason } from '../../model/states.ts';
import type { SyncObject } from '../syncTypes.ts';

/**
 * Why an object that every render of its chart makes anew is not applied. Renders are repeatable, so a generated password would be one that
 * anybody can work out; what live has already is kept instead. Annotations (checksums of what is generated) are no secrets.
 * @param live undefined: the object would be created
 */
export function randomRefusal({ key, resource, volatile }: SyncObject, live: KubeObject | undefined): Reason | undefined {
  if (volatile === undefined) return undefined;
  const object = displayName(key);
  if (volatile.isNameVolatile) return { code: 'sync-name-random', details: { object } };
  const present = live === undefined ? undefined : normalizeLive(live, resource);
  const made = volatile.fields.filter((path) => !isAnnotation(path) && lookUp(present, undefined, path) === undefined);
  return made.length === 0 ? undefined : { code: 'sync-value-random', details: { object, fields: made.map(formatPath).join(', ') } };
}

function isAnnotation(path: FieldPath): boolean {
  return path.some((step) => 'field' in step && step.field === 'annotations');
}
