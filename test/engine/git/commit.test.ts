import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeCommit, workingTreeChanges } from '../../../src/engine/git/commitWriter.ts';
import { recoverMoves } from '../../../src/engine/git/moveJournal.ts';
import { environment, hook, requestFor, stateOf, ten, writing } from './commitSupport.ts';
import { commit, git, makeRepo, temporaryFolder, write } from './sampleRepo.ts';

test('a commit takes only our hunk; staged and unstaged work stays as it was', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': ten, 'other.yaml': 'x: 1\n', 'gone.yaml': 'y: 1\n' });
  // In the same file: one line staged, one more edited; beside it: a staged file, an edited one, a deleted one, a new one.
  write(repo, { 'a.yaml': ten.replace('e: 1', 'e: staged'), 'new.yaml': 'n: 1\n' });
  git(repo, 'add', 'a.yaml', 'new.yaml');
  write(repo, {
    'a.yaml': ten.replace('e: 1', 'e: staged').replace('j: 1', 'j: edited').replace('a: 1', 'a: 2'),
    'other.yaml': 'x: 2\n',
    'un.yaml': '',
  });
  rmSync(join(repo, 'gone.yaml'));
  const before = stateOf(repo);
  const writer = await writing(repo);
  const made = await makeCommit(writer, await requestFor(writer, 'a.yaml', ten.replace('a: 1', 'a: 2')), t.signal);
  const after = stateOf(repo);
  assert.deepEqual(
    {
      parent: git(repo, 'rev-parse', 'HEAD^'),
      head: git(repo, 'rev-parse', 'main'),
      files: after['files'],
      left: after['left'],
      lock: after['lock'],
      committed: git(repo, 'show', '--format=%an <%ae>%n%B', '--unified=0', 'HEAD')
        .split('\n')
        .filter((line) => !/^(diff|index|@@)/.test(line)),
      staged: git(repo, 'diff', '--cached', '--unified=0')
        .split('\n')
        .filter((line) => /^[+-]/.test(line)),
      unstaged: git(repo, 'diff', '--unified=0')
        .split('\n')
        .filter((line) => /^[+-]/.test(line)),
      reflog: git(repo, 'reflog', '-1', '--format=%gs', 'HEAD'),
    },
    {
      parent: before['head'],
      head: made.commit,
      files: before['files'],
      left: [],
      lock: false,
      committed: ['Ada <ada@example.org>', 'Change it', '', '', '--- a/a.yaml', '+++ b/a.yaml', '-a: 1', '+a: 2'],
      staged: ['--- a/a.yaml', '+++ b/a.yaml', '-e: 1', '+e: staged', '--- /dev/null', '+++ b/new.yaml', '+n: 1'],
      unstaged: [
        '--- a/a.yaml',
        '+++ b/a.yaml',
        '-j: 1',
        '+j: edited',
        '--- a/gone.yaml',
        '+++ /dev/null',
        '-y: 1',
        '--- a/other.yaml',
        '+++ b/other.yaml',
        '-x: 1',
        '+x: 2',
      ],
      reflog: 'commit: Change it',
    },
  );
});

test('files that the commit changes are written under the user’s own edits, and deleted', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': ten, 'sub/gone.yaml': 'y: 1\n' });
  write(repo, { 'a.yaml': ten.replace('j: 1', 'j: edited') });
  const writer = await writing(repo);
  const request = await requestFor(writer, 'a.yaml', ten.replace('a: 1', 'a: 2'), { workingTree: 'write' });
  await makeCommit(writer, { ...request, changes: [...request.changes, { path: 'sub/gone.yaml', file: undefined }] }, t.signal);
  assert.deepEqual(
    [readFileSync(join(repo, 'a.yaml'), 'utf8'), existsSync(join(repo, 'sub')), git(repo, 'status', '--porcelain')],
    [ten.replace('a: 1', 'a: 2').replace('j: 1', 'j: edited'), false, 'M a.yaml'],
  );
});

