import type { HistoryCommit } from '../git/history.ts';
import type { WritingGit } from '../git/writingGit.ts';
import type { SyncRecord } from '../model/ledger.ts';
import type { HistoryEntry } from '../model/rollback.ts';

/** Commits with the syncs that left the cluster as they have the inputs, and the syncs that belong to none of them. */
export interface MarkedHistory {
  readonly commits: readonly HistoryEntry[];
  readonly otherSyncs: readonly SyncRecord[];
}

/**
 * Marks which commits of a history were synced. A sync of a commit that touched nothing of the inputs counts for the newest one before it.
 * @param commits newest first, of the first-parent line of `tip`
 * @param records newest first
 */
export async function markSyncs(
  git: WritingGit,
  tip: string,
  commits: readonly HistoryCommit[],
  records: readonly SyncRecord[],
  signal: AbortSignal,
): Promise<MarkedHistory> {
  const positions = new Map(commits.map(({ id }, index) => [id, index]));
  const oldest = commits.at(-1)?.id;
  const isDirect = records.every(({ revision }) => positions.has(revision));
  const line = isDirect || oldest === undefined ? [] : await lineOf(git, tip, oldest, signal);
  const marked = new Map<number, SyncRecord[]>();
  const otherSyncs: SyncRecord[] = [];
  for (const record of records) {
    const at = positions.get(record.revision) ?? nextOn(line, record.revision, positions);
    if (at === undefined || record.isDirty) otherSyncs.push(record);
    else marked.set(at, [...(marked.get(at) ?? []), record]);
  }
  return { commits: commits.map((commit, index) => ({ ...commit, syncs: marked.get(index) ?? [], isCurrent: index === 0 })), otherSyncs };
}

/** The first-parent line from a commit down to another, newest first. */
async function lineOf(git: WritingGit, tip: string, oldest: string, signal: AbortSignal): Promise<readonly string[]> {
  const { exitCode, stdout } = await git.run(['rev-list', '--first-parent', `${oldest}..${tip}`], { signal });
  return exitCode === 0 ? [...stdout.toString('utf8').trimEnd().split('\n'), oldest] : [];
}

/** Position in the history of the first commit of it at or below a commit of the line. */
function nextOn(line: readonly string[], revision: string, positions: ReadonlyMap<string, number>): number | undefined {
  const from = line.indexOf(revision);
  if (from < 0) return undefined;
  const found = line.slice(from).find((id) => positions.has(id));
  return found === undefined ? undefined : positions.get(found);
}
