import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Logger } from '../../../src/base/log.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { EngineOptions } from '../../../src/engine/engineServices.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { atEnd, settingsFor, testFolder } from '../engine/support.ts';

const patienceMs = 300_000;

/** An engine behind a proxy of its own. */
export class ChaosRun {
  readonly engine: Engine;
  readonly proxy: ChaosProxy;
  /** what the engine logged as errors */
  readonly errors: string[];

  private constructor(engine: Engine, proxy: ChaosProxy, errors: string[]) {
    this.engine = engine;
    this.proxy = proxy;
    this.errors = errors;
  }

  /** Starts an engine on a repo, and compares everything. @param clusterTimes default: the usual waits */
  static async start(t: TestContext, plane: ControlPlane, repo: string, clusterTimes: EngineOptions['clusterTimes']): Promise<ChaosRun> {
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
      ...(clusterTimes === undefined ? {} : { clusterTimes }),
    });
    const run = new ChaosRun(engine, proxy, errors);
    // Held so that an engine that was stopped before can be garbage.
    const weak = new WeakRef(engine);
    atEnd(t, () => {
      weak.deref()?.dispose();
    });
    await engine.openFolder(repo);
    await engine.check(undefined);
    return run;
  }

  /** Everything that a user can see, but for times that only this engine knows. */
  everything(): unknown {
    return this.engine
      .applications()
      .map(({ isComparing: _comparing, fetchedAtMs: _fetched, ...row }) => ({ row, objects: [...this.engine.objects(row.id)] }))
      .sort((left, right) => (left.row.id < right.row.id ? -1 : 1));
  }

  /** The paths of the open watches, in order; a path that stands twice is watched twice. */
  watched(): readonly string[] {
    return this.proxy.watches.map(({ path }) => path).sort();
  }

  /** {@link watched} without events: these are watched for some minutes more, after the last object of a namespace got well. */
  watchedObjects(): readonly string[] {
    return this.watched().filter((path) => !/\/events\b/.test(path));
  }

  /** Waits until this engine knows what another one knows, and watches the same; whether it came to that. */
  async isAs(other: ChaosRun): Promise<boolean> {
    const isSame = (): boolean =>
      JSON.stringify([this.everything(), this.watchedObjects()]) === JSON.stringify([other.everything(), other.watchedObjects()]);
    for (const endMs = Date.now() + patienceMs; !isSame();) {
      if (Date.now() > endMs) return false;
      await sleep(50);
    }
    return true;
  }

  /** Waits until every application is in sync. */
  async untilSynced(): Promise<void> {
    const isSynced = (): boolean => this.engine.applications().every(({ state, isComparing }) => state === 'synced' && !isComparing);
    for (const endMs = Date.now() + patienceMs; !isSynced();) {
      if (Date.now() > endMs) throw new Error(`never in sync: ${JSON.stringify(this.engine.applications())}`);
      await sleep(50);
    }
  }

  /** Ends the engine and its proxy. */
  async stop(): Promise<void> {
    this.engine.dispose();
    await this.proxy.stop();
  }
}

/** What this process holds. */
export interface Held {
  /** of the heap, once everything that nothing refers to is gone */
  readonly heapMb: number;
  /** open files, sockets and pipes (Linux: /proc; elsewhere 0) */
  readonly descriptors: number;
  /** of what keeps the process alive, by name: timers, sockets, watchers, workers */
  readonly resources: Readonly<Record<string, number>>;
}

/** Collects garbage, and counts. */
export async function held(): Promise<Held> {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  // What ended lets go of its last parts in the turns after; finalizers run between collections.
  for (let turn = 0; turn < 4; turn += 1) {
    await sleep(10);
    collect();
  }
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const descriptors = (await readdir('/proc/self/fd').catch(() => [])).length;
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20, descriptors, resources };
}
