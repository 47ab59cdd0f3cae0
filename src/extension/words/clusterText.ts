import type { ClusterRow } from '../../engine/model/snapshot.ts';
import { clusterProblem } from './applicationText.ts';
import { contextValue, dotted, escapeMarkdown } from './rowText.ts';
import type { RowText, WordsContext } from './rowText.ts';
import { ago } from './time.ts';
import type { Look } from './states.ts';

const looks: Readonly<Record<ClusterRow['status'], Look>> = {
  idle: { icon: 'circle-outline' },
  connecting: { icon: 'loading~spin' },
  connected: { icon: 'pass', color: 'plumbline.syncedForeground' },
  unreachable: { icon: 'debug-disconnect', color: 'plumbline.cannotCompareForeground' },
  'sign-in': { icon: 'key', color: 'plumbline.driftedForeground' },
  refused: { icon: 'error', color: 'plumbline.cannotCompareForeground' },
};

/** The row of a cluster. */
export function clusterText(row: ClusterRow, words: WordsContext): RowText {
  const { l10n } = words;
  const status = statusWords(row, words);
  const rights = row.canWrite === false ? l10n.t('read only') : undefined;
  const seen =
    row.status === 'connected' || row.lastSeenMs === undefined
      ? undefined
      : l10n.t('last seen {0}', ago(row.lastSeenMs, words.nowMs, l10n));
  const facts = [
    ...(row.server === undefined ? [] : [l10n.t('Server: {0}', row.server)]),
    ...(row.serverVersion === undefined ? [] : [l10n.t('Version: {0}', row.serverVersion)]),
    ...(row.environments.length === 0 ? [] : [l10n.t('Environments: {0}', row.environments.join(', '))]),
    ...(row.canWrite === undefined ? [] : [row.canWrite ? l10n.t('Rights: compare and write') : l10n.t('Rights: read only')]),
    l10n.t('Watches: {0}', row.watchCount),
  ];
  return {
    label: row.context,
    description: dotted(row.status === 'connected' ? row.serverVersion : status, seen, row.environments.join(', '), rights),
    tooltip: () =>
      [
        `**${escapeMarkdown(row.context)}** — ${escapeMarkdown(status)}`,
        ...(row.reason === undefined ? [] : [escapeMarkdown(words.reasonWords(row.reason))]),
        facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n'),
      ].join('\n\n'),
    accessibility: [l10n.t('cluster {0}', row.context), status, rights].filter((part) => part !== undefined).join(', '),
    look: looks[row.status],
    contextValue: contextValue('cluster', { signIn: row.status === 'sign-in' }),
  };
}

function statusWords(row: ClusterRow, words: WordsContext): string {
  if (row.status === 'connected') return words.l10n.t('connected');
  if (row.status === 'idle') return words.l10n.t('not in use yet');
  return clusterProblem(row, words) ?? row.status;
}
