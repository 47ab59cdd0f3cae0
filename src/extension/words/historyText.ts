import type { SyncCounts, SyncRecord } from '../../engine/model/ledger.ts';
import type { Localizer } from './localizer.ts';
import { contextValue, dotted, escapeMarkdown } from './rowText.ts';
import type { RowText, WordsContext } from './rowText.ts';
import type { Look } from './states.ts';
import { ago, clockTime } from './time.ts';

const looks: Readonly<Record<SyncRecord['outcome'], Look>> = {
  running: { icon: 'sync', color: 'plumbline.progressingForeground' },
  done: { icon: 'pass', color: 'plumbline.syncedForeground' },
  partly: { icon: 'warning', color: 'plumbline.driftedForeground' },
  failed: { icon: 'error', color: 'plumbline.degradedForeground' },
  cancelled: { icon: 'circle-slash', color: 'plumbline.unverifiedForeground' },
  'timed-out': { icon: 'watch', color: 'plumbline.driftedForeground' },
};

/** How a sync ended, in the user's language. */
export function outcomeWords(outcome: SyncRecord['outcome'], l10n: Localizer): string {
  switch (outcome) {
    case 'running':
      return l10n.t('did not end');
    case 'done':
      return l10n.t('done');
    case 'partly':
      return l10n.t('done in part');
    case 'failed':
      return l10n.t('failed');
    case 'cancelled':
      return l10n.t('cancelled');
    case 'timed-out':
      return l10n.t('not healthy in time');
  }
}

/** What a sync changed: `1 created, 2 configured`. */
function recordCounts(counts: SyncCounts, l10n: Localizer): string {
  const parts = [
    counts.created > 0 ? l10n.t('{0} created', counts.created) : undefined,
    counts.configured > 0 ? l10n.t('{0} configured', counts.configured) : undefined,
    counts.recreated > 0 ? l10n.t('{0} recreated', counts.recreated) : undefined,
    counts.pruned > 0 ? l10n.t('{0} deleted', counts.pruned) : undefined,
    counts.failed > 0 ? l10n.t('{0} failed', counts.failed) : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? l10n.t('nothing changed') : parts.join(', ');
}

/** The row of a recorded sync: its commit, when, how it ended, what it changed, and who asked. */
export function recordText(record: SyncRecord, words: WordsContext): RowText {
  const { l10n } = words;
  const commit = record.revision === '' ? l10n.t('no commit') : record.revision.slice(0, 7);
  const label = record.isDirty ? l10n.t('{0} with uncommitted edits', commit) : commit;
  const started = Date.parse(record.startedAt);
  const when = Number.isNaN(started) ? record.startedAt : ago(started, words.nowMs, l10n);
  const outcome = outcomeWords(record.outcome, l10n);
  const description = dotted(
    when,
    record.by,
    record.outcome === 'done' ? undefined : outcome,
    record.isPartial ? l10n.t('chosen objects') : undefined,
    recordCounts(record.counts, l10n),
  );
  const facts = [
    l10n.t('Commit: {0}', record.revision),
    l10n.t('Started: {0}', clockTime(record.startedAt, words.nowMs, words.locale) ?? record.startedAt),
    l10n.t('Outcome: {0}', outcome),
    l10n.t('By: {0}', record.by),
    ...(record.finishedAt === undefined
      ? []
      : [l10n.t('Ended: {0}', clockTime(record.finishedAt, words.nowMs, words.locale) ?? record.finishedAt)]),
    ...(record.kubernetes === undefined ? [] : [l10n.t('Kubernetes: {0}', record.kubernetes)]),
    ...(record.renderer === undefined ? [] : [l10n.t('Renderer: {0}', record.renderer)]),
    ...Object.entries(record.charts ?? {}).map(([chart, digest]) => l10n.t('Chart {0}: {1}', chart, digest.slice(0, 19))),
  ];
  return {
    label,
    description,
    tooltip: () => [`**${escapeMarkdown(label)}**`, facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n')].join('\n\n'),
    accessibility: l10n.t('sync of {0}, {1}, {2}', commit, outcome, description),
    look: record.isDirty && record.outcome === 'done' ? { ...looks.done, icon: 'beaker' } : looks[record.outcome],
    contextValue: contextValue('sync', { done: record.outcome === 'done' && !record.isDirty, commit: record.revision !== '' }),
  };
}
