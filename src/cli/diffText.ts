import { type FileRange, placeText } from '../engine/model/application.ts';
import { displayName } from '../engine/model/objects.ts';
import { shortValue } from '../engine/model/snapshot.ts';
import type { FieldDifference } from '../engine/model/states.ts';
import type { ExtraneousObject } from '../engine/sessions/extraneous.ts';
import type { TrackedObject } from '../engine/sessions/trackedObject.ts';
import { type Comparison, type Counters, isDifferent, isOpen, judgedObjects } from './comparison.ts';
import { reasonText } from './reasons.ts';
import { type Painter, safeText, type TextRole } from './style.ts';

/** What decides how a text report reads. */
export interface TextOptions {
  readonly paint: Painter;
  /** now, epoch milliseconds: times of today are shown without their date */
  readonly nowMs: number;
}

/**
 * The text of `plumbline diff`: a header per application and per object that differs, a line per field as
 * `path: git → live  (manager, time)  file:line`, and a summary.
 */
export function diffText(comparisons: readonly Comparison[], counters: Counters, options: TextOptions): string {
  const blocks = comparisons.map((comparison) => applicationText(comparison, options));
  return [...blocks, summaryText(comparisons, counters, options)].join('\n');
}

function applicationText(comparison: Comparison, options: TextOptions): string {
  const { paint } = options;
  const { application, refName, commit, state } = comparison;
  const { destination } = application;
  const where = destination === undefined ? [] : [`${destination.context}/${destination.namespace}`];
  const revision = [refName, commit?.slice(0, 7)].filter((part) => part !== undefined).join(' ');
  const about = [...where, revision].filter((part) => part !== '').join(' · ');
  const lines = [`${paint('title', safeText(application.id))}  ${paint('muted', safeText(about))}  ${paint(roleOf(state), state)}`];
  // What an object says itself is not said twice.
  const said = new Set(comparison.objects.flatMap(({ verdict }) => (verdict.reason === undefined ? [] : [reasonText(verdict.reason)])));
  for (const reason of comparison.reasons) if (!said.has(reasonText(reason))) lines.push(`  ${paint('warning', reasonText(reason))}`);
  for (const object of comparison.objects) if (isDifferent(object) || isOpen(object)) lines.push(...objectLines(object, options));
  for (const object of comparison.extraneous) lines.push(...extraneousLines(object, options));
  return `${lines.join('\n')}\n`;
}

function headLine({ key, verdict, mark }: Pick<TrackedObject, 'key' | 'verdict' | 'mark'>, { paint }: TextOptions): string {
  const name = paint('title', safeText(displayName(key)));
  const namespace = key.namespace === '' ? '' : paint('muted', `  ${safeText(key.namespace)}`);
  const owner = mark === undefined ? '' : paint('muted', `  (${mark.owner} ${safeText(mark.name)})`);
  return `  ${name}${namespace}  ${paint(roleOf(verdict.state), verdict.state)}${owner}`;
}

/** What is only live: why it counts, and whether its owner deletes it. */
function extraneousLines(object: ExtraneousObject, options: TextOptions): readonly string[] {
  const { verdict, forecast } = object;
  const reasons = verdict.reason === undefined ? forecast : [verdict.reason, ...forecast];
  return [headLine(object, options), ...reasons.map((reason) => `    ${options.paint('warning', reasonText(reason))}`)];
}

function objectLines(object: TrackedObject, options: TextOptions): readonly string[] {
  const { paint } = options;
  const { verdict, header } = object;
  const lines = [`${headLine(object, options)}${placeNote(header, options)}`];
  if (verdict.reason !== undefined) lines.push(`    ${paint('warning', reasonText(verdict.reason))}`);
  if (verdict.needsRecreate) lines.push(`    ${paint('warning', 'An immutable field differs: applying it means delete and create.')}`);
  for (const field of verdict.fields) {
    if (!field.isCosmetic) lines.push(`    ${fieldText(field, object.fieldRanges.get(field.id) ?? field.source, options)}`);
  }
  return lines;
}

/**
 * One field as `path: git → live  (manager, time)  file:line`; a revert reads the other way round.
 * @param isRevert `live → git`
 */
export function fieldText(field: FieldDifference, source: FileRange | undefined, options: TextOptions, isRevert = false): string {
  const { paint } = options;
  const sides = [valueText(field, 'git', options), valueText(field, 'live', options)];
  const values = (isRevert ? sides.reverse() : sides).join(' → ');
  const marks = [...(field.direction === 'drifted' ? [] : [field.direction]), ...(field.isConfirmed ? [] : ['not confirmed'])];
  const kind = marks.length === 0 ? '' : paint('muted', `  [${marks.join(', ')}]`);
  return `${paint('path', safeText(field.id))}: ${values}${writerText(field, options)}${kind}${placeNote(source, options)}`;
}

function valueText(field: FieldDifference, side: 'git' | 'live', { paint }: TextOptions): string {
  const value = shortValue(field, side);
  return paint(side, value === undefined ? (side === 'git' ? '(not in Git)' : '(not live)') : safeText(quoted(value)));
}

function quoted(value: string): string {
  return value === '' || /^\s|\s$/.test(value) ? JSON.stringify(value) : value;
}

function writerText({ writer }: FieldDifference, { paint, nowMs }: TextOptions): string {
  if (writer === undefined) return '';
  const time = writer.time === undefined ? [] : [shortTime(writer.time, nowMs)];
  return paint('muted', `  (${[safeText(writer.manager), ...time].join(', ')})`);
}

/** A time as people say it: `14:02` today, else `2026-11-20 14:02`; local time. */
export function shortTime(time: string, nowMs: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return safeText(time);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (date.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock}`;
}

function placeNote(source: FileRange | undefined, { paint }: TextOptions): string {
  return source === undefined ? '' : paint('muted', `  ${safeText(placeText(source))}`);
}

/** How a state is coloured. */
function roleOf(state: string): TextRole {
  if (state === 'synced') return 'good';
  if (state === 'no destination' || state === 'pending') return 'muted';
  return state === 'out of sync' || state === 'unverified' || state === 'differs' || state === 'extraneous' ? 'warning' : 'bad';
}

const order = [
  'cannot compare',
  'missing',
  'drifted',
  'drifted (not confirmed)',
  'differs',
  'out of sync',
  'extraneous',
  'unverified',
  'pending',
  'synced',
];

function summaryText(comparisons: readonly Comparison[], counters: Counters, { paint }: TextOptions): string {
  const objects = comparisons.flatMap((comparison) => judgedObjects(comparison));
  const counts = order.flatMap((state) => {
    const count = objects.filter(({ verdict }) => verdict.state === state).length;
    return count === 0 ? [] : [paint(roleOf(state), `${count} ${state}`)];
  });
  const calls = `${counters.apiCalls} API calls, ${counters.dryRuns} dry-runs`;
  const seconds = `${(counters.milliseconds.total / 1000).toFixed(1)} s`;
  return `${counts.length === 0 ? 'no objects' : counts.join(', ')} ${paint('muted', `· ${calls} · ${seconds}`)}`;
}
