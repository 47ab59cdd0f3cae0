import { isDeepStrictEqual } from 'node:util';
import { deployerLinks } from '../apps/deployerLinks.ts';
import { type FileLink, fileLinks, keyRange } from '../apps/fileLinks.ts';
import { chartFacts, chartName, kustomizationNames } from '../apps/fileFacts.ts';
import { configFileName } from '../apps/configFile.ts';
import type { WorkingTree } from '../git/workingTree.ts';
import type { FileRange } from '../model/application.ts';
import { nameOf } from '../model/objects.ts';
import type { ValuesObject } from '../model/render.ts';
import { joinPath, parentPath, resolvePath } from '../model/treePath.ts';
import { fieldAt } from '../provenance/fieldAt.ts';
import { type ObjectMention, objectMentions } from './objectMentions.ts';
import type { Workspace } from '../sessions/workspace.ts';

const mostFolders = 5_000;
const deepestSubchart = 8;
const mostBytes = 5 * 1024 * 1024;

/** Links of a HelmRelease or Application, good for as long as text and sources are the same. */
interface DeployerFacts {
  readonly text: string;
  readonly sources: readonly ValuesObject[];
  readonly links: readonly FileLink[];
}

/** Where files name each other in one repo: "go to definition" and "who includes this file". Paths are of the tree; texts are the editor's. */
export class FileReferences {
  readonly #workspace: Workspace;
  /** by file */
  readonly #deployerFacts = new Map<string, DeployerFacts>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get #tree(): WorkingTree {
    return this.#workspace.repo.workingTree;
  }

  /** What a place of a file leads to: the file, folder or key that it names; of a patch, the object that it patches. */
  async definition(path: string, line: number, column: number): Promise<readonly FileRange[]> {
    const text = await this.#read(path);
    if (text === undefined) return [];
    const deployers = this.#deployers().get(path);
    const links = [
      ...fileLinks(path, text, await this.#chartOf(path)),
      ...(deployers === undefined ? [] : deployerLinks(path, text, deployers)),
    ];
    const here = links.filter(({ range }) => range.startLine <= line && line <= range.endLine);
    const link =
      here.find(({ range }) => range.startColumn <= column && column <= range.endColumn) ?? (here.length === 1 ? here[0] : undefined);
    if (link !== undefined) {
      const target = await this.#target(link);
      return target === undefined ? [] : [target];
    }
    const mention = objectMentions(path, text).findLast(({ range }) => range.startLine <= line && line <= range.endLine);
    return mention === undefined ? [] : this.#patched(path, mention);
  }

  /**
   * The places that name a file: kustomizations, charts and applications; of an environment's line, the applications in it; of a manifest's
   * line the patches of its object; of a key of chart values the templates that use it.
   */
  async references(path: string, line: number): Promise<readonly FileRange[]> {
    const found: FileRange[] = [];
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isFolderFile = kustomizationNames.includes(name) || name === chartName;
    const text = path === configFileName ? ((await this.#read(path)) ?? '') : '';
    for (const [file, links] of await this.#allLinks()) {
      for (const { range, target, key } of links) {
        const isEnvironment = path === configFileName && key !== undefined && keyRange(path, text, key)?.startLine === line;
        const isFile = key === undefined && (target === path || (isFolderFile && target === parentPath(path)));
        if ((target === path && isEnvironment) || (isFile && file !== path)) found.push(range);
      }
    }
    // Plain folders name no files: what reads the file is the application itself.
    for (const { application, render } of this.#workspace.sessions) {
      const isRead = render?.reads.some((read) => read.kind === 'file' && read.path === path && read.hash !== 'absent') === true;
      if (isRead && application.declaredAt !== undefined && path !== configFileName) found.push(application.declaredAt);
    }
    const own = path === configFileName ? undefined : await this.#read(path);
    if (own !== undefined) found.push(...(await this.#patchesOf(path, own, line)), ...(await this.#usesOfValue(path, own, line)));
    return [...new Map(found.map((range) => [JSON.stringify([range.file, range.startLine]), range])).values()];
  }

  /** Where the object of a line is patched, in the applications that render it from this file. */
  async #patchesOf(path: string, text: string, line: number): Promise<readonly FileRange[]> {
    const { kind = '', name = '' } = fieldAt(text, line) ?? {};
    if (kind === '' || name === '') return [];
    const files = new Set<string>();
    for (const { render } of this.#workspace.sessions) {
      const isDeclared = render?.objects.some(({ object, file }) => file === path && object.kind === kind) === true;
      for (const read of isDeclared ? render.reads : []) if (read.kind === 'file' && read.path !== path) files.add(read.path);
    }
    const found: FileRange[] = [];
    for (const file of files) {
      const other = await this.#read(file);
      // A name of its own in another file is another object, unless it is rendered from here.
      if (other?.includes(name) !== true || this.#declares(file, kind, name)) continue;
      found.push(...objectMentions(file, other).flatMap((each) => (each.kind === kind && each.name === name ? [each.range] : [])));
    }
    return found;
  }

  #declares(file: string, kind: string, name: string): boolean {
    return this.#workspace.sessions.some(
      ({ render }) =>
        render?.objects.some((each) => each.file === file && each.object.kind === kind && nameOf(each.object).includes(name)) === true,
    );
  }

  /** Where the templates of a chart use the key on a line of its values. */
  async #usesOfValue(path: string, text: string, line: number): Promise<readonly FileRange[]> {
    const charts = new Set<string>();
    for (const { application } of this.#workspace.sessions) {
      const { type, path: folder, helm, deployedBy } = application.source;
      const isValues = path === joinPath(folder, 'values.yaml') || helm?.valueFiles?.some((each) => resolvePath(folder, each) === path);
      if (type === 'helm' && (isValues === true || deployedBy?.file === path)) charts.add(folder);
    }
    if (path.endsWith('/values.yaml')) charts.add(parentPath(path));
    const written = charts.size === 0 ? undefined : fieldAt(text, line)?.path.map((step) => ('field' in step ? step.field : ''));
    const keys = written === undefined || !this.#deployers().has(path) ? written : valueKeys(written);
    if (keys === undefined || keys.length === 0 || keys.includes('')) return [];
    const found: FileRange[] = [];
    for (const chart of charts) {
      for (const { folder, below } of await this.#chartsUnder(chart, keys)) {
        const isUse = (used: readonly string[]): boolean => below.every((key, index) => index >= used.length || used[index] === key);
        for (const file of await this.#templatesOf(folder)) {
          const template = (await this.#read(file)) ?? '';
          found.push(...fileLinks(file, template, folder).flatMap(({ key, range }) => (key !== undefined && isUse(key) ? [range] : [])));
        }
      }
    }
    return found;
  }

  /** A chart and its subcharts in its folder that see a key of its values, with the way to the key in their own. */
  async #chartsUnder(folder: string, keys: readonly string[], depth = 0): Promise<readonly { folder: string; below: readonly string[] }[]> {
    const found = [{ folder, below: keys }];
    const [first, ...rest] = keys;
    const text = depth < deepestSubchart ? await this.#read(joinPath(folder, chartName)) : undefined;
    for (const { name, alias = name } of text === undefined ? [] : chartFacts(text).subcharts) {
      const below = first === 'global' ? keys : rest;
      if (first !== 'global' && (first !== alias || rest.length === 0)) continue;
      found.push(...(await this.#chartsUnder(joinPath(folder, `charts/${name}`), below, depth + 1)));
    }
    return found;
  }

  async #templatesOf(chart: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (let waiting = [joinPath(chart, 'templates')]; waiting.length > 0;) {
      const below: string[] = [];
      for (const folder of waiting) {
        for (const { name, kind, isLink } of (await this.#tree.list(folder).catch(() => undefined)) ?? []) {
          if (kind === 'directory' && !isLink) below.push(joinPath(folder, name));
          else if (kind === 'file' && /\.(ya?ml|tpl|txt)$/.test(name)) found.push(joinPath(folder, name));
        }
      }
      waiting = found.length > mostFolders ? [] : below;
    }
    return found;
  }

  async #target({ target, key }: FileLink): Promise<FileRange | undefined> {
    const kind = await this.#tree.kindOf(target).catch(() => undefined);
    const file = kind === 'directory' ? await this.#fileOfFolder(target) : kind === 'file' ? target : undefined;
    if (file === undefined) return undefined;
    const text = key === undefined ? undefined : await this.#read(file);
    const range = key === undefined || text === undefined ? undefined : keyRange(file, text, key);
    if (key !== undefined && range === undefined) return undefined;
    return range ?? { file, startLine: 0, startColumn: 0, endLine: 0, endColumn: 0 };
  }

  async #fileOfFolder(folder: string): Promise<string | undefined> {
    const entries = (await this.#tree.list(folder).catch(() => undefined)) ?? [];
    const names = new Set(entries.filter(({ kind }) => kind === 'file').map(({ name }) => name));
    const manifest = [...names].find((name) => /\.ya?ml$/.test(name));
    const name = [...kustomizationNames, chartName].find((each) => names.has(each)) ?? manifest;
    return name === undefined ? undefined : joinPath(folder, name);
  }

  /** A patch names its object by kind and name: the render knows who declares it. */
  #patched(path: string, { kind, name }: Pick<ObjectMention, 'kind' | 'name'>): readonly FileRange[] {
    for (const { render } of this.#workspace.sessions) {
      if (render?.reads.some((read) => read.path === path) !== true) continue;
      const found = render.objects.find(
        ({ object, file }) => object.kind === kind && file !== undefined && file !== path && nameOf(object).includes(name),
      );
      if (found?.file !== undefined)
        return [{ file: found.file, startLine: found.line ?? 0, startColumn: 0, endLine: found.line ?? 0, endColumn: 0 }];
    }
    return [];
  }

  /** The links of all files that may name others, by file. */
  async #allLinks(): Promise<ReadonlyMap<string, readonly FileLink[]>> {
    const found = new Map(await this.#workspace.repo.links());
    const deployers = this.#deployers();
    for (const [path, sources] of deployers) found.set(path, await this.#deployerLinks(path, sources));
    for (const path of this.#deployerFacts.keys()) if (!deployers.has(path)) this.#deployerFacts.delete(path);
    return found;
  }

  async #deployerLinks(path: string, sources: readonly ValuesObject[]): Promise<readonly FileLink[]> {
    const text = (await this.#read(path)) ?? '';
    const known = this.#deployerFacts.get(path);
    if (known?.text === text && isDeepStrictEqual(known.sources, sources)) return known.links;
    const links = deployerLinks(path, text, sources);
    this.#deployerFacts.set(path, { text, sources, links });
    return links;
  }

  /** Files of HelmReleases and Applications that an application is rendered with, and what they take values from. */
  #deployers(): ReadonlyMap<string, readonly ValuesObject[]> {
    const found = new Map<string, readonly ValuesObject[]>();
    for (const { application } of this.#workspace.sessions) {
      const by = application.source.deployedBy;
      if (by !== undefined) found.set(by.file, [...(found.get(by.file) ?? []), ...by.sources]);
    }
    return found;
  }

  /** The folder of the chart that a template belongs to. */
  async #chartOf(path: string): Promise<string | undefined> {
    const at = path.lastIndexOf('templates/');
    if (at < 0 || (at > 0 && path[at - 1] !== '/')) return undefined;
    const folder = path.slice(0, Math.max(0, at - 1));
    return (await this.#tree.kindOf(joinPath(folder, chartName)).catch(() => undefined)) === 'file' ? folder : undefined;
  }

  async #read(path: string): Promise<string | undefined> {
    const text = await this.#tree.readText(path).catch(() => undefined);
    return text === undefined || text.length > mostBytes ? undefined : text;
  }
}

/** The keys below the values of a HelmRelease or Application. */
function valueKeys(path: readonly string[]): readonly string[] {
  const above = [
    ['spec', 'values'],
    ['spec', 'source', 'helm', 'valuesObject'],
  ].find((steps) => steps.every((step, index) => path[index] === step));
  return above === undefined ? [] : path.slice(above.length);
}
