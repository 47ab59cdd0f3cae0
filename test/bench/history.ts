import { execFile, execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { defaultSettings } from '../../src/engine/model/settings.ts';
import { temporaryFolder } from '../tools/processes.mjs';
import type { Measurement } from './report.ts';

const commitCount = 20_000;
const applicationCount = 200;
const warmLimitMs = 500;
const rounds = 5;
const run = promisify(execFile);

/** The history of one of 200 applications in a repository of 20,000 commits: at first, and after commits came. */
export async function benchHistory(): Promise<readonly Measurement[]> {
  const folder = await temporaryFolder('plumbline-bench-history-');
  try {
    return await measured(join(folder.path, 'repo'), join(folder.path, 'storage'));
  } finally {
    await folder.remove();
  }
}

async function measured(repo: string, storagePath: string): Promise<readonly Measurement[]> {
  const { signal } = new AbortController();
  await mkdir(repo);
  const git = async (...args: readonly string[]): Promise<string> => (await run('git', [...args], { cwd: repo })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  execFileSync('git', ['fast-import', '--quiet'], { cwd: repo, input: manyCommits() });
  await git('reset', '-q', '--hard');
  const settings = { ...defaultSettings, isTrusted: true, fetchIntervalMinutes: 0 };
  const engine = await Engine.create({ settings, storagePath, environment: {}, logger: silentLogger });
  try {
    await engine.openFolder(repo, signal);
    const ask = async (): Promise<number> => {
      const startedAt = performance.now();
      const { commits } = await engine.rollbacks.history('prod/a7', 200, signal);
      const elapsed = performance.now() - startedAt;
      if (commits.length < commitCount / applicationCount) throw new Error(`${String(commits.length)} commits found`);
      return elapsed;
    };
    const cold = await ask();
    const warm: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      execFileSync('git', ['fast-import', '--quiet'], { cwd: repo, input: oneCommit(round) });
      await engine.rollbacks.arrived('prod/a7', await git('rev-parse', 'main'), signal);
      warm.push(await ask());
    }
    const startedAt = performance.now();
    await git('log', '--first-parent', '--format=%H %s', 'main', '--', 'apps/a7');
    const peers = { 'git log of its folder': performance.now() - startedAt };
    const median = warm.sort((left, right) => left - right)[Math.floor(rounds / 2)] ?? 0;
    return [
      { what: 'one of 200 applications, first look', value: cold, unit: 'ms', peers },
      { what: 'the same after one more commit', value: median, unit: 'ms', bar: { limit: warmLimitMs, is: 'max' }, peers },
    ];
  } finally {
    engine.dispose();
  }
}

/** A stream for git-fast-import(1): plumbline.yaml, then commits that change one application after the other. */
function manyCommits(): string {
  const applications = Array.from(
    { length: applicationCount },
    (_, at) => `  - {name: a${String(at)}, environment: prod, path: apps/a${String(at)}, namespace: shop}\n`,
  );
  const config = `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n  prod: {context: nowhere, branch: main}\napplications:\n${applications.join('')}`;
  const commits = Array.from({ length: commitCount - 1 }, (_, at) => change(at, at));
  return [commitOf(0, 'plumbline.yaml', config, ''), ...commits].join('\n');
}

/** One more commit of the application that is asked for. */
function oneCommit(round: number): string {
  return change(commitCount + round * applicationCount + 7, commitCount + round, 'from refs/heads/main^0\n');
}

function change(at: number, second: number, from = ''): string {
  const name = `a${String(at % applicationCount)}`;
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {round: "${String(at)}"}\n`;
  return commitOf(second + 1, `apps/${name}/settings.yaml`, text, from);
}

function commitOf(second: number, path: string, text: string, from: string): string {
  const committer = `committer Ada <ada@example.org> ${String(1_700_000_000 + second)} +0000`;
  const head = `commit refs/heads/main\n${committer}\ndata 6\nchange\n${from}`;
  return `${head}M 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n`;
}
