import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** How server-side apply merges a list (`x-kubernetes-list-type`); lists without the mark are atomic. */
export type ListType = 'atomic' | 'set' | 'map';

/**
 * One type of an OpenAPI v3 document, reduced to what comparison needs. Plain JSON, so it is stored as it is.
 * Source of the marks: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
export interface SchemaNode {
  /** name of a definition of the same document; the other members of this node stand over those of the definition */
  readonly ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** the type of a map's values */
  readonly values?: SchemaNode;
  readonly items?: SchemaNode;
  /** of a list; absent on a list means atomic */
  readonly listType?: ListType;
  /** of a list of type `map` */
  readonly listKeys?: readonly string[];
  /** of an object or map; absent means granular */
  readonly mapType?: 'atomic' | 'granular';
  /** `byte` (base64), `int32`, `int64`, `double`, `date-time`, ... */
  readonly format?: string;
  /** resource.Quantity of a built-in kind: the server re-emits it in canonical form; in a CRD (by its pattern) it does not */
  readonly isQuantity?: true;
  readonly isIntOrString?: true;
  /** unknown fields are kept by the server (`x-kubernetes-preserve-unknown-fields`) */
  readonly preserveUnknown?: true;
  /** strategic merge patch of a built-in list: the field that identifies an item (`x-kubernetes-patch-merge-key`) */
  readonly patchMergeKey?: string;
  /** strategic merge patch of a built-in: `merge`, `retainKeys`, `merge,retainKeys`, `replace` (`x-kubernetes-patch-strategy`) */
  readonly patchStrategy?: string;
  /** the value that the server puts in; `{}` of a built-in says nothing */
  readonly default?: JsonValue;
}

/** The reduced OpenAPI v3 document of one group-version. */
export interface SchemaDocument {
  /** `apps/v1`, `v1` */
  readonly groupVersion: string;
  /** the content hash by which the server names this document, or '' when it gave none */
  readonly hash: string;
  /** `crd`: written by the API server for CustomResourceDefinitions, where values are stored literally */
  readonly origin: 'builtin' | 'crd' | 'unknown';
  /** definition name by kind */
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, SchemaNode>>;
}

/** A place in a schema: a document and the resolved node in it. */
export interface TypeSchema {
  readonly document: SchemaDocument;
  /** without `ref` */
  readonly node: SchemaNode;
}

const MAX_REFS = 16;

/** Follows `ref` (and chains of it) within the document; an unknown definition gives a node that says nothing. */
export function resolveNode(document: SchemaDocument, node: SchemaNode): TypeSchema {
  let current = node;
  for (let step = 0; current.ref !== undefined && step < MAX_REFS; step += 1) {
    const { ref, ...over } = current;
    const definition = document.definitions[ref];
    current = definition !== undefined && isEmpty(over) ? definition : { ...definition, ...over };
  }
  // The usual case, and on the hottest path of every comparison: nothing to copy.
  if (current.ref === undefined) return { document, node: current };
  const { ref: _cyclic, ...resolved } = current;
  return { document, node: resolved };
}

function isEmpty(value: object): boolean {
  for (const _name in value) return false;
  return true;
}

/** The schema of a kind, or undefined when the document does not have it. */
export function schemaOfKind(document: SchemaDocument, kind: string): TypeSchema | undefined {
  const name = document.kinds[kind];
  return name === undefined || document.definitions[name] === undefined ? undefined : resolveNode(document, { ref: name });
}

/** The schema of a field or map entry, or undefined when the schema does not know it. */
export function fieldSchema(schema: TypeSchema | undefined, name: string): TypeSchema | undefined {
  const properties = schema?.node.properties;
  const child = (properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined) ?? schema?.node.values;
  return schema === undefined || child === undefined ? undefined : resolveNode(schema.document, child);
}

/** The schema of a list's items, or undefined when the schema does not know it. */
export function itemSchema(schema: TypeSchema | undefined): TypeSchema | undefined {
  const items = schema?.node.items;
  return schema === undefined || items === undefined ? undefined : resolveNode(schema.document, items);
}

/**
 * The key of one item of a list of type `map`, with the schema's defaults for absent members
 * (structured-merge-diff `getAssociativeKeyDefault`); undefined when the item is no object or lacks a key without default.
 */
export function listKeyOf(list: TypeSchema, item: JsonValue): Readonly<Record<string, string | number | boolean>> | undefined {
  if (!isJsonObject(item)) return undefined;
  const itemType = itemSchema(list);
  const key: Record<string, string | number | boolean> = {};
  for (const name of list.node.listKeys ?? []) {
    const value = item[name] ?? fieldSchema(itemType, name)?.node.default;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    key[name] = value;
  }
  return key;
}

