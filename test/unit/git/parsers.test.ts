import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchParser, type BatchResult } from '../../../src/engine/git/batchParser.ts';
import { firstMessage } from '../../../src/engine/git/commands.ts';
import { parseCommit } from '../../../src/engine/git/commit.ts';
import { fetchFailure, quietSshCommand } from '../../../src/engine/git/fetch.ts';
import { parseTree } from '../../../src/engine/git/objectStore.ts';
import { gitEnvironment } from '../../../src/engine/git/program.ts';
import { parseStatus } from '../../../src/engine/git/status.ts';
import { decodeText, encodeText } from '../../../src/engine/git/textEncoding.ts';
import { isGitInternal } from '../../../src/engine/git/layout.ts';
import { normalPath } from '../../../src/engine/model/treePath.ts';

const ID = 'a'.repeat(40);

test('answers of the batch process, however the bytes are cut', () => {
  const stream = Buffer.concat([
    Buffer.from(`${ID} blob 5\nab\ncd\n`),
    Buffer.from('zzz missing\n'),
    Buffer.from(`${ID} blob 0\n\n`),
    Buffer.from(`${ID} blob 30\n${'x'.repeat(30)}\n`),
    Buffer.from(`${ID} tree 3\n`),
    Buffer.from([0, 10, 255]),
    Buffer.from('\n'),
  ]);
  const expected = ['ab\ncd', 'missing', '', 'too large: 30', '\0\n\xff'];
  for (const size of [1, 2, 3, 7, 50, 1000]) {
    const results: string[] = [];
    const words = (result: BatchResult): string => {
      if (result.kind === 'missing') return 'missing';
      return result.kind === 'too-large' ? `too large: ${String(result.size)}` : Buffer.from(result.object.content).toString('latin1');
    };
    const parser = new BatchParser(20, (result) => results.push(words(result)));
    for (let start = 0; start < stream.length; start += size) parser.push(stream.subarray(start, start + size));
    assert.deepEqual(results, expected, `pieces of ${String(size)}`);
  }
});

test('tree objects', () => {
  const id = Buffer.from(Array.from({ length: 20 }, (_, index) => index));
  const hex = id.toString('hex');
  const content = Buffer.concat(
    ['40000 dir', '100644 ü b.yaml', '100755 run', '120000 link', '160000 lib'].flatMap((entry) => [Buffer.from(`${entry}\0`), id]),
  );
  assert.deepEqual(
    [...parseTree(content, 20)].map(([name, entry]) => [name, entry.kind, entry.id === hex]),
    [
      ['dir', 'directory', true],
      ['ü b.yaml', 'file', true],
      ['run', 'file', true],
      ['link', 'link', true],
      ['lib', 'submodule', true],
    ],
  );
});

test('commit objects: merges, signatures, no message, odd names', () => {
  const text = `tree ${ID}\nparent ${'b'.repeat(40)}\nparent ${'c'.repeat(40)}\nauthor Ada <x> L. <a@b> 1700000000 +0200\ncommitter C <> 1700000060 -0700\ngpgsig -----BEGIN\n parent fake\n\n`;
  const { id: _id, ...commit } = parseCommit({ id: ID, type: 'commit', content: Buffer.from(`${text}\nSubject\n\nbody`) });
  assert.deepEqual(commit, {
    shortId: 'aaaaaaa',
    parents: ['b'.repeat(40), 'c'.repeat(40)],
    authorName: 'Ada',
    authorEmail: 'x> L. <a@b',
    committedAtMs: 1700000060000,
    subject: 'Subject',
  });
  assert.equal(parseCommit({ id: ID, type: 'commit', content: Buffer.from(`tree ${ID}\n`) }).subject, '');
});

