import { basename } from 'node:path';
import type { ApplicationSource, SourceType } from '../model/application.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { joinPath, resolvePath } from '../model/treePath.ts';
import { chartName, isManifestName, kustomizationNames } from './fileFacts.ts';
import type { FolderFacts } from './repoIndex.ts';

/** as labels have it, less the number that makes names unique */
const MAX_NAME = 60;
/** Helm refuses the names of releases above 53 characters (chart/common/util/validate_name.go), and a chart's release is named so */
const MAX_RELEASE_NAME = 50;

/** An application that the layout of the repo suggests. */
export interface Suggestion {
  readonly name: string;
  readonly source: ApplicationSource;
}

/** Folder names that say nothing of an application. */
const GENERIC_SEGMENTS =
  /^(apps?|applications?|base|bases|charts?|clusters?|deploy(ments?)?|env(ironment)?s?|gitops|helm|infra(structure)?|k8s|kubernetes|kustomize|manifests?|overlays?|resources|src)$/i;

/**
 * Recognises what turns a path into objects: kustomization file, then Chart.yaml (a folder with both is Argo CD's Kustomize too,
 * util/app/discovery), then any YAML or JSON.
 * @returns undefined when there is nothing of the kind
 */
export async function recogniseSource(tree: SourceTree, path: string): Promise<SourceType | undefined> {
  const kind = await tree.kindOf(path);
  if (kind === 'file') return isManifestName(basename(path)) ? 'directory' : undefined;
  const names = new Set((await tree.list(path))?.filter((entry) => entry.kind === 'file').map(({ name }) => name));
  if (kustomizationNames.some((name) => names.has(name))) return 'kustomize';
  if (names.has(chartName)) return 'helm';
  return (await hasManifest(tree, path)) ? 'directory' : undefined;
}

/**
 * Applications by convention (design.md §6, point 3): each kustomization that no other includes, each chart (once per values
 * file), each topmost folder of plain manifests.
 * @param declared sources of plumbline.yaml; what they cover is not suggested
 * @param repoName for what lies at the root
 */
export function suggest(
  folders: ReadonlyMap<string, FolderFacts>,
  declared: readonly ApplicationSource[],
  repoName: string,
): readonly Suggestion[] {
  const included = includedPaths(folders);
  const charts = new Set([...folders].filter(([, facts]) => facts.chart !== undefined).map(([folder]) => folder));
  const isInChart = (folder: string): boolean => above(folder).some((one) => charts.has(one));
  const declaredPaths = new Set(declared.map(({ path }) => path));
  const declaredFolders = new Set(declared.filter(({ type }) => type === 'directory').map(({ path }) => path));
  const isDeclared = (folder: string): boolean =>
    declaredPaths.has(folder) || declaredFolders.has(folder) || above(folder).some((one) => declaredFolders.has(one));
  const aboveDeclared = new Set(declared.flatMap(({ path }) => above(path)));
  const sources: ApplicationSource[] = [];
  for (const [folder, { kustomization, chart, valueFiles }] of folders) {
    if (isInChart(folder) || included.has(folder) || isDeclared(folder)) continue;
    if (kustomization !== undefined) {
      if (!kustomization.isComponent) sources.push({ type: 'kustomize', path: folder });
    } else if (chart !== undefined && !chart.isLibrary) {
      if (valueFiles.length === 0) sources.push({ type: 'helm', path: folder });
      for (const file of valueFiles) sources.push({ type: 'helm', path: folder, helm: { valueFiles: [file] } });
    }
  }
  for (const folder of plainFolders(folders, included)) {
    if (!aboveDeclared.has(folder) && !isInChart(folder) && !isDeclared(folder)) sources.push({ type: 'directory', path: folder });
  }
  return named(sources, repoName);
}

/** Folders and files that a kustomization or a chart of the repo takes in. */
function includedPaths(folders: ReadonlyMap<string, FolderFacts>): ReadonlySet<string> {
  const included = new Set<string>();
  for (const [folder, { kustomization, chart }] of folders) {
    for (const written of [...(kustomization?.references ?? []), ...(kustomization?.charts ?? []), ...(chart?.dependencies ?? [])]) {
      const path = resolvePath(folder, written);
      if (path !== undefined && path !== folder) included.add(path);
    }
  }
  return included;
}

/** Topmost folders of plain manifests: with no kustomization or chart in or below them, and no file that a kustomization takes. */
function plainFolders(folders: ReadonlyMap<string, FolderFacts>, included: ReadonlySet<string>): readonly string[] {
  const blocked = new Set<string>();
  for (const [folder, { kustomization, chart, manifests }] of folders) {
    const isTaken = kustomization !== undefined || chart !== undefined || manifests.some((name) => included.has(joinPath(folder, name)));
    if (isTaken) for (const one of [folder, ...above(folder)]) blocked.add(one);
  }
  const free = new Set([...folders.keys()].filter((folder) => !blocked.has(folder)));
  return [...free].filter((folder) => !above(folder).some((one) => free.has(one)));
}

/** The folders that a path lies in, from the root. */
function above(path: string): readonly string[] {
  const segments = path === '' ? [] : path.split('/');
  return segments.map((_segment, index) => segments.slice(0, index).join('/'));
}

/** Names by the telling parts of the path, unique: a name that two would have becomes the whole path. */
function named(sources: readonly ApplicationSource[], repoName: string): readonly Suggestion[] {
  const ordered = [...sources].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const short = ordered.map((source) => nameOf(source, true, repoName));
  const uses = new Map<string, number>();
  for (const name of short) uses.set(name, (uses.get(name) ?? 0) + 1);
  const names = new Set<string>();
  return ordered.map((source, index) => {
    const isUnique = uses.get(short[index] ?? '') === 1;
    const wanted = isUnique ? (short[index] ?? '') : nameOf(source, false, repoName);
    let name = wanted;
    for (let number = 2; names.has(name); number += 1) name = `${wanted}-${String(number)}`;
    names.add(name);
    return { name, source };
  });
}

function sortKey({ path, helm }: ApplicationSource): string {
  return `${path}\0${helm?.valueFiles?.join(',') ?? ''}`;
}

function nameOf({ path, type, helm }: ApplicationSource, isShort: boolean, repoName: string): string {
  const all = path === '' ? [repoName] : path.split('/');
  const telling = isShort ? all.filter((segment) => !GENERIC_SEGMENTS.test(segment)) : all;
  const variant = helm?.valueFiles?.[0]?.replace(/^values[-._]/, '').replace(/\.ya?ml$/, '');
  const parts = [...(telling.length === 0 ? all.slice(-1) : telling), ...(variant === undefined ? [] : [variant])];
  const name = parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .slice(0, type === 'helm' ? MAX_RELEASE_NAME : MAX_NAME)
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  return name === '' ? 'application' : name;
}

async function hasManifest(tree: SourceTree, folder: string): Promise<boolean> {
  const entries = (await tree.list(folder)) ?? [];
  if (entries.some(({ name, kind }) => kind === 'file' && isManifestName(name))) return true;
  for (const { name, kind } of entries) {
    if (kind === 'directory' && !name.startsWith('.') && (await hasManifest(tree, joinPath(folder, name)))) return true;
  }
  return false;
}
