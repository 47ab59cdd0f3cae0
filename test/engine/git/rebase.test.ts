import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { recoverMoves } from '../../../src/engine/git/moveJournal.ts';
import { rebaseOnto } from '../../../src/engine/git/rebase.ts';
import { environment, hook, rawIndex, stateOf, ten, writing } from './commitSupport.ts';
import { commit, git, makeRepo, temporaryFolder, write } from './sampleRepo.ts';

interface Diverged {
  readonly repo: string;
  readonly head: string;
  readonly upstream: string;
}

/** Two commits here and two at the upstream, from one start; and edits, staged and not, that neither of them is in the way of. */
function diverged(t: TestContext): Diverged {
  const repo = makeRepo(t, { 'a.yaml': ten, 'b.yaml': ten, 'gone.yaml': 'x: 1\n', 'theirs.yaml': ten });
  const start = git(repo, 'rev-parse', 'HEAD');
  commit(repo, { 'b.yaml': ten.replace('j: 1', 'j: theirs'), 'new/deep.yaml': 'n: 1\n' }, 'theirs 1');
  git(repo, 'rm', '-q', 'gone.yaml');
  const upstream = commit(repo, { 'theirs.yaml': ten.replace('a: 1', 'a: theirs') }, 'theirs 2');
  git(repo, 'reset', '-q', '--hard', start);
  commit(repo, { 'a.yaml': ten.replace('a: 1', 'a: ours') }, 'ours 1');
  git(repo, 'commit', '-q', '--amend', '--no-edit', '--author=Grace <grace@example.org>', '--date=2020-02-03T04:05:06+0700');
  const head = commit(repo, { 'b.yaml': ten.replace('a: 1', 'a: ours') }, 'ours 2\n\nWith a body.');
  write(repo, { 'staged.yaml': 's: 1\n', 'theirs.yaml': ten.replace('e: 1', 'e: staged') });
  git(repo, 'add', 'staged.yaml', 'theirs.yaml');
  write(repo, { 'theirs.yaml': ten.replace('e: 1', 'e: staged').replace('j: 1', 'j: edited'), 'un.txt': 'untracked\n' });
  return { repo, head, upstream };
}

const afterwards = (repo: string): unknown => ({
  log: git(repo, 'log', '--format=%an|%ad|%cn|%s|%b', '--date=iso', '-3'),
  status: git(repo, 'status', '--porcelain'),
  staged: git(repo, 'show', ':theirs.yaml'),
  files: ['a.yaml', 'b.yaml', 'theirs.yaml', 'new/deep.yaml', 'un.txt'].map((file) => readFileSync(join(repo, file), 'utf8')),
});
const expected = {
  log: 'Ada|2026-01-02 03:04:05 +0000|Ada|ours 2|With a body.\nGrace|2020-02-03 04:05:06 +0700|Ada|ours 1|\nAda|2026-01-02 03:04:05 +0000|Ada|theirs 2|'.replace(
    '|With a body.\n',
    '|With a body.\n\n',
  ),
  status: 'A  staged.yaml\nMM theirs.yaml\n?? un.txt',
  staged: ten.replace('a: 1', 'a: theirs').replace('e: 1', 'e: staged').trim(),
  files: [
    ten.replace('a: 1', 'a: ours'),
    ten.replace('a: 1', 'a: ours').replace('j: 1', 'j: theirs'),
    ten.replace('a: 1', 'a: theirs').replace('e: 1', 'e: staged').replace('j: 1', 'j: edited'),
    'n: 1\n',
    'untracked\n',
  ],
};

test('our commits come on top of the fetched ones with their authors and messages; what is staged and edited stays', async (t) => {
  const { repo, head, upstream } = diverged(t);
  const outcome = await rebaseOnto(await writing(repo), { head, upstream }, t.signal);
  assert.deepEqual(afterwards(repo), expected);
  assert.deepEqual(
    [outcome, git(repo, 'rev-parse', 'ORIG_HEAD'), git(repo, 'reflog', '-1', '--format=%gs', 'main')],
    [{ commit: git(repo, 'rev-parse', 'HEAD'), moved: 2, received: 2 }, head, `rebase: onto ${upstream.slice(0, 7)}`],
  );
  assert.equal(spawnSync('git', ['fsck', '--strict'], { cwd: repo }).status, 0);
});

