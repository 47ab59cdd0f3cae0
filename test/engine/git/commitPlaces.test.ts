import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCommit, workingTreeChanges } from '../../../src/engine/git/commitWriter.ts';
import { carriedBy, pushTargetOf } from '../../../src/engine/git/pushTarget.ts';
import { patchesOf } from '../../../src/engine/git/patches.ts';
import { rebaseOnto } from '../../../src/engine/git/rebase.ts';
import { pushRefspec } from '../../../src/engine/git/push.ts';
import { rawIndex, requestFor, stateOf, ten, writing } from './commitSupport.ts';
import { commit, git, makeRepo, makeRepoWithOrigin, write } from './sampleRepo.ts';

test('a submodule: its edits and its new commit are not ours, and a commit inside it moves its own branch', async (t) => {
  const library = makeRepo(t, { 'lib.yaml': ten });
  const repo = makeRepo(t, { 'a.yaml': ten });
  git(repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  git(repo, 'commit', '-q', '-m', 'add the library');
  const inner = join(repo, 'lib');
  commit(inner, { 'lib.yaml': ten.replace('a: 1', 'a: 2') });
  write(inner, { 'lib.yaml': ten.replace('a: 1', 'a: 3') });
  git(repo, 'add', 'lib');
  write(repo, { 'a.yaml': ten.replace('a: 1', 'a: 2') });
  const staged = git(repo, 'ls-files', '--stage', 'lib');
  const writer = await writing(repo);
  const base = git(repo, 'rev-parse', 'HEAD');
  const changes = await workingTreeChanges(writer, base, ['a.yaml'], t.signal);
  await makeCommit(writer, { base, changes, message: 'ours', signOff: false, workingTree: 'leave' }, t.signal);
  assert.deepEqual(
    [git(repo, 'show', '--format=', '--name-only', 'HEAD'), git(repo, 'ls-files', '--stage', 'lib'), git(repo, 'status', '--porcelain')],
    ['a.yaml', staged, 'MM lib'],
  );

  git(inner, 'checkout', '-q', '-B', 'main');
  const before = stateOf(repo);
  const innerWriter = await writing(inner);
  const edited = ten.replace('a: 1', 'a: 3');
  const made = await makeCommit(innerWriter, await requestFor(innerWriter, 'lib.yaml', edited), t.signal);
  assert.deepEqual([git(inner, 'rev-parse', 'main'), git(inner, 'status', '--porcelain')], [made.commit, '']);
  assert.deepEqual(stateOf(repo), before);
});

test('a shallow clone: commits are made, carried, rebased and pushed as anywhere', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  commit(repo, { 'a.yaml': ten, 'b.yaml': ten });
  commit(repo, { 'c.yaml': 'c: 1\n' });
  git(repo, 'push', '-q');
  const shallow = join(repo, '..', 'shallow');
  git(repo, 'clone', '-q', '--depth=1', `file://${origin}`, shallow);
  const writer = await writing(shallow);
  const edited = ten.replace('a: 1', 'a: ours');
  const made = await makeCommit(writer, await requestFor(writer, 'a.yaml', edited, { workingTree: 'write' }), t.signal);
  const target = await pushTargetOf(writer, undefined, t.signal);
  assert.deepEqual(
    (await carriedBy(writer, target, t.signal)).commits.map(({ id }) => id),
    [made.commit],
  );
  commit(repo, { 'b.yaml': ten.replace('j: 1', 'j: theirs') });
  git(repo, 'push', '-q');
  git(shallow, 'fetch', '-q');
  const outcome = await rebaseOnto(writer, { head: made.commit, upstream: git(shallow, 'rev-parse', 'origin/main') }, t.signal);
  assert.deepEqual([outcome.moved, outcome.received, readFileSync(join(shallow, 'a.yaml'), 'utf8')], [1, 1, edited]);
  const pushed = await pushRefspec(writer, 'origin', `${outcome.commit}:refs/heads/main`, t.signal);
  assert.deepEqual([pushed, git(origin, 'rev-parse', 'main')], [{ outcome: 'pushed' }, outcome.commit]);
});

test('where a branch is pushed to: its push remote, the default one, its upstream, origin, the only one', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  git(repo, 'remote', 'add', 'fork', origin);
  const writer = await writing(repo);
  const look = async (branch?: string): Promise<string> => {
    const { remote, remoteBranch, trackingRef } = await pushTargetOf(writer, branch, t.signal);
    return [remote, remoteBranch, trackingRef].join(' ');
  };
  const seen = [await look()];
  git(repo, 'branch', 'side');
  seen.push(await look('side'));
  git(repo, 'config', 'branch.side.remote', 'fork');
  git(repo, 'config', 'branch.side.merge', 'refs/heads/elsewhere');
  seen.push(await look('side'));
  git(repo, 'config', 'remote.pushDefault', 'origin');
  seen.push(await look('side'));
  git(repo, 'config', 'branch.side.pushRemote', 'fork');
  seen.push(await look('side'));
  assert.deepEqual(seen, [
    'origin main refs/remotes/origin/main',
    'origin side refs/remotes/origin/side',
    'fork elsewhere refs/remotes/fork/elsewhere',
    'origin side refs/remotes/origin/side',
    'fork elsewhere refs/remotes/fork/elsewhere',
  ]);
});

test('patches show modes, new, removed and binary files, whatever the configuration of diffs', async (t) => {
  const repo = makeRepo(t, {
    'a b.yaml': 'a: 1\n',
    'gone.yaml': 'x: 1\n',
    'blob.bin': Uint8Array.of(0, 1, 2),
    '.gitattributes': '*.yaml diff=shout\n',
  });
  git(repo, 'config', 'diff.shout.textconv', 'tr a-z A-Z <');
  git(repo, 'config', 'diff.external', 'false');
  git(repo, 'config', 'diff.mnemonicPrefix', 'true');
  git(repo, 'config', 'color.diff', 'always');
  write(repo, { 'a b.yaml': 'a: 2\n', 'ü.yaml': 'u: 1\n', 'blob.bin': Uint8Array.of(0, 1, 3) });
  git(repo, 'rm', '-q', '--cached', 'gone.yaml');
  const writer = await writing(repo);
  const base = git(repo, 'rev-parse', 'HEAD');
  const index = rawIndex(repo);
  const changes = [
    ...(await workingTreeChanges(writer, base, ['a b.yaml', 'ü.yaml', 'blob.bin'], t.signal)),
    { path: 'gone.yaml', file: undefined },
  ];
  const patches = await patchesOf(writer, base, changes, t.signal);
  assert.deepEqual(
    patches.map(({ path, status, patch }) => [path, status, patch?.split('\n').slice(-2)[0]]),
    [
      ['a b.yaml', 'modified', '+a: 2'],
      ['blob.bin', 'modified', undefined],
      ['gone.yaml', 'deleted', '-x: 1'],
      ['ü.yaml', 'added', '+u: 1'],
    ],
  );
  assert.match(patches[0]?.patch ?? '', /^diff --git a\/a b\.yaml b\/a b\.yaml\n/);
  assert.ok(rawIndex(repo).equals(index));
});
