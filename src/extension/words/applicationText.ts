import type { ApplicationRow, ClusterRow } from '../../engine/model/snapshot.ts';
import { contextValue, dotted, escapeMarkdown } from './rowText.ts';
import type { RowText, WordsContext } from './rowText.ts';
import { healthWords, stateLook, stateMeaning, stateWords } from './states.ts';
import { ago } from './time.ts';

/** Whether an application belongs into the group `Needs attention` and counts in the badge. */
export function needsAttention(row: ApplicationRow): boolean {
  if (row.unfinishedSync !== undefined) return true;
  switch (row.state) {
    case 'cannot compare':
      return !isUntrusted(row);
    case 'missing':
    case 'drifted':
    case 'differs':
      return true;
    case 'out of sync':
    case 'unverified':
    case 'synced':
    case 'pending':
      return row.health?.status === 'degraded';
    case 'no destination':
      return false;
  }
}

/** Whether it is not compared only because the workspace is in Restricted Mode, which the user chose and the editor shows. */
export function isUntrusted(row: ApplicationRow): boolean {
  return row.reasons.some(({ code }) => code === 'workspace-untrusted');
}

/** The application's short state, e.g. `3 drifted · 2 behind`, or `synced, 12 min ago, cluster unreachable` when stale. */
function applicationStateText(row: ApplicationRow, cluster: ClusterRow | undefined, words: WordsContext): string {
  const { l10n } = words;
  const behind = row.commitsBehind ?? 0;
  let state: string;
  if ((row.state === 'drifted' || row.state === 'differs') && row.driftedObjects > 0) {
    state =
      row.state === 'drifted'
        ? l10n.t('{0} drifted', row.driftedObjects)
        : row.driftedObjects === 1
          ? l10n.t('1 differs')
          : l10n.t('{0} differ', row.driftedObjects);
  } else state = stateWords(row.state, l10n);
  if (behind > 0) state = dotted(state, l10n.t('{0} behind', behind));
  if (row.staleSinceMs === undefined) return state;
  return [state, ago(row.staleSinceMs, words.nowMs, l10n), clusterProblem(cluster, words)].filter((part) => part !== undefined).join(', ');
}

/** Why a cluster does not answer, in two or three words. */
export function clusterProblem(cluster: ClusterRow | undefined, { l10n }: WordsContext): string | undefined {
  switch (cluster?.status) {
    case 'unreachable':
      return l10n.t('cluster unreachable');
    case 'sign-in':
      return l10n.t('sign in needed');
    case 'refused':
      return l10n.t('cluster refused');
    case 'connecting':
      return l10n.t('connecting…');
    case 'idle':
    case 'connected':
    case undefined:
      return undefined;
  }
}

/**
 * The row of an application.
 * @param place what the groups above do not say, e.g. the environment; undefined when they do
 */
