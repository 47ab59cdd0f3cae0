import { isJsonObject, type JsonValue, stringAt } from '../../model/json.ts';
import type { SyncCounts, SyncHistory, SyncOutcome, SyncRecord } from '../../model/ledger.ts';
import { annotationsOf, type KubeObject } from '../../model/objects.ts';
import { type Holder, holderOf, isEnded } from './holder.ts';
import { type AppliedObjects, appliedText, parseApplied } from './ledgerObjects.ts';

const SYNCS = 'plumbline.dev/syncs';
const RUNNING = 'plumbline.dev/running';
const OBJECTS = 'plumbline.dev/objects';
const APPLICATION = 'plumbline.dev/application';
const MAX_RECORDS = 20;
/** Records that stay when room is short, before what is known of the objects goes. */
const MIN_RECORDS = 5;

/** The running record: who syncs now. After `until` (RFC 3339) the sync counts as interrupted. */
export interface RunningRecord {
  readonly record: SyncRecord;
  readonly until: string;
  /** the process that syncs, where it can be told */
  readonly holder?: Holder;
}

/** A ledger as its annotations say it. */
export interface Ledger {
  /** newest first */
  readonly records: readonly SyncRecord[];
  readonly running?: RunningRecord;
  /** id of the application that the ledger is of */
  readonly application?: string;
  /** what the objects were last applied from; undefined: not known */
  readonly objects?: AppliedObjects;
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
  const holder = isJsonObject(running) ? holderOf(running['holder']) : undefined;
  const objects = parseApplied(parse(annotations[OBJECTS]));
  return {
    records: Array.isArray(list) ? list.flatMap((item: JsonValue) => recordOf(item) ?? []) : [],
    ...(record === undefined || until === undefined ? {} : { running: { record, until, ...(holder === undefined ? {} : { holder }) } }),
    ...(application === undefined ? {} : { application }),
    ...(objects === undefined ? {} : { objects }),
  };
}

/**
 * The annotations that hold a ledger, in the room that there is. What goes first when it is short: syncs beyond the newest 20; what objects
 * were applied from before the newest sync; syncs beyond the newest five; what the newest sync applied; all syncs but the newest. The one
 * that says the synced revision always stays.
 * @param room bytes for all of them
 */
export function ledgerAnnotations(ledger: Ledger, room: number): Readonly<Record<string, string>> {
  const { objects, records } = ledger;
  const newest: AppliedObjects | undefined = objects && { ...objects, groups: objects.groups.slice(0, 1), isComplete: false };
  const choices = [
    { count: MAX_RECORDS, objects },
    { count: MAX_RECORDS, objects: objects?.groups.length === 1 ? objects : newest },
    { count: MIN_RECORDS, objects: objects?.groups.length === 1 ? objects : newest },
    { count: MIN_RECORDS, objects: undefined },
  ];
  for (const choice of choices) {
    const annotations = annotationsFor(ledger, newestOf(records, choice.count), choice.objects);
    if (bytesOf(annotations) <= room) return annotations;
  }
  return annotationsFor(ledger, newestOf(records, 1), undefined);
}

function annotationsFor(
  { running, application }: Ledger,
  records: readonly SyncRecord[],
  objects: AppliedObjects | undefined,
): Readonly<Record<string, string>> {
  return {
    [SYNCS]: JSON.stringify(records),
    ...(running === undefined ? {} : { [RUNNING]: JSON.stringify(running) }),
    ...(application === undefined ? {} : { [APPLICATION]: application }),
    ...(objects === undefined ? {} : { [OBJECTS]: appliedText(objects) }),
  };
}

/** The newest records, and the one that says the synced revision. */
function newestOf(records: readonly SyncRecord[], count: number): readonly SyncRecord[] {
  const synced = records.findIndex((record) => isSynced(record));
  const kept = synced >= count ? records.slice(0, count - 1) : records.slice(0, count);
  const last = synced >= count ? records[synced] : undefined;
  return last === undefined ? kept : [...kept, last];
}

/** How many bytes annotations take, as the API server counts them. */
export function bytesOf(annotations: Readonly<Record<string, string>>): number {
  return Object.entries(annotations).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
}

/**
 * A ledger without its running record, which moves to the history as one that did not come to its end. Which objects it reached nobody
 * knows, so what they were applied from counts no more.
 */
export function withInterrupted(ledger: Ledger): Ledger {
  const { running, objects: _objects, ...rest } = ledger;
  if (running === undefined) return ledger;
  return { ...rest, records: [{ ...running.record, outcome: 'failed' }, ...ledger.records] };
}

/** Whether a running sync may still be at work: its time has not run out, and its process is not proved to have ended. */
export function isAlive({ until, holder }: RunningRecord, nowMs: number): boolean {
  return Date.parse(until) > nowMs && !isEnded(holder);
}

/**
 * What a ledger says to people.
 * @param nowMs epoch milliseconds: tells a running sync from an interrupted one
 */
export function historyOf(ledger: Ledger, nowMs: number): SyncHistory {
  const { records, running } = ledger;
  const isRunning = running !== undefined && isAlive(running, nowMs);
  const entries = running === undefined ? records : [running.record, ...records];
  const synced = entries.find((record) => isSynced(record));
  const since = synced === undefined ? entries : entries.slice(0, entries.indexOf(synced));
  const dirty = since.find((record) => record.isDirty && hasWritten(record));
  return {
    entries,
    ...(running === undefined || isRunning ? {} : { unfinished: running.record }),
    ...(isRunning ? { running: { by: running.record.by, until: running.until } } : {}),
    ...(synced === undefined ? {} : { syncedRevision: synced.revision, synced }),
    ...(dirty === undefined ? {} : { dirty }),
  };
}

/** Whether everything of a commit was applied. */
function isSynced({ outcome, isDirty, isPartial }: SyncRecord): boolean {
  return (outcome === 'done' || outcome === 'timed-out') && !isDirty && !isPartial;
}

/** Whether a sync wrote anything, as far as it told: one that did not come to its end may have. */
function hasWritten({ outcome, counts, finishedAt }: SyncRecord): boolean {
  if (outcome === 'running' || finishedAt === undefined) return true;
  return counts.created + counts.configured + counts.recreated + counts.pruned > 0;
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
  const [renderer, charts] = [stringAt(value, 'renderer'), chartsOf(value['charts'])];
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
    ...(renderer === undefined ? {} : { renderer }),
    ...(charts === undefined ? {} : { charts }),
  };
}

function chartsOf(value: JsonValue | undefined): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.fromEntries(Object.entries(value).flatMap(([name, digest]) => (typeof digest === 'string' ? [[name, digest]] : [])));
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
