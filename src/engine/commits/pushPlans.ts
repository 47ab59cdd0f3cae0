import type { ApplicationSession } from '../sessions/applicationSession.ts';
import { carriedBy, type PushTarget, pushTargetOf } from '../git/pushTarget.ts';
import type { HistoryCommit } from '../git/history.ts';
import type { WritingGit } from '../git/writingGit.ts';
import type { CommitSummary, MovedApplication, PushPlan } from '../model/commit.ts';
import { isComplete, type RenderResult } from '../model/render.ts';
import type { EntryKind, SourceTree } from '../model/sourceTree.ts';
import { parentPath } from '../model/treePath.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** A file that is other than at the remote, and which names came or went with it: its own, those of folders above it. */
export interface ChangedPath {
  readonly path: string;
  readonly names: readonly string[];
}

/**
 * What pushing a branch would carry, and which applications it would move: those whose target is that branch of the remote, and whose
 * reads are among the changed files.
 * @param into a new branch of the remote instead of the branch's own
 * @param pending files of a commit that is planned on top of the branch
 * @throws AppError `git-no-remote`, `git-detached`, `git-branch-not-found`
 */
export async function planPushOf(
  workspace: Workspace,
  renderer: SourceRenderer,
  branch: string | undefined,
  pending: readonly ChangedPath[],
  signal: AbortSignal,
  into?: string,
): Promise<PushPlan> {
  const git = workspace.repo.writing;
  const target = await pushTargetOf(git, branch, signal, into);
  const { commits, count } = await carriedBy(git, target, signal);
  const email = await ownEmail(git, signal);
  const carries = commits.map(toSummary);
  return {
    repoRoot: workspace.repo.root,
    remote: target.remote,
    branch: target.branch,
    remoteBranch: target.remoteBranch,
    tip: target.tip,
    carries,
    count,
    foreign: email === undefined ? [] : carries.filter(({ authorEmail }) => authorEmail.toLowerCase() !== email).map(({ id }) => id),
    moves: await movedBy(workspace, renderer, target, pending, signal),
    ...(into === undefined ? {} : { isNewBranch: true as const }),
  };
}

/** A commit as lists show it. */
function toSummary(commit: HistoryCommit): CommitSummary {
  const { id, subject, author, authorEmail, committedAtMs, parents } = commit;
  return { id, subject, author, authorEmail, committedAtMs, parents };
}

async function movedBy(
  workspace: Workspace,
  renderer: SourceRenderer,
  target: PushTarget,
  pending: readonly ChangedPath[],
  signal: AbortSignal,
): Promise<readonly MovedApplication[]> {
  if (target.trackingCommit === undefined) return [];
  const { repo } = workspace;
  const changed = [...(await changedBetween(workspace, target.trackingCommit, target.tip, signal)), ...pending];
  if (changed.length === 0) return [];
  const moved: MovedApplication[] = [];
  for (const session of workspace.sessions) {
    const { application } = session;
    const { destination } = application;
    if (destination === undefined) continue;
    const branch = repo.environment(destination.environment)?.branch;
    const side = await repo.target(branch, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (side?.target.ref !== target.trackingRef) continue;
    const render = session.render ?? (await renderer.render(application, side.tree, session.connection, signal));
    if (!changed.some((change) => touches(render, session, change))) continue;
    const { environment } = destination;
    const { id, name, isProtected } = application;
    moved.push({ applicationId: id, name, isProtected, ...(environment === undefined ? {} : { environment }) });
  }
  return moved;
}

async function changedBetween({ repo }: Workspace, from: string, to: string, signal: AbortSignal): Promise<readonly ChangedPath[]> {
  const git = await repo.repository(signal);
  const [before, after] = [await git.tree(from, signal), await git.tree(to, signal)];
  const paths = await git.changedPaths(from, to, signal);
  return Promise.all(paths.map(async (path) => ({ path, names: await namesChanged(before, path, (name) => after.kindOf(name)) })));
}

/** The path, and folders above it, at which something else stands afterwards. */
export async function namesChanged(
  before: SourceTree,
  path: string,
  kindAfter: (name: string) => Promise<EntryKind | undefined>,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (let name = path; name !== ''; name = parentPath(name)) {
    if ((await before.kindOf(name)) === (await kindAfter(name))) break;
    names.push(name);
  }
  return names;
}

/** A broken render may not have come to all that it reads: then everything below its folder counts. */
function touches(render: RenderResult, { application }: ApplicationSession, { path, names }: ChangedPath): boolean {
  const folder = application.source.path;
  if (!isComplete(render) && (folder === '' || path.startsWith(`${folder}/`))) return true;
  return render.reads.some((read) => {
    if (read.kind === 'file') return read.path === path;
    if (read.kind === 'kind') return names.includes(read.path);
    return read.kind === 'dir' && names.some((name) => parentPath(name) === read.path);
  });
}

/** The address of who commits here, undefined when nobody is configured. */
async function ownEmail(git: WritingGit, signal: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout } = await git.run(['var', 'GIT_AUTHOR_IDENT'], { signal });
  return exitCode === 0 ? /<(.*)>/.exec(stdout.toString('utf8'))?.[1]?.toLowerCase() : undefined;
}
