import { sha256 } from '../../base/hash.ts';
import { canonicalJson, isJsonArray, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../model/json.ts';
import { annotationsOf, type KubeObject, labelsOf } from '../model/objects.ts';
import type { ParsedDocument, PostBuildSpec, ReadRecord, RenderedObject, RenderError, RenderResult } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { substitute, variablesIn } from './envsubst.ts';

/** Reads YAML as Kubernetes' tools do. */
export type Parse = (file: string, bytes: Uint8Array) => Promise<readonly ParsedDocument[]>;

const DISABLED = 'kustomize.toolkit.fluxcd.io/substitute';

/**
 * What Flux makes of a build by the `postBuild` of a Kustomization: variables in its objects are replaced. What the variables are read from
 * counts as read by the render. Source: fluxcd/pkg kustomize/kustomize_varsub.go.
 */
export async function postBuilt(spec: PostBuildSpec, tree: SourceTree, render: RenderResult, parse: Parse): Promise<RenderResult> {
  const { variables, reads, missing } = await readVariables(spec, tree, parse);
  const errors: RenderError[] = [];
  const objects: RenderedObject[] = [];
  // Without any variable Flux leaves everything as it is.
  const isOff = variables.size === 0 && missing.length === 0;
  for (const rendered of render.objects) {
    const { object } = rendered;
    const isDisabled = [annotationsOf(object)[DISABLED], labelsOf(object)[DISABLED]].includes('disabled');
    const text = isOff || isDisabled ? '' : canonicalJson(object);
    if (!text.includes('${')) {
      objects.push(rendered);
      continue;
    }
    const unknown = missing.length === 0 ? [] : variablesIn(text).filter((name) => !variables.has(name));
    if (unknown.length > 0) errors.push(unknownVariables(spec, unknown, missing));
    objects.push({ ...rendered, object: await substituted(object, (name) => variables.get(name), parse) });
  }
  const key = sha256(`${render.key}\n${canonicalJson({ spec: spec as unknown as JsonValue, reads: reads as unknown as JsonValue })}`);
  const all = [...render.reads, ...reads].toSorted((left, right) => (left.path < right.path ? -1 : 1));
  return { ...render, objects, errors: [...render.errors, ...errors], reads: all, key };
}

function unknownVariables({ file, name }: PostBuildSpec, unknown: readonly string[], missing: readonly string[]): RenderError {
  const message = `${unknown.join(', ')}: from ${missing.join(', ')}`;
  return { code: 'variables-missing', message, file, details: { name, variables: unknown.join(', '), sources: missing.join(', ') } };
}

interface Variables {
  readonly variables: ReadonlyMap<string, string>;
  readonly reads: readonly ReadRecord[];
  /** sources that the tree does not have, or has encrypted */
  readonly missing: readonly string[];
}

async function readVariables({ file, name, namespace, sources }: PostBuildSpec, tree: SourceTree, parse: Parse): Promise<Variables> {
  const variables = new Map<string, string>();
  const reads = new Map<string, ReadRecord>();
  const missing: string[] = [];
  const read = async (path: string, kind: string, wanted: string): Promise<JsonObject | undefined> => {
    const bytes = await tree.read(path);
    reads.set(path, { path, kind: 'file', hash: (await tree.hashOf(path)) ?? 'absent' });
    const documents = bytes === undefined ? [] : await parse(path, bytes);
    return documents.find(
      ({ value }) =>
        stringAt(value, 'kind') === kind &&
        stringAt(value, 'metadata', 'name') === wanted &&
        (stringAt(value, 'metadata', 'namespace') ?? namespace) === namespace,
    )?.value;
  };
  const add = (values: JsonValue, decode: (text: string) => string): void => {
    // Line ends are taken out of values, as a block in a plain scalar would break the YAML.
    for (const [key, value] of Object.entries(values as JsonObject)) {
      if (typeof value === 'string') variables.set(key, decode(value).replaceAll('\n', ''));
    }
  };
  for (const source of sources) {
    const found = source.file === undefined ? undefined : await read(source.file, source.kind, source.name);
    if (found === undefined || found['sops'] !== undefined) {
      if (!source.isOptional || found !== undefined) missing.push(`${source.kind}/${source.name}`);
      continue;
    }
    const isSecret = source.kind === 'Secret';
    add(objectAt(found, 'data'), (text) => (isSecret ? Buffer.from(text, 'base64').toString('utf8') : text));
    if (isSecret) add(objectAt(found, 'stringData'), (text) => text);
  }
  add(objectAt(valueAt(await read(file, 'Kustomization', name), 'spec', 'postBuild'), 'substitute'), (text) => text);
  return { variables, reads: [...reads.values()], missing };
}

/** Where a value stands unquoted in the YAML of a build, a substituted one is read anew: `${count}` becomes a number. */
const IS_PLAIN = /^(?![\s\-?:,[\]{}#&*!|>'"%@`])(?![\s\S]*(?::\s|\s#|\n|[\s:]$))/;

async function substituted(object: KubeObject, lookup: (name: string) => string | undefined, parse: Parse): Promise<KubeObject> {
  const plain: string[] = [];
  const collect = (value: JsonValue | undefined): void => {
    if (typeof value === 'string') {
      if (value.includes('${') && IS_PLAIN.test(value)) plain.push(substitute(value, lookup));
    } else if (isJsonArray(value)) value.forEach(collect);
    else if (isJsonObject(value)) Object.values(value).forEach(collect);
  };
  collect(object);
  const text = plain.map((each, index) => `v${String(index)}: ${each}`).join('\n');
  const documents = plain.length === 0 ? [] : await parse('substituted', Buffer.from(text, 'utf8'));
  const read = documents.length === 1 ? documents[0]?.value : undefined;
  const isRead = read !== undefined && Object.keys(read).length === plain.length;
  let index = 0;
  const replace = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') {
      if (!value.includes('${')) return value;
      const next = substitute(value, lookup);
      if (!IS_PLAIN.test(value)) return next;
      const typed = isRead ? valueAt(read, `v${String(index)}`) : next;
      index += 1;
      return typed === undefined ? next : typed;
    }
    if (isJsonArray(value)) return value.map(replace);
    if (!isJsonObject(value)) return value;
    const entries = Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[substitute(key, lookup), replace(item)] as const],
    );
    return Object.fromEntries(entries);
  };
  return replace(object) as KubeObject;
}
