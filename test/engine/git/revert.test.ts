import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { revertChanges, type RevertedCommit, startRevert, treeWith } from '../../../src/engine/git/revert.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { commit, git, makeRepo, testEnvironment, write } from './sampleRepo.ts';

const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'a@example.org',
};

async function writing(folder: string): Promise<WritingGit> {
  const layout = (await findLayout(folder)) ?? assert.fail();
  return new WritingGit(layout, { isTrusted: () => true, environment: { ...testEnvironment, ...identity } });
}

const lines = (...changed: readonly (readonly [number, string])[]): string => {
  const text = Array.from({ length: 12 }, (_, index) => `line ${String(index)}`);
  for (const [at, line] of changed) text[at] = line;
  return `${text.join('\n')}\n`;
};

/** first, then a change at the top, one at the bottom with a new file, and a merge of a branch that changed the middle */
function history(t: TestContext): { repo: string; top: string; bottom: string; merge: string } {
  const repo = makeRepo(t, { 'a.txt': lines(), 'gone.txt': 'x\n' });
  const top = commit(repo, { 'a.txt': lines([0, 'top']) }, 'top');
  git(repo, 'rm', '-q', 'gone.txt');
  const bottom = commit(repo, { 'a.txt': lines([0, 'top'], [11, 'bottom']), 'new.txt': 'n\n' }, 'bottom');
  git(repo, 'checkout', '-q', '-b', 'side');
  commit(repo, { 'a.txt': lines([0, 'top'], [6, 'middle'], [11, 'bottom']) }, 'middle');
  git(repo, 'checkout', '-q', 'main');
  git(repo, 'merge', '-q', '--no-ff', '-m', 'merged', 'side');
  return { repo, top, bottom, merge: git(repo, 'rev-parse', 'HEAD') };
}

const parentOf = (repo: string, id: string, number = 1): string => git(repo, 'rev-parse', `${id}^${String(number)}`);

test('reverts give the files that git revert gives: one in the middle of history, all, a merge by its mainline', async (t) => {
  const { repo, top, bottom, merge } = history(t);
  const writer = await writing(repo);
  const one = (id: string): RevertedCommit => ({ id, parent: parentOf(repo, id) });
  const merged: RevertedCommit = { id: merge, parent: parentOf(repo, merge), mainline: 1 };
  const cases: readonly (readonly [string, readonly RevertedCommit[], readonly string[]])[] = [
    ['one', [one(top)], [top]],
    ['two', [one(bottom), one(top)], [bottom, top]],
    ['merge', [merged], ['-m', '1', merge]],
  ];
  for (const [name, commits, args] of cases) {
    const result = await revertChanges(writer, merge, commits, t.signal);
    assert.ok('changes' in result, name);
    const tree = await treeWith(writer, merge, result.changes, t.signal);
    git(repo, 'checkout', '-q', '--detach', merge);
    git(repo, 'revert', '--no-edit', ...args);
    assert.equal(tree, git(repo, 'rev-parse', 'HEAD^{tree}'), name);
  }
  git(repo, 'checkout', '-q', 'main');
  // The other parent's side stays: all that the branch had beside the merge is taken back.
  const other = await revertChanges(writer, merge, [{ id: merge, parent: parentOf(repo, merge, 2), mainline: 2 }], t.signal);
  assert.deepEqual(other, { changes: [] });
});

test('a revert that later commits stand in the way of names commit and files, and writes nothing', async (t) => {
  const repo = makeRepo(t, { 'a.txt': lines(), 'b.txt': 'b\n' });
  const first = commit(repo, { 'a.txt': lines([3, 'mine']), 'b.txt': 'bb\n' });
  const head = commit(repo, { 'a.txt': lines([3, 'theirs']) });
  const writer = await writing(repo);
  const reverted = [{ id: first, parent: parentOf(repo, first) }];
  assert.deepEqual(await revertChanges(writer, head, reverted, t.signal), { conflict: { commit: first, files: ['a.txt'] } });
  assert.equal(git(repo, 'status', '--porcelain'), '');

  write(repo, { 'a.txt': 'edited\n' });
  await assert.rejects(startRevert(writer, reverted, t.signal), { code: 'rollback-revert-dirty', details: { files: ['a.txt'] } });
  git(repo, 'checkout', '-q', 'a.txt');
  write(repo, { 'other.txt': 'untouched by it\n' });
  assert.deepEqual(await startRevert(writer, reverted, t.signal), [{ file: join(repo, 'a.txt'), isMergeable: true }]);
  assert.match(readFileSync(join(repo, 'a.txt'), 'utf8'), /^<<<<<<< /m);
  assert.equal(git(repo, 'rev-parse', 'REVERT_HEAD'), first);
  await assert.rejects(startRevert(writer, reverted, t.signal), { code: 'git-operation', details: { operation: 'revert' } });
  git(repo, 'revert', '--abort');
  assert.equal(git(repo, 'status', '--porcelain'), '?? other.txt');
});

test('a real git revert that goes through is committed; merges and others are not mixed in one', async (t) => {
  const { repo, top, bottom, merge } = history(t);
  const writer = await writing(repo);
  const merged = { id: merge, parent: parentOf(repo, merge), mainline: 1 };
  const mixed = [merged, { id: bottom, parent: parentOf(repo, bottom) }];
  await assert.rejects(startRevert(writer, mixed, t.signal), {
    code: 'rollback-revert-mixed',
    details: { commands: [`git revert -m 1 ${merge}`, `git revert ${bottom}`] },
  });
  assert.deepEqual(await startRevert(writer, [{ id: top, parent: parentOf(repo, top) }], t.signal), []);
  assert.deepEqual([git(repo, 'log', '-1', '--format=%s'), git(repo, 'status', '--porcelain')], ['Revert "top"', '']);
});
