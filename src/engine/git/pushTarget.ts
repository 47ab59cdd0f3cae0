import { AppError } from '../../base/errors.ts';
import { type HistoryCommit, listCommits } from './history.ts';
import type { WritingGit } from './writingGit.ts';

/** Where a branch is pushed to. */
export interface PushTarget {
  readonly branch: string;
  readonly remote: string;
  readonly remoteBranch: string;
  /** full id of the local branch's commit */
  readonly tip: string;
  /** full name of the ref that tells where the remote's branch was at the last fetch */
  readonly trackingRef: string;
  /** its commit; undefined: the remote has no such branch, as far as is known */
  readonly trackingCommit: string | undefined;
}

/** Commits that a push carries, newest first; only the newest are listed. */
export interface CarriedCommits {
  readonly commits: readonly HistoryCommit[];
  readonly count: number;
}

const MAX_LISTED = 200;

/**
 * Where `git push` takes a branch: `branch.<name>.pushRemote`, `remote.pushDefault`, the upstream's remote, `origin`, the first remote; to the
 * upstream's branch where that remote is the upstream's, else to a branch of the same name (git-config(1)).
 * @param branch undefined: the checked-out branch
 * @param into another branch of the remote, which is new there
 * @throws AppError `git-detached`, `git-branch-not-found`, `git-no-remote`, `git-branch-invalid`, `git-branch-exists`
 */
export async function pushTargetOf(git: WritingGit, branch: string | undefined, signal: AbortSignal, into?: string): Promise<PushTarget> {
  const name = branch ?? (await checkedOut(git, signal));
  const tip = await commitOf(git, `refs/heads/${name}`, signal);
  if (tip === undefined) throw new AppError('git-branch-not-found', { branch: name });
  const remotes = (await git.text(['remote'], { signal })).split('\n').filter((each) => each !== '');
  const configured = async (key: string): Promise<string | undefined> => git.configured(key, signal);
  const upstreamRemote = await configured(`branch.${name}.remote`);
  const candidates = [
    await configured(`branch.${name}.pushRemote`),
    await configured('remote.pushDefault'),
    upstreamRemote,
    'origin',
    remotes[0],
  ];
  const remote = candidates.find((each) => each !== undefined && remotes.includes(each));
  if (remote === undefined) throw new AppError('git-no-remote');
  const merge = remote === upstreamRemote ? await configured(`branch.${name}.merge`) : undefined;
  const remoteBranch = into ?? (merge?.startsWith('refs/heads/') === true ? merge.slice('refs/heads/'.length) : name);
  const trackingRef = `refs/remotes/${remote}/${remoteBranch}`;
  const trackingCommit = await commitOf(git, trackingRef, signal);
  if (into !== undefined) await requireNew(git, into, trackingCommit, signal);
  return { branch: name, remote, remoteBranch, tip, trackingRef, trackingCommit };
}

/** The commits that a push of this branch would bring to the remote, as of the last fetch. A new branch brings what no branch of the remote has. */
export async function carriedBy(git: WritingGit, target: PushTarget, signal: AbortSignal): Promise<CarriedCommits> {
  const { tip, remote, trackingCommit } = target;
  const range = trackingCommit === undefined ? [tip, '--not', `--remotes=${remote}`] : [`${trackingCommit}..${tip}`];
  const commits = await listCommits(git, [`--max-count=${String(MAX_LISTED)}`, ...range], signal);
  const count = commits.length < MAX_LISTED ? commits.length : Number(await git.text(['rev-list', '--count', ...range], { signal }));
  return { commits, count };
}

/** The commit of a ref, undefined when there is no such ref. @param ref full name */
export async function commitOf(git: WritingGit, ref: string, signal: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout } = await git.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], { signal });
  const id = stdout.toString('utf8').trim().split('\n').at(-1) ?? '';
  return exitCode === 0 && /^[0-9a-f]{40,64}$/.test(id) ? id : undefined;
}

/** The address that pushes go to, as configured; it may hold a password. */
export async function pushUrl(git: WritingGit, remote: string, signal: AbortSignal): Promise<string> {
  return (await git.text(['remote', 'get-url', '--push', '--', remote], { signal })).trim();
}

async function checkedOut(git: WritingGit, signal: AbortSignal): Promise<string> {
  const symbolic = await git.run(['symbolic-ref', '--quiet', 'HEAD'], { signal });
  const ref = symbolic.stdout.toString('utf8').trim();
  if (ref !== '') return ref.replace(/^refs\/heads\//, '');
  const head = await commitOf(git, 'HEAD', signal);
  throw new AppError('git-detached', { commit: (head ?? '').slice(0, 7) });
}

async function requireNew(git: WritingGit, branch: string, known: string | undefined, signal: AbortSignal): Promise<void> {
  const { exitCode } = await git.run(['check-ref-format', `refs/heads/${branch}`], { signal });
  if (exitCode !== 0) throw new AppError('git-branch-invalid', { branch });
  if (known !== undefined) throw new AppError('git-branch-exists', { branch });
}
