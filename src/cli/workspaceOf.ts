import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { AppError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { Engine } from '../engine/engine.ts';
import type { EngineOverrides } from '../engine/engineServices.ts';
import { findLayout, type RepositoryLayout } from '../engine/git/layout.ts';
import { GitRepository } from '../engine/git/repository.ts';
import { WorkingTree } from '../engine/git/workingTree.ts';
import type { Application, ApplicationSource } from '../engine/model/application.ts';
import type { SourceTree } from '../engine/model/sourceTree.ts';
import { defaultSettings } from '../engine/model/settings.ts';
import type { Arguments } from './arguments.ts';

/** What a command works with. */
export interface CliEnvironment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
}

/** An engine for one command: a person or a CI job started it on this folder, so the folder is trusted. */
export function createEngine(args: Arguments, { variables, logger }: CliEnvironment, overrides: EngineOverrides = {}): Promise<Engine> {
  return Engine.create({
    settings: {
      ...defaultSettings,
      isTrusted: true,
      kubeconfig: args.kubeconfig === undefined ? [] : [resolve(args.kubeconfig)],
      fetchIntervalMinutes: 0,
      renderTimeoutSeconds: 60,
      decorationsEnabled: false,
      codeLensEnabled: false,
      objectLensEnabled: false,
    },
    storagePath: storagePath(variables),
    environment: {},
    logger: logger ?? silentLogger,
    overrides,
  });
}

/** Where renders and verdicts are cached between runs: `$XDG_CACHE_HOME/plumbline`, by default `~/.cache/plumbline`. */
function storagePath(variables: CliEnvironment['variables']): string {
  const base = variables['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'plumbline');
}

/** The engine's name of what `--revision` says: `worktree` is the files on disk. */
export function revisionOf(revision: string): string {
  return revision === 'worktree' ? workingTree : revision;
}

/** What the engine calls the files on disk as a revision. */
export const workingTree = 'working tree';

/**
 * The tree that `--revision` names: `worktree`, or a commit, branch or tag.
 * @throws AppError `git-revision-unknown` and others of the git room
 */
export async function treeOf(
  repoRoot: string,
  revision: string,
  variables: CliEnvironment['variables'],
  signal: AbortSignal,
): Promise<SourceTree> {
  if (revisionOf(revision) === workingTree) return new WorkingTree(await layoutOf(repoRoot));
  const repository = await GitRepository.open(repoRoot, { isTrusted: () => true, environment: variables }, signal);
  return repository.tree(await repository.resolve(revision, signal), signal);
}

/** The layout of the repository that a folder belongs to; a folder outside any repository stands for itself. */
async function layoutOf(folder: string): Promise<RepositoryLayout> {
  const root = resolve(folder);
  return (await findLayout(root)) ?? { root, realRoot: root, gitDir: '', commonDir: '', objectFormat: 'sha1' };
}

/** What `--path` names: an application of its own, compared read-only from the files on disk. */
export interface PathSource {
  readonly application: Application;
  readonly tree: SourceTree;
}

/**
 * Makes an application of a folder, chart or kustomization, recognised by its content. Files may come from the whole repository
 * that the folder belongs to, or, outside any, from the current folder when the path lies in it.
 * @param context undefined: no destination (render only)
 * @throws AppError `cli-path-missing`
 */
export async function pathSource(path: string, cwd: string, context: string | undefined, namespace: string): Promise<PathSource> {
  const folder = resolve(cwd, path);
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new AppError('cli-path-missing', { path });
  const layout = (await findLayout(folder)) ?? (await layoutOf(isBelow(folder, cwd) ? cwd : folder));
  const tree = new WorkingTree(layout);
  const inTree = relative(layout.root, folder).split(sep).join('/');
  const application: Application = {
    id: inTree === '' ? path : inTree,
    name: folder.split(sep).at(-1) ?? path,
    repoRoot: layout.root,
    source: await sourceOf(tree, inTree),
    ...(context === undefined ? {} : { destination: { context, namespace } }),
    policy: { prune: false },
    owner: 'unmanaged',
    ignore: [],
    origin: 'convention',
    isProtected: false,
  };
  return { application, tree };
}

function isBelow(folder: string, parent: string): boolean {
  const path = relative(parent, folder);
  return path === '' || (!path.startsWith('..') && resolve(path) !== path);
}

async function sourceOf(tree: SourceTree, path: string): Promise<ApplicationSource> {
  const has = async (name: string): Promise<boolean> => (await tree.kindOf(path === '' ? name : `${path}/${name}`)) === 'file';
  for (const name of ['kustomization.yaml', 'kustomization.yml', 'Kustomization']) if (await has(name)) return { type: 'kustomize', path };
  return { type: (await has('Chart.yaml')) ? 'helm' : 'directory', path };
}
