import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test, type TestContext } from 'node:test';
import type { ClusterConnection, EventLookup } from '../../../src/engine/cluster/api.ts';
import type { EngineOptions } from '../../../src/engine/engineServices.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { SeededRandom } from '../drift/randomEdits.ts';
import { EVERY_FAULT, faultFor, strikeAtRandom, WATCH_FAULTS } from './chaosFaults.ts';
import { ChaosRun, type Held, held } from './chaosRun.ts';
import { ChaosWorld } from './chaosWorld.ts';
import { DEPLOYMENT, failure, managing, SECRET, testConnection, until } from './support.ts';

// An engine behind a proxy that gets everything wrong, while objects and Git change: afterwards it knows what one knows that starts then.
// `npm run chaos -- --minutes 10 --seed 7` for a long run with the usual waits; `npm test` has each fault once.
const seconds = Number(process.env['CHAOS_SECONDS'] ?? '0');
const seed = Number(process.env['CHAOS_SEED'] ?? '1');
const stepMs = 40;
/** so long between two looks at what is held */
const roundSeconds = 200;

const shortTimes: NonNullable<EngineOptions['clusterTimes']> = {
  transportTimes: { idleMs: 1_000, maxRetryAfterMs: 2_000 },
  monitorTimes: { retryMinMs: 50, retryMaxMs: 500 },
  reflectorTimes: { backoffMinMs: 20, backoffMaxMs: 500, failedRetryMs: 300, quietMs: 3_000 },
  unknownKindRetryMs: 500,
};

/**
 * What may be more at the end than before, at equal states. Renders and verdicts of the commits of a run are kept up to a number, which
 * the first round reaches; an event that is on its way, and pooled sockets, come and go.
 */
const BOUND = { heapMb: 6, descriptors: 40, timers: 60 } as const;

let plane: ControlPlane;

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

