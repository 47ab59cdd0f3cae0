import { maskSecrets } from '../compare/mask.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { type DesiredObject, type KindLookup, settleObjects } from '../sessions/desiredObjects.ts';
import type { Application } from '../model/application.ts';
import { arrayAt, canonicalJson, jsonEqual, type JsonValue } from '../model/json.ts';
import { displayName, keyString, type KubeObject, type ObjectKey } from '../model/objects.ts';
import type { RenderResult } from '../model/render.ts';
import type { RenderedChange } from '../model/rollback.ts';
import type { Reason } from '../model/states.ts';
import { toYamlText } from '../editor/yamlText.ts';

/** Kinds are looked up in nothing: every object counts as namespaced, but CRDs say their own. For applications without a connection. */
const noKinds: KindLookup = { resource: () => Promise.resolve(undefined), known: () => [] };

/** Objects of a render with their namespaces settled; those of an application without a destination as they are written. */
export async function settledObjects(
  render: Pick<RenderResult, 'objects'>,
  { destination }: Application,
  connection: ClusterConnection | undefined,
  signal: AbortSignal,
): Promise<readonly DesiredObject[]> {
  const place = destination ?? { context: '', namespace: '' };
  return settleObjects(render.objects, place, connection?.discovery ?? noKinds, signal);
}

/** Objects that two renders of one application have differently, by kind and name. Texts are YAML with Secrets masked. */
export function renderedChanges(before: readonly DesiredObject[], after: readonly DesiredObject[]): readonly RenderedChange[] {
  const [was, is] = [byKey(before), byKey(after)];
  const changes: RenderedChange[] = [];
  for (const key of [...new Set([...was.keys(), ...is.keys()])].sort()) {
    const [old, now] = [was.get(key), is.get(key)];
    if (old !== undefined && now !== undefined && jsonEqual(old, now)) continue;
    changes.push({
      key,
      action: old === undefined ? 'create' : now === undefined ? 'prune' : 'configure',
      ...(old === undefined ? {} : { before: toYamlText(maskSecrets(old)) }),
      ...(now === undefined ? {} : { after: toYamlText(maskSecrets(now, old)) }),
    });
  }
  return changes;
}

function byKey(objects: readonly DesiredObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map(({ key, object }) => [keyString(key), object]));
}

/** Whether two renders give the same objects. */
export function rendersSame(left: readonly DesiredObject[], right: readonly DesiredObject[]): boolean {
  const text = (objects: readonly DesiredObject[]): string =>
    canonicalJson(Object.fromEntries([...byKey(objects)].map(([key, object]) => [key, object as JsonValue])));
  return left.length === right.length && text(left) === text(right);
}

/**
 * What going back does not take back.
 * @param objects what the application renders to, before and after
 * @param liveOf the live object of a key, when it is known
 */
export function cannotUndo(objects: readonly DesiredObject[], liveOf: (key: string) => KubeObject | undefined): readonly Reason[] {
  const found = new Map(objects.map((object) => [keyString(object.key), object]));
  const keys = [...found.values()];
  const named = (matches: (object: DesiredObject) => boolean): string[] => keys.filter(matches).map(({ key }) => displayName(key));
  const jobs = named(({ key }) => isJob(key) && liveOf(keyString(key)) !== undefined);
  const data = named(
    ({ key, object }) =>
      key.kind === 'PersistentVolumeClaim' ||
      key.kind === 'PersistentVolume' ||
      (key.kind === 'StatefulSet' && key.group === 'apps' && arrayAt(object, 'spec', 'volumeClaimTemplates').length > 0),
  );
  return [
    ...(jobs.length === 0 ? [] : [{ code: 'rollback-jobs', details: { objects: jobs } }]),
    ...(data.length === 0 ? [] : [{ code: 'rollback-data', details: { objects: data } }]),
  ];
}

function isJob({ group, kind }: ObjectKey): boolean {
  return group === 'batch' && kind === 'Job';
}
