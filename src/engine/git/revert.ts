import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { firstMessage } from './commands.ts';
import {
  changesBetween,
  type FileChange,
  isSameFile,
  mergeFiles,
  setEntries,
  type StoredFile,
  treeEntries,
  withTemporaryFile,
} from './entries.ts';
import { parseStatus } from './status.ts';
import type { WritingGit } from './writingGit.ts';
import { requireCommittable } from './commitWriter.ts';

/** A commit that is taken back, and the parent that it is taken back to. */
export interface RevertedCommit {
  /** full commit id */
  readonly id: string;
  /** full id of the parent whose state comes back; undefined: the commit has none */
  readonly parent: string | undefined;
  /** of a merge: which parent that is, from 1 */
  readonly mainline?: number;
}

/** What reverting commits changes, or the first commit of them that does not come off cleanly. */
export type RevertResult =
  { readonly changes: readonly FileChange[] } | { readonly conflict: { readonly commit: string; readonly files: readonly string[] } };

/**
 * What reverting these commits, in this order, makes of a commit's files: of each the change back to its parent is merged in, as
 * `git revert` does (git-revert(1)), without looking for renames. Nothing but objects is written.
 * @param base full id of the commit that the reverts go on
 */
export async function revertChanges(
  git: WritingGit,
  base: string,
  commits: readonly RevertedCommit[],
  signal: AbortSignal,
): Promise<RevertResult> {
  const now = new Map<string, StoredFile | undefined>();
  const atBase = new Map<string, StoredFile | undefined>();
  for (const { id, parent } of commits) {
    const back = await changesBetween(git, id, parent ?? (await emptyTree(git, signal)), signal);
    const paths = back.map(({ path }) => path);
    const theirs = await treeEntries(git, id, paths, signal);
    const unread = paths.filter((path) => !atBase.has(path));
    const entries = await treeEntries(git, base, unread, signal);
    for (const path of unread) atBase.set(path, entries.get(path));
    const files: string[] = [];
    for (const { path, file } of back) {
      const ours = now.has(path) ? now.get(path) : atBase.get(path);
      const merged = await mergeFiles(git, ours, theirs.get(path), file, signal);
      if (merged === undefined) files.push(path);
      else now.set(path, merged.file);
    }
    if (files.length > 0) return { conflict: { commit: id, files } };
  }
  const changes = [...now].filter(([path, file]) => !isSameFile(file, atBase.get(path)));
  return { changes: changes.map(([path, file]) => ({ path, file })) };
}

/**
 * The tree that a commit would have with some files changed, as an object that only we know of.
 * @param base full commit id
 * @returns id of the tree
 */
export async function treeWith(git: WritingGit, base: string, changes: readonly FileChange[], signal: AbortSignal): Promise<string> {
  return withTemporaryFile(git, async (index) => {
    const variables = { GIT_INDEX_FILE: index };
    await git.text(['read-tree', base], { signal, variables });
    await setEntries(git, index, changes, signal);
    return (await git.text(['write-tree'], { signal, variables })).trim();
  });
}

/**
 * Why a real `git revert` cannot be started: it needs an index as HEAD has it, and unchanged files where it writes.
 * @param paths what the reverts may touch
 * @throws AppError `rollback-revert-dirty` {files}, `rollback-revert-mixed` {commands}, and those of a commit (`git-operation`, `git-detached` ...)
 */
export async function requireRevertable(git: WritingGit, commits: readonly RevertedCommit[], signal: AbortSignal): Promise<void> {
  await requireCommittable(git, signal);
  if (new Set(commits.map(({ mainline }) => mainline)).size > 1)
    throw new AppError('rollback-revert-mixed', { commands: commits.map((each) => `git revert ${revertArgs([each]).join(' ')}`) });
  const touched = new Set<string>();
  for (const { id, parent } of commits) {
    for (const { path } of await changesBetween(git, id, parent ?? (await emptyTree(git, signal)), signal)) touched.add(path);
  }
  const status = await git.text(['status', '--porcelain=v2', '-z', '--untracked-files=all', '--no-renames'], { signal });
  const staged = await git.text(['diff-index', '--cached', '--name-only', '-z', 'HEAD', '--'], { signal });
  const edited = [...parseStatus(status).keys()].filter((path) => touched.has(path));
  const files = [...new Set([...edited, ...staged.split('\0').filter((path) => path !== '')])];
  if (files.length > 0) throw new AppError('rollback-revert-dirty', { files });
}

/**
 * Starts the real `git revert` in the working tree: one commit for each, and left in progress at the first that conflicts.
 * @returns the files with conflicts (absolute), and whether both sides have them; none when all went through
 * @throws AppError as {@link requireRevertable}, and `git-failed`
 */
export async function startRevert(
  git: WritingGit,
  commits: readonly RevertedCommit[],
  signal: AbortSignal,
): Promise<readonly { readonly file: string; readonly isMergeable: boolean }[]> {
  await requireRevertable(git, commits, signal);
  const { exitCode, stderr } = await git.run(['revert', '--no-edit', ...revertArgs(commits)], { signal });
  if (exitCode === 0) return [];
  const stages = new Map<string, Set<string>>();
  for (const record of (await git.text(['ls-files', '--unmerged', '-z'], { signal })).split('\0')) {
    const match = /^\d+ [0-9a-f]+ ([123])\t(.+)$/s.exec(record);
    if (match !== null) stages.set(match[2] ?? '', new Set([...(stages.get(match[2] ?? '') ?? []), match[1] ?? '']));
  }
  if (stages.size === 0) throw new AppError('git-failed', { command: 'revert', message: firstMessage(stderr) });
  return [...stages].map(([path, found]) => ({ file: join(git.layout.root, path), isMergeable: found.has('2') && found.has('3') }));
}

function revertArgs(commits: readonly RevertedCommit[]): readonly string[] {
  const mainline = commits[0]?.mainline;
  return [...(mainline === undefined ? [] : ['-m', String(mainline)]), ...commits.map(({ id }) => id)];
}

async function emptyTree(git: WritingGit, signal: AbortSignal): Promise<string> {
  return (await git.text(['hash-object', '-w', '-t', 'tree', '--stdin'], { signal, input: '' })).trim();
}
