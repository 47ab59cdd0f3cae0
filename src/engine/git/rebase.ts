import { AppError } from '../../base/errors.ts';
import type { RebaseOutcome } from '../model/commit.ts';
import { commitTree, requireCommittable } from './commitWriter.ts';
import { changesBetween, type FileChange, isSameFile, mergeFiles, setEntries, treeEntries, withTemporaryFile } from './entries.ts';
import { moveBranch, type MoveStep } from './moveBranch.ts';
import type { WritingGit } from './writingGit.ts';

/** What is put on top of what. */
export interface RebaseRequest {
  /** full id of the commit that the checked-out branch is at */
  readonly head: string;
  /** full id of the remote's commit */
  readonly upstream: string;
  readonly onStep?: (step: MoveStep) => void;
}

/**
 * Makes the commits that the upstream does not have anew on top of it, as `git rebase` does, without touching the working tree on the way:
 * branch, index and files move once, at the end, all or none; what is staged or edited stays. Authors and messages are kept, signing is as
 * configured, the hook pre-rebase runs. What needs a decision (a conflict, a merge commit) is refused, and nothing is changed.
 * @throws AppError `commit-moved`, `rebase-conflict` {files, subject}, `rebase-merges`, `commit-overlaps`, and those of {@link requireCommittable}
 */
export async function rebaseOnto(git: WritingGit, request: RebaseRequest, signal: AbortSignal): Promise<RebaseOutcome> {
  const { head, upstream } = request;
  const { ref, head: now } = await requireCommittable(git, signal);
  if (now !== head) throw new AppError('commit-moved');
  const received = Number(await git.text(['rev-list', '--count', `${head}..${upstream}`], { signal }));
  if (received === 0) return { commit: head, moved: 0, received };
  const merges = (await git.text(['rev-list', '--merges', `${upstream}..${head}`], { signal })).trim();
  if (merges !== '') throw new AppError('rebase-merges', { commit: merges.split('\n')[0]?.slice(0, 7) });
  await git.hook('pre-rebase', [upstream], { signal });
  // Commits that the upstream has under another id are left out, as git rebase does.
  const range = ['--reverse', '--topo-order', '--cherry-pick', '--right-only', `${upstream}...${head}`];
  const commits = (await git.text(['rev-list', ...range], { signal })).split('\n').filter((id) => id !== '');
  let tip = upstream;
  let moved = 0;
  for (const commit of commits) {
    const next = await replay(git, commit, tip, signal);
    if (next !== undefined) moved += 1;
    tip = next ?? tip;
  }
  await git.text(['update-ref', '-m', 'rebase: before Plumbline moved the branch', 'ORIG_HEAD', head], { signal });
  const move = { ref, from: head, to: tip, reflog: `rebase: onto ${upstream.slice(0, 7)}`, workingTree: 'write' as const };
  await moveBranch(git, request.onStep === undefined ? move : { ...move, onStep: request.onStep }, signal);
  return { commit: tip, moved, received };
}

/** One commit on top of another; undefined when nothing of it is left to do there. */
async function replay(git: WritingGit, commit: string, onto: string, signal: AbortSignal): Promise<string | undefined> {
  const changes = await changesBetween(git, `${commit}^`, commit, signal);
  const paths = changes.map(({ path }) => path);
  const [there, before] = await Promise.all([treeEntries(git, onto, paths, signal), treeEntries(git, `${commit}^`, paths, signal)]);
  const merged: FileChange[] = [];
  const conflicts: string[] = [];
  for (const { path, file } of changes) {
    const result = await mergeFiles(git, there.get(path), before.get(path), file, signal);
    if (result === undefined) conflicts.push(path);
    else if (!isSameFile(result.file, there.get(path))) merged.push({ path, file: result.file });
  }
  const facts = await git.text(['log', '-1', '--no-show-signature', '--date=raw', '--format=%an%x00%ae%x00%ad%x00%s', commit], { signal });
  const [name = '', email = '', date = '', subject = ''] = facts.trimEnd().split('\0');
  if (conflicts.length > 0) throw new AppError('rebase-conflict', { files: conflicts, subject });
  if (merged.length === 0) return undefined;
  const tree = await withTemporaryFile(git, async (index) => {
    const variables = { GIT_INDEX_FILE: index };
    await git.text(['read-tree', onto], { signal, variables });
    await setEntries(git, index, merged, signal);
    return (await git.text(['write-tree'], { signal, variables })).trim();
  });
  const message = await git.text(['log', '-1', '--no-show-signature', '--format=%B', commit], { signal });
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` };
  return commitTree(git, { tree, parent: onto, message: `${message.trimEnd()}\n`, variables: author }, signal);
}
