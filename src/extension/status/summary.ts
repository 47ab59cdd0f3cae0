import type { ApplicationRow, ClusterRow } from '../../engine/model/snapshot.ts';
import { needsAttention } from '../words/applicationText.ts';
import type { Localizer } from '../words/localizer.ts';

/** What the status bar item shows. */
export interface Summary {
  readonly icon: string;
  readonly text: string;
  readonly tooltip: readonly string[];
  /** a state that blocks all work gets the warning background */
  readonly isWarning: boolean;
}

/** Sums up all compared applications; undefined when there are none and nothing is to be said. */
export function summarize(applications: Iterable<ApplicationRow>, clusters: readonly ClusterRow[], l10n: Localizer): Summary | undefined {
  const rows = [...applications].filter((row) => row.state !== 'no destination');
  if (rows.length === 0) return undefined;
  const count = (matches: (row: ApplicationRow) => boolean): number => rows.filter(matches).length;
  const drifted = count((row) => row.state === 'drifted');
  const missing = count((row) => row.state === 'missing');
  const differs = count((row) => row.state === 'differs');
  const failed = count((row) => row.state === 'cannot compare');
  const behind = count((row) => row.state === 'out of sync');
  const unverified = count((row) => row.state === 'unverified');
  const pending = count((row) => row.state === 'pending');
  const synced = count((row) => row.state === 'synced');
  const degraded = count((row) => row.health?.status === 'degraded');
  const down = clusters.filter((cluster) => cluster.status === 'unreachable').map((cluster) => cluster.context);
  const signIn = clusters.filter((cluster) => cluster.status === 'sign-in').map((cluster) => cluster.context);
  const tooltip = [
    ...(drifted > 0 ? [l10n.t('{0} drifted', drifted)] : []),
    ...(missing > 0 ? [l10n.t('{0} missing', missing)] : []),
    ...(differs > 0 ? [l10n.t('{0} differ', differs)] : []),
    ...(failed > 0 ? [l10n.t('{0} cannot be compared', failed)] : []),
    ...(behind > 0 ? [l10n.t('{0} out of sync', behind)] : []),
    ...(unverified > 0 ? [l10n.t('{0} unverified', unverified)] : []),
    ...(pending > 0 ? [l10n.t('{0} being compared', pending)] : []),
    ...(synced > 0 ? [l10n.t('{0} synced', synced)] : []),
    ...(degraded > 0 ? [l10n.t('{0} degraded', degraded)] : []),
    ...(down.length > 0 ? [l10n.t('Unreachable: {0}', down.join(', '))] : []),
    ...(signIn.length > 0 ? [l10n.t('Sign in needed: {0}', signIn.join(', '))] : []),
  ];
  const say = (icon: string, text: string, isWarning = false): Summary => ({ icon, text, tooltip, isWarning });
  const isStale = rows.some((row) => row.staleSinceMs !== undefined);
  if (drifted > 0) return say('diff-modified', l10n.t('{0} drifted', drifted));
  if (missing > 0) return say('diff-removed', l10n.t('{0} missing', missing));
  if (down.length > 0 && (isStale || failed > 0)) return say('debug-disconnect', l10n.t('cluster unreachable'));
  if (signIn.length > 0) return say('key', l10n.t('sign in needed'));
  if (failed > 0) return say('circle-slash', l10n.t('{0} cannot be compared', failed));
  if (differs > 0) return say('git-compare', l10n.t('{0} differ', differs));
  if (pending > 0) return say('loading~spin', l10n.t('comparing…'));
  if (degraded > 0) return say('error', l10n.t('{0} degraded', degraded));
  if (behind > 0) return say('arrow-circle-up', l10n.t('{0} out of sync', behind));
  if (unverified > 0) return say('question', l10n.t('{0} unverified', unverified));
  return say('pass', l10n.t('synced'));
}

/** The number on the view's badge. */
export function attentionCount(applications: Iterable<ApplicationRow>): number {
  let count = 0;
  for (const row of applications) if (needsAttention(row)) count += 1;
  return count;
}