const QUANTITY_DEFINITION = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING_DEFINITION = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
/** The pattern that controller-gen writes for resource.Quantity. */
const QUANTITY_PATTERN = '(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))';
const REF_PREFIX = '#/components/schemas/';
const TYPES = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);

type Draft = { -readonly [Name in keyof SchemaNode]: SchemaNode[Name] };

function reduceNode(source: JsonObject): SchemaNode {
  const node: Draft = {};
  const ref = source['$ref'] ?? onlyRef(source['allOf']);
  if (typeof ref === 'string' && ref.startsWith(REF_PREFIX)) {
    node.ref = ref.slice(REF_PREFIX.length);
    if (node.ref === QUANTITY_DEFINITION) node.isQuantity = true;
    if (node.ref === INT_OR_STRING_DEFINITION) node.isIntOrString = true;
  }
  const type = source['type'];
  if (typeof type === 'string' && TYPES.has(type)) node.type = type as NonNullable<SchemaNode['type']>;
  const properties = source['properties'];
  if (isJsonObject(properties)) node.properties = reduceAll(properties);
  const values = source['additionalProperties'];
  if (isJsonObject(values)) node.values = reduceNode(values);
  const items = source['items'];
  if (isJsonObject(items)) node.items = reduceNode(items);
  const listType = source['x-kubernetes-list-type'];
  if (listType === 'atomic' || listType === 'set' || listType === 'map') node.listType = listType;
  const keys = source['x-kubernetes-list-map-keys'];
  if (isJsonArray(keys)) node.listKeys = keys.filter((key) => typeof key === 'string');
  const mapType = source['x-kubernetes-map-type'];
  if (mapType === 'atomic' || mapType === 'granular') node.mapType = mapType;
  const mergeKey = source['x-kubernetes-patch-merge-key'];
  if (typeof mergeKey === 'string') node.patchMergeKey = mergeKey;
  const strategy = source['x-kubernetes-patch-strategy'];
  if (typeof strategy === 'string') node.patchStrategy = strategy;
  const format = source['format'];
  if (typeof format === 'string' && format !== 'int-or-string') node.format = format;
  if (source['x-kubernetes-int-or-string'] === true || format === 'int-or-string') node.isIntOrString = true;
  const pattern = source['pattern'];
  if (typeof pattern === 'string' && pattern.includes(QUANTITY_PATTERN)) node.isQuantity = true;
  if (source['x-kubernetes-preserve-unknown-fields'] === true) node.preserveUnknown = true;
  const value = source['default'];
  if (value !== undefined) node.default = value;
  return node;
}

function onlyRef(allOf: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonArray(allOf) || allOf.length !== 1) return undefined;
  const [only] = allOf;
  return isJsonObject(only) ? only['$ref'] : undefined;
}

function reduceAll(schemas: JsonObject): Record<string, SchemaNode> {
  const reduced: Record<string, SchemaNode> = {};
  for (const [name, schema] of Object.entries(schemas)) if (isJsonObject(schema)) reduced[name] = reduceNode(schema);
  return reduced;
}

/**
 * Reduces an OpenAPI v3 document of the API server (`/openapi/v3/...`, KEP-2896) to a {@link SchemaDocument}.
 * @param groupVersion `apps/v1`, `v1`
 * @param hash the content hash in the document's URL
 * @param openApi the parsed document
 */
export function reduceOpenApi(groupVersion: string, hash: string, openApi: JsonObject): SchemaDocument {
  const components = openApi['components'];
  const schemas = isJsonObject(components) && isJsonObject(components['schemas']) ? components['schemas'] : {};
  const slash = groupVersion.indexOf('/');
  const group = slash < 0 ? '' : groupVersion.slice(0, slash);
  const version = groupVersion.slice(slash + 1);
  const kinds: Record<string, string> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const marks = isJsonObject(schema) ? schema['x-kubernetes-group-version-kind'] : undefined;
    if (!isJsonArray(marks)) continue;
    for (const mark of marks) {
      if (!isJsonObject(mark) || mark['group'] !== group || mark['version'] !== version) continue;
      if (typeof mark['kind'] === 'string') kinds[mark['kind']] ??= name;
    }
  }
  const info = openApi['info'];
  const title = isJsonObject(info) ? info['title'] : undefined;
  // The apiextensions server titles what it publishes for CRDs so (apiextensions-apiserver pkg/controller/openapi/builder).
  const origin = title === 'Kubernetes CRD Swagger' ? 'crd' : title === 'Kubernetes' ? 'builtin' : 'unknown';
  return { groupVersion, hash, origin, kinds, definitions: reduceAll(schemas) };
}