test('porcelain status', () => {
  const records = [
    `1 .M N... 100644 100644 100644 ${ID} ${ID} a b.yaml`,
    `1 A. N... 000000 100644 100644 ${ID} ${ID} added.yaml`,
    `1 AM N... 000000 100644 100644 ${ID} ${ID} added-again.yaml`,
    `1 D. N... 100644 000000 000000 ${ID} ${ID} staged-gone.yaml`,
    `1 .D N... 100644 100644 000000 ${ID} ${ID} gone.yaml`,
    `u UU N... 100644 100644 100644 100644 ${ID} ${ID} ${ID} both.yaml`,
    '? new folder/',
    '! ignored',
    '# branch.head main',
    '',
  ];
  assert.deepEqual(Object.fromEntries(parseStatus(records.join('\0'))), {
    'a b.yaml': 'modified',
    'added.yaml': 'added',
    'added-again.yaml': 'added',
    'staged-gone.yaml': 'deleted',
    'gone.yaml': 'deleted',
    'both.yaml': 'conflicted',
    'new folder': 'untracked',
  });
});

test('the environment of git names no other repository and opens nothing', () => {
  const environment = gitEnvironment({
    PATH: '/bin',
    HTTPS_PROXY: 'p',
    GIT_DIR: '/x',
    GIT_INDEX_FILE: '/x',
    GIT_CONFIG_PARAMETERS: "'core.fsmonitor=x'",
    GIT_CONFIG_COUNT: '1',
    GIT_ASKPASS: 'x',
    SSH_ASKPASS: 'x',
    EDITOR: 'x',
    PAGER: 'x',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: '/ca',
    LC_ALL: 'de_DE',
    NOTHING: undefined,
  });
  assert.deepEqual(environment, {
    PATH: '/bin',
    HTTPS_PROXY: 'p',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: '/ca',
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GCM_INTERACTIVE: 'never',
    SSH_ASKPASS_REQUIRE: 'never',
  });
});

test('causes of failed fetches', () => {
  const cases: readonly (readonly [stderr: string, code: string])[] = [
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", 'git-fetch-sign-in'],
    ['remote: denied\nfatal: Authentication failed for x', 'git-fetch-sign-in'],
    ['Host key verification failed.\nfatal: Could not read from remote repository.', 'git-fetch-sign-in'],
    ['fatal: unable to access x: Could not resolve host: x', 'git-fetch-unreachable'],
    ['fatal: unable to access x: SSL certificate problem: self-signed certificate', 'git-fetch-unreachable'],
    ["error: cannot lock ref 'refs/remotes/origin/main'", 'git-busy'],
    ["fatal: '/x' does not appear to be a git repository", 'git-fetch-no-repository'],
    ['remote: Repository not found.', 'git-fetch-no-repository'],
    ['fatal: bad object', 'git-fetch-failed'],
  ];
  assert.deepEqual(
    cases.map(([stderr]) => [stderr, fetchFailure('origin', stderr).code]),
    cases,
  );
  assert.equal(firstMessage('warning: x\nfatal: repository https://me:secret@host/x not found\n'), 'repository https://host/x not found');
});

test('ssh asks nothing, whatever command the user has', () => {
  assert.deepEqual(
    [undefined, '', 'ssh -i key', '"/usr/bin/ssh" -v', 'C:/Windows/ssh.exe', 'plink', 'my-ssh-wrapper'].map(quietSshCommand),
    [
      'ssh -oBatchMode=yes',
      'ssh -oBatchMode=yes',
      'ssh -i key -oBatchMode=yes',
      '"/usr/bin/ssh" -v -oBatchMode=yes',
      'C:/Windows/ssh.exe -oBatchMode=yes',
      undefined,
      undefined,
    ],
  );
});

test('paths of a tree', () => {
  const paths = ['', '.', 'a', '/a/', 'a//b/./c/../d', '../a', 'a/../../b', 'a\0b', '..a/b..'];
  assert.deepEqual(paths.map(normalPath), ['', '', 'a', 'a', 'a/b/d', undefined, undefined, undefined, '..a/b..']);
  assert.deepEqual(['.git', 'a/.GIT/config', '.gitignore', 'a.git/x'].map(isGitInternal), [true, true, false, false]);
});

test('texts keep their encoding and byte-order mark', () => {
  for (const bytes of [
    Buffer.from('ü\r\n'),
    Buffer.from('\uFEFFü'),
    Buffer.from('\uFEFFü', 'utf16le'),
    Buffer.from('\uFEFFü', 'utf16le').swap16(),
    Buffer.from(''),
  ]) {
    assert.deepEqual(Buffer.from(encodeText(decodeText(bytes), bytes)), bytes);
  }
});
