import { isDeepStrictEqual } from 'node:util';
import type { SourceTree, TreeEntry } from '../model/sourceTree.ts';
import { isBelow, joinPath, parentPath } from '../model/treePath.ts';
import { type Deployer, deployersIn } from './deployers.ts';
import {
  chartFacts,
  type ChartFacts,
  chartName,
  holdsObjects,
  isManifestName,
  type KustomizationFacts,
  kustomizationFacts,
  kustomizationNames,
} from './fileFacts.ts';
import { configFileName } from './configFile.ts';
import { type FileLink, fileLinks } from './fileLinks.ts';
import { type FluxBuild, fluxBuilds } from './flux/postBuild.ts';
import { type RuleFact, ruleFacts } from './ruleFacts.ts';

/** What stands in one folder. */
export interface FolderFacts {
  readonly kustomization?: KustomizationFacts;
  readonly chart?: ChartFacts;
  /** names of values files beside a Chart.yaml, `values.yaml` left out */
  readonly valueFiles: readonly string[];
  /** names of files with objects of a cluster */
  readonly manifests: readonly string[];
  /** Kustomizations of Flux that replace variables */
  readonly builds?: readonly FluxBuild[];
  /** HelmReleases of Flux and Applications of Argo CD */
  readonly deployers?: readonly Deployer[];
  /** ignore rules of Argo CD and Flux */
  readonly rules?: readonly RuleFact[];
}

/** What one file with objects of a cluster holds. */
interface ManifestFacts {
  readonly builds: readonly FluxBuild[];
  readonly deployers: readonly Deployer[];
  readonly rules: readonly RuleFact[];
}

/** A file that names others. */
interface NamingFile {
  readonly isLink: boolean;
  /** absent: not asked for yet */
  links?: readonly FileLink[];
}

const MAX_FOLDERS = 20_000;
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'vendor']);

/**
 * What the folders of a tree hold as far as applications can be seen by convention. Hidden folders are not looked into. A change costs
 * the files that it touches, and a listing of their folders.
 */
export class RepoIndex {
  readonly #folders = new Map<string, FolderFacts>();
  /** by folder and name; undefined: a file without objects */
  readonly #files = new Map<string, ReadonlyMap<string, ManifestFacts | undefined>>();
  /** files that name others, by folder and name */
  readonly #links = new Map<string, ReadonlyMap<string, NamingFile>>();
  #isComplete = true;
  #hasChanged = false;

  /** By folder; only those that hold anything of interest. */
  get folders(): ReadonlyMap<string, FolderFacts> {
    return this.#folders;
  }

  /** False: the repo has more folders than are looked into. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * What the kustomizations, charts and plumbline.yaml of the tree name, by file. A file is read when it is first asked for, and again
   * when it changed.
   */
  async links(tree: SourceTree): Promise<ReadonlyMap<string, readonly FileLink[]>> {
    const found = new Map<string, readonly FileLink[]>();
    for (const [folder, files] of [...this.#links]) {
      for (const [name, file] of files) {
        const path = joinPath(folder, name);
        const links = file.links ?? fileLinks(path, await textOf(tree, path));
        // What a link leads to may change without a word of the link.
        if (!file.isLink) file.links = links;
        found.set(path, links);
      }
    }
    return found;
  }

  /**
   * Brings the index up to the tree.
   * @param changed paths that may have changed; a folder stands for all below it; undefined or '': everything
   * @returns whether anything is different now
   */
  async update(tree: SourceTree, changed: readonly string[] | undefined, signal: AbortSignal): Promise<boolean> {
    this.#hasChanged = false;
    await this.#update(tree, changed, signal);
    return this.#hasChanged;
  }

  async #update(tree: SourceTree, changed: readonly string[] | undefined, signal: AbortSignal): Promise<void> {
    if (changed === undefined || changed.includes('')) {
      this.#folders.clear();
      this.#files.clear();
      this.#links.clear();
      this.#isComplete = true;
      this.#hasChanged = true;
      await this.#scan(tree, [''], true, signal);
      return;
    }
    const whole = new Set<string>();
    const single = new Set<string>();
    for (const path of changed) {
      if (isSkipped(path)) continue;
      if ((await tree.kindOf(path).catch(() => undefined)) === 'directory') whole.add(path);
      else {
        this.#forgetBelow(path);
        this.#forgetFile(path);
        single.add(parentPath(path));
      }
    }
    for (const folder of whole) this.#forgetBelow(folder);
    await this.#scan(tree, [...whole], true, signal);
    await this.#scan(tree, [...single], false, signal);
  }

