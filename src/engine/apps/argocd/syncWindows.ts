import { arrayAt, type JsonValue, objectAt, stringAt, valueAt } from '../../model/json.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../model/objects.ts';
import { durationSeconds } from '../flux/forecast.ts';
import { type CronSchedule, nextStart, parseCron } from './cron.ts';
import { argoGlob } from './glob.ts';

/** A sync window of an AppProject, as far as it can be read. */
interface SyncWindow {
  readonly kind: string;
  /** for the words: `deny "0 22 * * *" for 10h (Europe/Berlin)` */
  readonly text: string;
  /** `AppProject argocd/default` */
  readonly project: string;
  readonly allowsManual: boolean;
  /** undefined: it cannot be read, which denies every sync */
  readonly times: WindowTimes | undefined;
}

interface WindowTimes {
  readonly schedule: CronSchedule;
  readonly durationMs: number;
  /** what clocks of its time zone are ahead of UTC at a time, in milliseconds */
  readonly offsetMs: (atMs: number) => number;
}

/** Whether the sync windows of an Application's projects let Argo CD sync it by itself. All times are epoch milliseconds. */
export interface SyncGate {
  readonly isOpen: boolean;
  /** whether somebody may sync it by hand */
  readonly isManualOpen: boolean;
  /** the window that closes it: what denies now, or allows next */
  readonly window?: { readonly kind: string; readonly text: string; readonly project: string; readonly isBroken: boolean };
  /** when it opens; undefined: it is open, or no time is known */
  readonly opensAtMs?: number;
  /** until when this holds at least */
  readonly untilMs?: number;
}

/** No window says anything. */
export const openGate: SyncGate = { isOpen: true, isManualOpen: true };

/** so many starts and ends of windows are looked at for one that lets a sync through */
const maximumBoundaries = 2_000;
const horizonMs = 400 * 86_400_000;
const shutMs = 600_000;
/** clocks are put forward and back at no other times */
const quarterMs = 900_000;

/**
 * Whether sync windows let Argo CD sync an Application by itself: not in an active deny window; where allow windows match, only in one of
 * them. Source: argo-cd pkg/apis/application/v1alpha1/types.go, `SyncWindows.Matches`, `Active`, `CanSync`; controller/appcontroller.go asks
 * `CanSync(false)` before every auto-sync, self-heal included.
 * @param projects the Application's AppProject and the global ones that it inherits from
 * @param nowMs epoch milliseconds
 */
export function syncGate(projects: readonly KubeObject[], application: KubeObject, nowMs: number): SyncGate {
  const windows = projects.flatMap((project) =>
    arrayAt(project, 'spec', 'syncWindows').flatMap((window) => (isWindowOf(window, application) ? [windowOf(window, project)] : [])),
  );
  if (windows.length === 0) return openGate;
  const broken = windows.find(({ times }) => times === undefined);
  if (broken !== undefined) return { isOpen: false, isManualOpen: false, window: { ...shown(broken), isBroken: true } };
  const now = canSync(windows, nowMs);
  const next = nextBoundary(windows, nowMs);
  if (now.isOpen) return next === undefined ? openGate : { ...openGate, untilMs: next };
  const opensAtMs = nextOpening(windows, nowMs);
  // Where no opening is in sight, it is not looked for at each start of a window that starts every minute.
  const untilMs = opensAtMs === undefined ? Math.max(next ?? 0, nowMs + shutMs) : (next ?? opensAtMs);
  // Of several windows that would allow it, the one that comes first.
  const opener = opensAtMs === undefined ? undefined : windows.find((each) => each.kind === 'allow' && isActive(each, opensAtMs + 1));
  const window = now.denies ?? opener ?? windows[0];
  return {
    isOpen: false,
    isManualOpen: now.isManualOpen,
    ...(window === undefined ? {} : { window: { ...shown(window), isBroken: false } }),
    ...(opensAtMs === undefined ? {} : { opensAtMs }),
    untilMs,
  };
}

function shown({ kind, text, project }: SyncWindow): { kind: string; text: string; project: string } {
  return { kind, text, project };
}

/** Windows match by any of their lists, or with `andOperator` by all that they have; one without lists matches nothing. */
function isWindowOf(window: JsonValue, application: KubeObject): boolean {
  const destination = valueAt(application, 'spec', 'destination');
  const lists: readonly [key: string, texts: readonly string[]][] = [
    ['applications', [nameOf(application)]],
    ['clusters', ['name', 'server'].map((key) => stringAt(destination, key) ?? '').filter((text) => text !== '')],
    ['namespaces', [stringAt(destination, 'namespace') ?? '']],
  ];
  const matches = lists.flatMap(([key, texts]) => {
    const globs = arrayAt(window, key).filter((glob) => typeof glob === 'string');
    return globs.length === 0 ? [] : [globs.some((glob) => texts.some((text) => argoGlob(glob, text)))];
  });
  if (objectAt(window)['andOperator'] === true) return matches.length > 0 && matches.every(Boolean);
  return matches.some(Boolean);
}

