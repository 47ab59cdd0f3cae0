import { isJsonObject, type JsonObject, stringAt } from '../model/json.ts';
import type { HelmSpec, ReadRecord } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Parse } from './postBuild.ts';

/** What a deployer makes of the source that it deploys. */
export interface Parameters {
  /** laid over those of the source */
  readonly helm?: Partial<HelmSpec>;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** files that it builds otherwise than they stand in the tree, by path */
  readonly changed?: Readonly<Record<string, string>>;
  /** builds of Kustomize over what the chart gives, in order */
  readonly postRenderers?: readonly JsonObject[];
}

/** What is wrong with a deployer, in words of the tool's own. */
export class ParametersProblem extends Error {
  override readonly name = 'ParametersProblem';
}

/** The files that a deployer's parameters stand in, each read counted. */
export class ParameterFiles {
  readonly #tree: SourceTree;
  readonly #parse: Parse;
  readonly #reads = new Map<string, ReadRecord>();
  #hasSecrets = false;

  constructor(tree: SourceTree, parse: Parse) {
    this.#tree = tree;
    this.#parse = parse;
  }

  get reads(): readonly ReadRecord[] {
    return [...this.#reads.values()];
  }

  /** Values of a Secret were read: what is rendered with them must not reach the disk. */
  get hasSecrets(): boolean {
    return this.#hasSecrets;
  }

  /** A file's text; undefined when it is not there. */
  async text(path: string): Promise<string | undefined> {
    const bytes = await this.#tree.read(path);
    this.#reads.set(path, { path, kind: 'file', hash: (await this.#tree.hashOf(path)) ?? 'absent' });
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** An object that a file of manifests declares; one without a namespace counts as of any. */
  async object(path: string, kind: string, name: string, namespace: string): Promise<JsonObject | undefined> {
    const text = await this.text(path);
    const documents = text === undefined ? [] : await this.#parse(path, Buffer.from(text));
    const found = documents.find(
      ({ value }) =>
        stringAt(value, 'kind') === kind &&
        stringAt(value, 'metadata', 'name') === name &&
        (namespace === '' || (stringAt(value, 'metadata', 'namespace') ?? namespace) === namespace),
    )?.value;
    const error = documents.find((document) => document.error !== undefined)?.error;
    if (found === undefined && error !== undefined) throw new ParametersProblem(`${path}: ${error.message}`);
    if (kind === 'Secret' && found !== undefined) this.#hasSecrets = true;
    return found;
  }

  /** A YAML text within another as one mapping. @throws ParametersProblem when it is none */
  async mapping(where: string, text: string): Promise<JsonObject> {
    const documents = await this.#parse(where, Buffer.from(text));
    const [first, ...others] = documents;
    if (first === undefined) return {};
    if (first.error !== undefined) throw new ParametersProblem(`${where}: ${first.error.message}`);
    if (others.length > 0 || !isJsonObject(first.value)) throw new ParametersProblem(`${where} is not one mapping`);
    return first.value;
  }
}
