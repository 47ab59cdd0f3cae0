import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { RepositoryState } from '../../../src/engine/git/state.ts';
import { commit, git, makeRepo, makeRepoWithOrigin, open, temporaryFolder, testEnvironment } from './sampleRepo.ts';
import { GitRepository } from '../../../src/engine/git/repository.ts';

/** State and target of a repository, without what differs from run to run. */
async function look(t: TestContext, folder: string): Promise<Omit<RepositoryState, 'fetchedAtMs'> & { target: string }> {
  const repository = await open(t, folder);
  const { fetchedAtMs: _time, ...state } = await repository.state(t.signal);
  const target = await repository.target(undefined, t.signal).then(
    ({ name, commit: id, isUpstream }) => `${name} ${id}${isUpstream ? ' upstream' : ''}`,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );
  return { ...state, target };
}

const calm = { isIndexLocked: false, isShallow: false, problems: [] };

test('a branch behind and ahead of its upstream', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const other = join(temporaryFolder(t), 'other');
  git(repo, 'clone', '-q', origin, other);
  const theirs = commit(other, { 'b.yaml': 'b: 1\n' });
  git(other, 'push', '-q');
  commit(repo, { 'c.yaml': 'c: 1\n' });
  const ours = commit(repo, { 'c.yaml': 'c: 2\n' });
  git(repo, 'fetch', '-q');
  assert.deepEqual(await look(t, repo), {
    ...calm,
    head: { kind: 'branch', branch: 'main', commit: ours },
    upstream: 'origin/main',
    ahead: 2,
    behind: 1,
    remotes: ['origin'],
    target: `origin/main ${theirs} upstream`,
  });
});

test('without commits, without upstream, detached', async (t) => {
  const unborn = makeRepo(t, {});
  assert.deepEqual(await look(t, unborn), {
    ...calm,
    head: { kind: 'unborn', branch: 'main' },
    remotes: [],
    problems: [{ code: 'git-no-commits', details: { branch: 'main' } }],
    target: 'git-no-commits',
  });

  const local = makeRepo(t);
  const id = git(local, 'rev-parse', 'HEAD');
  assert.deepEqual(await look(t, local), {
    ...calm,
    head: { kind: 'branch', branch: 'main', commit: id },
    remotes: [],
    target: `main ${id}`,
  });

  git(local, 'checkout', '-q', '--detach');
  assert.deepEqual(await look(t, local), {
    ...calm,
    head: { kind: 'detached', commit: id },
    remotes: [],
    problems: [{ code: 'git-detached', details: { commit: id } }],
    target: `HEAD ${id}`,
  });
});

test('operations in progress and a locked index', async (t) => {
  const repo = makeRepo(t);
  git(repo, 'checkout', '-q', '-b', 'other');
  commit(repo, { 'a.yaml': 'a: other\n' });
  git(repo, 'checkout', '-q', 'main');
  const base = commit(repo, { 'a.yaml': 'a: main\n' });
  const failing = (...args: string[]): void => {
    assert.throws(() => git(repo, ...args));
  };
  const seen: (string | undefined)[] = [];
  const see = async (): Promise<void> => {
    seen.push((await look(t, repo)).operation);
  };
  failing('merge', '-q', 'other');
  await see();
  git(repo, 'merge', '--abort');
  failing('rebase', '-q', 'other');
  await see();
  git(repo, 'rebase', '--abort');
  failing('cherry-pick', 'other');
  await see();
  git(repo, 'cherry-pick', '--abort');
  commit(repo, { 'a.yaml': 'a: again\n' });
  failing('revert', '--no-edit', base);
  await see();
  git(repo, 'revert', '--abort');
  git(repo, 'bisect', 'start');
  await see();
  git(repo, 'bisect', 'reset');
  await see();
  assert.deepEqual(seen, ['merge', 'rebase', 'cherry-pick', 'revert', 'bisect', undefined]);

  writeFileSync(join(repo, '.git/index.lock'), '');
  const locked = await look(t, repo);
  assert.deepEqual([locked.isIndexLocked, locked.problems], [true, [{ code: 'git-index-locked', details: {} }]]);
  // Reading goes on: the index is neither needed nor written.
  assert.equal(locked.head.kind, 'branch');
  rmSync(join(repo, '.git/index.lock'));
});

