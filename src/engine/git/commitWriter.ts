import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import {
  changesBetween,
  type FileChange,
  isSameFile,
  mergeFiles,
  parseRaw,
  setEntries,
  treeEntries,
  withTemporaryFile,
} from './entries.ts';
import { moveBranch, type MoveStep } from './moveBranch.ts';
import { recoverMoves } from './moveJournal.ts';
import { isIndexLocked, operationIn } from './operation.ts';
import { commitFailure, type WritingGit } from './writingGit.ts';

/** One commit to make. */
export interface CommitRequest {
  /** full id of the commit that {@link changes} are made against, which is checked out */
  readonly base: string;
  readonly changes: readonly FileChange[];
  readonly message: string;
  /** adds `Signed-off-by` of the committer */
  readonly signOff: boolean;
  readonly workingTree: 'leave' | 'write';
  /** a new branch, and the commit that it starts from; the checkout stays as it is */
  readonly newBranch?: { readonly name: string; readonly start: string };
  readonly onStep?: (step: MoveStep) => void;
}

/** A commit that was made. */
export interface MadeCommit {
  readonly commit: string;
  readonly branch: string;
  readonly changedByHooks: readonly string[];
  readonly skippedHooks: readonly string[];
  readonly warnings: readonly { readonly code: string; readonly details: AppError['details'] }[];
}

/**
 * The changes that the files on disk make to these paths, as `git add` would store them (filters, modes, links). Nothing but objects is written.
 * @param base full commit id
 * @param paths files, also deleted and untracked ones
 */
export async function workingTreeChanges(
  git: WritingGit,
  base: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  if (paths.length === 0) return [];
  return withTemporaryFile(git, async (index) => {
    const variables = { GIT_INDEX_FILE: index };
    await git.text(['read-tree', base], { signal, variables });
    await git.text(['add', '--all', '--', ...paths], { signal, variables });
    const raw = ['diff-index', '--cached', '--raw', '-z', '--no-renames', '--no-abbrev', base, '--', ...paths];
    return parseRaw(await git.text(raw, { signal, variables }));
  });
}

/**
 * Why nothing can be committed now.
 * @throws AppError `git-operation`, `git-index-locked`, `git-detached`, `git-no-commits`
 * @returns full name of the checked-out branch
 */
