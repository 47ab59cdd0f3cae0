import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test, type TestContext } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Logger } from '../../../src/base/log.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { EngineOptions } from '../../../src/engine/engineServices.ts';
import { keyString } from '../../../src/engine/model/objects.ts';
import { ChaosProxy, type Fault, type SeenRequest, type WatchFault } from '../../tools/chaosProxy.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { SeededRandom } from '../drift/randomEdits.ts';
import { atEnd, settingsFor, testFolder } from '../engine/support.ts';
import { ChaosWorld } from './chaosWorld.ts';
import { DEPLOYMENT, failure, SECRET, testConnection, until } from './support.ts';

// An engine behind a proxy that gets everything wrong, while objects and Git change: afterwards it knows what one knows that starts then.
// `npm run chaos -- --minutes 10 --seed 7` for a long run with the usual waits.
const seconds = Number(process.env['CHAOS_SECONDS'] ?? '6');
const seed = Number(process.env['CHAOS_SEED'] ?? '1');
const isShort = seconds < 60;
const perNamespace = isShort ? 10 : 50;
const stepMs = 40;
const patienceMs = 300_000;

const shortTimes: NonNullable<EngineOptions['clusterTimes']> = {
  transportTimes: { idleMs: 1_000, maxRetryAfterMs: 2_000 },
  monitorTimes: { retryMinMs: 50, retryMaxMs: 500 },
  reflectorTimes: { backoffMinMs: 20, backoffMaxMs: 500, failedRetryMs: 300, quietMs: 3_000 },
  unknownKindRetryMs: 500,
};

let plane: ControlPlane;

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

interface Run {
  readonly engine: Engine;
  readonly proxy: ChaosProxy;
  readonly errors: string[];
}

/** An engine behind a proxy of its own, with everything compared. */
async function start(t: TestContext, repo: string): Promise<Run> {
  const proxy = await ChaosProxy.start(plane);
  atEnd(t, () => proxy.stop());
  const errors: string[] = [];
  const ignore = (): undefined => undefined;
  const logger: Logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: (message) => errors.push(message) };
  const engine = await Engine.create({
    settings: settingsFor(await proxy.kubeconfig()),
    storagePath: join(await testFolder(t), 'storage'),
    environment: {},
    logger,
    ...(isShort ? { clusterTimes: shortTimes } : {}),
  });
  atEnd(t, () => {
    engine.dispose();
  });
  await engine.openFolder(repo);
  await engine.check(undefined);
  return { engine, proxy, errors };
}

/** Everything that a user can see, but for times that only this engine knows. */
function everything(engine: Engine): unknown {
  return engine
    .applications()
    .map(({ isComparing: _comparing, fetchedAtMs: _fetched, ...row }) => ({ row, objects: [...engine.objects(row.id)] }))
    .sort((left, right) => (left.row.id < right.row.id ? -1 : 1));
}

function strikeAtRandom(proxy: ChaosProxy, random: SeededRandom): void {
  const faults: readonly WatchFault[] = ['cut', 'stall', 'gone', 'lying bookmark', 'garbage', 'half event', 'lying bookmark'];
  const fault = random.pick(faults);
  if (fault !== undefined) random.pick(proxy.watches)?.strike(fault);
}

function faultFor(request: SeenRequest, random: SeededRandom): Fault | undefined {
  if (random.below(100) >= 12) return undefined;
  const bytes = random.below(2000);
  const faults: readonly Fault[] = [
    { kind: 'refuse', status: 429, retryAfterSeconds: 1 },
    { kind: 'refuse', status: 500 },
    { kind: 'refuse', status: 503 },
    ...(request.method === 'GET' ? [{ kind: 'refuse', status: 410 } as const] : []),
    { kind: 'cut' },
    { kind: 'cut', afterBytes: bytes },
    { kind: 'stall' },
    { kind: 'stall', afterBytes: bytes },
    { kind: 'slow', bytesPerSecond: 20_000 },
    { kind: 'half', afterBytes: bytes },
  ];
  return random.pick(faults);
}

/** What the process holds: garbage is collected before. */
function held(): { readonly heapMb: number; readonly timers: number } {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  collect();
  collect();
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20, timers };
}

