import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Logger } from '../../../src/base/log.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { EngineOptions } from '../../../src/engine/engineServices.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import { defaultSettings, type EngineSettings } from '../../../src/engine/model/settings.ts';
import type { ApplicationRow, ObjectRow } from '../../../src/engine/model/snapshot.ts';

const run = promisify(execFile);

/** Runs git with no configuration but the repo's; returns stdout. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const identity = {
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.com',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.com',
  };
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...identity };
  return (await run('git', [...args], { cwd, env })).stdout;
}

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs at the end of the test, what was registered last first: an engine ends before its folder goes. */
export function atEnd(t: TestContext, cleanup: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(cleanup);
    return;
  }
  const own = [cleanup];
  cleanups.set(t, own);
  t.after(async () => {
    for (const each of own.reverse()) await each();
  });
}

/** A folder that goes with the test. */
export async function testFolder(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'plumbline-engine-')));
  atEnd(t, () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** A repo with one commit of these files. */
export async function testRepo(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await testFolder(t), 'repo');
  await writeFiles(folder, files);
  await git(folder, 'init', '-q', '-b', 'main');
  await git(folder, 'add', '-A');
  await git(folder, 'commit', '-q', '-m', 'first');
  return folder;
}

/** Settings of a trusted workspace without background fetches. */
export function settingsFor(kubeconfig: string, over: Partial<EngineSettings> = {}): EngineSettings {
  return {
    ...defaultSettings,
    isTrusted: true,
    kubeconfig: [kubeconfig],
    fetchIntervalMinutes: 0,
    renderTimeoutSeconds: 30,
    ...over,
  };
}

/** An engine with a repo open, and the errors that it logged. */
export interface TestEngine {
  readonly engine: Engine;
  readonly errors: string[];
}

/**
 * Starts an engine on a folder; it is disposed with the test.
 * @param clusterTimes shorter ones, where a test would wait for a retry
 */
export async function startEngine(
  t: TestContext,
  folder: string,
  settings: EngineSettings,
  storagePath?: string,
  clusterTimes?: EngineOptions['clusterTimes'],
): Promise<TestEngine> {
  const errors: string[] = [];
  const ignore = (): undefined => undefined;
  const logger: Logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: (message) => errors.push(message) };
  const engine = await Engine.create({
    settings,
    storagePath: storagePath ?? join(await testFolder(t), 'storage'),
    environment: {},
    logger,
    ...(clusterTimes === undefined ? {} : { clusterTimes }),
  });
  atEnd(t, () => {
    engine.dispose();
  });
  await engine.openFolder(folder);
  return { engine, errors };
}

/** Waits until a condition on the engine holds; looks again at each change that the engine tells of. */
export async function until(engine: Engine, what: string, condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  if (condition()) return;
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (!condition()) return;
      end();
      resolve();
    };
    const subscriptions = [engine.onDidChangeRows(look), engine.onDidChangeMarks(look), engine.onDidChangeDocuments(look)];
    const timer = setTimeout(() => {
      end();
      reject(new Error(`not within ${String(timeoutMs)} ms: ${what}\n${JSON.stringify(engine.applications(), undefined, 1)}`));
    }, timeoutMs);
    const end = (): void => {
      clearTimeout(timer);
      for (const subscription of subscriptions) subscription.dispose();
    };
  });
}

/** The row of an application; fails when there is none. */
export function rowOf(engine: Engine, id: string): ApplicationRow {
  const row = engine.applications().find((each) => each.id === id);
  if (row === undefined)
    throw new Error(
      `no application ${id}: ${engine
        .applications()
        .map((each) => each.id)
        .join(' ')}`,
    );
  return row;
}

/** The row of an object by its kind and name. */
export function objectOf(engine: Engine, id: string, kindAndName: string): ObjectRow {
  const row = engine.objects(id).find((each) => `${each.kind}/${each.name}` === kindAndName);
  if (row === undefined) throw new Error(`no ${kindAndName} in ${id}`);
  return row;
}

/** The reasons of an application as a user reads them. */
export function reasonTexts(row: ApplicationRow): readonly string[] {
  return row.reasons.map((reason) => describe(reason.code, reason.details));
}
