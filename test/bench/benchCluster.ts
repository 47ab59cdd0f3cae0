import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { type ControlPlane, startControlPlane } from '../tools/controlPlane.ts';
import { established } from '../tools/definitions.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import { benchRepo, definition } from './workload.ts';
import { defaultSettings } from '../../src/engine/model/settings.ts';

/** A control plane with the set applied, and the repo that declares it. */
export interface BenchCluster {
  readonly plane: ControlPlane;
  readonly repo: string;
  /** for caches; each name is a folder of its own */
  storage(name: string): string;
  /** an engine on the repo, with nothing compared yet */
  engine(storage: string): Promise<Engine>;
  stop(): Promise<void>;
}

/**
 * Starts a control plane and applies the set as `kubectl apply --server-side` does.
 * @param isEmpty leave the namespaces empty: the set is yet to be applied
 */
export async function startBenchCluster(note: (text: string) => void, isEmpty = false): Promise<BenchCluster> {
  const folder = await temporaryFolder('plumbline-bench-');
  const plane = await startControlPlane({ name: 'bench', isLasting: true });
  try {
    const repo = join(folder.path, 'repo');
    const uid = await plane.uid();
    note(isEmpty ? 'an empty cluster' : 'applying 1,000 objects');
    await plane.apply([definition]);
    await established(plane);
    await benchRepo(repo, plane.name, uid.trim());
    for (const name of ['warm', 'bench']) {
      await plane.kubectl(['create', 'namespace', name]);
      if (isEmpty) continue;
      const files = await readdir(join(repo, name));
      const texts = await Promise.all(files.map((file) => readFile(join(repo, name, file), 'utf8')));
      await plane.apply(texts.join('---\n'));
    }
    return {
      plane,
      repo,
      storage: (name) => join(folder.path, name),
      engine: async (storage) => {
        const engine = await Engine.create({
          settings: {
            ...defaultSettings,
            isTrusted: true,
            kubeconfig: [plane.kubeconfigPath],
            fetchIntervalMinutes: 0,
            renderTimeoutSeconds: 60,
          },
          storagePath: join(folder.path, storage),
          environment: {},
          logger: silentLogger,
        });
        await engine.openFolder(repo);
        return engine;
      },
      stop: async () => {
        await plane.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await plane.stop();
    await folder.remove();
    throw error;
  }
}

/** The sums of the engine's API counters now. */
export function callsOf(engine: Engine): { requests: number; dryRuns: number } {
  const all = engine.counters();
  return { requests: all.reduce((sum, { requests }) => sum + requests, 0), dryRuns: all.reduce((sum, { dryRuns }) => sum + dryRuns, 0) };
}
