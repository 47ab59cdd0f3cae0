import { isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from './json.ts';

/** A Kubernetes object as JSON: what the API server or a render gave, with nothing dropped. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject;
}

/** Identity of an object within one cluster. The version does not belong to it. `namespace` is '' for cluster-scoped objects. */
export interface ObjectKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Group, version and kind; `group` is '' for the core group. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Whether a JSON value has the least that makes it a Kubernetes object. */
export function isKubeObject(value: JsonValue | undefined): value is KubeObject {
  return (
    isJsonObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isJsonObject(value['metadata'])
  );
}

/** Splits an apiVersion such as `apps/v1` or `v1`. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Group, version and kind of an object. */
export function gvkOf(object: KubeObject): GroupVersionKind {
  return { ...parseApiVersion(object.apiVersion), kind: object.kind };
}

/** The key of an object; its namespace is taken as written. */
export function keyOf(object: KubeObject): ObjectKey {
  const { group } = parseApiVersion(object.apiVersion);
  return { group, kind: object.kind, namespace: namespaceOf(object), name: nameOf(object) };
}

/** `metadata.name`, or ''. */
export function nameOf(object: KubeObject): string {
  return stringAt(object.metadata, 'name') ?? '';
}

/** `metadata.namespace`, or ''. */
export function namespaceOf(object: KubeObject): string {
  return stringAt(object.metadata, 'namespace') ?? '';
}

/** A key as one string, stable, for maps and ids: `group/Kind/namespace/name`. */
export function keyString(key: ObjectKey): string {
  return `${key.group}/${key.kind}/${key.namespace}/${key.name}`;
}

/** The inverse of {@link keyString}. */
export function parseKeyString(text: string): ObjectKey {
  const [group = '', kind = '', namespace = '', ...name] = text.split('/');
  return { group, kind, namespace, name: name.join('/') };
}

/** How people name an object: `Deployment/web`. */
export function displayName(key: ObjectKey): string {
  return `${key.kind}/${key.name}`;
}

/** Labels of an object. */
export function labelsOf(object: KubeObject): Readonly<Record<string, string>> {
  return objectAt(object.metadata, 'labels') as Readonly<Record<string, string>>;
}

/** Annotations of an object. */
export function annotationsOf(object: KubeObject): Readonly<Record<string, string>> {
  return objectAt(object.metadata, 'annotations') as Readonly<Record<string, string>>;
}
