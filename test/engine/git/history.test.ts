import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { Histories, historyOf } from '../../../src/engine/git/history.ts';
import { pushRefspec } from '../../../src/engine/git/push.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { serve } from './gitServer.ts';
import { commit, git, makeRepo, makeRepoWithOrigin, testEnvironment } from './sampleRepo.ts';

async function writing(folder: string): Promise<WritingGit> {
  return new WritingGit((await findLayout(folder)) ?? assert.fail(), { isTrusted: () => true, environment: testEnvironment });
}

test('commits that touch exactly what is read; a merge counts as one', async (t) => {
  const repo = makeRepo(t, { 'app/k.yaml': 'a: 1\n', 'app/notes.txt': 'x', 'other.yaml': 'x: 1\n' });
  commit(repo, { 'app/k.yaml': 'a: 2\n' }, 'read');
  commit(repo, { 'other.yaml': 'x: 2\n' }, 'elsewhere');
  commit(repo, { 'app/notes.txt': 'y' }, 'listed only, its content is not read');
  commit(repo, { 'app/new.yaml': 'n: 1\n' }, 'a name came');
  git(repo, 'checkout', '-q', '-b', 'side');
  commit(repo, { 'app/k.yaml': 'a: 3\n' }, 'on a branch');
  commit(repo, { 'app/k.yaml': 'a: 4\n' }, 'on a branch again');
  git(repo, 'checkout', '-q', 'main');
  git(repo, 'merge', '-q', '--no-ff', '-m', 'merged', 'side');
  commit(repo, { 'values.yaml': '' }, 'was looked for in vain');
  rmSync(join(repo, 'app/new.yaml'));
  commit(repo, {}, 'a name went');
  const reads = { files: ['app/k.yaml', 'values.yaml'], folders: ['app'] };
  const writer = await writing(repo);
  const subjects = async (limit: number): Promise<unknown> => {
    const { commits, endsBy } = await historyOf(writer, 'HEAD', reads, limit, t.signal);
    return [commits.map(({ subject, parents }) => `${subject} ${String(parents.length)}`), endsBy];
  };
  const all = ['a name went 1', 'was looked for in vain 1', 'merged 2', 'a name came 1', 'read 1', 'first 0'];
  assert.deepEqual(
    [await subjects(20), await subjects(2)],
    [
      [all, 'start'],
      [all.slice(0, 2), 'limit'],
    ],
  );

  const shallow = join(repo, '..', 'shallow');
  git(repo, 'clone', '-q', '--depth=3', `file://${repo}`, shallow);
  const { commits, endsBy } = await historyOf(await writing(shallow), 'HEAD', reads, 20, t.signal);
  // The oldest commit that a shallow clone has seems to add everything.
  assert.deepEqual([commits.map(({ subject }) => subject), endsBy], [['a name went', 'was looked for in vain'], 'shallow']);
});

test('the history of one of 200 applications in 20,000 commits is there, also after more commits and on another line', async (t) => {
  const repo = makeRepo(t, {});
  execFileSync('git', ['fast-import', '--quiet'], { cwd: repo, input: manyCommits(20_000, 200) });
  const histories = new Histories(await writing(repo));
  const reads = { files: ['apps/a7/deployment.yaml'], folders: ['apps/a7'] };
  const look = async (): Promise<{ subjects: readonly string[]; count: number }> => {
    const { commits } = await histories.of(git(repo, 'rev-parse', 'main'), reads, 200, t.signal);
    return { subjects: commits.slice(0, 2).map(({ subject }) => subject), count: commits.length };
  };
  const cold = await look();
  const tree = git(repo, 'rev-parse', 'main^{tree}');
  git(repo, 'read-tree', 'main');
  git(repo, 'update-ref', 'refs/heads/main', git(repo, 'commit-tree', '-p', 'main', '-m', 'touches nothing', tree));
  commit(repo, { 'apps/a7/deployment.yaml': 'new' }, 'newest');
  const warm = await look();
  assert.deepEqual([cold.count, cold.subjects, warm.count, warm.subjects], [100, ['m', 'm'], 101, ['newest', 'm']]);
  // Another line of history is looked through anew.
  git(repo, 'update-ref', 'refs/heads/main', 'main~3');
  assert.equal((await look()).count, 100);
});

/** A stream for git-fast-import(1): each commit changes the file of one application, in turn. */
function manyCommits(count: number, applications: number): string {
  const lines: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const content = `replicas: ${String(at)}\n`;
    lines.push(
      'commit refs/heads/main',
      `committer Ada <ada@example.org> ${String(1_700_000_000 + at)} +0000`,
      'data 1',
      'm',
      `M 100644 inline apps/a${String(at % applications)}/deployment.yaml`,
      `data ${String(content.length)}`,
      content,
    );
  }
  return `${lines.join('\n')}\n`;
}

test('a push over a file remote: pushed, rejected when the remote is ahead, refused by its hook', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const writer = await writing(repo);
  const push = async (): Promise<unknown> => {
    const { outcome, reason } = await pushRefspec(writer, 'origin', 'refs/heads/main:refs/heads/main', t.signal);
    return [outcome, reason?.code, reason?.details['message']];
  };
  const mine = commit(repo, { 'a.yaml': 'a: 2\n' });
  assert.deepEqual([await push(), git(origin, 'rev-parse', 'main')], [['pushed', undefined, undefined], mine]);
  const other = join(repo, '..', 'other');
  git(repo, 'clone', '-q', origin, other);
  const theirs = commit(other, { 'b.yaml': 'b: 1\n' });
  git(other, 'push', '-q');
  commit(repo, { 'a.yaml': 'a: 3\n' });
  const rejected = await push();
  assert.deepEqual([(rejected as string[]).slice(0, 2), git(origin, 'rev-parse', 'main')], [['rejected', 'push-rejected'], theirs]);
  git(repo, 'pull', '-q', '--rebase');
  writeFileSync(join(origin, 'hooks/pre-receive'), '#!/bin/sh\necho not on fridays >&2\nexit 1\n', { mode: 0o755 });
  assert.deepEqual(await push(), ['failed', 'push-refused', 'pre-receive hook declined']);
});

test('a push over HTTP', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  git(origin, 'config', 'http.receivepack', 'true');
  const port = await serve(t, join(origin, '..'));
  git(repo, 'remote', 'set-url', 'origin', `http://127.0.0.1:${String(port)}/origin.git`);
  const id = commit(repo, { 'a.yaml': 'a: 2\n' });
  const writer = await writing(repo);
  const pushed = await pushRefspec(writer, 'origin', 'refs/heads/main:refs/heads/main', t.signal);
  assert.deepEqual([pushed, git(origin, 'rev-parse', 'main')], [{ outcome: 'pushed' }, id]);
});