export function applicationText(
  row: ApplicationRow,
  cluster: ClusterRow | undefined,
  place: string | undefined,
  words: WordsContext,
): RowText {
  const { l10n } = words;
  const state = applicationStateText(row, cluster, words);
  const status = row.state === 'missing' ? undefined : row.health?.status;
  const health = status === undefined || status === 'healthy' ? undefined : healthWords(status, l10n);
  const isSuggestion = row.state === 'no destination';
  const description = isSuggestion
    ? dotted(row.path === '' ? '/' : row.path, row.sourceType)
    : dotted(place, state, health, ...syncMarks(row, words), row.isEdited ? l10n.t('edited') : undefined);
  const isStale = row.staleSinceMs !== undefined;
  return {
    label: row.name,
    description,
    tooltip: () => applicationTooltip(row, state, words),
    accessibility: l10n.t(
      'application {0}, {1}',
      row.name,
      [
        row.environment,
        state,
        row.health === undefined ? undefined : healthWords(row.health.status, l10n),
        ...syncMarks(row, words),
        row.isEdited ? l10n.t('edited') : undefined,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    ),
    look: isStale ? { icon: 'history', color: 'plumbline.unverifiedForeground' } : stateLook(row.state),
    contextValue: contextValue('application', {
      compared: row.context !== undefined,
      drifted: row.driftedObjects > 0,
      revertable: row.owner === 'plumbline' && (row.driftedObjects > 0 || row.driftedFields > 0 || row.state === 'missing'),
      syncable: row.owner === 'plumbline' && row.context !== undefined,
      edited: row.isEdited,
      unfinished: row.unfinishedSync !== undefined,
      allowsDirty: row.allowsDirty === true,
      suggestion: row.origin === 'convention',
      declared: row.declaredAt !== undefined,
      signIn: cluster?.status === 'sign-in',
    }),
    ...(status === undefined ? {} : { health: status }),
  };
}

/** What the ledger tells beyond the state: somebody syncs, a sync was cut off, the working tree is live. */
function syncMarks(row: ApplicationRow, { l10n }: WordsContext): string[] {
  return [
    ...(row.runningSync === undefined ? [] : [l10n.t('{0} syncs it', row.runningSync.by)]),
    ...(row.unfinishedSync === undefined ? [] : [l10n.t('its sync did not end')]),
    ...(row.dirtySince === undefined ? [] : [l10n.t('dirty')]),
  ];
}

function syncFacts(row: ApplicationRow, words: WordsContext): string[] {
  const { l10n } = words;
  const when = (time: string): string => ago(Date.parse(time), words.nowMs, l10n);
  const { lastSync, unfinishedSync, dirtySince, runningSync } = row;
  return [
    ...(runningSync === undefined ? [] : [l10n.t('{0} syncs it now', runningSync.by)]),
    ...(unfinishedSync === undefined
      ? []
      : [
          l10n.t(
            'The sync of {0} by {1}, {2}, did not end: sync again to finish it',
            unfinishedSync.revision,
            unfinishedSync.by,
            when(unfinishedSync.at),
          ),
        ]),
    ...(dirtySince === undefined
      ? []
      : [l10n.t('Dirty: files that are not committed were applied {0}; the next sync ends that', when(dirtySince))]),
    ...(lastSync === undefined ? [] : [l10n.t('Synced to {0} by {1}, {2}', lastSync.revision, lastSync.by, when(lastSync.at))]),
  ];
}

function applicationTooltip(row: ApplicationRow, state: string, words: WordsContext): string {
  const { l10n } = words;
  const lines = [`**${escapeMarkdown(row.name)}** — ${escapeMarkdown(state)}`, stateMeaning(row.state, l10n)];
  for (const reason of row.reasons.slice(0, 4)) lines.push(escapeMarkdown(words.reasonWords(reason)));
  const facts: string[] = [];
  if (row.health !== undefined) {
    const message = row.health.message === undefined ? '' : `: ${row.health.message}`;
    facts.push(l10n.t('Health: {0}', healthWords(row.health.status, l10n) + message));
  }
  if (row.environment !== undefined) {
    facts.push(row.isProtected ? l10n.t('Environment: {0} (protected)', row.environment) : l10n.t('Environment: {0}', row.environment));
  }
  if (row.context !== undefined) facts.push(l10n.t('Cluster: {0}, namespace {1}', row.context, row.namespace ?? '—'));
  facts.push(l10n.t('Source: {0} ({1})', row.path === '' ? '/' : row.path, row.sourceType), l10n.t('Owner: {0}', row.owner));
  if (row.targetRevision !== undefined) {
    facts.push(
      row.targetRef === undefined
        ? l10n.t('Target: {0}', row.targetRevision)
        : l10n.t('Target: {0} at {1}', row.targetRef, row.targetRevision),
    );
  }
  if ((row.ahead ?? 0) > 0 || (row.behind ?? 0) > 0) {
    facts.push(l10n.t('HEAD is {0} ahead of and {1} behind the target', row.ahead ?? 0, row.behind ?? 0));
  }
  facts.push(...syncFacts(row, words));
  if (row.fetchedAtMs !== undefined) facts.push(l10n.t('Upstream fetched {0}', ago(row.fetchedAtMs, words.nowMs, l10n)));
  if (row.isEdited) facts.push(l10n.t('It has uncommitted edits'));
  facts.push(l10n.t('Objects: {0}', row.objectCount));
  return [...lines, facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n')].join('\n\n');
}