function windowOf(window: JsonValue, project: KubeObject): SyncWindow {
  const [kind = '', schedule = '', duration = '', zone = ''] = ['kind', 'schedule', 'duration', 'timeZone'].map(
    (key) => stringAt(window, key) ?? '',
  );
  const seconds = durationSeconds(duration);
  const [, ownZone, fields = schedule] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(schedule) ?? [];
  const cron = parseCron(fields);
  return {
    kind,
    text: `${kind} "${schedule}" for ${duration}${zone === '' ? '' : ` (${zone})`}`,
    project: `AppProject ${namespaceOf(project)}/${nameOf(project)}`,
    allowsManual: objectAt(window)['manualSync'] === true,
    times:
      cron === undefined || seconds === undefined
        ? undefined
        : { schedule: cron, durationMs: seconds * 1000, offsetMs: joined(zoneOffset(zone), zoneOffset(ownZone ?? '')) },
  };
}

/** A schedule may name a zone of its own (`TZ=Asia/Tokyo 0 5 * * *`), which counts from what the window's zone shows. */
function joined(zone: WindowTimes['offsetMs'], own: WindowTimes['offsetMs']): WindowTimes['offsetMs'] {
  return (atMs) => {
    const ms = zone(atMs);
    return ms + own(atMs + ms);
  };
}

/** A zone that is not known is UTC, as Argo CD takes it (`scheduleOffsetByTimeZone`). */
function zoneOffset(zone: string): (atMs: number) => number {
  if (!/^[A-Za-z]/.test(zone)) return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return () => 0;
  }
  let known = { quarter: Number.NaN, ms: 0 };
  return (atMs) => {
    const quarter = Math.floor(atMs / quarterMs);
    if (known.quarter !== quarter) known = { quarter, ms: offsetIn(format, atMs) };
    return known.ms;
  };
}

function offsetIn(format: Intl.DateTimeFormat, atMs: number): number {
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes = '0', seconds = '0'] = /^GMT([+-])(\d+)(?::(\d+))?(?::(\d+))?$/.exec(name) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1000 : 1000) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

function canSync(
  windows: readonly SyncWindow[],
  atMs: number,
): { readonly isOpen: boolean; readonly isManualOpen: boolean; readonly denies?: SyncWindow } {
  const active = windows.filter((window) => isActive(window, atMs));
  const denying = active.filter(({ kind }) => kind === 'deny');
  const [denies] = denying;
  if (denies !== undefined) return { isOpen: false, isManualOpen: denying.every(({ allowsManual }) => allowsManual), denies };
  const allows = windows.filter(({ kind }) => kind === 'allow');
  if (allows.length === 0 || active.some(({ kind }) => kind === 'allow')) return openGate;
  return { isOpen: false, isManualOpen: allows.every(({ allowsManual }) => allowsManual) };
}

/** Whether a start lies less than its duration back. */
function isActive({ times }: SyncWindow, atMs: number): boolean {
  if (times === undefined) return false;
  const wallMs = atMs + times.offsetMs(atMs);
  const start = nextStart(times.schedule, wallMs - times.durationMs);
  return start !== undefined && start < wallMs;
}

/** The first time after one at which a sync goes through: looked for at every start and end of a window. */
function nextOpening(windows: readonly SyncWindow[], nowMs: number): number | undefined {
  let atMs = nowMs;
  for (let count = 0; count < maximumBoundaries && atMs < nowMs + horizonMs; count += 1) {
    const next = nextBoundary(windows, atMs);
    if (next === undefined) return undefined;
    // At the very moment of a boundary neither window counts.
    if (canSync(windows, next + 1).isOpen) return next;
    atMs = next;
  }
  return undefined;
}

/** The next start or end of any of the windows. */
function nextBoundary(windows: readonly SyncWindow[], atMs: number): number | undefined {
  const boundaries = windows.flatMap(({ times }) => {
    if (times === undefined) return [];
    const wallMs = atMs + times.offsetMs(atMs);
    const start = nextStart(times.schedule, wallMs);
    const lasting = nextStart(times.schedule, wallMs - times.durationMs);
    return [start, lasting === undefined ? undefined : lasting + times.durationMs].flatMap((wall) =>
      wall === undefined || wall <= wallMs ? [] : [toUtc(wall, atMs, times)],
    );
  });
  const later = boundaries.filter((boundary) => boundary > atMs);
  return later.length === 0 ? undefined : Math.min(...later);
}

/** When clocks of a zone show a time; where they are put forward or back in between, by what they are then. */
function toUtc(wallMs: number, atMs: number, { offsetMs }: WindowTimes): number {
  return wallMs - offsetMs(wallMs - offsetMs(atMs));
}
