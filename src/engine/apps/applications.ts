import { basename } from 'node:path';
import type { Application, ApplicationSource, Environment } from '../model/application.ts';
import { canonicalJson, type JsonValue } from '../model/json.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { type ConfigFile, configFileName, type DeclaredApplication, parseConfig } from './configFile.ts';
import { recogniseSource, suggest, type Suggestion } from './convention.ts';
import { resolvePath } from './paths.ts';
import type { AppProblem } from './problems.ts';
import { RepoIndex } from './repoIndex.ts';

/** What Choose Cluster mapped: {@link suggestionKey} → destination. */
export type ChosenDestinations = Readonly<Record<string, { readonly context: string; readonly namespace: string }>>;

/** All applications of a repo. */
export interface FoundApplications {
  readonly hasConfig: boolean;
  readonly environments: readonly Environment[];
  /** those of plumbline.yaml in its order, then the suggestions by path */
  readonly applications: readonly Application[];
  readonly problems: readonly AppProblem[];
}

/** The key of `chosenDestinations` for a suggestion: its path, and `#<values file>` for one values file of a chart. */
export function suggestionKey({ path, helm }: ApplicationSource): string {
  const file = helm?.valueFiles?.[0];
  return file === undefined ? path : `${path}#${file}`;
}

/** Finds the applications of one repo: those that plumbline.yaml declares and those that its layout suggests. */
export class ApplicationFinder {
  readonly #repoRoot: string;
  readonly #index = new RepoIndex();
  #config: { readonly text: string; readonly file: ConfigFile } | undefined;
  #last: { readonly text: string; readonly found: FoundApplications } | undefined;

  /** @param repoRoot absolute path, for `Application.repoRoot` */
  constructor(repoRoot: string) {
    this.#repoRoot = repoRoot;
  }

  /**
   * Applications as a tree has them. The same object is given again when nothing of it changed.
   * @param changedPaths paths that may have changed since the last call (folders stand for all below); undefined: read all
   */
  async find(
    tree: SourceTree,
    chosen: ChosenDestinations,
    changedPaths: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<FoundApplications> {
    await this.#index.update(tree, this.#last === undefined ? undefined : changedPaths, signal);
    const bytes = await tree.read(configFileName);
    const config = bytes === undefined ? undefined : this.#parse(new TextDecoder().decode(bytes));
    const problems = [...(config?.problems ?? [])];
    const applications: Application[] = [];
    for (const declared of config?.applications ?? []) {
      const source = await this.#sourceOf(tree, declared);
      if ('code' in source) problems.push(source);
      else applications.push(this.#declared(declared, source));
    }
    const declaredSources = applications.map(({ source }) => source);
    for (const suggestion of suggest(this.#index.folders, declaredSources, basename(this.#repoRoot))) {
      applications.push(this.#suggested(suggestion, chosen, applications));
    }
    if (!this.#index.isComplete) {
      const range = { file: configFileName, startLine: 0, startColumn: 0, endLine: 0, endColumn: 0 };
      problems.push({ code: 'convention-limit', details: {}, severity: 'warning', range });
    }
    return this.#keep({ hasConfig: config !== undefined, environments: config?.environments ?? [], applications, problems });
  }

  #parse(text: string): ConfigFile {
    if (this.#config?.text !== text) this.#config = { text, file: parseConfig(text) };
    return this.#config.file;
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
    const kind = await tree.kindOf(path);
    if (kind === 'unreachable') return fail('config-path-escapes');
    if (kind === 'submodule') return fail('config-path-submodule');
    if (kind === undefined) return fail('config-path-missing');
    const escaping = helm?.valueFiles?.find((file) => resolvePath(path, file) === undefined);
    if (escaping !== undefined) return { ...fail('config-path-escapes'), details: { path: escaping, application: declared.name } };
    const type = await recogniseSource(tree, path);
    if (type === undefined) return fail('config-no-source');
    if (helm === undefined) return { type, path };
    // A folder with both is a chart when Helm's parameters are given.
    const isChart = type === 'helm' || (await tree.kindOf(`${path === '' ? '' : `${path}/`}Chart.yaml`)) === 'file';
    return isChart ? { type: 'helm', path, helm } : fail('config-helm-without-chart');
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
  #suggested({ name, source }: Suggestion, chosen: ChosenDestinations, others: readonly Application[]): Application {
    const key = suggestionKey(source);
    const destination = Object.hasOwn(chosen, key) ? chosen[key] : undefined;
    let id = idOf(destination?.context ?? '-', name);
    if (others.some((other) => other.id === id)) id = idOf(destination?.context ?? '-', key);
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
      isProtected: false,
    };
  }

  #keep(found: FoundApplications): FoundApplications {
    const text = canonicalJson(found as unknown as JsonValue);
    if (this.#last?.text !== text) this.#last = { text, found };
    return this.#last.found;
  }
}

function idOf(environment: string, name: string): string {
  return `${environment}/${name}`;
}
