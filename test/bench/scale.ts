import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kubectl } from '../tools/binaries.ts';
import { startControlPlane } from '../tools/controlPlane.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { type Measurement, timed } from './report.ts';
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
    const diff = (path: string, ...args: readonly string[]): Promise<number> =>
      timed(() => kubectl(['diff', '-R', '-f', join(repo, path), ...args], { kubeconfig: plane.kubeconfigPath, okCodes: [0, 1] }));
    const active = await run('active');
    const many = await run('many');
    const peers: Record<string, number> = {};
    if (!isQuick) {
      note('kubectl diff --server-side --concurrency 8 on everything');
      peers['kubectl diff --server-side --concurrency 8'] = await diff('all', '--server-side', '--concurrency', '8');
      note('kubectl diff on two namespaces of 200');
      const part = (await diff('all/scale-000')) + (await diff('all/scale-101'));
      peers['kubectl diff (100 objects × 100)'] = part * 100;
    }
    const one = await run('one');
    return [
      ...lines('10,000 objects in one application', one, peers),
      ...lines('10,000 objects in 500 applications', many, peers),
      ...lines('200 active applications of 8,000 known, 10,000 objects', active, {}),
      {
        what: '  memory of engine and renderer there',
        value: active.rssMb,
        unit: 'MB',
        bar: { limit: 600, is: 'max' },
        note: `${(active.rssMb / (scale.objects / 1000)).toFixed(1)} MB per 1,000 live objects, everything else included`,
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

function lines(what: string, run: ScaleRun, peers: Readonly<Record<string, number>>): readonly Measurement[] {
  const note = `${run.calls} API calls, ${(run.bytes / 1e6).toFixed(1)} MB, ${run.rssMb.toFixed(0)} MB RSS, ${(run.cpuMs / 1000).toFixed(1)} s of CPU`;
  return [
    { what: `first check, ${what}`, value: run.wallMs, unit: 'ms', peers, note },
    { what: '  second check, nothing changed', value: run.secondMs, unit: 'ms' },
  ];
}
