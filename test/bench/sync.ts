import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import type { SyncPlan } from '../../src/engine/model/sync.ts';
import { kubectlPath } from '../tools/binaries.ts';
import { git } from '../tools/sample.ts';
import { type BenchCluster, callsOf, startBenchCluster } from './benchCluster.ts';
import { type Measurement, timed } from './report.ts';

const application = 'test/bench';
const peer = 'kubectl apply --server-side';
const rounds = ['first', 'nothing changed', '10 changed'] as const;

/** What one piece of work cost. */
interface Cost {
  readonly ms: number;
  readonly calls: number;
}

interface Round {
  readonly plan: Cost;
  readonly dryRuns: number;
  readonly sync: Cost;
}

/**
 * Plan and sync of 1,000 objects beside `kubectl apply --server-side`, each on an empty cluster of its own: the first apply, one with
 * nothing changed, and one with 10 changed. A plan asks the server what would happen to every object that is not provably the same;
 * kubectl has nothing like it. Nothing is waited for.
 */
export async function benchSync(note: (text: string) => void): Promise<readonly Measurement[]> {
  const peers = await onCluster(note, peerRounds);
  const ours = await onCluster(note, ownRounds);
  return rounds.flatMap((name, index): readonly Measurement[] => {
    const [own, other] = [ours[index], peers[index]];
    if (own === undefined || other === undefined) return [];
    const { plan, dryRuns, sync } = own;
    return [
      { what: `${name}: plan`, value: plan.ms, unit: 'ms', note: `${plan.calls} API calls, ${dryRuns} of them dry-runs` },
      { what: `${name}: sync of that plan`, value: sync.ms, unit: 'ms', peers: { [peer]: other.ms } },
      { what: '  its API calls', value: sync.calls, unit: 'calls', peers: { [peer]: other.calls } },
      { what: '  plan and sync together', value: plan.ms + sync.ms, unit: 'ms', peers: { [peer]: other.ms } },
    ];
  });
}

async function onCluster<T>(
  note: (text: string) => void,
  use: (cluster: BenchCluster, note: (text: string) => void) => Promise<T>,
): Promise<T> {
  const cluster = await startBenchCluster(note, true);
  try {
    return await use(cluster, note);
  } finally {
    await cluster.stop();
  }
}

async function peerRounds(cluster: BenchCluster, note: (text: string) => void): Promise<readonly Cost[]> {
  const costs: Cost[] = [];
  for (const name of rounds) {
    note(`${peer}: ${name}`);
    if (name === '10 changed') await change(cluster.repo);
    costs.push(await kubectlApply(cluster));
  }
  return costs;
}

/** kubectl names each of its requests in its log. */
async function kubectlApply({ plane, repo }: BenchCluster): Promise<Cost> {
  const path = await kubectlPath();
  let calls = 0;
  const ms = await timed(async () => {
    const args = ['apply', '--server-side', '-f', join(repo, 'bench'), '-v=6'];
    const child = spawn(path, args, { env: { ...process.env, KUBECONFIG: plane.kubeconfigPath }, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`kubectl apply ended with ${String(code)}: ${text.slice(-500)}`);
    calls = text.match(/"Response" verb="/g)?.length ?? 0;
  });
  return { ms, calls };
}

async function ownRounds(cluster: BenchCluster, note: (text: string) => void): Promise<readonly Round[]> {
  const engine = await cluster.engine('sync');
  try {
    await engine.check(['test/warm', application]);
    const done: Round[] = [];
    for (const name of rounds) {
      note(`plan and sync: ${name}`);
      if (name === '10 changed') {
        await change(cluster.repo);
        await engine.refresh(application, { fetch: false }, new AbortController().signal);
      }
      await engine.settled();
      done.push(await round(engine, name));
    }
    return done;
  } finally {
    engine.dispose();
  }
}

async function round(engine: Engine, name: (typeof rounds)[number]): Promise<Round> {
  const { signal } = new AbortController();
  let plan: SyncPlan | undefined;
  const start = callsOf(engine);
  const planMs = await timed(async () => {
    const { plans, refused } = await engine.syncs.plan([{ applicationId: application }], { kind: 'sync' }, signal);
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
    [plan] = plans;
  });
  const planned = callsOf(engine);
  const work = plan?.steps.filter(({ action }) => action === 'create' || action === 'configure').length;
  const expected = { first: plan?.steps.length, 'nothing changed': 0, '10 changed': 10 }[name];
  if (plan === undefined || plan.steps.length < 1000 || work !== expected) throw new Error(`${name}: ${String(work)} steps`);
  const { id } = plan;
  let outcome = '';
  const syncMs = await timed(async () => {
    ({ outcome } = await engine.syncs.execute(id, { ticks: [], wait: false, timeoutSeconds: 60 }, () => undefined, signal));
  });
  if (outcome !== 'done') throw new Error(`${name}: ${outcome}`);
  const done = callsOf(engine);
  return {
    plan: { ms: planMs, calls: planned.requests - start.requests },
    dryRuns: planned.dryRuns - start.dryRuns,
    sync: { ms: syncMs, calls: done.requests - planned.requests },
  };
}

/** Commits another image of the first ten Deployments. */
async function change(repo: string): Promise<void> {
  const file = join(repo, 'bench', 'part-00.yaml');
  let left = 10;
  const text = (await readFile(file, 'utf8')).replaceAll(':1.4.2', (tag) => {
    left -= 1;
    return left >= 0 ? ':1.4.3' : tag;
  });
  await writeFile(file, text);
  await git(repo, ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', 'commit', '--quiet', '-am', 'Change ten images']);
}
