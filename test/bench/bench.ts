import { benchActivation } from './activation.ts';
import { benchDrift } from './drift.ts';
import { benchEditor } from './editor.ts';
import { benchHistory } from './history.ts';
import { type BenchCluster, startBenchCluster } from './benchCluster.ts';
import { benchLatency, benchLive } from './live.ts';
import { benchProvenance } from './provenance.ts';
import { benchRenders } from './render.ts';
import { machine, type Measurement, meetsBar, type Section, sectionText } from './report.ts';
import { benchScale, type ScaleOptions, scaleOptions } from './scale.ts';
import { benchStartup } from './startup.ts';
import { benchSync } from './sync.ts';

const parts = ['startup', 'render', 'provenance', 'history', 'drift', 'latency', 'live', 'sync', 'scale', 'editor'] as const;
type Part = (typeof parts)[number];

/**
 * `npm run bench [-- PART...] [-- --quick]`: measures the budgets of design.md §12 beside the peers and prints a table per part.
 * @param args names of parts (default all); `--quick` leaves out what takes minutes; `--json` prints the figures as JSON;
 *   `--only=KIND,…` and `--peer-objects=N` are those of the part `scale` ({@link scaleOptions})
 * @returns exit code: 0 when everything was measured, whatever the bars say; 2 for an unknown part
 */
export async function runBench(args: readonly string[], signal: AbortSignal): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !(parts as readonly string[]).includes(name));
  if (unknown !== undefined) {
    console.error(`There is no part '${unknown}'; parts: ${parts.join(', ')}.`);
    return 2;
  }
  const ofScale = scaleOptions(args);
  const chosen = parts.filter((part) => names.length === 0 || names.includes(part));
  const note = (text: string): void => {
    console.error(`  … ${text}`);
  };
  const sections: Section[] = [];
  let cluster: BenchCluster | undefined;
  try {
    for (const part of chosen) {
      signal.throwIfAborted();
      if (part === 'drift' || part === 'latency' || part === 'live') cluster ??= await startBenchCluster(note);
      const section = { title: titles[part], measurements: await measure(part, cluster, args.includes('--quick'), ofScale, note) };
      sections.push(section);
      if (!args.includes('--json')) console.log(sectionText(section));
    }
  } finally {
    await cluster?.stop();
  }
  const all = sections.flatMap((section) => section.measurements);
  if (args.includes('--json')) console.log(JSON.stringify({ machine: machine(), sections }, undefined, 2));
  else {
    const bars = all.flatMap((each) => meetsBar(each) ?? []);
    console.log(`${machine()}\n${bars.filter((isMet) => isMet).length} of ${bars.length} bars met`);
  }
  return 0;
}

const titles: Readonly<Record<Part, string>> = {
  startup: 'Start and sizes',
  render: 'Renders',
  provenance: 'Lines of rendered fields',
  history: 'History in 20,000 commits',
  drift: '1,000 live objects in sync',
  latency: 'From a live edit to its mark',
  live: 'From a keystroke to its mark',
  sync: 'Plan and sync of 1,000 objects',
  scale: '10,000 live objects',
  editor: 'In the editor, as a user sees it',
};

async function measure(
  part: Part,
  cluster: BenchCluster | undefined,
  isQuick: boolean,
  ofScale: ScaleOptions,
  note: (text: string) => void,
): Promise<readonly Measurement[]> {
  switch (part) {
    case 'startup':
      return [...(await benchStartup()), ...(await benchActivation())];
    case 'render':
      return renderMeasurements();
    case 'provenance':
      return benchProvenance();
    case 'history':
      return benchHistory();
    case 'drift':
      return cluster === undefined ? [] : benchDrift(cluster, isQuick, note);
    case 'latency':
      return cluster === undefined ? [] : benchLatency(cluster, isQuick, note);
    case 'live':
      return cluster === undefined ? [] : benchLive(cluster, note);
    case 'sync':
      return benchSync(note);
    case 'scale':
      return benchScale(ofScale, note);
    case 'editor':
      return benchEditor(isQuick, note);
  }
}

async function renderMeasurements(): Promise<readonly Measurement[]> {
  return (await benchRenders()).map(({ what, plumbline, native }, index): Measurement => {
    const limit = index === 0 ? 500 : native;
    return {
      what,
      value: plumbline,
      unit: 'ms',
      ...(limit === undefined ? {} : { bar: { limit, is: 'max' } }),
      ...(native === undefined ? {} : { peers: { 'native process': native } }),
    };
  });
}