  /** Reads folders, and with `isDeep` all below them. */
  async #scan(tree: SourceTree, start: readonly string[], isDeep: boolean, signal: AbortSignal): Promise<void> {
    let waiting = start;
    let count = 0;
    while (waiting.length > 0) {
      signal.throwIfAborted();
      count += waiting.length;
      if (count > MAX_FOLDERS) {
        this.#isComplete = false;
        return;
      }
      const below = await Promise.all(waiting.map((folder) => this.#read(tree, folder)));
      waiting = isDeep ? below.flat() : [];
    }
  }

  /** Reads one folder. @returns the folders in it */
  async #read(tree: SourceTree, folder: string): Promise<string[]> {
    // A folder that may not be read holds nothing to suggest.
    const entries = (await tree.list(folder).catch(() => undefined)) ?? [];
    // A link to a folder would show the same application a second time.
    const folders = entries.filter(({ name, kind, isLink }) => kind === 'directory' && !isLink && !isSkipped(name));
    const facts = await this.#factsOf(
      tree,
      folder,
      entries.filter(({ kind }) => kind === 'file'),
    );
    if (!isDeepStrictEqual(this.#folders.get(folder), facts)) this.#hasChanged = true;
    if (facts === undefined) this.#folders.delete(folder);
    else this.#folders.set(folder, facts);
    return folders.map(({ name }) => joinPath(folder, name));
  }

  async #factsOf(tree: SourceTree, folder: string, files: readonly TreeEntry[]): Promise<FolderFacts | undefined> {
    const names = new Set(files.map(({ name }) => name));
    const links = new Set(files.flatMap(({ name, isLink }) => (isLink ? [name] : [])));
    const kustomization = kustomizationNames.find((name) => names.has(name));
    const manifests: string[] = [];
    const isChart = names.has(chartName);
    this.#followLinks(folder, names, links);
    const builds: FluxBuild[] = [];
    const deployers: Deployer[] = [];
    const rules: RuleFact[] = [];
    const known = this.#files.get(folder);
    const read = new Map<string, ManifestFacts | undefined>();
    for (const name of names) {
      if (!isManifestName(name) || isChart) continue;
      // What a link leads to may change without a word of the link.
      const facts = known?.has(name) === true && !links.has(name) ? known.get(name) : await manifestFacts(tree, joinPath(folder, name));
      read.set(name, facts);
      if (facts === undefined) continue;
      manifests.push(name);
      builds.push(...facts.builds);
      deployers.push(...facts.deployers);
      rules.push(...facts.rules);
    }
    if (read.size === 0) this.#files.delete(folder);
    else this.#files.set(folder, read);
    if (kustomization === undefined && !isChart && manifests.length === 0) return undefined;
    return {
      ...(kustomization !== undefined && { kustomization: kustomizationFacts(await textOf(tree, joinPath(folder, kustomization))) }),
      ...(isChart && { chart: chartFacts(await textOf(tree, joinPath(folder, chartName))) }),
      valueFiles: isChart ? [...names].filter((name) => /^values[-._].+\.ya?ml$/.test(name)) : [],
      manifests,
      ...(builds.length > 0 && { builds }),
      ...(deployers.length > 0 && { deployers }),
      ...(rules.length > 0 && { rules }),
    };
  }

  /** Keeps what is known of the files of a folder that name others. @param symbolic names that are links */
  #followLinks(folder: string, names: ReadonlySet<string>, symbolic: ReadonlySet<string>): void {
    const naming = [...kustomizationNames, chartName, ...(folder === '' ? [configFileName] : [])].filter((name) => names.has(name));
    const known = this.#links.get(folder);
    if (naming.length === 0) this.#links.delete(folder);
    else this.#links.set(folder, new Map(naming.map((name) => [name, known?.get(name) ?? { isLink: symbolic.has(name) }])));
  }

  #forgetFile(path: string): void {
    const folder = parentPath(path);
    const naming = this.#links.get(folder);
    if (naming !== undefined) this.#links.set(folder, new Map([...naming].filter(([name]) => joinPath(folder, name) !== path)));
    const others = [...(this.#files.get(folder) ?? [])].filter(([name]) => joinPath(folder, name) !== path);
    this.#files.set(folder, new Map(others));
  }

  #forgetBelow(path: string): void {
    for (const known of this.#files.keys()) if (isBelow(known, path)) this.#files.delete(known);
    for (const known of this.#links.keys()) if (isBelow(known, path)) this.#links.delete(known);
    for (const known of this.#folders.keys()) {
      if (!isBelow(known, path)) continue;
      this.#folders.delete(known);
      this.#hasChanged = true;
    }
  }
}

/** What a file holds; undefined: no objects. */
async function manifestFacts(tree: SourceTree, file: string): Promise<ManifestFacts | undefined> {
  const text = await textOf(tree, file);
  if (!holdsObjects(text)) return undefined;
  const [builds, deployers, rules] = [fluxBuilds(file, text), deployersIn(file, text), ruleFacts(file, text)];
  return builds.length + deployers.length + rules.length === 0 ? onlyObjects : { builds, deployers, rules };
}

/** shared by nearly all files */
const onlyObjects: ManifestFacts = { builds: [], deployers: [], rules: [] };

/** Text of a file; empty when it is not there, not readable or too large to be of interest. */
export async function textOf(tree: SourceTree, path: string): Promise<string> {
  const bytes = await tree.read(path).catch(() => undefined);
  return bytes === undefined || bytes.length > MAX_TEXT_BYTES ? '' : new TextDecoder().decode(bytes);
}

function isSkipped(path: string): boolean {
  return path.split('/').some((segment) => segment.startsWith('.') || SKIPPED_FOLDERS.has(segment));
}