/** Waits until two texts are equal; whether they became so. */
async function whenEqual(left: () => string, right: () => string): Promise<boolean> {
  const endMs = Date.now() + patienceMs;
  while (left() !== right()) {
    if (Date.now() > endMs) return false;
    await sleep(50);
  }
  return true;
}

const watched = ({ proxy }: Run): readonly string[] => proxy.watches.map(({ path }) => path).sort();

test(`${seconds} s of faults, seed ${seed}: then everything is as after a fresh start`, async (t) => {
  const random = new SeededRandom(seed);
  const world = await ChaosWorld.create(t, plane, perNamespace, random);
  const run = await start(t, world.repo);
  const before = { ...held(), watches: watched(run) };
  const faults = new SeededRandom(seed + 1);
  run.proxy.decide = (request) => faultFor(request, faults);
  for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs;) {
    if (random.below(4) === 0) strikeAtRandom(run.proxy, random);
    await world.step();
    await sleep(stepMs);
  }
  run.proxy.calm();
  const fresh = await start(t, world.repo);
  const calmAtMs = Date.now();
  const texts = [run, fresh].map(
    ({ engine }) =>
      () =>
        JSON.stringify(everything(engine)),
  ) as [() => string, () => string];
  const isEqual = await whenEqual(...texts);
  const tookMs = Date.now() - calmAtMs;
  if (!isEqual) assert.deepEqual(everything(run.engine), everything(fresh.engine));
  await whenEqual(
    () => watched(run).join(),
    () => watched(fresh).join(),
  );
  const freshWatches = watched(fresh);
  fresh.engine.dispose();
  await fresh.proxy.stop();
  const now = held();
  t.diagnostic(`done: ${describeCounts(world.done)}; faults: ${describeCounts(run.proxy.done)}; ${run.proxy.seen.length} requests`);
  t.diagnostic(
    `as a fresh start ${tookMs} ms after that start; heap ${before.heapMb.toFixed(1)} MB before, ${now.heapMb.toFixed(1)} after`,
  );
  assert.deepEqual(
    {
      watches: watched(run),
      moreTimers: Math.max(0, now.timers - before.timers - freshWatches.length),
      moreMb: Math.max(0, Math.round(now.heapMb - before.heapMb - 25)),
      isFew: run.proxy.connections <= freshWatches.length + 20,
      errors: run.errors,
    },
    { watches: freshWatches, moreTimers: 0, moreMb: 0, isFew: true, errors: [] },
  );
});

test('a Secret whose read failed is read again without any news of it', async (t) => {
  const { proxy, connection } = await connect(t);
  await plane.kubectl(['create', 'secret', 'generic', 'torn', '-n', 'default', '--from-literal=a=b']);
  const key = { group: '', kind: 'Secret', namespace: 'default', name: 'torn' };
  await connection.watches.setManaged(new Set([keyString(key)]));
  proxy.strike(({ path }) => path.endsWith('/secrets/torn'), { kind: 'refuse', status: 500 }, 2);
  await connection.watches.ensureWatched([{ gvk: SECRET, namespace: 'default' }]);
  await until('the Secret is there in full', () => connection.watches.isFull(key), 60_000);
  assert.equal(proxy.done.get('refuse 500'), 2);
});

test('a schema that the server failed to give is not taken for one that does not exist', async (t) => {
  const { proxy, connection } = await connect(t);
  proxy.strike(({ path }) => path.startsWith('/openapi/v3/apis/apps/v1'), { kind: 'refuse', status: 500 });
  const first = await failure(connection.schemas.schemaOf(DEPLOYMENT), 'message');
  const second = await connection.schemas.schemaOf(DEPLOYMENT);
  assert.deepEqual([first, second !== undefined], [{ code: 'server-error', message: 'chaos: Internal Server Error' }, true]);
});

/** A connection through a proxy of its own. */
async function connect(t: TestContext): Promise<{ proxy: ChaosProxy; connection: ClusterConnection }> {
  const proxy = await ChaosProxy.start(plane);
  t.after(() => proxy.stop());
  return { proxy, connection: await testConnection(t, await proxy.kubeconfig(), plane.name) };
}

function describeCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort()
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}
