import type { ApplicationRow, ClusterRow } from '../../engine/model/snapshot.ts';
import type { ApplicationState } from '../../engine/model/states.ts';
import { isUntrusted } from '../words/applicationText.ts';
import type { Localizer } from '../words/localizer.ts';

/** What the status bar item shows. */
export interface Summary {
  readonly icon: string;
  readonly text: string;
  readonly tooltip: readonly string[];
}

/** Sums up all compared applications; undefined when there are none and nothing is to be said. */
export function summarize(applications: Iterable<ApplicationRow>, clusters: readonly ClusterRow[], l10n: Localizer): Summary | undefined {
  const counts = new Map<ApplicationState, number>();
  let degraded = 0;
  let untrusted = 0;
  let isStale = false;
  for (const row of applications) {
    // A suggestion is not compared anyway.
    if (isUntrusted(row) && row.state !== 'no destination') untrusted += 1;
    counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
    if (row.health?.status === 'degraded') degraded += 1;
    isStale ||= row.staleSinceMs !== undefined;
  }
  counts.delete('no destination');
  if (counts.size === 0) return undefined;
  const count = (state: ApplicationState): number => counts.get(state) ?? 0;
  const drifted = count('drifted');
  const missing = count('missing');
  const differs = count('differs');
  const failed = count('cannot compare');
  const behind = count('out of sync');
  const unverified = count('unverified');
  const pending = count('pending');
  const synced = count('synced');
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
  const say = (icon: string, text: string): Summary => ({ icon, text, tooltip });
  if (untrusted > 0 && untrusted === failed + pending) return say('shield', l10n.t('not compared'));
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
