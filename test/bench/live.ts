import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../src/engine/engine.ts';
import type { BenchCluster } from './benchCluster.ts';
import { type Measurement, percentile } from './report.ts';

const application = 'test/bench';
const keystrokes = 40;
const changesPerSecond = 100;

/** Live edits to their marks on the lines, one after the other, while 100 other objects a second change. @param isQuick 50 edits, not 500 */
export async function benchLatency(cluster: BenchCluster, isQuick: boolean, note: (text: string) => void): Promise<readonly Measurement[]> {
  const edits = isQuick ? 50 : 500;
  const engine = await cluster.engine('latency');
  try {
    await engine.check([application]);
    note(`${edits} live edits among ${changesPerSecond} changes a second`);
    const churn = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('churn.ts', import.meta.url)),
        cluster.plane.serverUrl,
        cluster.plane.token('admin'),
        String(changesPerSecond),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const told = churn.stdout.toArray();
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
    let latencies: readonly number[];
    try {
      latencies = await liveEdits(engine, cluster, edits);
    } finally {
      churn.kill('SIGTERM');
      await once(churn, 'exit');
    }
    const changes = Number(Buffer.concat((await told) as Buffer[]).toString());
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const rate = `${edits} edits, ${changes} other changes meanwhile (${(changes / seconds).toFixed(0)} a second)`;
    return [
      { what: 'live edit sent to its mark told, p50', value: percentile(latencies, 50), unit: 'ms', note: rate },
      { what: '  p95', value: percentile(latencies, 95), unit: 'ms', bar: { limit: 200, is: 'max' } },
      { what: '  p99', value: percentile(latencies, 99), unit: 'ms' },
      { what: '  the slowest', value: Math.max(...latencies), unit: 'ms' },
      { what: '  CPU of the engine meanwhile', value: ((user + system) / 1000 / (seconds * 1000)) * 100, unit: '%', note: 'of one core' },
    ];
  } finally {
    engine.dispose();
  }
}

/** A keystroke to its provisional mark; and the memory of the process. */
export async function benchLive(cluster: BenchCluster, note: (text: string) => void): Promise<readonly Measurement[]> {
  const engine = await cluster.engine('live');
  try {
    await engine.check([application]);
    note('keystrokes');
    const typed = await keystrokeTimes(engine, cluster);
    const rss = process.memoryUsage.rss() / 2 ** 20;
    return [
      {
        what: 'keystroke in a manifest to its provisional verdict, p95',
        value: percentile(typed, 95),
        unit: 'ms',
        bar: { limit: 150, is: 'max' },
        note: `${typed.length} of ${keystrokes} told`,
      },
      { what: '  p50', value: percentile(typed, 50), unit: 'ms' },
      {
        what: 'memory of the process with engine and one renderer',
        value: rss,
        unit: 'MB',
        bar: { limit: 600, is: 'max' },
        note: '1,000 live objects, the bench itself included',
      },
    ];
  } finally {
    engine.dispose();
  }
}

async function liveEdits(engine: Engine, { plane, repo }: BenchCluster, edits: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let index = 0; index < edits; index += 1) {
    const name = `app-${index % 40}`;
    const header = engine.session(application)?.object(`/ConfigMap/bench/${name}`)?.header;
    if (header === undefined) throw new Error(`ConfigMap ${name} has no line`);
    const file = join(repo, header.file);
    const value = `edit-${index}`;
    const isMarked = (): boolean => engine.marks(file).some((mark) => mark.object === `ConfigMap/${name}` && mark.live === value);
    const marked = whenMarked(engine, file, isMarked);
    const startedAt = performance.now();
    const sent = plane.request(`/api/v1/namespaces/bench/configmaps/${name}`, {
      method: 'PATCH',
      body: { data: { level: value } },
      contentType: 'application/merge-patch+json',
    });
    await marked;
    latencies.push(performance.now() - startedAt);
    await sent;
  }
  return latencies;
}

async function whenMarked(engine: Engine, file: string, isMarked: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    reject(new Error(`no mark on ${file} within 30 s`));
  }, 30_000);
  const subscription = engine.onDidChangeMarks((files) => {
    if (files.includes(file) && isMarked()) resolve(undefined);
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    subscription.dispose();
  }
}

/** Types into a value of a manifest, character by character; each keystroke is judged and its line marked with both values. */
async function keystrokeTimes(engine: Engine, { repo }: BenchCluster): Promise<readonly number[]> {
  const header = engine.session(application)?.object('/ConfigMap/bench/app-0')?.header;
  if (header === undefined) throw new Error('no line');
  const file = join(repo, header.file);
  const text = await readFile(file, 'utf8');
  const times: number[] = [];
  for (let index = 0; index < keystrokes; index += 1) {
    const typed = `info${'x'.repeat(index + 1)}`;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const subscription = engine.onDidChangeMarks((files) => {
      if (files.includes(file) && engine.marks(file).some(({ working }) => working === typed)) resolve(true);
    });
    const timer = setTimeout(() => {
      resolve(false);
    }, 3_000);
    const startedAt = performance.now();
    engine.setBuffer(file, text.replace('"info"', JSON.stringify(typed)));
    if (await promise) times.push(performance.now() - startedAt);
    clearTimeout(timer);
    subscription.dispose();
  }
  engine.setBuffer(file, undefined);
  return times;
}
