import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type JsonValue, stringAt } from '../../src/engine/model/json.ts';
import type { KubeObject } from '../../src/engine/model/objects.ts';
import { kubectl } from '../tools/binaries.ts';
import { type BenchCluster, callsOf } from './benchCluster.ts';
import { type Measurement, percentile, timed } from './report.ts';

const statusChanges = 600;
/** longer than all those looks, see `PUBLISHED_MS` in src/engine/cluster/schemas.ts */
const lookingMs = 17_000;
const healthy = {
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
  conditions: [
    { type: 'Available', status: 'True' },
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
  ],
};
const application = 'test/bench';
const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url));

/**
 * First and second check of 1,000 live objects that are in sync, beside `kubectl diff` in both ways, and one cold CLI process.
 * @param isQuick leave out `kubectl diff` by client-side patches, which takes minutes
 */
export async function benchDrift(cluster: BenchCluster, isQuick: boolean, note: (text: string) => void): Promise<readonly Measurement[]> {
  const { plane, repo } = cluster;
  note('first checks');
  const firsts: number[] = [];
  let proved = 0;
  let objects = 0;
  let calls = { requests: 0, dryRuns: 0 };
  let second: readonly Measurement[] = [];
  for (const round of [1, 2, 3]) {
    const engine = await cluster.engine(`first-${round}`);
    try {
      await engine.check(['test/warm']);
      const before = callsOf(engine);
      firsts.push(await timed(() => engine.check([application])));
      const after = callsOf(engine);
      calls = { requests: after.requests - before.requests, dryRuns: after.dryRuns - before.dryRuns };
      const verdicts = engine.session(application)?.objects.map(({ verdict }) => verdict) ?? [];
      objects = verdicts.length;
      proved = verdicts.filter(({ proof, state }) => proof === 'local' && state === 'synced').length;
      const open = verdicts.filter(({ state }) => state !== 'synced');
      if (objects < 1000 || open.length > 0) throw new Error(`${objects} objects, ${open.length} not synced: ${JSON.stringify(open[0])}`);
      if (round === 3) second = await secondChecks(engine, plane, note);
    } finally {
      engine.dispose();
    }
  }
  const first = percentile(firsts, 50);
  const peers = await peerDiffs(cluster, isQuick, note);
  note('a cold process of the command line');
  const cold = await coldProcess(cluster, repo);
  return [
    {
      what: `first check of ${objects} objects, warm engine, cold verdicts`,
      value: first,
      unit: 'ms',
      peers,
      note: `${calls.requests} API calls`,
    },
    ...Object.entries(peers).map(([name, value]): Measurement => {
      const limit = name.includes('server-side') ? 10 : 100;
      return { what: `  faster than ${name}`, value: value / first, unit: '×', bar: { limit, is: 'min' } };
    }),
    {
      what: 'proved without a call of their own',
      value: (100 * proved) / objects,
      unit: '%',
      bar: { limit: 90, is: 'min' },
      note: `${calls.dryRuns} dry-runs`,
    },
    ...second,
    { what: 'the same by a cold process (plumbline diff)', value: cold, unit: 'ms', peers },
  ];
}

async function peerDiffs(cluster: BenchCluster, isQuick: boolean, note: (text: string) => void): Promise<Readonly<Record<string, number>>> {
  const { plane, repo } = cluster;
  const folder = join(repo, 'bench');
  const diff = (...args: readonly string[]): Promise<number> =>
    timed(() => kubectl(['diff', '-f', folder, ...args], { kubeconfig: plane.kubeconfigPath, okCodes: [0, 1] }));
  note('kubectl diff --server-side --concurrency 8');
  const serverSide = await diff('--server-side', '--concurrency', '8');
  if (isQuick) return { 'kubectl diff --server-side --concurrency 8': serverSide };
  note('kubectl diff (takes minutes)');
  return { 'kubectl diff --server-side --concurrency 8': serverSide, 'kubectl diff': await diff() };
}

