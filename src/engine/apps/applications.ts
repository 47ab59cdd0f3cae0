import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Application, ApplicationSource, Environment, FileRange, SourceType } from '../model/application.ts';
import { canonicalJson } from '../model/json.ts';
import type { EntryKind, SourceTree } from '../model/sourceTree.ts';
import { isBelow, joinPath, resolvePath } from '../model/treePath.ts';
import { type ConfigFile, configFileName, type DeclaredApplication, parseConfig } from './configFile.ts';
import { recogniseSource, suggest, type Suggestion } from './convention.ts';
import { chartName } from './fileFacts.ts';
import type { FileLink } from './fileLinks.ts';
import { deployerSpec, deploymentsOf, ValuesFiles, withAdditions } from './deployments.ts';
import type { AppProblem } from './problems.ts';
import { RepoIndex } from './repoIndex.ts';
import type { RuleFact } from './ruleFacts.ts';

/** What Choose Cluster mapped: {@link suggestionKey} → destination; a bare path stands for all suggestions at that path. */
export type ChosenDestinations = Readonly<Record<string, { readonly context: string; readonly namespace: string }>>;

/** All applications of a repo. */
export interface FoundApplications {
  readonly hasConfig: boolean;
  readonly environments: readonly Environment[];
  /** those of plumbline.yaml in its order, then the suggestions by path */
  readonly applications: readonly Application[];
  readonly problems: readonly AppProblem[];
  /** ignore rules that manifests of Argo CD and Flux in the repo write */
  readonly rules: readonly RuleFact[];
}

/** The key of `chosenDestinations` for a suggestion: its path, and `#` with a values file of its chart, or with the name of what deploys it. */
export function suggestionKey({ path, helm, deployedBy }: ApplicationSource): string {
  const variant = helm?.valueFiles?.[0] ?? deployedBy?.name;
  return variant === undefined ? path : `${path}#${variant}`;
}

/** What a path of plumbline.yaml leads to. */
interface PathFacts {
  readonly kind: EntryKind | undefined;
  readonly type: SourceType | undefined;
  readonly hasChart: boolean;
  readonly isReadable: boolean;
}

/** Finds the applications of one repo: those that plumbline.yaml declares and those that its layout suggests. */
export class ApplicationFinder {
  readonly #repoRoot: string;
  readonly #index = new RepoIndex();
  /** what the paths of plumbline.yaml lead to */
  readonly #paths = new Map<string, PathFacts>();
  #config: { readonly text: string; readonly file: ConfigFile } | undefined;
  #last: { readonly config: ConfigFile | undefined; readonly chosen: string; readonly found: FoundApplications } | undefined;

  /** @param repoRoot absolute path, for `Application.repoRoot` */
  constructor(repoRoot: string) {
    this.#repoRoot = repoRoot;
  }

