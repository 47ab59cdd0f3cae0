import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryLayout } from './layout.ts';
import type { GitOperation } from './state.ts';

/** What Git leaves in its folder while an operation waits to be continued (wt-status.c `wt_status_get_state`), first match first. */
const MARKS: readonly (readonly [string, GitOperation])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
];

/** The names in a Git folder whose coming and going begins or ends an operation. */
export const operationNames: ReadonlySet<string> = new Set([
  'rebase-merge',
  'rebase-apply',
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
]);

/** What Git is in the middle of. Bisect marks lie in the worktree's own folder as all others do. */
export async function operationIn(layout: RepositoryLayout): Promise<GitOperation | undefined> {
  for (const [name, operation] of MARKS) if ((await changedAtMs(join(layout.gitDir, name))) !== undefined) return operation;
  return undefined;
}

/** Whether `index.lock` exists: another process writes the index, or one was killed while it did. */
export async function isIndexLocked(layout: RepositoryLayout): Promise<boolean> {
  return (await changedAtMs(join(layout.gitDir, 'index.lock'))) !== undefined;
}

/**
 * When the remotes were last asked, in epoch milliseconds: the age of `FETCH_HEAD` (written by every fetch, in the folder of the
 * worktree that fetched), or of the clone, which writes the reflog of the remote's HEAD only.
 */
export async function fetchedAtMs(layout: RepositoryLayout, remotes: readonly string[]): Promise<number | undefined> {
  const files = [
    join(layout.gitDir, 'FETCH_HEAD'),
    join(layout.commonDir, 'FETCH_HEAD'),
    ...remotes.map((remote) => join(layout.commonDir, 'logs/refs/remotes', remote, 'HEAD')),
  ];
  const times = (await Promise.all(files.map(changedAtMs))).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

async function changedAtMs(file: string): Promise<number | undefined> {
  return stat(file).then(
    (stats) => stats.mtimeMs,
    () => undefined,
  );
}
