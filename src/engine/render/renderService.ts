import { fileURLToPath } from 'node:url';
import { toError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { canonicalJson, type JsonValue } from '../model/json.ts';
import type { ParsedDocument, RenderError, RenderedObject, RenderResult, SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { DirectoryReader } from './directoryReader.ts';
import { DiskCache } from './diskCache.ts';
import { ReadRecorder, stillHolds } from './readRecorder.ts';
import { renderDeployed } from './deployer.ts';
import { type Parse, postBuilt } from './postBuild.ts';
import type { RemoteSources } from './remoteSources.ts';
import { type CachedRender, RenderCache } from './renderCache.ts';
import { RendererModule } from './rendererModule.ts';
import { defaultLimits, type RenderLimits } from './renderLimits.ts';
import type { JobOutcome, JobRequest } from './renderWorker.ts';
import { nothingThere, type RenderOptions, WorkerPool } from './workerPool.ts';

/** What {@link RenderService} is made of. */
export interface RenderServiceOptions {
  /** default: renderer.wasm beside the bundle, or in dist/ when run from source */
  readonly wasmFile?: string;
  /** folder of the disk cache; without it results are kept in memory only */
  readonly cacheFolder?: string;
  readonly limits?: Partial<RenderLimits>;
  /** without it remote bases and missing chart dependencies are errors */
  readonly remote?: RemoteSources;
  readonly logger: Logger;
}

/** These depend on more than the files read, so they are never reused. */
const PASSING_CODES = new Set([
  'render-timeout',
  'render-out-of-memory',
  'renderer-failed',
  'read-failed',
  'file-too-large',
  'remote-base',
  'remote-failed',
  'dependency-missing',
]);

/** of one batch of queries; each item has its own limit of steps */
const QUERY_TIMEOUT_MS = 5_000;

const wasmPath = import.meta.url.endsWith('.ts') ? '../../../dist/renderer.wasm' : './renderer.wasm';

/** What a jq expression or a Lua script gave for one object. */
export interface QueryAnswer {
  readonly values?: readonly JsonValue[];
  readonly error?: string;
}

/** One run of a Lua script. */
export interface LuaTask {
  /** undefined: the check that Argo CD brings for the object's kind */
  readonly script?: string;
  /** also the libraries string, math and coroutine */
  readonly openLibs?: boolean;
  readonly object: JsonValue;
}

interface Answer {
  readonly objects: readonly RenderedObject[];
  readonly errors: readonly RenderError[];
  readonly documents?: readonly ParsedDocument[];
  readonly results?: readonly QueryAnswer[];
}

/**
 * Renders sources to Kubernetes objects with the Kubernetes projects' own code in a sandboxed worker, and remembers results by exactly
 * what was read.
 *
 * ```ts
 * const renders = store.add(new RenderService({ logger, cacheFolder: join(stateFolder, 'renders') }));
 * const result = await renders.render({ type: 'kustomize', path: 'apps/shop/overlays/prod' }, tree, { signal, interactive: true });
 * if (!isComplete(result)) show(result.errors);   // words: renderReason() of engine/model/render.ts with describe()
 * const documents = await renders.parse('web.yaml', bytes, { signal });
 * ```
 */
export class RenderService implements Disposable {
  readonly #module: RendererModule;
  readonly #limits: RenderLimits;
  readonly #pool: WorkerPool;
  readonly #memory: RenderCache;
  readonly #disk: DiskCache | undefined;
  readonly #directories: DirectoryReader;
  readonly #remote: RemoteSources | undefined;
  readonly #logger: Logger;

  constructor(options: RenderServiceOptions) {
    this.#module = new RendererModule(options.wasmFile ?? fileURLToPath(new URL(wasmPath, import.meta.url)));
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#pool = new WorkerPool(this.#module, this.#limits);
    this.#memory = new RenderCache(this.#limits.memoryCacheBytes);
    this.#disk = options.cacheFolder === undefined ? undefined : new DiskCache(options.cacheFolder, this.#limits.diskCacheBytes);
    this.#remote = options.remote;
    this.#logger = options.logger;
    this.#directories = new DirectoryReader({
      parse: (file, bytes, signal) => this.parse(file, bytes, { signal }),
      maxFileBytes: this.#limits.maxFileBytes,
      cacheBytes: this.#limits.memoryCacheBytes,
    });
  }

  /** Version of the renderer; part of every cache key. */
  rendererVersion(): Promise<string> {
    return this.#module.version();
  }

  /**
   * Renders a source as `kustomize build`, `helm template` or a reader of manifest files would.
   * @param tree where it is read from; what it gives is what the render is keyed by
   * @returns objects and errors; broken input is not an exception
   * @throws the signal's reason when cancelled; AppError `renderer-failed` when the renderer itself is not there
   */
  async render(spec: SourceSpec, tree: SourceTree, options: RenderOptions): Promise<RenderResult> {
    const { postBuild, deployedBy, ...bare } = spec;
    const parse: Parse = (file, bytes) => this.parse(file, bytes, options);
    const render =
      deployedBy === undefined
        ? await this.#bare(bare, tree, options)
        : await renderDeployed(bare, deployedBy, tree, parse, (given, from, hasSecrets) => this.#bare(given, from, options, hasSecrets));
    return postBuild === undefined ? render : postBuilt(postBuild, tree, render, parse);
  }

  /** @param hasSecrets the spec holds values of Secrets: the result is kept in memory only */
  async #bare(spec: SourceSpec, tree: SourceTree, options: RenderOptions, hasSecrets = false): Promise<RenderResult> {
    const startedAt = performance.now();
    options.signal.throwIfAborted();
    const specKey = await this.#specKey(spec);
    // Files are read as fast as a result is found on disk, and of those that did not change nothing is read at all.
    const disk = spec.type === 'directory' || hasSecrets ? undefined : this.#disk;
    const cached = await this.#lookUp(specKey, tree, disk);
    options.signal.throwIfAborted();
    if (cached !== undefined) return finish(specKey, cached, true, startedAt);
    const direct = spec.type === 'directory' ? await this.#directories.read(spec.path, tree, options.signal) : undefined;
    if (direct !== undefined) {
      this.#memory.add(specKey, direct, 0);
      return finish(specKey, direct, false, startedAt);
    }
    const recorder = new ReadRecorder({ tree, remote: this.#remote, maxFileBytes: this.#limits.maxFileBytes, signal: options.signal });
    const outcome = await this.#pool.run(
      { request: requestOf(spec), text: new Uint8Array(), lookup: (operation, text) => recorder.answer(operation, text) },
      options,
    );
    const answer = this.#read(outcome, spec.path);
    const render: CachedRender = { reads: recorder.records(), objects: answer.objects, errors: answer.errors };
    if (outcome.kind === 'answer' && !answer.errors.some(({ code }) => PASSING_CODES.has(code))) {
      this.#memory.add(specKey, render, outcome.bytes.length);
      await disk?.add(specKey, render);
    }
    return finish(specKey, render, false, startedAt);
  }

  /**
   * Reads a YAML or JSON text with the semantics of sigs.k8s.io/yaml, that is as kubectl, Argo CD and Flux do.
   * @param file name for errors
   */
  async parse(file: string, text: Uint8Array, options: RenderOptions): Promise<readonly ParsedDocument[]> {
    const outcome = await this.#pool.run(
      { request: { op: 'parse', seed: 0, path: file } as JobRequest['request'], text, lookup: nothingThere },
      options,
    );
    const answer = this.#read(outcome, file);
    const [error] = answer.errors;
    if (error !== undefined) return [{ index: 0, startLine: 0, endLine: 0, error }];
    return answer.documents ?? [];
  }

  /**
   * Asks one jq expression of many objects, in gojq as Argo CD does (util/argo/normalizers).
   * @param mode `values`: what it gives; `paths`: the places that it selects, as `del(expression)` would take them away
   * @returns one answer per object, in their order; an expression that fails, or takes too many steps, is an error of that object
   */
  async jq(
    expression: string,
    objects: readonly JsonValue[],
    mode: 'values' | 'paths',
    options: RenderOptions,
  ): Promise<readonly QueryAnswer[]> {
    return this.#query('jq', objects, (some) => ({ expression, paths: mode === 'paths', objects: some }), options);
  }

  /**
   * Runs Lua scripts on objects, in gopher-lua as Argo CD does (util/lua): without io, and of os only time and date.
   * @param nowMs what the scripts' clock says, epoch milliseconds
   * @returns per task the returned value, no values where Argo CD brings no script for the kind, or an error
   */
  async lua(tasks: readonly LuaTask[], nowMs: number, options: RenderOptions): Promise<readonly QueryAnswer[]> {
    const bodies = tasks.map(({ script, openLibs = false, object }) => ({ script: script ?? '', openLibs, object }));
    return this.#query('lua', bodies, (some) => ({ nowMs: Math.round(nowMs), tasks: some }), options);
  }

  /** A batch that brings the worker down is asked again one by one, so that one bad item spoils only its own answer. */
  async #query(
    op: 'jq' | 'lua',
    items: readonly JsonValue[],
    bodyOf: (items: readonly JsonValue[]) => object,
    options: RenderOptions,
  ): Promise<readonly QueryAnswer[]> {
    if (items.length === 0) return [];
    const text = new TextEncoder().encode(JSON.stringify(bodyOf(items)));
    const outcome = await this.#pool.run(
      { request: { op, seed: 0 }, text, lookup: nothingThere },
      { timeoutMs: Math.min(this.#limits.timeoutMs, QUERY_TIMEOUT_MS), ...options },
    );
    const answer = this.#read(outcome, op);
    const [error] = answer.errors;
    if (error === undefined && answer.results?.length === items.length) return answer.results;
    if (items.length === 1) return [{ error: error?.message ?? 'no answer' }];
    const answers: QueryAnswer[] = [];
    for (const item of items) answers.push(...(await this.#query(op, [item], bodyOf, options)));
    return answers;
  }

  /** Compiles the module and starts a worker, so that the first render does not wait for it. */
  warmUp(signal: AbortSignal): Promise<void> {
    return this.#pool.warmUp(signal);
  }

  dispose(): void {
    this.#pool.dispose();
    this.#memory.clear();
    this.#directories.clear();
  }

  async #specKey(spec: SourceSpec): Promise<string> {
    return sha256(`${await this.#module.version()}\n${canonicalJson(requestOf(spec))}`);
  }

  async #lookUp(specKey: string, tree: SourceTree, disk: DiskCache | undefined): Promise<CachedRender | undefined> {
    const known = new Map<string, Promise<string>>();
    for (const candidate of this.#memory.candidates(specKey)) {
      if (!(await stillHolds(candidate.reads, tree, this.#remote, known))) continue;
      this.#memory.touch(specKey, candidate);
      return candidate;
    }
    for (const candidate of (await disk?.candidates(specKey)) ?? []) {
      if (!(await stillHolds(candidate.reads, tree, this.#remote, known))) continue;
      this.#memory.add(specKey, candidate, JSON.stringify(candidate.objects).length);
      await disk?.touch(specKey, candidate);
      return candidate;
    }
    return undefined;
  }

  #read(outcome: JobOutcome, path: string): Answer {
    const failed = (code: RenderError['code'], message: string, limit?: number): Answer => ({
      objects: [],
      errors: [{ code, message, file: path, ...(limit === undefined ? {} : { details: { limit } }) }],
    });
    switch (outcome.kind) {
      case 'answer':
        try {
          return JSON.parse(new TextDecoder().decode(outcome.bytes)) as Answer;
        } catch (error) {
          return failed('renderer-failed', toError(error).message);
        }
      case 'timeout':
        return failed('render-timeout', outcome.message, this.#limits.timeoutMs / 1000);
      case 'too-large':
        return failed('output-too-large', outcome.message, this.#limits.maxOutputBytes >> 20);
      case 'out-of-memory':
        return failed('render-out-of-memory', outcome.message);
      case 'crashed':
        this.#logger.warn(`[render] the renderer crashed path=${path} ${outcome.message}`);
        return failed('renderer-failed', outcome.message);
    }
  }
}

/** The request of a spec, with every default filled in, so that equal renders have equal keys. */
function requestOf(spec: SourceSpec): JobRequest['request'] {
  const { type, path, helm, kustomize, kubeVersion, apiVersions, seed = 0 } = spec;
  return {
    op: type,
    path,
    seed,
    ...(type === 'kustomize' ? { loadRestrictor: kustomize?.loadRestrictor ?? 'rootOnly' } : {}),
    ...(type === 'helm' ? { helm, kubeVersion, apiVersions: [...(apiVersions ?? [])] } : {}),
  } as JobRequest['request'];
}

function finish(specKey: string, render: CachedRender, isFromCache: boolean, startedAt: number): RenderResult {
  const { objects, errors, reads } = render;
  const key = sha256(`${specKey}\n${canonicalJson(reads as unknown as JsonValue)}`);
  return { objects, errors, reads, key, isFromCache, elapsedMs: performance.now() - startedAt };
}