test('nothing to receive changes nothing; a commit that the upstream has already is not made again; without own commits the branch goes forward', async (t) => {
  const { repo, head, upstream } = diverged(t);
  const writer = await writing(repo);
  const before = stateOf(repo);
  assert.deepEqual(await rebaseOnto(writer, { head, upstream: `${head}^` }, t.signal), { commit: head, moved: 0, received: 0 });
  assert.deepEqual(stateOf(repo), before);

  git(repo, 'stash', '-q');
  git(repo, 'checkout', '-q', '--detach', upstream);
  git(repo, 'cherry-pick', `${head}^`);
  const picked = git(repo, 'rev-parse', 'HEAD');
  git(repo, 'checkout', '-q', 'main');
  const outcome = await rebaseOnto(writer, { head, upstream: picked }, t.signal);
  assert.deepEqual([outcome.moved, outcome.received, git(repo, 'rev-parse', 'HEAD^')], [1, 3, picked]);
  git(repo, 'reset', '-q', '--hard', `${upstream}^`);
  const forward = await rebaseOnto(writer, { head: git(repo, 'rev-parse', 'HEAD'), upstream: picked }, t.signal);
  assert.deepEqual([forward, git(repo, 'status', '--porcelain')], [{ commit: picked, moved: 0, received: 2 }, '?? un.txt']);
});

const refusals: readonly { name: string; code: string; prepare: (repo: string) => void }[] = [
  {
    name: 'an edit of a line that came in',
    code: 'commit-overlaps',
    prepare: (repo) => {
      write(repo, { 'b.yaml': ten.replace('a: 1', 'a: ours').replace('j: 1', 'j: edited') });
    },
  },
  {
    name: 'an untracked file where one came in',
    code: 'commit-overlaps',
    prepare: (repo) => {
      write(repo, { 'new/deep.yaml': 'mine\n' });
    },
  },
  {
    name: 'an edit of a file that was deleted',
    code: 'commit-overlaps',
    prepare: (repo) => {
      write(repo, { 'gone.yaml': 'x: 2\n' });
    },
  },
  {
    name: 'the hook pre-rebase',
    code: 'commit-hook-failed',
    prepare: (repo) => {
      hook(repo, 'pre-rebase', 'exit 1');
    },
  },
  {
    name: 'a locked index',
    code: 'git-index-locked',
    prepare: (repo) => {
      writeFileSync(join(repo, '.git/index.lock'), '');
    },
  },
];

for (const { name, code, prepare } of refusals) {
  test(`refused, and nothing is changed: ${name}`, async (t) => {
    const { repo, head, upstream } = diverged(t);
    prepare(repo);
    const [before, index] = [stateOf(repo), rawIndex(repo)];
    await assert.rejects(rebaseOnto(await writing(repo), { head, upstream }, t.signal), (error) => isAppError(error, code));
    assert.deepEqual([stateOf(repo), rawIndex(repo).equals(index)], [before, true]);
  });
}

for (const step of ['prepared', 'journal', 'locked', 'moved']) {
  test(`killed at "${step}": opened again, all is as before or as after`, async (t) => {
    const { repo, head, upstream } = diverged(t);
    const before = stateOf(repo);
    const program = join(temporaryFolder(t), 'killed.mts');
    const room = join(import.meta.dirname, '../../../src/engine/git');
    writeFileSync(
      program,
      `import { findLayout } from ${JSON.stringify(join(room, 'layout.ts'))};
       import { rebaseOnto } from ${JSON.stringify(join(room, 'rebase.ts'))};
       import { WritingGit } from ${JSON.stringify(join(room, 'writingGit.ts'))};
       const [folder, step, head, upstream] = process.argv.slice(2);
       const git = new WritingGit(await findLayout(folder), { isTrusted: () => true, environment: process.env });
       const onStep = (at) => { if (at === step) process.kill(process.pid, 'SIGKILL'); };
       await rebaseOnto(git, { head, upstream, onStep }, new AbortController().signal);`,
    );
    const ended = spawnSync(process.execPath, [program, repo, step, head, upstream], { env: environment });
    assert.equal(ended.signal, 'SIGKILL', ended.stderr.toString());
    const writer = await writing(repo);
    await recoverMoves(writer, t.signal);
    if (step === 'moved') assert.deepEqual(afterwards(repo), expected);
    else {
      assert.deepEqual({ ...stateOf(repo), left: [] }, before);
      await rebaseOnto(writer, { head, upstream }, t.signal);
      assert.deepEqual(afterwards(repo), expected);
    }
  });
}
