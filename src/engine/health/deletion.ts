import { arrayAt, stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';

/**
 * Health of an object that is being deleted: progressing, with the finalizers that hold it, so that a stuck one is
 * named. Undefined when it is not being deleted.
 */
export function deletionHealth(object: KubeObject): Health | undefined {
  const since = stringAt(object.metadata, 'deletionTimestamp');
  if (since === undefined) return undefined;
  const finalizers = arrayAt(object.metadata, 'finalizers').filter((name) => typeof name === 'string');
  if (finalizers.length === 0) return { status: 'progressing', message: `being deleted since ${since}` };
  const noun = finalizers.length === 1 ? 'finalizer' : 'finalizers';
  return { status: 'progressing', message: `being deleted since ${since}, held by the ${noun} ${finalizers.join(', ')}` };
}
