/** When something starts, in five fields of cron: the values that each allows. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** one of the two kinds of days is a star, so both have to fit; else one of them is enough */
  readonly needsBothDays: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** from the lowest value on */
  readonly names?: readonly string[];
}

interface Field {
  readonly values: ReadonlySet<number>;
  readonly isStar: boolean;
}

const MINUTES: Bounds = { min: 0, max: 59 };
const HOURS: Bounds = { min: 0, max: 23 };
const DAYS: Bounds = { min: 1, max: 31 };
const MONTHS: Bounds = { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] };
const WEEKDAYS: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

/**
 * Reads five fields of cron as robfig/cron v3 does for Argo CD (parser.go): `*` and `?` are any value, `a-b`, `/step`, lists, names of months
 * and weekdays; Sunday is 0 alone, and there are no descriptors (`@daily`).
 * @returns undefined when it cannot be read
 */
export function parseCron(text: string): CronSchedule | undefined {
  const fields = text.split(/\s+/).filter((field) => field !== '');
  const [minutes, hours, days, months, weekdays] = [MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS].map((bounds, index) =>
    fieldOf(fields[index] ?? '', bounds),
  );
  const isWhole = minutes !== undefined && hours !== undefined && days !== undefined && months !== undefined && weekdays !== undefined;
  if (fields.length !== 5 || !isWhole) return undefined;
  return {
    minutes: minutes.values,
    hours: hours.values,
    days: days.values,
    months: months.values,
    weekdays: weekdays.values,
    needsBothDays: days.isStar || weekdays.isStar,
  };
}

function fieldOf(text: string, bounds: Bounds): Field | undefined {
  const values = new Set<number>();
  let isStar = false;
  if (text === '') return undefined;
  for (const part of text.split(',').filter((each) => each !== '')) {
    const range = rangeOf(part, bounds);
    if (range === undefined) return undefined;
    for (let value = range.start; value <= range.end; value += range.step) values.add(value);
    isStar ||= range.isStar;
  }
  return { values, isStar };
}

function rangeOf(part: string, bounds: Bounds): { start: number; end: number; step: number; isStar: boolean } | undefined {
  const [range = '', stepText, ...moreSteps] = part.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  const step = stepText === undefined ? 1 : numberIn(stepText);
  if (moreSteps.length > 0 || step === undefined || step === 0) return undefined;
  // What follows the hyphen of a star is not read, as in the original.
  if (low === '*' || low === '?') return { start: bounds.min, end: bounds.max, step, isStar: step === 1 };
  const start = valueIn(low, bounds);
  // A single value with a step goes on to the end.
  const end = high === undefined ? (stepText === undefined ? start : bounds.max) : valueIn(high, bounds);
  if (moreEnds.length > 0 || start === undefined || end === undefined) return undefined;
  return start < bounds.min || end > bounds.max || start > end ? undefined : { start, end, step, isStar: false };
}

function valueIn(text: string, { min, names = [] }: Bounds): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  return named < 0 ? numberIn(text) : named + min;
}

function numberIn(text: string): number | undefined {
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** the original looks five years ahead: the 30th of February never comes */
const maximumYears = 5;

/**
 * The first time after a given one at which a schedule starts something; undefined when there is none within five years. Source:
 * robfig/cron v3 spec.go, `Next`.
 * @param wallMs what clocks show at that time, as milliseconds of UTC; so is what is given back
 */
export function nextStart(schedule: CronSchedule, wallMs: number): number | undefined {
  const at = new Date(Math.floor(wallMs / 60_000 + 1) * 60_000);
  const lastYear = new Date(wallMs).getUTCFullYear() + maximumYears;
  while (at.getUTCFullYear() <= lastYear) {
    if (!schedule.months.has(at.getUTCMonth() + 1)) at.setTime(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1));
    else if (!isDay(schedule, at)) at.setTime(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1));
    else if (!schedule.hours.has(at.getUTCHours())) at.setUTCHours(at.getUTCHours() + 1, 0);
    else if (!schedule.minutes.has(at.getUTCMinutes())) at.setUTCMinutes(at.getUTCMinutes() + 1);
    else return at.getTime();
  }
  return undefined;
}

function isDay({ days, weekdays, needsBothDays }: CronSchedule, at: Date): boolean {
  const [isDate, isWeekday] = [days.has(at.getUTCDate()), weekdays.has(at.getUTCDay())];
  return needsBothDays ? isDate && isWeekday : isDate || isWeekday;
}