export async function requireCommittable(git: WritingGit, signal: AbortSignal): Promise<{ ref: string; head: string }> {
  const operation = await operationIn(git.layout);
  if (operation !== undefined) throw new AppError('git-operation', { operation });
  await recoverMoves(git, signal);
  if (await isIndexLocked(git.layout)) throw new AppError('git-index-locked');
  const symbolic = await git.run(['symbolic-ref', '--quiet', 'HEAD'], { signal });
  const head = (await git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { signal })).stdout.toString('utf8').trim();
  const ref = symbolic.stdout.toString('utf8').trim();
  if (ref === '') throw new AppError('git-detached', { commit: head.slice(0, 7) });
  if (head === '') throw new AppError('git-no-commits', { branch: ref.replace(/^refs\/heads\//, '') });
  return { ref, head };
}

/**
 * Makes a commit of exactly these changes, with the user's hooks, signing, sign-off and identity. On the checked-out branch all hooks of
 * `git commit` run, over a temporary index. On a new branch that does not start at the checked-out commit, pre-commit and post-commit
 * do not run, since the files on disk are not what is committed.
 * @throws AppError `commit-moved`, `commit-empty`, `commit-hook-failed`, `commit-sign-failed`, `commit-message-empty`, `commit-overlaps`,
 *   `commit-identity`, `git-branch-invalid`, `git-branch-exists`, and those of {@link requireCommittable}
 */
export async function makeCommit(git: WritingGit, request: CommitRequest, signal: AbortSignal): Promise<MadeCommit> {
  const { ref, head } = await requireCommittable(git, signal);
  if (head !== request.base) throw new AppError('commit-moved');
  const { newBranch } = request;
  if (newBranch !== undefined) await requireFreeBranch(git, newBranch.name, signal);
  const start = newBranch?.start ?? head;
  const changes = start === head ? request.changes : await transplant(git, request, start, signal);
  const runsAll = start === head;
  return withTemporaryFile(git, async (index) => {
    const variables = { GIT_INDEX_FILE: index };
    await git.text(['read-tree', start], { signal, variables });
    await setEntries(git, index, changes, signal);
    const planned = (await git.text(['write-tree'], { signal, variables })).trim();
    if (runsAll) await git.hook('pre-commit', [], { signal, variables });
    const tree = (await git.text(['write-tree'], { signal, variables })).trim();
    if (tree === (await git.text(['rev-parse', `${start}^{tree}`], { signal })).trim())
      throw new AppError('commit-empty', { files: changes.map(({ path }) => path) });
    const changedByHooks = tree === planned ? [] : (await changesBetween(git, planned, tree, signal)).map(({ path }) => path);
    const message = await finalMessage(git, request, variables, signal);
    const commit = await commitTree(git, { tree, parent: start, message }, signal);
    const subject = message.split('\n')[0] ?? '';
    if (newBranch === undefined) {
      const move = { ref, from: head, to: commit, reflog: `commit: ${subject}`, workingTree: request.workingTree };
      await moveBranch(git, request.onStep === undefined ? move : { ...move, onStep: request.onStep }, signal);
    } else await createBranch(git, newBranch.name, commit, signal);
    const warnings: { code: string; details: AppError['details'] }[] = [];
    if (newBranch === undefined) {
      await git.hook('post-commit', [], { signal }).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        warnings.push({ code: 'commit-post-hook-failed', details: error.details });
      });
    }
    return {
      commit,
      branch: newBranch?.name ?? ref.replace(/^refs\/heads\//, ''),
      changedByHooks,
      skippedHooks: runsAll ? [] : ['pre-commit'],
      warnings,
    };
  });
}

/** The same changes on top of another commit. */
async function transplant(git: WritingGit, request: CommitRequest, start: string, signal: AbortSignal): Promise<readonly FileChange[]> {
  const paths = request.changes.map(({ path }) => path);
  const [there, here] = await Promise.all([treeEntries(git, start, paths, signal), treeEntries(git, request.base, paths, signal)]);
  const changes: FileChange[] = [];
  const overlapping: string[] = [];
  for (const { path, file } of request.changes) {
    const merged = await mergeFiles(git, there.get(path), here.get(path), file, signal);
    if (merged === undefined) overlapping.push(path);
    else if (!isSameFile(merged.file, there.get(path))) changes.push({ path, file: merged.file });
  }
  if (overlapping.length > 0) throw new AppError('commit-overlaps', { files: overlapping, where: 'branch' });
  return changes;
}

/** The message after sign-off, hooks and clean-up, as `git commit -F` makes it. */
async function finalMessage(
  git: WritingGit,
  request: CommitRequest,
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const file = join(git.layout.gitDir, 'COMMIT_EDITMSG');
  await writeFile(file, `${request.message.trimEnd()}\n`);
  if (request.signOff) {
    const identity = (await identityOf(git, 'GIT_COMMITTER_IDENT', signal)).replace(/ \d+ [+-]\d+$/, '');
    const args = ['interpret-trailers', '--in-place', '--if-exists', 'addIfDifferent', '--trailer', `Signed-off-by: ${identity}`, file];
    await git.text(args, { signal });
  }
  await git.hook('prepare-commit-msg', [file, 'message'], { signal, variables });
  await git.hook('commit-msg', [file], { signal, variables });
  const cleanup = await git.configured('commit.cleanup', signal);
  const text = await readFile(file, 'utf8');
  const message =
    cleanup === 'verbatim'
      ? text
      : await git.text(['stripspace', ...(cleanup === 'strip' ? ['--strip-comments'] : [])], { signal, input: text });
  if (message.trim() === '') throw new AppError('commit-message-empty');
  return message;
}

/** A commit of one parent, signed when the configuration says so. @param commit variables: who is its author. @throws AppError `commit-identity`, `commit-sign-failed` */
export async function commitTree(
  git: WritingGit,
  commit: {
    readonly tree: string;
    readonly parent: string;
    readonly message: string;
    readonly variables?: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<string> {
  if (commit.variables === undefined) await identityOf(git, 'GIT_AUTHOR_IDENT', signal);
  await identityOf(git, 'GIT_COMMITTER_IDENT', signal);
  const isSigned = (await git.configured('commit.gpgsign', signal, 'bool')) === 'true';
  const args = ['commit-tree', ...(isSigned ? ['-S'] : []), '-p', commit.parent, '-F', '-', commit.tree];
  const { variables = {} } = commit;
  const { exitCode, stdout, stderr } = await git.run(args, { signal, input: commit.message, variables });
  if (exitCode !== 0) throw commitFailure(stderr);
  return stdout.toString('utf8').trim();
}

async function identityOf(git: WritingGit, name: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout } = await git.run(['var', name], { signal });
  if (exitCode !== 0) throw new AppError('commit-identity');
  return stdout.toString('utf8').trim();
}

async function requireFreeBranch(git: WritingGit, name: string, signal: AbortSignal): Promise<void> {
  const isValid = name.startsWith('-') ? 1 : (await git.run(['check-ref-format', `refs/heads/${name}`], { signal })).exitCode;
  if (isValid !== 0) throw new AppError('git-branch-invalid', { branch: name });
  const { exitCode } = await git.run(['rev-parse', '--verify', '--quiet', `refs/heads/${name}`], { signal });
  if (exitCode === 0) throw new AppError('git-branch-exists', { branch: name });
}

async function createBranch(git: WritingGit, name: string, commit: string, signal: AbortSignal): Promise<void> {
  const none = '0'.repeat(git.layout.objectFormat === 'sha1' ? 40 : 64);
  await git.text(['update-ref', '-m', 'branch: Created by Plumbline', `refs/heads/${name}`, commit, none], { signal });
}
