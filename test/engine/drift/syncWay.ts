import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../../src/base/log.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { temporaryFolder } from '../../tools/processes.mjs';
import { git, settingsFor } from '../engine/support.ts';

const APPLICATION = 'test/oracle';

/** Applies objects by Plumbline's own sync, from a repo of its own. */
export class SyncWay {
  readonly #folder: { readonly path: string; readonly remove: () => Promise<void> };
  readonly #engine: Engine;
  #count = 0;

  private constructor(folder: { path: string; remove: () => Promise<void> }, engine: Engine) {
    this.#folder = folder;
    this.#engine = engine;
  }

  static async create(plane: ControlPlane): Promise<SyncWay> {
    const folder = await temporaryFolder('plumbline-oracle-');
    const uid = await plane.uid();
    const repo = join(folder.path, 'repo');
    await mkdir(join(repo, 'objects'), { recursive: true });
    await writeFile(
      join(repo, 'plumbline.yaml'),
      `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  test: {context: ${plane.name}, clusterUid: ${uid}, branch: main}
applications:
  - {name: oracle, environment: test, path: objects, namespace: default}
`,
    );
    await writeFile(join(repo, 'objects', 'none.yaml'), '');
    await git(repo, 'init', '-q', '-b', 'main');
    await git(repo, 'add', '.');
    await git(repo, 'commit', '-q', '-m', 'first');
    const engine = await Engine.create({
      settings: settingsFor(plane.kubeconfigPath),
      storagePath: join(folder.path, 'storage'),
      environment: {},
      logger: silentLogger,
    });
    await engine.openFolder(repo);
    await engine.check([APPLICATION]);
    return new SyncWay(folder, engine);
  }

  /** Makes these objects the whole of the repo, and syncs. What was synced before stays as it is. */
  async apply(objects: readonly KubeObject[]): Promise<void> {
    const repo = join(this.#folder.path, 'repo');
    await rm(join(repo, 'objects'), { recursive: true });
    await mkdir(join(repo, 'objects'));
    for (const [index, object] of objects.entries()) await writeFile(join(repo, 'objects', `o${index}.yaml`), JSON.stringify(object));
    await git(repo, 'add', '-A');
    await git(repo, 'commit', '-q', '-m', `Batch ${(this.#count += 1)}`);
    const { signal } = new AbortController();
    await this.#engine.refresh(APPLICATION, { fetch: false }, signal);
    // A session that was made anew meanwhile is not compared by itself.
    await this.#engine.check([APPLICATION]);
    const { plans, refused } = await this.#engine.syncs.plan([{ applicationId: APPLICATION }], { kind: 'sync' }, signal);
    const [plan] = plans;
    if (plan === undefined) throw new Error(`no plan: ${JSON.stringify(refused)}`);
    const options = { ticks: [], wait: false, timeoutSeconds: 60 };
    const { outcome, results } = await this.#engine.syncs.execute(plan.id, options, () => undefined, signal);
    if (outcome !== 'done') throw new Error(`${outcome}: ${JSON.stringify(results.filter((one) => one.outcome !== 'done'))}`);
  }

  async stop(): Promise<void> {
    this.#engine.dispose();
    await this.#folder.remove();
  }
}
