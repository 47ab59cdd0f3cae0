// One engine in a process of its own, so that its memory and CPU are its own: `node scaleEngine.mjs REPO KUBECONFIG STORAGE KIND`; prints JSON.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { defaultSettings } from '../../src/engine/model/settings.ts';
import type { RenderedObject } from '../../src/engine/model/render.ts';
import type { Verdict } from '../../src/engine/model/states.ts';
import { commitAll, fileOf, scale } from './scaleSet.ts';

/** What a piece of work of the engine cost. */
export interface EngineCost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly calls: number;
  /** objects that came anew out of a render, and objects with a new verdict */
  readonly rendered: number;
  readonly judged: number;
}

/** What a run of one engine over the large set found. */
export interface ScaleRun {
  readonly first: EngineCost;
  readonly dryRuns: number;
  readonly second: EngineCost;
  /** of the process with its renderer: right after the check, the most until then, and after a rest */
  readonly rssMb: number;
  readonly peakMb: number;
  readonly restedMb: number;
  /** what the check added to the heap and its buffers, garbage collected before and after */
  readonly heldMb: number;
  /** after a commit, by how many objects it changes */
  readonly curve: readonly (EngineCost & { readonly objects: number; readonly files: number })[];
}

const REST_MS = 15_000;

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
const rssMb = process.memoryUsage.rss() / 2 ** 20;
const peakMb = process.resourceUsage().maxRSS / 1024;
const dryRuns = engine.counters()[0]?.dryRuns ?? 0;
const tracked = ids.flatMap((id) => engine.session(id)?.objects ?? []);
const open = tracked.find(({ verdict }) => verdict.state !== 'synced');
if (tracked.length !== scale.objects || open !== undefined) {
  const rows = engine.applications().filter(({ id, state }) => ids.includes(id) && state !== 'synced');
  throw new Error(`${tracked.length} objects; ${JSON.stringify([open?.key, open?.verdict])}; ${JSON.stringify(rows[0])}`);
}
const second = await cost(async () => {
  for (const id of ids) engine.session(id)?.refresh();
  await engine.settled();
});
await delay(REST_MS);
const restedMb = process.memoryUsage.rss() / 2 ** 20;
const heldAfterMb = heldMb();
const curve = [];
for (const objects of kind === 'one' ? [1, 10, 100, 1000] : []) {
  console.error(`    a commit that changes ${objects} objects`);
  const each = Math.ceil(objects / scale.namespaces);
  const files = objects / each;
  for (let index = 0; index < files; index += 1) {
    const file = join(repo, fileOf(index));
    const parts = (await readFile(file, 'utf8')).split('---\n');
    const changed = parts.map((part, at) => (at < each ? part.replace(/part-of": "[^"]*"/, `part-of": "bench-${objects}"`) : part));
    await writeFile(file, changed.join('---\n'));
  }
  await commitAll(repo, `Change ${objects}`);
  const measured = await cost(() => engine.refresh(ids[0] ?? '', { fetch: false }, signal));
  const differing = (engine.session(ids[0] ?? '')?.objects ?? []).filter(({ verdict }) => verdict.state !== 'synced').length;
  if (differing !== objects)
    throw new Error(`a commit changed ${objects} objects, ${differing} differ: ${JSON.stringify(engine.row(ids[0] ?? ''))}`);
  curve.push({ objects, files, ...measured });
}
const run: ScaleRun = { first, dryRuns, second, rssMb, peakMb, restedMb, heldMb: heldAfterMb - heldBeforeMb, curve };
process.stdout.write(`${JSON.stringify(run)}\n`, () => process.exit(0));

function heldMb(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // Twice: what was external to the first is freed by the second.
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** What every object is and which verdict it has, by identity. */
function known(): { readonly rendered: ReadonlySet<RenderedObject>; readonly verdicts: ReadonlySet<Verdict> } {
  const objects = ids.flatMap((id) => engine.session(id)?.objects ?? []);
  return { rendered: new Set(objects.map(({ rendered }) => rendered)), verdicts: new Set(objects.map(({ verdict }) => verdict)) };
}

async function cost(action: () => Promise<unknown>): Promise<EngineCost> {
  const before = known();
  const callsBefore = engine.counters()[0]?.requests ?? 0;
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - startedAt;
  const after = known();
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    calls: (engine.counters()[0]?.requests ?? 0) - callsBefore,
    rendered: [...after.rendered].filter((object) => !before.rendered.has(object)).length,
    judged: [...after.verdicts].filter((verdict) => !before.verdicts.has(verdict)).length,
  };
}
