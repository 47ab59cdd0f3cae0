import type { Application, ApplicationSource } from '../model/application.ts';
import type { DeployerSpec, PostBuildSpec, ValuesObject } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { isBelow, joinPath, parentPath, resolvePath } from '../model/treePath.ts';
import type { Deployer } from './deployers.ts';
import { type FluxBuild, mayDeclare } from './flux/postBuild.ts';
import { type FolderFacts, textOf } from './repoIndex.ts';

type Folders = ReadonlyMap<string, FolderFacts>;

/** A deployer whose source is a folder of the repo that renders by it alone. */
export interface Deployment {
  readonly deployer: Deployer;
  readonly source: Pick<ApplicationSource, 'type' | 'path'>;
}

/**
 * The HelmReleases and Applications that deploy a chart or kustomization of the repo with the parameters that they have as they stand: not
 * those that a kustomization patches or Flux puts variables into.
 */
export function deploymentsOf(folders: Folders): readonly Deployment[] {
  const all = [...folders].sort(([left], [right]) => (left < right ? -1 : 1)).flatMap(([, { deployers = [] }]) => deployers);
  const builds = [...folders.values()].flatMap((folder) => folder.builds ?? []);
  const partial = new Set(all.filter(({ path }) => path === undefined).map(({ kind, name }) => `${kind}/${name}`));
  return all.flatMap((deployer): readonly Deployment[] => {
    const { kind, name, path, file, hasVariables } = deployer;
    const facts = path === undefined ? undefined : folders.get(path);
    if (path === undefined || facts === undefined || partial.has(`${kind}/${name}`) || isPatched(folders, deployer)) return [];
    if (hasVariables && builds.some((build) => isBelow(file, build.path))) return [];
    if (kind === 'Application' && facts.kustomization?.isComponent === false) return [{ deployer, source: { type: 'kustomize', path } }];
    return facts.chart?.isLibrary === false ? [{ deployer, source: { type: 'helm', path } }] : [];
  });
}

/** Whether a kustomization that takes a deployer's file in has patches for such. */
function isPatched(folders: Folders, { kind, file }: Deployer): boolean {
  return [...folders].some(([folder, { kustomization }]) => {
    if (kustomization?.patchedDeployers?.includes(kind) !== true) return false;
    const taken = kustomization.references.flatMap((written) => resolvePath(folder, written) ?? []);
    return parentPath(file) === folder || taken.some((path) => isBelow(file, path));
  });
}

/** What a render needs to know of a deployer. */
export async function deployerSpec(files: ValuesFiles, deployer: Deployer): Promise<DeployerSpec> {
  const { kind, file, name, namespace, from } = deployer;
  return { kind, file, name, namespace, sources: await files.found(from) };
}

/**
 * Applications with what Flux and Argo CD add to their sources: the variables of a Kustomization for their path (of several that of the
 * application's name), and for those without parameters of their own the deployer of their path and name.
 */
export async function withAdditions(
  files: ValuesFiles,
  folders: Folders,
  applications: readonly Application[],
  deployments: readonly Deployment[],
): Promise<readonly Application[]> {
  const builds = [...folders.values()].flatMap((folder) => folder.builds ?? []);
  if (builds.length + deployments.length === 0) return applications;
  return Promise.all(
    applications.map(async (application) => {
      const { source, name, origin } = application;
      const here = source.type === 'helm' ? [] : builds.filter(({ path }) => path === source.path);
      const build = here.length === 1 ? here[0] : here.find((each) => each.name === name);
      const isOpen = origin === 'plumbline.yaml' && source.helm === undefined;
      const named = deployments.filter(
        ({ deployer, source: { type, path } }) => isOpen && deployer.name === name && type === source.type && path === source.path,
      );
      const [deployment] = named.length === 1 ? named : [];
      if (build === undefined && deployment === undefined) return application;
      const postBuild = build === undefined ? undefined : await postBuildOf(files, build);
      const deployedBy = deployment === undefined ? undefined : await deployerSpec(files, deployment.deployer);
      return { ...application, source: { ...source, ...(postBuild && { postBuild }), ...(deployedBy && { deployedBy }) } };
    }),
  );
}

async function postBuildOf(files: ValuesFiles, { file, name, namespace, from }: FluxBuild): Promise<PostBuildSpec> {
  return { file, name, namespace, sources: await files.found(from) };
}

/** Finds the files that declare ConfigMaps and Secrets; each text is read once. */
export class ValuesFiles {
  readonly #tree: SourceTree;
  readonly #folders: Folders;
  readonly #texts = new Map<string, Promise<string>>();

  constructor(tree: SourceTree, folders: Folders) {
    this.#tree = tree;
    this.#folders = folders;
  }

  /** These objects with the file that declares each. */
  async found(wanted: readonly ValuesObject[]): Promise<readonly ValuesObject[]> {
    const sources: ValuesObject[] = [];
    for (const source of wanted) {
      const file = await this.#fileOf(source);
      sources.push({ ...source, ...(file !== undefined && { file }) });
    }
    return sources;
  }

  async #fileOf({ kind, name }: ValuesObject): Promise<string | undefined> {
    for (const [folder, { manifests }] of this.#folders) {
      for (const manifest of manifests) {
        const path = joinPath(folder, manifest);
        const text = this.#texts.get(path) ?? textOf(this.#tree, path);
        this.#texts.set(path, text);
        if (mayDeclare(await text, kind, name)) return path;
      }
    }
    return undefined;
  }
}
