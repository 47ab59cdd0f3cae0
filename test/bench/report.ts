import { availableParallelism, cpus, totalmem } from 'node:os';

/** One measured line. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'kB' | 'MB' | 'calls' | '%' | '×';
  /** the bar of design.md §12; `max`: at most, `min`: at least */
  readonly bar?: { readonly limit: number; readonly is: 'max' | 'min' };
  /** the same work by another program, in the same unit, in the same run */
  readonly peers?: Readonly<Record<string, number>>;
  readonly note?: string;
}

/** A part of the bench: its name on the command line, and what it measured. */
export interface Section {
  readonly title: string;
  readonly measurements: readonly Measurement[];
}

/** The machine in general words: nothing that names it. */
export function machine(): string {
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} of ${cpus().length} cores, ${memoryGb} GB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** Whether a measurement meets its bar; undefined when it has none. */
export function meetsBar({ value, bar }: Measurement): boolean | undefined {
  if (bar === undefined) return undefined;
  return bar.is === 'max' ? value <= bar.limit : value >= bar.limit;
}

/** A section as a table: value, bar with pass or miss, and each peer with its ratio. */
export function sectionText({ title, measurements }: Section): string {
  const rows = measurements.map((each) => {
    const isMet = meetsBar(each);
    const bar = each.bar === undefined ? '' : `${each.bar.is === 'max' ? '≤' : '≥'} ${amount(each.bar.limit, each.unit)}`;
    const peers = Object.entries(each.peers ?? {}).map(
      ([name, value]) => `${name} ${amount(value, each.unit)} (${ratio(value / each.value)})`,
    );
    return [
      each.what,
      amount(each.value, each.unit),
      bar,
      isMet === undefined ? '' : isMet ? 'pass' : 'MISS',
      [...peers, ...(each.note === undefined ? [] : [each.note])].join('; '),
    ];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what = '', value = '', bar = '', met = '', rest = '']) =>
    `  ${what.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${bar.padEnd(widths[2] ?? 0)}  ${met.padEnd(widths[3] ?? 0)}  ${rest}`.trimEnd(),
  );
  return `${title}\n${lines.join('\n')}\n`;
}

function amount(value: number, unit: Measurement['unit']): string {
  const digits = unit === 'calls' ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

function ratio(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ×`;
}

/** A percentile of some values, by rank. @param percent 0 to 100 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** How long an action takes, in milliseconds. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}
