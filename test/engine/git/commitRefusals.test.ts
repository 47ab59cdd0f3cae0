import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { type CommitRequest, makeCommit } from '../../../src/engine/git/commitWriter.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { hook, rawIndex, requestFor, stateOf, writing } from './commitSupport.ts';
import { commit, git, makeRepo, testEnvironment, write } from './sampleRepo.ts';

const refusals: readonly {
  name: string;
  code: string;
  prepare: (repo: string) => Promise<void> | void;
  more?: Partial<CommitRequest>;
}[] = [
  {
    name: 'failing pre-commit',
    code: 'commit-hook-failed',
    prepare: (repo) => {
      hook(repo, 'pre-commit', 'echo no; exit 1');
    },
  },
  {
    name: 'failing commit-msg',
    code: 'commit-hook-failed',
    prepare: (repo) => {
      hook(repo, 'commit-msg', 'exit 3');
    },
  },
  {
    name: 'failing reference-transaction',
    code: 'git-failed',
    prepare: (repo) => {
      hook(repo, 'reference-transaction', 'test "$1" != prepared');
    },
  },
  {
    name: 'failing signer',
    code: 'commit-sign-failed',
    prepare: (repo) => {
      git(repo, 'config', 'commit.gpgsign', 'true');
      git(repo, 'config', 'gpg.program', '/bin/false');
    },
  },
  {
    name: 'locked index',
    code: 'git-index-locked',
    prepare: (repo) => {
      writeFileSync(join(repo, '.git/index.lock'), '');
    },
  },
  {
    name: 'locked index while a hook runs',
    code: 'git-index-locked',
    prepare: (repo) => {
      hook(repo, 'commit-msg', ': > .git/index.lock');
    },
  },
  {
    name: 'branch moved while a hook runs',
    code: 'commit-moved',
    prepare: (repo) => {
      hook(repo, 'commit-msg', 'git update-ref refs/heads/main $(git commit-tree -p HEAD -m x HEAD^{tree})');
    },
  },
  {
    name: 'index changed while a hook runs',
    code: '',
    prepare: (repo) => {
      hook(repo, 'commit-msg', 'unset GIT_INDEX_FILE; echo z > z; git add z');
    },
  },
  {
    name: 'detached HEAD',
    code: 'git-detached',
    prepare: (repo) => {
      git(repo, 'checkout', '-q', '--detach');
    },
  },
  {
    name: 'staged change of the same line',
    code: 'commit-overlaps',
    prepare: (repo) => {
      write(repo, { 'a.yaml': 'a: 3\n' });
      git(repo, 'add', 'a.yaml');
    },
  },
  {
    name: 'edit of the same line',
    code: 'commit-overlaps',
    more: { workingTree: 'write' },
    prepare: (repo) => {
      write(repo, { 'a.yaml': 'a: 3\n' });
    },
  },
  { name: 'empty message', code: 'commit-message-empty', more: { message: ' ' }, prepare: () => undefined },
  {
    name: 'branch that exists',
    code: 'git-branch-exists',
    prepare: (repo) => {
      git(repo, 'branch', 'taken');
    },
  },
  { name: 'name that is no branch', code: 'git-branch-invalid', prepare: () => undefined },
  {
    name: 'nobody configured',
    code: 'commit-identity',
    prepare: (repo) => {
      git(repo, 'config', 'user.useConfigOnly', 'true');
    },
  },
  ...['merge', 'rebase', 'cherry-pick', 'revert', 'bisect'].map((operation) => ({
    name: operation,
    code: 'git-operation',
    prepare: (repo: string) => {
      begin(repo, operation);
    },
  })),
];

/** Leaves an operation half done, as a conflict does. */
function begin(repo: string, operation: string): void {
  if (operation === 'bisect') {
    git(repo, 'bisect', 'start');
    return;
  }
  git(repo, 'checkout', '-q', '-b', 'side');
  const side = commit(repo, { 'c.yaml': 'c: side\n' });
  git(repo, 'checkout', '-q', 'main');
  const main = commit(repo, { 'c.yaml': 'c: main\n' });
  commit(repo, { 'c.yaml': 'c: newer\n' });
  const args =
    { merge: ['merge', side], rebase: ['rebase', 'side'], 'cherry-pick': ['cherry-pick', side], revert: ['revert', main] }[operation] ?? [];
  assert.throws(() => git(repo, ...args));
}

for (const { name, code, prepare, more = {} } of refusals) {
  test(`refused, and nothing is changed: ${name}`, async (t) => {
    const repo = makeRepo(t, { 'a.yaml': 'a: 1\n', 'c.yaml': 'c: 1\n' });
    await prepare(repo);
    const isNobody = code === 'commit-identity';
    const writer = isNobody
      ? new WritingGit((await findLayout(repo)) ?? assert.fail(), { isTrusted: () => true, environment: testEnvironment })
      : await writing(repo);
    const newBranch = { 'git-branch-exists': 'taken', 'git-branch-invalid': 'a..b' }[code];
    const request = await requestFor(writer, 'a.yaml', 'a: 2\n', {
      ...more,
      ...(newBranch === undefined ? {} : { newBranch: { name: newBranch, start: git(repo, 'rev-parse', 'HEAD') } }),
    });
    const before = stateOf(repo);
    const index = rawIndex(repo);
    if (code === '') {
      // The index is copied after the hooks, so what they staged is kept.
      await makeCommit(writer, request, t.signal);
      assert.match(git(repo, 'status', '--porcelain'), /^A {2}z$/m);
      return;
    }
    await assert.rejects(makeCommit(writer, request, t.signal), (error) => isAppError(error, code));
    const after = stateOf(repo);
    assert.ok(rawIndex(repo).equals(index), 'the bytes of the index');
    const wasMovedByHook = code === 'commit-moved';
    const isLockedByHook = name.startsWith('locked');
    assert.deepEqual(
      {
        ...after,
        ...(wasMovedByHook ? { head: before['head'], refs: before['refs'] } : {}),
        ...(isLockedByHook ? { lock: before['lock'] } : {}),
      },
      before,
    );
  });
}
