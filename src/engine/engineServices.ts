import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackgroundRunner, Limiter } from '../base/async.ts';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { ClusterPool } from './cluster/api.ts';
import { kubeconfigFiles } from './cluster/kubeconfig.ts';
import { createClusterPool, type PoolOptions } from './cluster/pool.ts';
import type { RemotePort } from './commits/commitApi.ts';
import { ControlPlanes } from './owners/controlPlanes.ts';
import { CustomHealth } from './sessions/customHealth.ts';
import { Judge } from './drift/judge.ts';
import { VerdictCache } from './drift/verdictCache.ts';
import { BareCache } from './git/bareCache.ts';
import type { GitOptions } from './git/program.ts';
import type { Application } from './model/application.ts';
import type { EngineSettings } from './model/settings.ts';
import { ObjectChecker } from './sessions/objectChecker.ts';
import { Locator } from './provenance/locate.ts';
import { FieldLines } from './editor/fieldLines.ts';
import { LiveHealth } from './sessions/liveHealth.ts';
import { OwnerObjects } from './owners/ownerObjects.ts';
import { OwnerViews } from './owners/ownerViews.ts';
import { PatientRemotes } from './sources/patientRemotes.ts';
import { fetchRemoteFile } from './sources/remoteFetch.ts';
import { CachedRemoteSources } from './render/cachedRemotes.ts';
import { ReleaseBaselines } from './sessions/releaseBaselines.ts';
import { RenderService } from './render/renderService.ts';
import { SourceRenderer } from './sources/sourceRenderer.ts';
import { VolatileFields } from './sessions/volatileFields.ts';

/** Stands over what the repo says; for the CLI. */
export interface EngineOverrides {
  /** compare this commit, branch or tag instead of target; `working tree` for the files on disk */
  readonly revision?: string;
  /** use this context for every application */
  readonly context?: string;
  /** compare this as the one application, whatever plumbline.yaml says */
  readonly adHoc?: Application;
}

/** What an engine is made from. */
export interface EngineOptions {
  readonly settings: EngineSettings;
  /** folder for caches on disk, of this installation */
  readonly storagePath: string;
  /** laid over the process's environment: PATH and proxies of the login shell */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** talks to remotes with the editor's credentials; absent: git itself does */
  readonly remotes?: RemotePort;
  readonly overrides?: EngineOverrides;
  /** other waits toward clusters than the usual ones; for tests */
  readonly clusterTimes?: Pick<PoolOptions, 'transportTimes' | 'monitorTimes' | 'reflectorTimes' | 'unknownKindRetryMs'>;
}

/** The rooms' long-lived parts. */
export interface EngineServices extends Disposable {
  gitOptions(): GitOptions;
  readonly pool: ClusterPool;
  readonly renderer: SourceRenderer;
  readonly checker: ObjectChecker;
  readonly fieldLines: FieldLines;
  /** what every render of a Helm chart makes anew */
  readonly volatile: VolatileFields;
  readonly judge: Judge;
  /** how Argo CD and Flux look at their objects */
  readonly owners: OwnerViews;
  /** the list of kubeconfig files changed */
  reloadKubeconfig(): void;
}

const concurrentDryRuns = 8;

/**
 * Makes the rooms' long-lived parts. Starts no process and opens no connection.
 * @param settings asked whenever a setting counts, since settings change at run time
 */
