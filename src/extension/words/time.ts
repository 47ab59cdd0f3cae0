import type { Localizer } from './localizer.ts';

const secondsPerMinute = 60;
const secondsPerHour = 3600;
const secondsPerDay = 86_400;

/**
 * Local wall-clock time for a note: `14:02` when today, else `3 Mar 14:02`, with the year when it is another one.
 * @param time RFC 3339
 * @param nowMs epoch milliseconds
 * @param locale BCP 47, e.g. `vscode.env.language`; undefined: the process's
 * @returns undefined when `time` is not a time
 */
export function clockTime(time: string | undefined, nowMs: number, locale?: string): string | undefined {
  if (time === undefined) return undefined;
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return undefined;
  const now = new Date(nowMs);
  const clock = date.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  if (date.toDateString() === now.toDateString()) return clock;
  const isSameYear = date.getFullYear() === now.getFullYear();
  const day = date.toLocaleDateString(locale, { day: 'numeric', month: 'short', ...(isSameYear ? {} : { year: 'numeric' }) });
  return `${day} ${clock}`;
}

/**
 * How long ago something was, in one unit: `12 min ago`.
 * @param thenMs epoch milliseconds
 * @param nowMs epoch milliseconds
 */
export function ago(thenMs: number, nowMs: number, l10n: Localizer): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < secondsPerMinute) return l10n.t('just now');
  if (seconds < secondsPerHour) return l10n.t('{0} min ago', Math.floor(seconds / secondsPerMinute));
  if (seconds < secondsPerDay) return l10n.t('{0} h ago', Math.floor(seconds / secondsPerHour));
  const days = Math.floor(seconds / secondsPerDay);
  return days === 1 ? l10n.t('1 day ago') : l10n.t('{0} days ago', days);
}