/** Brings about each fault once, and lets the world move until all have happened. */
async function everyFaultOnce(run: ChaosRun, world: ChaosWorld, random: SeededRandom): Promise<void> {
  const { proxy } = run;
  const signal = AbortSignal.timeout(480_000);
  const left = [...EVERY_FAULT];
  proxy.decide = (request) => {
    // What the watches do is struck below; of an answer that is not whole there must be an answer.
    const index = request.isWatch
      ? -1
      : left.findIndex((fault) => request.method === 'GET' || !('status' in fault) || fault.status !== 410);
    return random.below(3) > 0 || index < 0 ? undefined : left.splice(index, 1)[0];
  };
  for (const fault of WATCH_FAULTS) {
    await until(
      `a watch suffers: ${fault}`,
      async () => {
        const watch = random.pick(proxy.watches);
        if (watch === undefined || (proxy.done.get(fault) ?? 0) > 0) return watch !== undefined;
        if (!(await world.editIn(watch.path))) return false;
        watch.strike(fault);
        await world.editIn(watch.path);
        return (proxy.done.get(fault) ?? 0) > 0;
      },
      60_000,
    );
    await world.step();
  }
  await world.define();
  while (left.length > 0) {
    await world.step();
    // Somebody looks at the events of an object: a request, whatever the watches do.
    await run.engine.events(plane.name, '/ConfigMap/chaos-a/o0', signal).catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** Faults at random for so long. */
async function faultsFor(
  durationSeconds: number,
  run: ChaosRun,
  world: ChaosWorld,
  random: SeededRandom,
  faults: SeededRandom,
): Promise<void> {
  run.proxy.decide = (request) => faultFor(request, faults);
  for (const endMs = Date.now() + durationSeconds * 1000; Date.now() < endMs;) {
    if (random.below(4) === 0) strikeAtRandom(run.proxy, random);
    await world.step();
    await sleep(stepMs);
  }
}

/** That an engine knows, and watches, what a fresh one does; the fresh one is garbage afterwards. */
async function assertAsFresh(t: TestContext, run: ChaosRun, world: ChaosWorld): Promise<WeakRef<object>> {
  const fresh = await ChaosRun.start(t, plane, world.repo, shortTimes);
  const startedAtMs = Date.now();
  if (!(await run.isAs(fresh))) assert.deepEqual([run.everything(), run.watchedObjects()], [fresh.everything(), fresh.watchedObjects()]);
  t.diagnostic(
    `as a fresh start after ${Date.now() - startedAtMs} ms; ${fresh.watched().length} watches, ${run.proxy.seen.length} requests`,
  );
  assert.deepEqual(run.watched(), [...new Set(run.watched())], 'two watches of one collection');
  await fresh.stop();
  return new WeakRef(fresh.engine);
}

/** What the process holds once everything is as Git has it. */
async function heldAtRest(t: TestContext, run: ChaosRun, world: ChaosWorld): Promise<Held> {
  await world.restoreAll();
  await run.untilSynced();
  // The tester's own notes are no leak.
  run.proxy.seen.length = 0;
  const now = await held();
  t.diagnostic(
    `${now.heapMb.toFixed(1)} MB, ${now.descriptors} descriptors, ${run.proxy.connections} connections, ${JSON.stringify(now.resources)}`,
  );
  return now;
}

/** How many of several engines that ended are no garbage, once what they were at has run out. */
async function keptOf(engines: readonly WeakRef<object>[]): Promise<number> {
  const count = (): number => engines.filter((engine) => engine.deref() !== undefined).length;
  for (const endMs = Date.now() + 60_000; count() > 0 && Date.now() < endMs;) {
    await sleep(200);
    await held();
  }
  return count();
}

function assertNoMore(now: Held, first: Held): void {
  const more = {
    heapMb: Math.max(0, now.heapMb - first.heapMb - BOUND.heapMb),
    descriptors: Math.max(0, now.descriptors - first.descriptors - BOUND.descriptors),
    timers: Math.max(0, (now.resources['Timeout'] ?? 0) - (first.resources['Timeout'] ?? 0) - BOUND.timers),
    watchers: Math.max(0, (now.resources['FSEventWrap'] ?? 0) - (first.resources['FSEventWrap'] ?? 0)),
  };
  assert.deepEqual(more, { heapMb: 0, descriptors: 0, timers: 0, watchers: 0 });
}

test(`${seconds === 0 ? 'each fault once' : `${seconds} s of faults`}, seed ${seed}: then everything is as after a fresh start`, async (t) => {
  const isLong = seconds > 0;
  const random = new SeededRandom(seed);
  const faults = new SeededRandom(seed + 1);
  const world = await ChaosWorld.create(t, plane, isLong ? 50 : 5, random);
  const run = await ChaosRun.start(t, plane, world.repo, isLong ? undefined : shortTimes);
  const looks = [await held()];
  const engines: WeakRef<object>[] = [];
  for (let left = seconds, round = 0; left > 0 || round === 0; left -= roundSeconds, round += 1) {
    if (isLong) await faultsFor(Math.min(left, roundSeconds), run, world, random, faults);
    else await everyFaultOnce(run, world, random);
    run.proxy.calm();
    engines.push(await assertAsFresh(t, run, world));
    if (isLong) looks.push(await heldAtRest(t, run, world));
  }
  t.diagnostic(`done: ${describeCounts(world.done)}; faults: ${describeCounts(run.proxy.done)}`);
  if (!isLong) looks.push(await held());
  const [start, first = start, ...later] = looks;
  if (start === undefined || first === undefined) throw new Error('never looked');
  assertNoMore(later.at(-1) ?? first, isLong ? first : start);
  const kept = await keptOf(engines);
  assert.deepEqual(
    { errors: run.errors, isFew: run.proxy.connections <= run.watched().length + 20, kept },
    { errors: [], isFew: true, kept: 0 },
  );
});

test('a Secret whose read failed is read again without any news of it', async (t) => {
  const { proxy, connection } = await connect(t);
  await plane.kubectl(['create', 'secret', 'generic', 'torn', '-n', 'default', '--from-literal=a=b']);
  const key = { group: '', kind: 'Secret', namespace: 'default', name: 'torn' };
  await connection.watches.change(managing([key]));
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

test('events of many namespaces are one watch, and what happens while it is broken is told', async (t) => {
  const { proxy, connection } = await connect(t);
  const namespaces = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6'];
  await plane.apply(namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  const object = (namespace: string, kind = 'Pod'): KubeObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'web', namespace, uid: `uid-${kind}-${namespace}` },
  });
  const { objectEvents } = connection;
  const near = (about: KubeObject): Promise<EventLookup> => objectEvents.near(about, t.signal);
  const paths = (): readonly string[] => proxy.watches.map(({ path }) => path).sort();
  await Promise.all(namespaces.slice(1).map((namespace) => near(object(namespace))));
  await until('five are watched', () => paths().length === 5, 60_000);
  const lookup = await near(object('e1'));
  await until('all are watched', () => paths().join() === '/api/v1/events', 60_000);
  const told: string[] = [];
  objectEvents.onDidTell((uids) => told.push(...uids));
  const warn = async (about: KubeObject, type = 'Warning'): Promise<void> => {
    const { kind, metadata } = about;
    const involvedObject = { apiVersion: 'v1', kind, name: 'web', namespace: metadata['namespace'], uid: metadata['uid'] };
    const lastTimestamp = new Date().toISOString().replace(/\.\d+/, '');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'web.' },
      involvedObject,
      type,
      reason: 'Odd',
      lastTimestamp,
    };
    const path = `/api/v1/namespaces/${stringAt(metadata, 'namespace') ?? ''}/events`;
    const { status, body } = await plane.request(path, { method: 'POST', body: event });
    assert.equal(status, 201, body);
  };
  for (const fault of ['gone', 'cut', 'lying bookmark'] as const) {
    proxy.watches[0]?.strike(fault);
    told.length = 0;
    await warn(object('e1'), 'Normal');
    await warn(object('e2'));
    await warn(object('e1'));
    await until(`told after: ${fault}`, () => told.includes('uid-Pod-e1') && told.includes('uid-Pod-e2'), 60_000);
  }
  // Of claims nobody warns: all that is said of them is read.
  const claim = object('e1', 'PersistentVolumeClaim');
  await warn(claim, 'Normal');
  const ofClaim = (await near(claim))('uid-PersistentVolumeClaim-e1').map(({ type, reason }) => [type, reason]);
  assert.deepEqual(
    [lookup('uid-Pod-e1').length, lookup('uid-Pod-e2').length, ofClaim, objectEvents.watchCount],
    [3, 3, [['Normal', 'Odd']], 2],
  );
  // Nobody manages these objects.
  objectEvents.tidy();
  await until('no events are watched', () => paths().length === 0, 60_000);
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
