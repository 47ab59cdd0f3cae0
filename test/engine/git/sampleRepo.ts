import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { GitRepository } from '../../../src/engine/git/repository.ts';

/** The environment of git in tests: no configuration of the machine or the user. */
export const testEnvironment: Readonly<Record<string, string | undefined>> = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
  GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
  GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
};

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-git-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs git as a user would and gives its output. */
export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: folder,
    env: { ...testEnvironment, ...identity },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Writes files below a folder. */
export function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Writes files and commits everything. @returns the commit's id */
export function commit(folder: string, files: Readonly<Record<string, string | Uint8Array>>, message = 'change'): string {
  write(folder, files);
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', message);
  return git(folder, 'rev-parse', 'HEAD');
}

/** A repository on branch `main`, with one commit unless there are no files. */
export function makeRepo(t: TestContext, files: Readonly<Record<string, string | Uint8Array>> = { 'a.yaml': 'a: 1\n' }): string {
  const folder = join(temporaryFolder(t), 'repo');
  mkdirSync(folder);
  git(folder, 'init', '-q', '-b', 'main');
  if (Object.keys(files).length > 0) commit(folder, files, 'first');
  return folder;
}

/** A repository with a bare `origin` that its branch `main` follows. */
export function makeRepoWithOrigin(t: TestContext): { repo: string; origin: string } {
  const repo = makeRepo(t);
  const origin = join(repo, '..', 'origin.git');
  git(repo, 'clone', '-q', '--bare', repo, origin);
  git(repo, 'remote', 'add', 'origin', origin);
  git(repo, 'fetch', '-q');
  git(repo, 'branch', '-q', '--set-upstream-to=origin/main');
  return { repo, origin };
}

/** Opens a repository for a test. */
export async function open(t: TestContext, folder: string, isTrusted = true): Promise<GitRepository> {
  const repository = await GitRepository.open(folder, { isTrusted: () => isTrusted, environment: testEnvironment }, t.signal);
  t.after(() => {
    repository.dispose();
  });
  return repository;
}
