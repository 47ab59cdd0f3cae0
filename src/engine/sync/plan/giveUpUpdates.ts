import { arrayAt, isJsonObject, type JsonValue, stringAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { PreparedStep, RevertConnection } from '../revertTypes.ts';

/**
 * After a patch as a manager that otherwise applies, gives up what the patch made it hold as an *Update*: defaults that the server
 * put in the place of removed fields. Nothing of the object changes. The same way kubectl moves ownership (client-go `csaupgrade`):
 * a JSON patch of `managedFields`, conditional on the resourceVersion.
 * @param before the object before the patch
 * @param after the server's answer to the patch
 * @returns the object as it is then
 */
export async function giveUpUpdates(
  { gvk, step }: PreparedStep,
  manager: string,
  before: KubeObject | undefined,
  after: KubeObject,
  connection: Pick<RevertConnection, 'patch'>,
): Promise<KubeObject> {
  const entries = arrayAt(after.metadata, 'managedFields');
  const gained = entries.find((entry) => isUpdateOf(entry, manager));
  const version = stringAt(after.metadata, 'resourceVersion');
  if (gained === undefined || version === undefined) return after;
  const had = arrayAt(before?.metadata ?? {}, 'managedFields').find((entry) => isUpdateOf(entry, manager));
  const managedFields = entries.flatMap((entry) => (entry !== gained ? [entry] : had === undefined ? [] : [had]));
  const operations = [
    { op: 'test', path: '/metadata/resourceVersion', value: version },
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
  ];
  return (await connection.patch(gvk, step.key, operations, { type: 'json', fieldManager: manager })).object;
}

function isUpdateOf(entry: JsonValue, manager: string): boolean {
  return (
    isJsonObject(entry) && entry['manager'] === manager && entry['operation'] === 'Update' && stringAt(entry, 'subresource') === undefined
  );
}
