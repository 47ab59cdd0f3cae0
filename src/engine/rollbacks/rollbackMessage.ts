import type { CommitSummary } from '../model/commit.ts';
import type { Application } from '../model/application.ts';
import type { RevertedCommit } from '../git/revert.ts';

const SHORT = 7;

/** The proposed message of a roll back that restores inputs. */
export function restoreMessage(application: Application, to: CommitSummary, shared: readonly string[]): string {
  const day = new Date(to.committedAtMs).toISOString().slice(0, 10);
  return message(`Roll back ${application.id} to ${to.id.slice(0, SHORT)}`, [
    `What ${application.id} is made from is as it was at ${to.id}\n("${to.subject}", ${to.author}, ${day}).`,
    alsoChanged(shared),
  ]);
}

/** The proposed message of a roll back that reverts commits, in Git's own words where there is one only (sequencer.c, `do_pick_commit`). */
export function revertMessage(
  application: Application,
  commits: readonly CommitSummary[],
  reverted: readonly RevertedCommit[],
  to: CommitSummary,
  shared: readonly string[],
): string {
  const sentences = reverted.map(({ id, parent, mainline }) =>
    mainline === undefined ? `This reverts commit ${id}.` : `This reverts commit ${id}, reversing\nchanges made to ${parent ?? ''}.`,
  );
  const [only] = commits;
  if (commits.length === 1 && only !== undefined) return message(`Revert "${only.subject}"`, [...sentences, alsoChanged(shared)]);
  const list = commits.map(({ id, subject }) => `- ${id.slice(0, SHORT)} ${subject}`).join('\n');
  return message(`Revert ${String(commits.length)} commits of ${application.id} since ${to.id.slice(0, SHORT)}`, [
    list,
    sentences.join('\n'),
    alsoChanged(shared),
  ]);
}

function alsoChanged(shared: readonly string[]): string {
  return shared.length === 0 ? '' : `Other applications read the same files: ${shared.join(', ')}.`;
}

function message(subject: string, parts: readonly string[]): string {
  return [subject, ...parts.filter((part) => part !== '')].join('\n\n');
}
