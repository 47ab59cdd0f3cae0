import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { WorkingTree } from '../../../src/engine/git/workingTree.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { commit, git, makeRepo, open, temporaryFolder, write } from './sampleRepo.ts';

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));

async function workingTree(folder: string): Promise<WorkingTree> {
  const layout = await findLayout(folder);
  assert.ok(layout);
  return new WorkingTree(layout);
}

/** What a tree says of paths: kind, text and the start of the hash. */
async function look(tree: SourceTree, paths: readonly string[]): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const path of paths) seen[path] = [await tree.kindOf(path), text(await tree.read(path)), (await tree.hashOf(path))?.slice(0, 7)];
  return seen;
}

test('a commit and the disk give the same answers, links included', async (t) => {
  const repo = makeRepo(t, { 'apps/web/a.yaml': 'a: 1\n', 'apps/ü ö.yaml': 'ü: 1\n', 'empty.yaml': '' });
  const secret = join(temporaryFolder(t), 'secret.txt');
  writeFileSync(secret, 'secret');
  symlinkSync('apps/web', join(repo, 'link'));
  symlinkSync('../apps/web/../web/a.yaml', join(repo, 'apps/file.yaml'));
  symlinkSync('../../outside', join(repo, 'out'));
  symlinkSync(secret, join(repo, 'absolute'));
  symlinkSync('loop-b', join(repo, 'loop-a'));
  symlinkSync('loop-a', join(repo, 'loop-b'));
  symlinkSync('.git/config', join(repo, 'config'));
  const id = commit(repo, {});
  const repository = await open(t, repo);
  const paths = [
    ...['', 'apps', 'apps/web/a.yaml', './apps//web/../web/a.yaml', 'apps/ü ö.yaml', 'empty.yaml', 'link', 'link/a.yaml'],
    ...[
      'apps/file.yaml',
      'out',
      'out/x',
      'absolute',
      'loop-a',
      'config',
      '../repo/empty.yaml',
      '.git/config',
      'missing',
      'empty.yaml/x',
      'a\0b',
    ],
  ];
  const expected = {
    '': ['directory', undefined, undefined],
    apps: ['directory', undefined, undefined],
    'apps/web/a.yaml': ['file', 'a: 1\n', 'a8926a5'],
    './apps//web/../web/a.yaml': ['file', 'a: 1\n', 'a8926a5'],
    'apps/ü ö.yaml': ['file', 'ü: 1\n', git(repo, 'hash-object', 'apps/ü ö.yaml').slice(0, 7)],
    'empty.yaml': ['file', '', 'e69de29'],
    link: ['directory', undefined, undefined],
    'link/a.yaml': ['file', 'a: 1\n', 'a8926a5'],
    'apps/file.yaml': ['file', 'a: 1\n', 'a8926a5'],
    out: ['unreachable', undefined, undefined],
    absolute: ['unreachable', undefined, undefined],
    'loop-a': ['unreachable', undefined, undefined],
    ...Object.fromEntries(
      ['../repo/empty.yaml', '.git/config', 'missing', 'empty.yaml/x', 'a\0b'].map((path) => [path, [undefined, undefined, undefined]]),
    ),
  };
  const revision = await repository.tree(id, t.signal);
  const disk = await workingTree(repo);
  // What lies behind a link that leaves the tree differs by name only: there is nothing on either side.
  const seen = async (tree: SourceTree): Promise<unknown> => {
    const { 'out/x': behind, config, ...rest } = await look(tree, paths);
    assert.deepEqual([(behind as unknown[])[1], (config as unknown[])[1]], [undefined, undefined]);
    return rest;
  };
  assert.deepEqual(await seen(revision), expected);
  assert.deepEqual(await seen(disk), expected);
  const apps = [
    { name: 'file.yaml', kind: 'file', isLink: true },
    { name: 'web', kind: 'directory', isLink: false },
    { name: 'ü ö.yaml', kind: 'file', isLink: false },
  ];
  const folders = [revision.list('apps'), disk.list('apps'), disk.list('missing'), disk.list('empty.yaml'), revision.list('empty.yaml')];
  assert.deepEqual(await Promise.all(folders), [apps, apps, undefined, undefined, undefined]);
  assert.ok(!(await disk.list(''))?.some(({ name }) => name === '.git'));
  assert.deepEqual(
    [await disk.pathOf(join(repo, 'apps/x.yaml')), await disk.pathOf(secret), await disk.pathOf(join(repo, '.git/config'))],
    ['apps/x.yaml', undefined, undefined],
  );
});