test('whole files are taken as git add would: filters, modes, deletions, new ones', async (t) => {
  const repo = makeRepo(t, { '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'a\n', 'b.yaml': 'b: 1\n', 'c.yaml': 'c: 1\n' });
  write(repo, { 'a.txt': 'a\r\nb\r\n', 'n/n.yaml': 'n: 1\n', 'c.yaml': 'c: 2\n' });
  chmodSync(join(repo, 'n/n.yaml'), 0o755);
  rmSync(join(repo, 'b.yaml'));
  const writer = await writing(repo);
  const base = git(repo, 'rev-parse', 'HEAD');
  const changes = await workingTreeChanges(writer, base, ['a.txt', 'n/n.yaml', 'b.yaml'], t.signal);
  await makeCommit(writer, { base, changes, message: 'm', signOff: true, workingTree: 'leave' }, t.signal);
  assert.deepEqual(
    [
      git(repo, 'ls-tree', '-r', 'HEAD')
        .split('\n')
        .map((line) => line.replace(/ blob [0-9a-f]+\t/, ' ')),
      git(repo, 'show', 'HEAD:a.txt'),
      git(repo, 'status', '--porcelain'),
      git(repo, 'log', '-1', '--format=%B'),
    ],
    [
      ['100644 .gitattributes', '100644 a.txt', '100644 c.yaml', '100755 n/n.yaml'],
      'a\nb',
      'M c.yaml',
      'm\n\nSigned-off-by: Ada <ada@example.org>',
    ],
  );
});

test('all hooks of a commit run in order, see the temporary index and may change message and files', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': 'a: 1\n', 'b.yaml': 'b: 1\n' });
  const log = join(repo, '.git/hook.log');
  hook(repo, 'pre-commit', `git diff --cached --name-only -- '*.yaml' > ${log}\necho 'v: 1' > version.yaml && git add version.yaml`);
  hook(repo, 'prepare-commit-msg', `echo "prepare $2 $(git symbolic-ref --short HEAD)" >> ${log}; printf '\\nTicket: 7\\n' >> "$1"`);
  hook(repo, 'commit-msg', `grep -q Ticket "$1" && echo msg >> ${log}`);
  hook(
    repo,
    'post-commit',
    `git log -1 --format='post %s' >> ${log}; test ! -e .git/index.lock && git status --porcelain >> ${log}; exit 1`,
  );
  write(repo, { 'b.yaml': 'b: 2\n' });
  git(repo, 'add', 'b.yaml');
  const writer = await writing(repo);
  const made = await makeCommit(writer, await requestFor(writer, 'a.yaml', 'a: 2\n', { workingTree: 'write' }), t.signal);
  assert.deepEqual(
    [
      readFileSync(log, 'utf8').split('\n'),
      made.changedByHooks,
      made.warnings.map(({ code }) => code),
      git(repo, 'log', '-1', '--format=%B'),
      git(repo, 'status', '--porcelain'),
    ],
    [
      ['a.yaml', 'prepare message main', 'msg', 'post Change it', 'M  b.yaml', ''],
      ['version.yaml'],
      ['commit-post-hook-failed'],
      'Change it\n\nTicket: 7',
      'M  b.yaml',
    ],
  );
});

test('signed with ssh and with gpg', async (t) => {
  const folder = temporaryFolder(t);
  const key = join(folder, 'key');
  assert.equal(spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]).status, 0);
  const ssh = makeRepo(t, { 'a.yaml': 'a: 1\n' });
  for (const [name, value] of [
    ['commit.gpgsign', 'true'],
    ['gpg.format', 'ssh'],
    ['user.signingKey', key],
  ] as const)
    git(ssh, 'config', name, value);
  const sshWriter = await writing(ssh);
  await makeCommit(sshWriter, await requestFor(sshWriter, 'a.yaml', 'a: 2\n'), t.signal);
  assert.match(git(ssh, 'cat-file', 'commit', 'HEAD'), /^gpgsig -----BEGIN SSH SIGNATURE-----$/m);

  const GNUPGHOME = join(folder, 'gnupg');
  mkdirSync(GNUPGHOME, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME };
  t.after(() => spawnSync('gpgconf', ['--kill', 'all'], { env }));
  const made = spawnSync(
    'gpg',
    ['--batch', '--passphrase', '', '--quick-generate-key', 'Ada <ada@example.org>', 'ed25519', 'sign', 'never'],
    { env },
  );
  assert.equal(made.status, 0, made.stderr.toString());
  const gpg = makeRepo(t, { 'a.yaml': 'a: 1\n' });
  git(gpg, 'config', 'commit.gpgsign', 'true');
  const gpgWriter = await writing(gpg, { GNUPGHOME });
  await makeCommit(gpgWriter, await requestFor(gpgWriter, 'a.yaml', 'a: 2\n'), t.signal);
  assert.match(git(gpg, 'cat-file', 'commit', 'HEAD'), /^gpgsig -----BEGIN PGP SIGNATURE-----$/m);
});

