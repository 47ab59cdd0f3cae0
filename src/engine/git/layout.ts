import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Where a repository's parts are on disk. Found without starting any process, so also in an untrusted workspace. */
export interface RepositoryLayout {
  /** absolute: top folder of the working tree, by the way it was opened (links not resolved), as the editor names its files */
  readonly root: string;
  /** {@link root} with links resolved */
  readonly realRoot: string;
  /** absolute: HEAD, index and the operation in progress; of a worktree its own */
  readonly gitDir: string;
  /** absolute: refs, packed-refs, config; shared by all worktrees */
  readonly commonDir: string;
  readonly objectFormat: 'sha1' | 'sha256';
}

/**
 * The repository that a folder belongs to: the nearest parent with a `.git` (gitrepository-layout(5)).
 * @param folder absolute path; need not be the top of the repository
 * @returns undefined when no parent is a working tree (a bare repository is none)
 */
export async function findLayout(folder: string): Promise<RepositoryLayout | undefined> {
  let root = resolve(folder);
  for (;;) {
    const gitDir = await gitDirOf(root);
    if (gitDir !== undefined) {
      const commonDir = await commonDirOf(gitDir);
      return { root, realRoot: await realpath(root), gitDir, commonDir, objectFormat: await objectFormatOf(commonDir) };
    }
    const parent = dirname(root);
    if (parent === root) return undefined;
    root = parent;
  }
}

/** Whether a folder is itself the top of a working tree. */
export async function isRepositoryTop(folder: string): Promise<boolean> {
  return (await gitDirOf(folder)) !== undefined;
}

/** Git's folder of a working tree's top; one that lacks a part is none to Git, either (setup.c, `is_git_directory`). */
async function gitDirOf(root: string): Promise<string | undefined> {
  const dotGit = join(root, '.git');
  const isFile = await lstat(dotGit).then(
    (stats) => stats.isFile(),
    () => undefined,
  );
  if (isFile === undefined) return undefined;
  const gitDir = isFile ? await linkedGitDir(root, dotGit) : dotGit;
  if (gitDir === undefined || !(await exists(join(gitDir, 'HEAD')))) return undefined;
  const commonDir = await commonDirOf(gitDir);
  return (await exists(join(commonDir, 'objects'))) && (await exists(join(commonDir, 'refs'))) ? realpath(gitDir) : undefined;
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The folder that a `.git` file of a worktree or submodule names. */
async function linkedGitDir(root: string, file: string): Promise<string | undefined> {
  const target = /^gitdir: (.+?)\r?\n?$/.exec(await readFile(file, 'utf8').catch(() => ''))?.[1];
  return target === undefined ? undefined : resolve(root, target);
}

async function commonDirOf(gitDir: string): Promise<string> {
  const link = await readFile(join(gitDir, 'commondir'), 'utf8').catch(() => undefined);
  return link === undefined ? gitDir : realpath(resolve(gitDir, link.trim())).catch(() => gitDir);
}

async function objectFormatOf(commonDir: string): Promise<'sha1' | 'sha256'> {
  const config = await readFile(join(commonDir, 'config'), 'utf8').catch(() => '');
  return /^\s*objectformat\s*=\s*sha256\s*$/im.test(config) ? 'sha256' : 'sha1';
}

/** Whether a normal path is, or lies in, Git's own folder (of the repo or of a nested one), whatever its case. */
export function isGitInternal(path: string): boolean {
  return path.split('/').some((segment) => segment.toLowerCase() === '.git');
}