test('unsaved buffers lie over the disk while they differ from it', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': 'a: 1\n', 'bom.yaml': '\uFEFFa: 1\n', 'utf16.yaml': Buffer.from('\uFEFFa: 1\n', 'utf16le') });
  const tree = await workingTree(repo);
  const before = await tree.hashOf('a.yaml');
  tree.setBuffer('a.yaml', 'a: 1\n');
  tree.setBuffer('bom.yaml', 'a: 1\n');
  tree.setBuffer('utf16.yaml', 'a: 1\n');
  tree.setBuffer('gone.yaml', 'g: 1\n');
  assert.deepEqual([await tree.unsavedPaths(), (await tree.hashOf('a.yaml')) === before], [[], true]);
  tree.setBuffer('a.yaml', 'a: 2\n');
  tree.setBuffer('bom.yaml', 'a: ü\n');
  tree.setBuffer('utf16.yaml', 'a: 2\n');
  assert.deepEqual(
    [await tree.unsavedPaths(), text(await tree.read('a.yaml')), await tree.readText('bom.yaml'), await tree.readText('utf16.yaml')],
    [['a.yaml', 'bom.yaml', 'utf16.yaml'], 'a: 2\n', 'a: ü\n', 'a: 2\n'],
  );
  assert.deepEqual(Buffer.from((await tree.read('bom.yaml')) ?? []), Buffer.from('\uFEFFa: ü\n'));
  assert.equal(await tree.hashOf('a.yaml'), execFileSync('git', ['hash-object', '--stdin'], { input: 'a: 2\n', encoding: 'utf8' }).trim());
  tree.setBuffer('a.yaml', undefined);
  assert.deepEqual([await tree.unsavedPaths(), await tree.hashOf('a.yaml')], [['bom.yaml', 'utf16.yaml'], before]);
});

test('the hash of a file follows every write, also two within one clock tick', async (t) => {
  const repo = makeRepo(t);
  const tree = await workingTree(repo);
  const hashes = new Set<string | undefined>();
  for (let round = 0; round < 50; round += 1) {
    writeFileSync(join(repo, 'a.yaml'), `a: ${String(round + 100)}\n`);
    hashes.add(await tree.hashOf('a.yaml'));
  }
  assert.equal(hashes.size, 50);
  rmSync(join(repo, 'a.yaml'));
  mkdirSync(join(repo, 'a.yaml'));
  assert.deepEqual([await tree.hashOf('a.yaml'), await tree.kindOf('a.yaml')], [undefined, 'directory']);
});

test('pipes and files that are too large are refused, not waited for', async (t) => {
  const repo = makeRepo(t);
  execFileSync('mkfifo', [join(repo, 'pipe.yaml')]);
  execFileSync('truncate', ['-s', '40M', join(repo, 'large.yaml')]);
  const id = commit(repo, {});
  const repository = await open(t, repo);
  const [disk, revision] = [await workingTree(repo), await repository.tree(id, t.signal)];
  const refused = (error: unknown): boolean => isAppError(error, 'file-too-large');
  await assert.rejects(disk.read('large.yaml'), refused);
  await assert.rejects(revision.read('large.yaml'), refused);
  assert.deepEqual([await disk.read('pipe.yaml'), text(await revision.read('a.yaml'))], [undefined, 'a: 1\n']);
});

