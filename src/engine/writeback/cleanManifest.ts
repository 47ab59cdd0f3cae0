import { stringify } from 'yaml';
import { annotationsOf, type KubeObject, labelsOf } from '../model/objects.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { omit } from '../compare/omit.ts';
import { normalizeLive, type KindFacts } from '../compare/normalize.ts';

/** Labels and annotations that tools, controllers and the server put on what they hold. */
const TOOL_MARKS =
  /^(applyset\.kubernetes\.io\/|argocd\.argoproj\.io\/(tracking-id|instance|installation-id)|(kustomize|helm)\.toolkit\.fluxcd\.io\/(name|namespace)|meta\.helm\.sh\/|deployment\.kubernetes\.io\/|deprecated\.daemonset\.|pv\.kubernetes\.io\/|volume\.(beta\.)?kubernetes\.io\/|control-plane\.alpha\.|batch\.kubernetes\.io\/job-tracking|kubernetes\.io\/metadata\.name$|kubectl\.kubernetes\.io\/)/;

/** Fields that the server or a controller fills in with what holds for one object only, by kind. */
const ALLOCATED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Service: [
    ['spec', 'clusterIP'],
    ['spec', 'clusterIPs'],
    ['spec', 'ipFamilies'],
    ['spec', 'ipFamilyPolicy'],
    ['spec', 'healthCheckNodePort'],
  ],
  PersistentVolumeClaim: [['spec', 'volumeName']],
  PersistentVolume: [['spec', 'claimRef']],
  Job: [
    ['spec', 'selector'],
    ['spec', 'manualSelector'],
  ],
  Namespace: [['spec']],
  ServiceAccount: [['secrets']],
  Pod: [['spec', 'nodeName']],
};

/** A live object as a manifest of it says it: no status, nothing that the server or a tool wrote; defaults are still there. */
export function cleanManifest(live: KubeObject, facts: KindFacts): KubeObject {
  const normalized = normalizeLive(live, facts);
  const metadata: Record<string, JsonValue | undefined> = {
    ...omit(normalized.metadata, new Set(['ownerReferences', 'finalizers', 'generateName', 'labels', 'annotations'])),
  };
  const labels = own(labelsOf(normalized));
  const annotations = own(annotationsOf(normalized));
  if (labels !== undefined) metadata['labels'] = labels;
  if (annotations !== undefined) metadata['annotations'] = annotations;
  let object: JsonValue = { ...omit(normalized, new Set(['status'])), metadata };
  // A headless Service says so itself.
  const isHeadless = live.kind === 'Service' && isJsonObject(live['spec']) && live['spec']['clusterIP'] === 'None';
  for (const path of ALLOCATED[live.kind] ?? []) object = without(object, isHeadless && path[1] === 'clusterIP' ? [] : path);
  return object as KubeObject;
}

function own(marks: Readonly<Record<string, string>>): JsonObject | undefined {
  const kept = Object.entries(marks).filter(([name]) => !TOOL_MARKS.test(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** A copy without what stands at a way of keys; an empty way changes nothing. */
export function without(value: JsonValue, [key, ...rest]: readonly (string | number)[]): JsonValue {
  if (key === undefined) return value;
  if (isJsonArray(value)) return value.map((item, index) => (index === key ? without(item, rest) : item));
  if (!isJsonObject(value) || value[key] === undefined) return value;
  if (rest.length === 0) return omit(value, new Set([String(key)]));
  return { ...value, [key]: without(value[key], rest) };
}

const FIRST_KEYS = ['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'labels', 'annotations'];

/** The text of a manifest: names first; every string as one that each YAML version reads as a string. */
export function manifestText(manifest: KubeObject): string {
  const rank = (key: string): number => (FIRST_KEYS.includes(key) ? FIRST_KEYS.indexOf(key) : FIRST_KEYS.length);
  const ordered = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => rank(a) - rank(b)));
  const object = { ...ordered(manifest), metadata: ordered(manifest.metadata) };
  return stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** Ways to what the server may have filled in: fields of mappings below everything but names and data; a list of plain values is one. */
export function defaultableFields(object: KubeObject): readonly (readonly (string | number)[])[] {
  const found: (readonly (string | number)[])[] = [];
  const visit = (value: JsonValue | undefined, path: readonly (string | number)[]): void => {
    const isGroup =
      (isJsonObject(value) && Object.keys(value).length > 0) || (isJsonArray(value) && value.some((item) => isJsonObject(item)));
    if (isJsonObject(value) && isGroup) for (const [key, child] of Object.entries(value)) visit(child, [...path, key]);
    else if (isJsonArray(value) && isGroup) for (const [index, item] of value.entries()) visit(item, [...path, index]);
    else if (value !== undefined && typeof path.at(-1) === 'string') found.push(path);
  };
  const kept = omit(object, new Set(['apiVersion', 'kind', 'metadata', 'data', 'binaryData', 'stringData']));
  for (const [key, value] of Object.entries(kept)) visit(value, [key]);
  return found;
}

/** A copy without mappings and lists that are empty now and were not before. */
export function withoutEmptied(value: JsonValue, before: JsonValue | undefined): JsonValue {
  if (isJsonArray(value)) return value.map((item, index) => withoutEmptied(item, isJsonArray(before) ? before[index] : undefined));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]): readonly [string, JsonValue][] => {
      if (child === undefined) return [];
      const was = isJsonObject(before) ? before[key] : undefined;
      const next = withoutEmptied(child, was);
      const isEmptied = isJsonObject(next) && Object.keys(next).length === 0 && isJsonObject(was) && Object.keys(was).length > 0;
      return isEmptied ? [] : [[key, next]];
    }),
  );
}
