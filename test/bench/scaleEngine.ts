// One engine in a process of its own, so that its memory and CPU are its own: `node scaleEngine.ts REPO KUBECONFIG STORAGE KIND`; prints JSON.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { commitAll, fileOf, scale } from './scaleSet.ts';
import { defaultSettings } from '../../src/engine/model/settings.ts';

/** What a run of one engine over the large set found. */
export interface ScaleRun {
  readonly objects: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly calls: number;
  readonly bytes: number;
  readonly rssMb: number;
  /** what the check added to the heap and its buffers, garbage collected before and after */
  readonly heldMb: number;
  readonly secondMs: number;
  /** after a commit: objects that it changes → milliseconds to the new verdicts, and of CPU */
  readonly curve: readonly { readonly objects: number; readonly wallMs: number; readonly cpuMs: number }[];
}

const [repo = '', kubeconfig = '', storagePath = '', kind = ''] = process.argv.slice(2);
const number = (index: number): string => String(index).padStart(3, '0');
const applications: Readonly<Record<string, readonly string[]>> = {
  one: ['test/one'],
  many: Array.from({ length: scale.applications }, (_, index) => `test/a${number(index)}`),
  active: Array.from({ length: scale.namespaces }, (_, index) => `test/n${number(index)}`),
};
const ids = applications[kind] ?? [];
const signal = new AbortController().signal;

const engine = await Engine.create({
  settings: {
    ...defaultSettings,
    isTrusted: true,
    kubeconfig: [kubeconfig],
    fetchIntervalMinutes: 0,
    renderTimeoutSeconds: 60,
  },
  storagePath,
  environment: {},
  logger: silentLogger,
});
await engine.openFolder(repo);
const heldBeforeMb = heldMb();
const first = await cost(() => engine.check(ids));
const [counters] = engine.counters();
const verdicts = ids.flatMap((id) => engine.session(id)?.objects ?? []);
const open = verdicts.find(({ verdict }) => verdict.state !== 'synced');
if (verdicts.length !== scale.objects || open !== undefined)
  throw new Error(`${verdicts.length} objects; ${JSON.stringify([open?.key, open?.verdict])}`);
const second = await cost(async () => {
  for (const id of ids) engine.session(id)?.refresh();
  await engine.settled();
});
const rssMb = process.memoryUsage.rss() / 2 ** 20;
const heldAfterMb = heldMb();
const curve = [];
for (const objects of kind === 'one' ? [1, 10, 100, 1000] : []) {
  const each = Math.ceil(objects / scale.applications);
  for (let index = 0; index < objects / each; index += 1) {
    const file = join(repo, fileOf(index));
    const parts = (await readFile(file, 'utf8')).split('---\n');
    const changed = parts.map((part, at) => (at < parts.length - each ? part : part.replace(/size: \d+/, `size: ${10_000 + objects}`)));
    await writeFile(file, changed.join('---\n'));
  }
  await commitAll(repo, `Change ${objects}`);
  curve.push({ objects, ...(await cost(() => engine.refresh(ids[0] ?? '', { fetch: false }, signal))) });
}
const run: ScaleRun = {
  objects: verdicts.length,
  wallMs: first.wallMs,
  cpuMs: first.cpuMs,
  calls: counters?.requests ?? 0,
  bytes: counters?.bytesReceived ?? 0,
  rssMb,
  heldMb: heldAfterMb - heldBeforeMb,
  secondMs: second.wallMs,
  curve,
};
process.stdout.write(`${JSON.stringify(run)}\n`, () => process.exit(0));

function heldMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function cost(action: () => Promise<unknown>): Promise<{ wallMs: number; cpuMs: number }> {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
}
