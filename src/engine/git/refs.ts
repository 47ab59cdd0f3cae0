import { AppError } from '../../base/errors.ts';
import type { Head } from './state.ts';

/** One branch, local or of a remote. */
export interface Ref {
  /** full name: `refs/heads/main`, `refs/remotes/origin/main` */
  readonly name: string;
  readonly commit: string;
  /** full name of the configured upstream; the ref itself may be gone */
  readonly upstream?: string;
}

/** All branches of a repository at one moment. */
export interface RefSnapshot {
  readonly head: Head;
  readonly refs: ReadonlyMap<string, Ref>;
  /** `origin` first */
  readonly remotes: readonly string[];
}

/** Where a target was found, before its commits are counted. */
export interface TargetRef {
  readonly name: string;
  readonly ref: string;
  readonly commit: string;
  readonly isUpstream: boolean;
}

/** The format of `git for-each-ref` that {@link parseRefs} reads. */
export const refFormat = '%(refname)%00%(objectname)%00%(upstream)%00%(symref)';

/** Reads the lines of `git for-each-ref --format=`{@link refFormat}; symbolic refs such as `origin/HEAD` are left out. */
export function parseRefs(output: string): Map<string, Ref> {
  const refs = new Map<string, Ref>();
  for (const line of output.split('\n')) {
    const [name = '', commit = '', upstream = '', symref = ''] = line.split('\0');
    if (name !== '' && symref === '') refs.set(name, { name, commit, ...(upstream !== '' && { upstream }) });
  }
  return refs;
}

/** A full ref name as people write it: `main`, `origin/main`. */
export function shortRefName(ref: string): string {
  return ref.replace(/^refs\/(heads|remotes|tags)\//, '');
}

/** The upstream of a local branch: the configured one, else the branch of that name at the first remote that has it. */
export function upstreamOf(snapshot: RefSnapshot, branch: string): Ref | undefined {
  const configured = snapshot.refs.get(`refs/heads/${branch}`)?.upstream;
  const names = [
    ...(configured === undefined ? [] : [configured]),
    ...snapshot.remotes.map((remote) => `refs/remotes/${remote}/${branch}`),
  ];
  for (const name of names) {
    const ref = snapshot.refs.get(name);
    if (ref !== undefined && name !== `refs/heads/${branch}`) return ref;
  }
  return undefined;
}

/**
 * Where target is (design.md §1 and §2): the branch at its upstream; without any upstream the local branch; with a detached HEAD, HEAD.
 * @param branch branch of an environment, or undefined for the checked-out one
 * @throws AppError `git-no-commits`, `git-branch-not-found`
 */
export function findTarget(snapshot: RefSnapshot, branch: string | undefined): TargetRef {
  const { head } = snapshot;
  if (branch === undefined && head.kind === 'detached') return { name: 'HEAD', ref: 'HEAD', commit: head.commit, isUpstream: false };
  const name = branch ?? (head.kind === 'detached' ? '' : head.branch);
  const upstream = upstreamOf(snapshot, name);
  if (upstream !== undefined) {
    return { name: shortRefName(upstream.name), ref: upstream.name, commit: upstream.commit, isUpstream: true };
  }
  const local = snapshot.refs.get(`refs/heads/${name}`);
  if (local !== undefined) return { name, ref: local.name, commit: local.commit, isUpstream: false };
  if (head.kind === 'unborn' && (branch === undefined || branch === head.branch)) throw new AppError('git-no-commits', { branch: name });
  throw new AppError('git-branch-not-found', { branch: name });
}
