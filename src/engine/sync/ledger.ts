import { isJsonObject, type JsonValue, stringAt } from '../model/json.ts';
import type { SyncCounts, SyncHistory, SyncOutcome, SyncRecord } from '../model/ledger.ts';
import { annotationsOf, type KubeObject } from '../model/objects.ts';

const SYNCS = 'plumbline.dev/syncs';
const RUNNING = 'plumbline.dev/running';
const APPLICATION = 'plumbline.dev/application';
const MAX_RECORDS = 20;
/** Kubernetes allows 256 kB of annotations on one object; the lists of kinds and namespaces stand beside. */
const MAX_BYTES = 100_000;

/** The running record: who syncs now. After `until` (RFC 3339) the sync counts as interrupted. */
export interface RunningRecord {
  readonly record: SyncRecord;
  readonly until: string;
}

/** A ledger as its annotations say it. */
export interface Ledger {
  /** newest first */
  readonly records: readonly SyncRecord[];
  readonly running?: RunningRecord;
  /** id of the application that the ledger is of */
  readonly application?: string;
}

/** No object was touched. */
export const noCounts: SyncCounts = { created: 0, configured: 0, recreated: 0, pruned: 0, unchanged: 0, failed: 0 };

/** The ledger that a live ApplySet parent holds. What cannot be read of it is left out. */
export function ledgerOf(parent: KubeObject | undefined): Ledger {
  if (parent === undefined) return { records: [] };
  const annotations = annotationsOf(parent);
  const list = parse(annotations[SYNCS]);
  const running = parse(annotations[RUNNING]);
  const record = isJsonObject(running) ? recordOf(running['record']) : undefined;
  const until = stringAt(running, 'until');
  const application = annotations[APPLICATION];
  return {
    records: Array.isArray(list) ? list.flatMap((item: JsonValue) => recordOf(item) ?? []) : [],
    ...(record === undefined || until === undefined ? {} : { running: { record, until } }),
    ...(application === undefined ? {} : { application }),
  };
}

/** The annotations that hold a ledger, within the limits: the oldest records go first. */
export function ledgerAnnotations(ledger: Ledger): Readonly<Record<string, string>> {
  let records = ledger.records.slice(0, MAX_RECORDS);
  while (records.length > 1 && JSON.stringify(records).length > MAX_BYTES) records = records.slice(0, -1);
  return {
    [SYNCS]: JSON.stringify(records),
    ...(ledger.running === undefined ? {} : { [RUNNING]: JSON.stringify(ledger.running) }),
    ...(ledger.application === undefined ? {} : { [APPLICATION]: ledger.application }),
  };
}

/** A ledger without its running record, which moves to the history as one that did not come to its end. */
export function withInterrupted(ledger: Ledger): Ledger {
  const { running, ...rest } = ledger;
  if (running === undefined) return ledger;
  return { ...rest, records: [{ ...running.record, outcome: 'failed' }, ...ledger.records] };
}

/**
 * What a ledger says to people.
 * @param nowMs epoch milliseconds: tells a running sync from an interrupted one
 */
export function historyOf(ledger: Ledger, nowMs: number): SyncHistory {
  const { records, running } = ledger;
  const isAlive = running !== undefined && Date.parse(running.until) > nowMs;
  const synced = records.find(
    ({ outcome, isDirty, isPartial }) => (outcome === 'done' || outcome === 'timed-out') && !isDirty && !isPartial,
  );
  return {
    entries: running === undefined ? records : [running.record, ...records],
    ...(running === undefined || isAlive ? {} : { unfinished: running.record }),
    ...(isAlive ? { running: { by: running.record.by, until: running.until } } : {}),
    ...(synced === undefined ? {} : { syncedRevision: synced.revision }),
  };
}

const outcomes: readonly string[] = ['running', 'done', 'partly', 'failed', 'cancelled', 'timed-out'] satisfies readonly SyncOutcome[];

function isOutcome(text: string | undefined): text is SyncOutcome {
  return text !== undefined && outcomes.includes(text);
}

function recordOf(value: JsonValue | undefined): SyncRecord | undefined {
  if (!isJsonObject(value)) return undefined;
  const [id, revision, by] = [stringAt(value, 'id'), stringAt(value, 'revision'), stringAt(value, 'by')];
  const [startedAt, outcome] = [stringAt(value, 'startedAt'), stringAt(value, 'outcome')];
  if (id === undefined || revision === undefined || by === undefined || startedAt === undefined || !isOutcome(outcome)) return undefined;
  const [finishedAt, kubernetes, render] = [stringAt(value, 'finishedAt'), stringAt(value, 'kubernetes'), stringAt(value, 'render')];
  return {
    id,
    revision,
    by,
    startedAt,
    outcome,
    isDirty: value['isDirty'] === true,
    isPartial: value['isPartial'] === true,
    counts: countsOf(value['counts']),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...(render === undefined ? {} : { render }),
  };
}

function countsOf(value: JsonValue | undefined): SyncCounts {
  const count = (name: keyof SyncCounts): number => {
    const found = isJsonObject(value) ? value[name] : undefined;
    return typeof found === 'number' ? found : 0;
  };
  return {
    created: count('created'),
    configured: count('configured'),
    recreated: count('recreated'),
    pruned: count('pruned'),
    unchanged: count('unchanged'),
    failed: count('failed'),
  };
}

function parse(text: string | undefined): JsonValue | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