export async function createServices(
  options: EngineOptions,
  settings: () => EngineSettings,
  background: BackgroundRunner,
): Promise<EngineServices> {
  const store = new DisposableStore();
  const environment = { ...process.env, ...options.environment };
  const isTrusted = (): boolean => settings().isTrusted;
  const hashKey = await installationKey(options.storagePath);
  const verdicts = new VerdictCache({ hashKey, file: join(options.storagePath, 'verdicts.json'), now: () => Date.now() });
  await verdicts.load();
  store.add(
    toDisposable(() => {
      background.run('save verdicts', () => verdicts.save());
    }),
  );
  const judge = new Judge(verdicts, new Limiter(concurrentDryRuns));
  const gitOptions = (): GitOptions => {
    const { gitPath } = settings();
    return { isTrusted, environment, ...(gitPath === null ? {} : { gitPath }) };
  };
  const remote = store.add(makeRemotes(options, settings, gitOptions, environment, store));
  const renders = store.add(new RenderService({ logger: options.logger, cacheFolder: join(options.storagePath, 'renders'), remote }));
  // Apart from the renders that people wait for: what is tried out never stands before them, and little of it is kept.
  const probes = store.add(new RenderService({ logger: options.logger, remote, limits: { memoryCacheBytes: 0, idleMs: 30_000 } }));
  const fieldLines = new FieldLines(probes, background, () => settings().decorationsEnabled || settings().codeLensEnabled);
  const pool = store.add(makePool(options, settings, environment));
  const hubs = store.add(new ControlPlanes(pool, () => settings().controlPlanes));
  const owners = new OwnerViews(renders, new OwnerObjects(hubs), background.signal);
  const volatile = new VolatileFields(renders);
  return {
    gitOptions,
    pool,
    volatile,
    judge,
    owners,
    renderer: new SourceRenderer(renders, remote, () => settings().renderTimeoutSeconds * 1000),
    fieldLines,
    checker: new ObjectChecker(
      judge,
      new Locator(),
      new ReleaseBaselines(renders, background.signal),
      fieldLines,
      owners,
      new LiveHealth(new CustomHealth(renders, owners, background.signal)),
      volatile,
    ),
    reloadKubeconfig: () => {
      pool.reload();
    },
    dispose: () => {
      store.dispose();
    },
  };
}

/** Connections to clusters, by the kubeconfig files of the settings or else of the environment. */
function makePool(
  { clusterTimes, logger, storagePath }: EngineOptions,
  settings: () => EngineSettings,
  environment: GitOptions['environment'],
): ClusterPool {
  return createClusterPool({
    ...clusterTimes,
    log: logger,
    host: { isTrusted: () => settings().isTrusted, environment: () => environment },
    cacheFolder: join(storagePath, 'schemas'),
    files: () => {
      const files = settings().kubeconfig;
      return files.length > 0
        ? { files: files.flatMap((file) => kubeconfigFiles(environment, file).files), isExplicit: true }
        : kubeconfigFiles(environment);
    },
  });
}

/** Remote bases and chart dependencies: only with the setting on, in a trusted workspace. */
function makeRemotes(
  { storagePath, logger }: EngineOptions,
  settings: () => EngineSettings,
  git: () => GitOptions,
  environment: GitOptions['environment'],
  store: DisposableStore,
): PatientRemotes {
  const isAllowed = (): boolean => settings().isTrusted && settings().allowRemoteSources;
  const bases = store.add(new BareCache({ git, folder: join(storagePath, 'bases'), logger }));
  const sources = new CachedRemoteSources({
    isAllowed,
    fetchBytes: (url, signal) => fetchRemoteFile(url, signal, { environment }),
    fetchTree: (url, signal) => bases.resolve(url, signal),
    folder: join(storagePath, 'remotes'),
    onStale: (problem) => {
      logger.warn(`[remote] a remote source could not be fetched, what was fetched before is used: ${problem}`);
    },
  });
  return new PatientRemotes({ isAllowed, sources });
}

/**
 * The secret of this installation, by which hashes of secret values reveal nothing to other programs; made at first use, mode 0600.
 * @param storagePath folder of the installation's caches
 */
async function installationKey(storagePath: string): Promise<Uint8Array> {
  const file = join(storagePath, 'installation.key');
  await mkdir(storagePath, { recursive: true, mode: 0o700 });
  try {
    const key = await readFile(file);
    if (key.length === 32) return key;
  } catch {
    // not there yet: made below
  }
  try {
    await writeFile(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  } catch {
    // Another window was faster: its key is read below.
  }
  return readFile(file);
}
