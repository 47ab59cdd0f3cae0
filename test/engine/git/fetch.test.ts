import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import { commit, git, makeRepo, makeRepoWithOrigin, open, temporaryFolder } from './sampleRepo.ts';

test('a fetch moves the target and not the working tree', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const other = join(temporaryFolder(t), 'other');
  git(repo, 'clone', '-q', origin, other);
  const theirs = commit(other, { 'a.yaml': 'a: 2\n' });
  git(other, 'push', '-q');
  const repository = await open(t, repo);
  const before = await repository.target(undefined, t.signal);
  const reason = await repository.fetch(t.signal);
  const after = await repository.target(undefined, t.signal);
  assert.deepEqual([reason, before.behind, after.behind, after.commit], [undefined, 0, 1, theirs]);
  assert.equal(readFileSync(join(repo, 'a.yaml'), 'utf8'), 'a: 1\n');
});

test('a failed fetch says why and never prompts', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const repository = await open(t, repo);
  const reasons: Record<string, unknown> = {};
  reasons['unknown remote'] = (await repository.fetch(t.signal, '--upload-pack=touch /tmp/x'))?.code;
  git(repo, 'remote', 'set-url', 'origin', 'https://user:hunter2@127.0.0.1:9/x.git');
  const unreachable = await repository.fetch(t.signal);
  reasons['unreachable'] = unreachable?.code;
  reasons['no password in words'] = describe(unreachable?.code ?? '', unreachable?.details).includes('hunter2');
  const ssh = join(temporaryFolder(t), 'ssh');
  writeFileSync(ssh, '#!/bin/sh\necho "$@" > "$0.args"\necho "git@host: Permission denied (publickey)." >&2\nexit 255\n');
  chmodSync(ssh, 0o755);
  git(repo, 'config', 'core.sshCommand', ssh);
  git(repo, 'remote', 'set-url', 'origin', 'ssh://git@host.invalid/x.git');
  reasons['ssh'] = (await repository.fetch(t.signal))?.code;
  reasons['asks nothing'] = readFileSync(`${ssh}.args`, 'utf8').includes('BatchMode=yes');
  git(repo, 'remote', 'set-url', 'origin', origin);
  rmSync(origin, { recursive: true });
  reasons['origin gone'] = (await repository.fetch(t.signal))?.code;
  reasons['no remote'] = (await (await open(t, makeRepo(t))).fetch(t.signal))?.code;
  assert.deepEqual(reasons, {
    'unknown remote': 'git-no-remote',
    unreachable: 'git-fetch-unreachable',
    'no password in words': false,
    ssh: 'git-fetch-sign-in',
    'asks nothing': true,
    'origin gone': 'git-fetch-no-repository',
    'no remote': 'git-no-remote',
  });
});

test('two windows on one repository fetch and read at the same time; an abort ends a fetch', async (t) => {
  const { repo, origin } = makeRepoWithOrigin(t);
  const other = join(temporaryFolder(t), 'other');
  git(repo, 'clone', '-q', origin, other);
  commit(other, { 'a.yaml': 'a: 2\n' });
  git(other, 'push', '-q');
  const windows = [await open(t, repo), await open(t, repo)] as const;
  const reasons = await Promise.all(windows.map((window) => window.fetch(t.signal)));
  assert.ok(reasons.every((reason) => reason === undefined || reason.code === 'git-busy'));
  const targets = await Promise.all(windows.map((window) => window.target(undefined, t.signal)));
  assert.equal(new Set(targets.map((target) => target.commit)).size, 1);

  const slow = join(temporaryFolder(t), 'ssh');
  writeFileSync(slow, '#!/bin/sh\nexec cat\n');
  chmodSync(slow, 0o755);
  git(repo, 'config', 'core.sshCommand', slow);
  git(repo, 'remote', 'set-url', 'origin', 'ssh://git@host.invalid/x.git');
  const abort = new AbortController();
  const fetching = windows[0].fetch(AbortSignal.any([abort.signal, t.signal]));
  setTimeout(() => {
    abort.abort();
  }, 100);
  await assert.rejects(fetching, { name: 'AbortError' });
});