  /**
   * Applications as a tree has them. The same object is given again when nothing changed.
   * @param changedPaths paths that may have changed since the last call (folders stand for all below); undefined: read all
   */
  async find(
    tree: SourceTree,
    chosen: ChosenDestinations,
    changedPaths: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<FoundApplications> {
    const changed = this.#last === undefined ? undefined : changedPaths;
    const hasMoved = await this.#followPaths(tree, changed);
    const isIndexNew = await this.#index.update(tree, changed, signal);
    const bytes = await tree.read(configFileName);
    const config = bytes === undefined ? undefined : this.#parse(new TextDecoder().decode(bytes));
    const last = this.#last;
    const chosenText = canonicalJson(chosen);
    if (last !== undefined && !hasMoved && !isIndexNew && last.config === config && last.chosen === chosenText) return last.found;
    const found = await this.#compose(tree, config, chosen);
    const kept = last !== undefined && isDeepStrictEqual(last.found, found) ? last.found : found;
    this.#last = { config, chosen: chosenText, found: kept };
    return kept;
  }

  /** What the kustomizations, charts and plumbline.yaml of the tree name, by file, as of the last {@link find}. */
  links(tree: SourceTree): Promise<ReadonlyMap<string, readonly FileLink[]>> {
    return this.#index.links(tree);
  }

  async #compose(tree: SourceTree, config: ConfigFile | undefined, chosen: ChosenDestinations): Promise<FoundApplications> {
    const problems = [...(config?.problems ?? [])];
    const applications: Application[] = [];
    for (const declared of config?.applications ?? []) {
      const source = await this.#sourceOf(tree, declared);
      if ('code' in source) problems.push(source);
      else applications.push(this.#declared(declared, source));
    }
    const ids = new Set(applications.map(({ id }) => id));
    const declaredSources = applications.map(({ source }) => source);
    const { folders } = this.#index;
    const deployments = deploymentsOf(folders);
    const files = new ValuesFiles(tree, folders);
    const deployed: (Suggestion & { readonly declaredAt: FileRange })[] = [];
    for (const { deployer, source } of deployments) {
      if (declaredSources.some(({ path }) => path === source.path)) continue;
      const deployedBy = await deployerSpec(files, deployer);
      deployed.push({ name: deployer.name, source: { ...source, deployedBy }, declaredAt: deployer.declaredAt });
    }
    const covered = [...declaredSources, ...deployed.map(({ source }) => source)];
    for (const suggestion of [...deployed, ...suggest(folders, covered, basename(this.#repoRoot))]) {
      const application = this.#suggested(suggestion, chosen, ids);
      ids.add(application.id);
      applications.push(application);
    }
    if (!this.#index.isComplete) {
      const range = { file: configFileName, startLine: 0, startColumn: 0, endLine: 0, endColumn: 0 };
      problems.push({ code: 'convention-limit', details: {}, severity: 'warning', range });
    }
    const built = await withAdditions(files, folders, applications, deployments);
    const rules = [...folders.values()].flatMap((folder) => folder.rules ?? []);
    return { hasConfig: config !== undefined, environments: config?.environments ?? [], applications: built, problems, rules };
  }

  /** Looks again where changed paths lead. @returns whether any leads elsewhere now */
  async #followPaths(tree: SourceTree, changed: readonly string[] | undefined): Promise<boolean> {
    if (changed === undefined) {
      this.#paths.clear();
      return true;
    }
    let hasMoved = false;
    for (const [path, before] of this.#paths) {
      if (!changed.some((one) => isBelow(path, one) || isBelow(one, path))) continue;
      const now = await factsOf(tree, path);
      if (!isDeepStrictEqual(before, now)) hasMoved = true;
      this.#paths.set(path, now);
    }
    return hasMoved;
  }

  /** While somebody types, the text is no YAML for moments: the applications of the last readable one stand meanwhile. */
  #parse(text: string): ConfigFile {
    if (this.#config?.text === text) return this.#config.file;
    const before = this.#config?.file;
    const parsed = parseConfig(text);
    const isBroken = parsed.problems.some(({ code }) => code === 'config-invalid-yaml');
    const problems = parsed.problems.map((problem) => ({ ...problem, code: 'config-invalid-yaml-kept' }));
    const file = isBroken && before !== undefined && before.applications.length > 0 ? { ...before, problems } : parsed;
    this.#config = { text, file };
    return file;
  }

  async #sourceOf(tree: SourceTree, declared: DeclaredApplication): Promise<ApplicationSource | AppProblem> {
    const { helm } = declared;
    const fail = (code: string): AppProblem => ({
      code,
      details: { path: declared.path, application: declared.name },
      severity: 'error',
      range: declared.pathAt,
      applicationId: idOf(declared.environment.name, declared.name),
    });
    const path = resolvePath('', declared.path);
    if (path === undefined) return fail('config-path-escapes');
    let facts = this.#paths.get(path);
    if (facts === undefined) {
      facts = await factsOf(tree, path);
      this.#paths.set(path, facts);
    }
    const { kind, type, hasChart, isReadable } = facts;
    if (!isReadable) return fail('config-path-unreadable');
    if (kind === 'unreachable') return fail('config-path-escapes');
    if (kind === 'submodule') return fail('config-path-submodule');
    if (kind === undefined) return fail('config-path-missing');
    const escaping = helm?.valueFiles?.find((file) => resolvePath(path, file) === undefined);
    if (escaping !== undefined) return { ...fail('config-path-escapes'), details: { path: escaping, application: declared.name } };
    if (type === undefined) return fail('config-no-source');
    if (helm === undefined) return { type, path };
    // A folder with both is a chart when Helm's parameters are given.
    return hasChart ? { type: 'helm', path, helm } : fail('config-helm-without-chart');
  }

  #declared(declared: DeclaredApplication, source: ApplicationSource): Application {
    const { environment, name } = declared;
    return {
      id: idOf(environment.name, name),
      name,
      repoRoot: this.#repoRoot,
      source,
      destination: {
        environment: environment.name,
        context: environment.context,
        ...(environment.clusterUid !== undefined && { clusterUid: environment.clusterUid }),
        namespace: declared.namespace,
      },
      policy: { prune: declared.prune },
      owner: 'plumbline',
      ignore: declared.ignore,
      origin: 'plumbline.yaml',
      declaredAt: declared.declaredAt,
      isProtected: environment.isProtected,
    };
  }

  /** A suggestion, compared read-only once a cluster was chosen for it. */
  #suggested(
    { name, source, declaredAt }: Suggestion & { readonly declaredAt?: FileRange },
    chosen: ChosenDestinations,
    ids: ReadonlySet<string>,
  ): Application {
    const key = suggestionKey(source);
    const destination = chosenFor(chosen, key) ?? chosenFor(chosen, source.path);
    let id = idOf(destination?.context ?? '-', name);
    for (let number = 1; ids.has(id); number += 1) id = idOf(destination?.context ?? '-', number === 1 ? key : `${key}-${String(number)}`);
    return {
      id,
      name,
      repoRoot: this.#repoRoot,
      source,
      ...(destination !== undefined && { destination: { context: destination.context, namespace: destination.namespace } }),
      policy: { prune: false },
      owner: 'unmanaged',
      ignore: [],
      origin: 'convention',
      ...(declaredAt !== undefined && { declaredAt }),
      isProtected: false,
    };
  }
}

async function factsOf(tree: SourceTree, path: string): Promise<PathFacts> {
  try {
    const [kind, type, chart] = await Promise.all([tree.kindOf(path), recogniseSource(tree, path), tree.kindOf(joinPath(path, chartName))]);
    return { kind, type, hasChart: chart === 'file', isReadable: true };
  } catch {
    return { kind: undefined, type: undefined, hasChart: false, isReadable: false };
  }
}

function chosenFor(chosen: ChosenDestinations, key: string): ChosenDestinations[string] | undefined {
  return Object.hasOwn(chosen, key) ? chosen[key] : undefined;
}

function idOf(environment: string, name: string): string {
  return `${environment}/${name}`;
}