test('revisions, changed paths, counts and last commits', async (t) => {
  const repo = makeRepo(t, { 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n', 'other/c.yaml': 'c: 1\n', x: 'file' });
  const first = git(repo, 'rev-parse', 'HEAD');
  rmSync(join(repo, 'x'));
  const second = commit(repo, { 'apps/a.yaml': 'a: 2\n', 'new/deep/d.yaml': 'd: 1\n', 'x/y.yaml': 'y' }, 'subject line\n\nbody\n');
  rmSync(join(repo, 'other'), { recursive: true });
  const third = commit(repo, { 'apps/b.yaml': 'b: 2\n' });
  git(repo, 'tag', 'v1', first);
  git(repo, 'gc', '-q');
  const repository = await open(t, repo);
  assert.deepEqual(await repository.changedPaths(first, third, t.signal), [
    'apps/a.yaml',
    'apps/b.yaml',
    'new/deep/d.yaml',
    'other/c.yaml',
    'x',
    'x/y.yaml',
  ]);
  assert.deepEqual(await repository.changedPaths(third, third, t.signal), []);
  assert.deepEqual(
    [
      await repository.countCommits(first, third, [], t.signal),
      await repository.countCommits(first, third, ['apps/a.yaml'], t.signal),
      await repository.countCommits(first, third, ['missing', 'other'], t.signal),
      (await repository.lastCommit('HEAD', ['apps/a.yaml'], t.signal))?.id,
      await repository.lastCommit('HEAD', [':(glob)**'], t.signal),
    ],
    [2, 1, 1, second, undefined],
  );
  assert.deepEqual(await repository.commit(second, t.signal), {
    id: second,
    shortId: second.slice(0, 7),
    parents: [first],
    authorName: 'Ada',
    authorEmail: 'ada@example.org',
    committedAtMs: Date.parse('2026-01-02T03:04:05Z'),
    subject: 'subject line',
  });
  const resolved: Record<string, string> = {};
  for (const name of ['v1', 'HEAD~1', third.slice(0, 10), 'missing', '-h', '--all', '', 'a\nb', 'HEAD:apps', 'v1 HEAD']) {
    resolved[name] = await repository.resolve(name, t.signal).catch((error: unknown) => (isAppError(error) ? error.code : String(error)));
  }
  const unknown = 'git-revision-unknown';
  assert.deepEqual(resolved, {
    v1: first,
    'HEAD~1': second,
    [third.slice(0, 10)]: third,
    ...Object.fromEntries(['missing', '-h', '--all', '', 'a\nb', 'HEAD:apps', 'v1 HEAD'].map((name) => [name, unknown])),
  });
  await assert.rejects(repository.tree('0'.repeat(40), t.signal), (error) => isAppError(error, unknown));
  await assert.rejects(repository.tree('HEAD', t.signal), (error) => isAppError(error, unknown));
});

test('objects that come after the reader has started are found; many reads at once are answered in order', async (t) => {
  const repo = makeRepo(
    t,
    Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f/${String(index)}.yaml`, `n: ${'x'.repeat(index * 37)}\n`])),
  );
  const repository = await open(t, repo);
  const tree = await repository.tree(git(repo, 'rev-parse', 'HEAD'), t.signal);
  const texts = await Promise.all(Array.from({ length: 300 }, (_, index) => tree.read(`f/${String(index)}.yaml`)));
  assert.ok(texts.every((bytes, index) => text(bytes) === `n: ${'x'.repeat(index * 37)}\n`));
  const later = await repository.tree(commit(repo, { 'late.yaml': 'l: 1\n' }), t.signal);
  assert.equal(text(await later.read('late.yaml')), 'l: 1\n');
});

test('a reader that was killed starts again; SHA-256 repositories are read', async (t) => {
  const repo = join(temporaryFolder(t), 'repo');
  mkdirSync(repo);
  git(repo, 'init', '-q', '-b', 'main', '--object-format=sha256');
  const id = commit(repo, { 'a/b.yaml': 'b: 1\n', 'c.yaml': 'c: 1\n' });
  const repository = await open(t, repo);
  const tree = await repository.tree(id, t.signal);
  assert.equal(text(await tree.read('a/b.yaml')), 'b: 1\n');
  const reader = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'cat-file --batch'], { encoding: 'utf8' }).trim();
  process.kill(Number(reader), 'SIGKILL');
  assert.equal(text(await tree.read('c.yaml')), 'c: 1\n');
  assert.equal(await tree.hashOf('c.yaml'), await (await workingTree(repo)).hashOf('c.yaml'));
});

test('edited paths: staged, unstaged, untracked, deleted, conflicted, odd names', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': 'a\n', 'b b.yaml': 'b\n', 'c.yaml': 'c\n', 'd/ü.yaml': 'd\n', 'same.yaml': 's\n' });
  write(repo, { 'a.yaml': 'a2\n', 'b b.yaml': 'b2\n', 'new/n.yaml': 'n\n', 'staged.yaml': 's\n', 'd/ü.yaml': 'd2\n' });
  git(repo, 'add', 'b b.yaml', 'staged.yaml');
  rmSync(join(repo, 'c.yaml'));
  const repository = await open(t, repo);
  const expected = {
    'a.yaml': 'modified',
    'b b.yaml': 'modified',
    'c.yaml': 'deleted',
    'd/ü.yaml': 'modified',
    'new/n.yaml': 'untracked',
    'staged.yaml': 'added',
  };
  const edits = async (...paths: string[]): Promise<Record<string, string>> =>
    Object.fromEntries([...(await repository.editedPaths(paths, t.signal))].sort(([a], [b]) => (a < b ? -1 : 1)));
  assert.deepEqual(
    [await edits(), await edits('new', 'a.yaml'), await edits('')],
    [expected, { 'a.yaml': 'modified', 'new/n.yaml': 'untracked' }, expected],
  );

  const conflicted = makeRepo(t);
  git(conflicted, 'checkout', '-q', '-b', 'other');
  commit(conflicted, { 'a.yaml': 'other\n' });
  git(conflicted, 'checkout', '-q', 'main');
  commit(conflicted, { 'a.yaml': 'main\n' });
  assert.throws(() => git(conflicted, 'merge', '-q', 'other'));
  assert.deepEqual([...(await (await open(t, conflicted)).editedPaths([], t.signal))], [['a.yaml', 'conflicted']]);
});