test('a new branch gets the commit; checkout, index and other refs stay', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': ten });
  const start = git(repo, 'rev-parse', 'HEAD');
  commit(repo, { 'a.yaml': ten.replace('j: 1', 'j: unpushed') });
  hook(repo, 'pre-commit', 'exit 1');
  hook(repo, 'commit-msg', 'echo checked >> "$1"');
  const writer = await writing(repo);
  const before = stateOf(repo);
  const text = ten.replace('j: 1', 'j: unpushed').replace('a: 1', 'a: 2');
  const made = await makeCommit(writer, await requestFor(writer, 'a.yaml', text, { newBranch: { name: 'fix/a', start } }), t.signal);
  assert.deepEqual({ ...stateOf(repo), refs: '' }, { ...before, refs: '' });
  assert.deepEqual(
    [
      git(repo, 'rev-parse', 'fix/a', 'fix/a^'),
      `${git(repo, 'show', 'fix/a:a.yaml')}\n`,
      made.skippedHooks,
      git(repo, 'log', '-1', '--format=%B', 'fix/a'),
    ],
    [`${made.commit}\n${start}`, ten.replace('a: 1', 'a: 2'), ['pre-commit'], 'Change it\nchecked'],
  );
});

test('in a linked worktree its own index and branch move', async (t) => {
  const repo = makeRepo(t, { 'a.yaml': 'a: 1\n' });
  const linked = join(repo, '..', 'linked');
  git(repo, 'worktree', 'add', '-q', '-b', 'side', linked);
  const before = stateOf(repo);
  const writer = await writing(linked);
  const made = await makeCommit(writer, await requestFor(writer, 'a.yaml', 'a: 2\n', { workingTree: 'write' }), t.signal);
  assert.deepEqual(
    [
      git(linked, 'rev-parse', 'side'),
      git(linked, 'status', '--porcelain'),
      readFileSync(join(linked, 'a.yaml'), 'utf8'),
      stateOf(repo)['index'],
    ],
    [made.commit, '', 'a: 2\n', before['index']],
  );
});

for (const step of ['prepared', 'journal', 'locked', 'moved', 'finished'] as const) {
  test(`killed at "${step}": opened again, all is as before or as after`, async (t) => {
    const repo = makeRepo(t, { 'a.yaml': ten, 'gone.yaml': 'y: 1\n' });
    write(repo, { 'a.yaml': ten.replace('j: 1', 'j: edited'), 's.yaml': 's: 1\n' });
    git(repo, 'add', 's.yaml');
    const before = stateOf(repo);
    killedCommit(t, repo, step);
    const writer = await writing(repo);
    await recoverMoves(writer, t.signal);
    const after = stateOf(repo);
    const isMoved = step === 'moved' || step === 'finished';
    if (isMoved) {
      assert.deepEqual(
        [after['files'], after['lock'], git(repo, 'status', '--porcelain'), git(repo, 'rev-parse', 'HEAD^')],
        [
          { 'a.yaml': ten.replace('a: 1', 'a: 2').replace('j: 1', 'j: edited'), 's.yaml': 's: 1\n' },
          false,
          'M a.yaml\nA  s.yaml',
          before['head'],
        ],
      );
    } else assert.deepEqual({ ...after, left: [] }, before);
    assert.equal(spawnSync('git', ['fsck', '--strict'], { cwd: repo }).status, 0);
    // The next commit works.
    await makeCommit(writer, await requestFor(writer, 'n.yaml', 'n: 1\n', { workingTree: 'write' }), t.signal);
  });
}

/** Makes the commit in a process of its own that ends itself at a step. */
function killedCommit(t: TestContext, repo: string, step: string): void {
  const script = `
    import { findLayout } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/git/layout.ts'))};
    import { makeCommit } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/git/commitWriter.ts'))};
    import { storeBlob } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/git/entries.ts'))};
    import { WritingGit } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/git/writingGit.ts'))};
    const [folder, step, text, base] = process.argv.slice(2);
    const signal = new AbortController().signal;
    const git = new WritingGit(await findLayout(folder), { isTrusted: () => true, environment: process.env });
    const file = { mode: '100644', id: await storeBlob(git, Buffer.from(text), signal) };
    const onStep = (at) => { if (at === step) process.kill(process.pid, 'SIGKILL'); };
    await makeCommit(git, { base, changes: [{ path: 'a.yaml', file }, { path: 'gone.yaml', file: undefined }], message: 'm', signOff: false, workingTree: 'write', onStep }, signal);
  `;
  const program = join(temporaryFolder(t), 'killed.mts');
  writeFileSync(program, script);
  const ended = spawnSync(process.execPath, [program, repo, step, ten.replace('a: 1', 'a: 2'), git(repo, 'rev-parse', 'HEAD')], {
    env: environment,
  });
  assert.equal(ended.signal, 'SIGKILL', ended.stderr.toString());
}