async function secondChecks(
  engine: Awaited<ReturnType<BenchCluster['engine']>>,
  plane: BenchCluster['plane'],
  note: (text: string) => void,
): Promise<readonly Measurement[]> {
  note('second check, status churn');
  const signal = new AbortController().signal;
  // Whoever has just connected looks a few times more for schemas that may be on their way.
  await delay(lookingMs);
  await engine.refresh(application, { fetch: false }, signal);
  const before = callsOf(engine);
  const session = engine.session(application);
  const again: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    again.push(
      await timed(async () => {
        session?.refresh();
        await session?.settled();
      }),
    );
  }
  const checked = callsOf(engine);
  const everything = await timed(() => engine.refresh(application, { fetch: false }, signal));
  // No controller runs here: until their status says which generation it is about, no Deployment is healthy.
  const opening = await statusChurn(engine, plane, () => healthy, 150);
  const churned = await statusChurn(engine, plane, (index) => ({ ...healthy, observedGeneration: index + 1 }));
  const unhealthy = await statusChurn(engine, plane, (index) => ({ updatedReplicas: index % 3 }));
  return [
    { what: 'second check, nothing changed', value: percentile(again, 50), unit: 'ms', bar: { limit: 20, is: 'max' } },
    { what: '  its API calls', value: checked.requests - before.requests, unit: 'calls', bar: { limit: 0, is: 'max' } },
    { what: '  with everything in the repo read anew, as Refresh does', value: everything, unit: 'ms' },
    {
      what: `API calls for ${statusChanges} status changes (10 minutes at one a second)`,
      value: churned.requests,
      unit: 'calls',
      bar: { limit: 0, is: 'max' },
      note: `${churned.cpuMs.toFixed(1)} ms of CPU each, the sender's included`,
    },
    {
      what: '  for as many of unhealthy objects',
      value: unhealthy.requests,
      unit: 'calls',
      bar: { limit: 0, is: 'max' },
      note: `${unhealthy.cpuMs.toFixed(1)} ms of CPU each, the sender's included`,
    },
    {
      what: '  once, for the first object of the namespace that was not healthy',
      value: opening.requests,
      unit: 'calls',
      note: 'list and watch of the events there, which name causes',
    },
  ];
}

/** Changes the status of 150 Deployments again and again, and waits until the engine has seen the last change. @returns API calls of the engine meanwhile, and CPU per change */
async function statusChurn(
  engine: Awaited<ReturnType<BenchCluster['engine']>>,
  plane: BenchCluster['plane'],
  statusOf: (index: number) => object,
  times = statusChanges,
): Promise<{ readonly requests: number; readonly cpuMs: number }> {
  const before = callsOf(engine);
  const cpu = process.cpuUsage();
  let [name, version] = ['', ''];
  for (let index = 0; index < times; index += 1) {
    name = `app-${index % 150}`;
    const path = `/apis/apps/v1/namespaces/bench/deployments/${name}/status`;
    const body = { status: statusOf(index) };
    const { status, body: answer } = await plane.request(path, { method: 'PATCH', body, contentType: 'application/merge-patch+json' });
    if (status !== 200) throw new Error(`status ${status}: ${answer}`);
    version = stringAt(JSON.parse(answer) as JsonValue, 'metadata', 'resourceVersion') ?? '';
  }
  const live = (): KubeObject | undefined => engine.session(application)?.object(`apps/Deployment/bench/${name}`)?.live;
  while (live()?.metadata['resourceVersion'] !== version) await delay(20);
  await engine.settled();
  // What the last change has begun, a watch for instance, is counted with it.
  await delay(500);
  const { user, system } = process.cpuUsage(cpu);
  return { requests: callsOf(engine).requests - before.requests, cpuMs: (user + system) / 1000 / times };
}

async function coldProcess(cluster: BenchCluster, repo: string): Promise<number> {
  return timed(async () => {
    const child = spawn(
      process.execPath,
      [cli, 'diff', '--app', application, '--repo', repo, '--kubeconfig', cluster.plane.kubeconfigPath],
      {
        env: { ...process.env, XDG_CACHE_HOME: cluster.storage('cold') },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`plumbline diff ended with ${String(code)}`);
  });
}
