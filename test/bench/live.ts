import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../src/engine/engine.ts';
import type { BenchCluster } from './benchCluster.ts';
import { type Measurement, percentile } from './report.ts';

const application = 'test/bench';
const edits = 40;
const keystrokes = 40;

/** A live edit to its mark on the line, while 100 other objects a second change; and a keystroke to its provisional mark. */
export async function benchLive(cluster: BenchCluster, note: (text: string) => void): Promise<readonly Measurement[]> {
  const engine = await cluster.engine('live');
  try {
    await engine.check([application]);
    note('live edits among 100 changes a second');
    const churn = spawn(
      process.execPath,
      [fileURLToPath(new URL('churn.ts', import.meta.url)), cluster.plane.serverUrl, cluster.plane.token('admin'), '100'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const told = churn.stdout.toArray();
    let latencies: readonly number[];
    try {
      latencies = await liveEdits(engine, cluster);
    } finally {
      churn.kill('SIGTERM');
      await once(churn, 'exit');
    }
    const changes = Number(Buffer.concat((await told) as Buffer[]).toString());
    note('keystrokes');
    const typed = await keystrokeTimes(engine, cluster);
    const rss = process.memoryUsage.rss() / 2 ** 20;
    return [
      {
        what: 'live edit sent to its mark told, p95',
        value: percentile(latencies, 95),
        unit: 'ms',
        bar: { limit: 200, is: 'max' },
        note: `${changes} other changes meanwhile`,
      },
      { what: '  p50', value: percentile(latencies, 50), unit: 'ms' },
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

async function liveEdits(engine: Engine, { plane, repo }: BenchCluster): Promise<readonly number[]> {
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
