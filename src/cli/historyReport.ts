import type { Application } from '../engine/model/application.ts';
import type { SyncCounts, SyncHistory, SyncRecord } from '../engine/model/ledger.ts';
import { shortTime, type TextOptions } from './diffText.ts';
import { reasonText, toReason } from './reasons.ts';
import { safeText, type TextRole } from './style.ts';

/** Version of the JSON that `plumbline history --output json` prints; its schema is media/plumbline-sync.schema.json. */
const historyApiVersion = 'plumbline.dev/history/v1';

/** An application with its ledger. */
export interface ApplicationHistory {
  readonly application: Application;
  readonly history: SyncHistory;
}

const roles: Readonly<Record<SyncRecord['outcome'], TextRole>> = {
  done: 'good',
  running: 'warning',
  partly: 'bad',
  failed: 'bad',
  cancelled: 'warning',
  'timed-out': 'warning',
};

/** One line per sync: time, outcome, commit, what it changed, and who asked. */
export function historyText(histories: readonly ApplicationHistory[], options: TextOptions): string {
  return histories.map((each) => applicationText(each, options)).join('\n');
}

function applicationText({ application, history }: ApplicationHistory, options: TextOptions): string {
  const { paint, nowMs } = options;
  const lines = [paint('title', safeText(application.id))];
  if (history.problem !== undefined) lines.push(`  ${paint('bad', reasonText(history.problem))}`);
  else if (history.entries.length === 0) lines.push('  No sync is recorded.');
  if (history.running !== undefined) {
    lines.push(`  ${paint('warning', `running, by ${safeText(history.running.by)} until ${shortTime(history.running.until, nowMs)}`)}`);
  } else if (history.unfinished !== undefined) lines.push(`  ${paint('warning', 'The newest sync did not end: sync again to finish it.')}`);
  if (history.dirty !== undefined) {
    lines.push(`  ${paint('warning', 'Dirty: files that were not committed were applied; the next sync ends that.')}`);
  }
  for (const record of history.entries) lines.push(recordText(record, options));
  return `${lines.join('\n')}\n`;
}

function recordText(record: SyncRecord, { paint, nowMs }: TextOptions): string {
  const marks = [...(record.isDirty ? ['uncommitted edits'] : []), ...(record.isPartial ? ['chosen objects'] : [])];
  const parts = [
    shortTime(record.startedAt, nowMs).padEnd(16),
    paint(roles[record.outcome], record.outcome.padEnd(9)),
    paint('path', safeText(record.revision.slice(0, 7))),
    countsText(record.counts),
    paint('muted', safeText([record.by, ...marks].join(', '))),
  ];
  return `  ${parts.join('  ')}`;
}

/** `2 created, 1 pruned`; nothing changed: `unchanged`. */
function countsText(counts: SyncCounts): string {
  const changed = (['created', 'configured', 'recreated', 'pruned', 'failed'] as const).filter((name) => counts[name] > 0);
  return changed.length === 0 ? 'unchanged' : changed.map((name) => `${counts[name]} ${name}`).join(', ');
}

/** Histories as JSON. */
export function toHistoryReport(histories: readonly ApplicationHistory[]): Record<string, unknown> {
  return {
    apiVersion: historyApiVersion,
    applications: histories.map(({ application, history }) => ({
      id: application.id,
      ...(history.syncedRevision === undefined ? {} : { syncedCommit: history.syncedRevision }),
      ...(history.running === undefined ? {} : { running: history.running }),
      unfinished: history.unfinished !== undefined,
      dirty: history.dirty !== undefined,
      ...(history.problem === undefined ? {} : { problem: toReason(history.problem) }),
      syncs: history.entries.map((record) => toRecord(record)),
    })),
  };
}

function toRecord(record: SyncRecord): Record<string, unknown> {
  const { id, revision, by, startedAt, finishedAt, outcome, isDirty, isPartial, counts, kubernetes, renderer, charts } = record;
  return {
    id,
    commit: revision,
    by,
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    outcome,
    dirty: isDirty,
    partial: isPartial,
    counts,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...(renderer === undefined ? {} : { renderer }),
    ...(charts === undefined ? {} : { charts }),
  };
}