test('targets of environments', async (t) => {
  const { repo } = makeRepoWithOrigin(t);
  const first = git(repo, 'rev-parse', 'HEAD');
  git(repo, 'push', '-q', 'origin', 'main:staging');
  git(repo, 'branch', '-q', 'local-only');
  git(repo, 'branch', '-q', 'gone', '--track', 'origin/staging');
  git(repo, 'update-ref', '-d', 'refs/remotes/origin/nothing');
  const second = commit(repo, { 'a.yaml': 'a: 2\n' });
  git(repo, 'pack-refs', '--all');
  const repository = await open(t, repo);
  const targets: Record<string, unknown> = {};
  for (const branch of ['main', 'staging', 'local-only', 'gone', 'missing', '-x', 'origin/main']) {
    targets[branch] = await repository.target(branch, t.signal).then(
      ({ name, commit: id, ahead, behind }) => [name, id, ahead, behind],
      (error: unknown) => (isAppError(error) ? error.code : String(error)),
    );
  }
  assert.deepEqual(targets, {
    main: ['origin/main', first, 1, 0],
    staging: ['origin/staging', first, 1, 0],
    'local-only': ['local-only', first, 1, 0],
    gone: ['origin/staging', first, 1, 0],
    missing: 'git-branch-not-found',
    '-x': 'git-branch-not-found',
    'origin/main': 'git-branch-not-found',
  });
  git(repo, 'push', '-q', 'origin', ':staging');
  git(repo, 'checkout', '-q', 'gone');
  const state = await repository.state(t.signal);
  assert.deepEqual(state.problems, [{ code: 'git-upstream-gone', details: { branch: 'gone', upstream: 'origin/staging' } }]);
  assert.deepEqual((await repository.target(undefined, t.signal)).name, 'gone');
  assert.notEqual(first, second);
});

test('a worktree, a submodule and a folder inside have their own state', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': 'a: 1\n', 'deep/er/b.yaml': 'b: 1\n' });
  const id = git(repo, 'rev-parse', 'HEAD');
  const worktree = join(repo, '..', 'tree');
  git(repo, 'worktree', 'add', '-q', '-b', 'feature', worktree);
  const library = makeRepo(t, { 'lib.yaml': 'l: 1\n' });
  git(repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  const heads: unknown[] = [];
  for (const folder of [worktree, join(repo, 'lib'), join(repo, 'deep/er')]) {
    const repository = await open(t, folder);
    heads.push([repository.root, (await repository.state(t.signal)).head]);
  }
  assert.deepEqual(heads, [
    [worktree, { kind: 'branch', branch: 'feature', commit: id }],
    [join(repo, 'lib'), { kind: 'branch', branch: 'main', commit: git(library, 'rev-parse', 'HEAD') }],
    [repo, { kind: 'branch', branch: 'main', commit: id }],
  ]);
});

test('the age of the last fetch', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const at = (folder: string): Promise<number | undefined> =>
    open(t, folder).then(async (repository) => (await repository.state(t.signal)).fetchedAtMs);
  const when = new Date('2026-03-04T05:06:07Z');
  utimesSync(join(repo, '.git/FETCH_HEAD'), when, when);
  const clone = join(temporaryFolder(t), 'clone');
  git(repo, 'clone', '-q', origin, clone);
  const cloned = await at(clone);
  assert.deepEqual([await at(repo), await at(makeRepo(t))], [when.getTime(), undefined]);
  assert.ok(cloned !== undefined && Math.abs(cloned - Date.now()) < 60_000);
});

test('what cannot be opened says why', async (t) => {
  const repo = makeRepo(t);
  const bare = join(temporaryFolder(t), 'bare.git');
  git(repo, 'clone', '-q', '--bare', repo, bare);
  const elsewhere = makeRepo(t);
  git(elsewhere, 'config', 'core.worktree', repo);
  const trusted = { isTrusted: () => true, environment: testEnvironment };
  const codes: Record<string, string> = {};
  const attempt = async (name: string, folder: string, options: Parameters<typeof GitRepository.open>[1]): Promise<void> => {
    codes[name] = await GitRepository.open(folder, options, t.signal).then(
      () => 'opened',
      (error: unknown) => (isAppError(error) ? error.code : String(error)),
    );
  };
  await attempt('no repository', temporaryFolder(t), trusted);
  await attempt('bare', bare, trusted);
  await attempt('core.worktree', elsewhere, trusted);
  await attempt('no git on PATH', repo, { ...trusted, environment: { PATH: '/nonexistent:.' } });
  await attempt('wrong path', repo, { ...trusted, gitPath: '/nonexistent/git' });
  await attempt('relative path', repo, { ...trusted, gitPath: 'git' });
  await attempt('not git', repo, { ...trusted, gitPath: '/bin/true' });
  await attempt('untrusted', repo, { ...trusted, isTrusted: () => false });
  assert.deepEqual(codes, {
    'no repository': 'git-not-a-repository',
    bare: 'git-not-a-repository',
    'core.worktree': 'git-worktree-elsewhere',
    'no git on PATH': 'git-missing',
    'wrong path': 'git-missing',
    'relative path': 'git-missing',
    'not git': 'git-too-old',
    untrusted: 'workspace-untrusted',
  });
});
