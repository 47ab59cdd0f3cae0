import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kubectlPath } from '../tools/binaries.ts';
import { startControlPlane } from '../tools/controlPlane.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import type { Measurement } from './report.ts';
import type { ScaleRun } from './scaleEngine.ts';
import { applyScale, scale, scaleRepo } from './scaleSet.ts';

const program = fileURLToPath(new URL('scaleEngine.ts', import.meta.url));

/**
 * 10,000 objects of 60 kinds in 200 namespaces: as one application, as 500, and as 200 active ones of 8,000 known; each by an engine in a
 * process of its own. `kubectl diff` runs on a part, since all of it takes many minutes; the figure is scaled up and says so.
 */
export async function benchScale(isQuick: boolean, note: (text: string) => void): Promise<readonly Measurement[]> {
  const folder = await temporaryFolder('plumbline-scale-');
  const plane = await startControlPlane({ name: 'scale' });
  try {
    const repo = join(folder.path, 'repo');
    const uid = await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
    await scaleRepo(repo, plane.name, uid.trim());
    note(`applying ${scale.objects} objects`);
    await applyScale(plane);
    const run = async (kind: string): Promise<ScaleRun> => {
      note(`first check: ${kind}`);
      const { stdout } = await promisify(execFile)(process.execPath, [program, repo, plane.kubeconfigPath, join(folder.path, kind), kind], {
        maxBuffer: 1 << 26,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      return JSON.parse(stdout) as ScaleRun;
    };
    const diff = (path: string, ...args: readonly string[]): Promise<ProcessCost> =>
      costOfKubectl(['diff', '-R', '-f', join(repo, path), ...args], plane.kubeconfigPath);
    const active = await run('active');
    const many = await run('many');
    const peers: Peer[] = [];
    if (!isQuick) {
      note('kubectl diff --server-side --concurrency 8 on everything');
      peers.push({ name: 'kubectl diff --server-side --concurrency 8', ...(await diff('all', '--server-side', '--concurrency', '8')) });
      note('kubectl diff on two namespaces of 200');
      const parts = [await diff('all/scale-000'), await diff('all/scale-101')];
      const sum = (of: (cost: ProcessCost) => number): number => parts.reduce((total, part) => total + of(part), 0) * 100;
      peers.push({ name: 'kubectl diff (100 objects × 100)', wallMs: sum(({ wallMs }) => wallMs), cpuMs: sum(({ cpuMs }) => cpuMs) });
    }
    const one = await run('one');
    return [
      ...lines('10,000 objects in one application', one, peers),
      ...lines('10,000 objects in 500 applications', many, peers),
      ...lines('200 active applications of 8,000 known, 10,000 objects', active, []),
      {
        what: '  memory of engine and renderer there',
        value: active.rssMb,
        unit: 'MB',
        bar: { limit: 600, is: 'max' },
        note: `${(active.heldMb / (scale.objects / 1000)).toFixed(1)} MB held per 1,000 live objects`,
      },
      ...one.curve.map(({ objects, wallMs, cpuMs }): Measurement => ({
        what: `a commit that changes ${objects} of ${scale.objects} objects`,
        value: wallMs,
        unit: 'ms',
        note: `${cpuMs.toFixed(0)} ms of CPU, ${(wallMs / objects).toFixed(1)} ms an object`,
      })),
    ];
  } finally {
    await plane.stop();
    await folder.remove();
  }
}

interface ProcessCost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Peer extends ProcessCost {
  readonly name: string;
}

/** Wall time and CPU of one run of kubectl, its output thrown away; bash measures its child. */
async function costOfKubectl(args: readonly string[], kubeconfig: string): Promise<ProcessCost> {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null';
  const { stderr } = await promisify(execFile)('bash', ['-c', `${script}; exit 0`, 'bash', await kubectlPath(), ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    maxBuffer: 1 << 26,
  });
  const [wall, user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map((seconds) => Number(seconds) * 1000);
  if (wall === undefined || user === undefined || system === undefined || Number.isNaN(wall)) throw new Error(stderr);
  return { wallMs: wall, cpuMs: user + system };
}

function lines(what: string, run: ScaleRun, peers: readonly Peer[]): readonly Measurement[] {
  const of = (figure: (peer: Peer) => number): Readonly<Record<string, number>> =>
    Object.fromEntries(peers.map((peer) => [peer.name, figure(peer)]));
  const note = `${run.calls} API calls, ${(run.bytes / 1e6).toFixed(1)} MB, ${run.rssMb.toFixed(0)} MB RSS`;
  return [
    { what: `first check, ${what}`, value: run.wallMs, unit: 'ms', peers: of(({ wallMs }) => wallMs), note },
    { what: '  CPU', value: run.cpuMs, unit: 'ms', peers: of(({ cpuMs }) => cpuMs) },
    { what: '  memory held per 1,000 live objects', value: run.heldMb / (scale.objects / 1000), unit: 'MB' },
    { what: '  second check, nothing changed', value: run.secondMs, unit: 'ms' },
  ];
}
