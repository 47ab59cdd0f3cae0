import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { GitRepository } from '../../../src/engine/git/repository.ts';
import { WorkingTree } from '../../../src/engine/git/workingTree.ts';
import { commit, git, makeRepoWithOrigin, temporaryFolder, testEnvironment, write } from './sampleRepo.ts';

/** Makes a repository that starts programs wherever Git lets its configuration do so; each writes a file. */
function arm(repo: string, traces: string): void {
  const trap = (name: string): string => {
    const script = join(traces, `${name}.sh`);
    writeFileSync(script, `#!/bin/sh\ntouch "${join(traces, name)}.ran"\ncat\n`);
    chmodSync(script, 0o755);
    return script;
  };
  const hooks = join(repo, '.git/hooks');
  mkdirSync(hooks, { recursive: true });
  for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout', 'pre-commit', 'fsmonitor-watchman']) {
    writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch "${join(traces, `hook-${hook}`)}.ran"\n`);
    chmodSync(join(hooks, hook), 0o755);
  }
  for (const [key, name] of [
    ['core.fsmonitor', 'fsmonitor'],
    ['core.pager', 'pager'],
    ['core.askPass', 'askpass'],
    ['filter.evil.clean', 'clean'],
    ['filter.evil.smudge', 'smudge'],
    ['filter.e.v=il "x.process', 'process'],
    ['diff.evil.textconv', 'textconv'],
    ['diff.external', 'external'],
    ['gpg.program', 'gpg'],
    ['core.sshCommand', 'ssh'],
    ['alias.status', 'alias'],
  ] as const) {
    git(repo, 'config', key, trap(name));
  }
  git(repo, 'config', 'filter.evil.required', 'true');
  git(repo, 'config', 'log.showSignature', 'true');
}

const ran = (traces: string): string[] => readdirSync(traces).filter((name) => name.endsWith('.ran'));

test('reading a hostile repository starts none of the programs that its configuration names', async (t) => {
  const { repo } = makeRepoWithOrigin(t);
  const traces = temporaryFolder(t);
  const id = commit(repo, { '.gitattributes': '*.yaml filter=evil diff=evil\n*.txt filter=evil\n', 'b.yaml': 'b: 1\n', 'c.txt': 'c\n' });
  arm(repo, traces);
  write(repo, { 'b.yaml': 'b: 2\n', 'c.txt': 'c2\n', 'new.yaml': 'n\n' });
  const repository = await GitRepository.open(
    repo,
    {
      isTrusted: () => true,
      environment: { ...testEnvironment, GIT_EXTERNAL_DIFF: 'false', GIT_DIR: '/nonexistent', EDITOR: 'false', PAGER: 'false' },
    },
    t.signal,
  );
  t.after(() => {
    repository.dispose();
  });
  await repository.state(t.signal);
  await repository.target(undefined, t.signal);
  const edits = await repository.editedPaths([], t.signal);
  const tree = await repository.tree(id, t.signal);
  const bytes = await tree.read('b.yaml');
  await repository.changedPaths(id, await repository.resolve('HEAD~1', t.signal), t.signal);
  await repository.lastCommit('HEAD', ['b.yaml'], t.signal);
  const fetched = await repository.fetch(t.signal);
  assert.deepEqual(
    { ran: ran(traces), edits: [...edits], text: new TextDecoder().decode(bytes), fetched },
    {
      ran: [],
      edits: [
        ['b.yaml', 'modified'],
        ['c.txt', 'modified'],
        ['new.yaml', 'untracked'],
      ],
      text: 'b: 1\n',
      fetched: undefined,
    },
  );
  // The traps do work: git without our precautions runs into them.
  git(repo, 'status');
  assert.ok(ran(traces).includes('fsmonitor.ran'));
});

test('an untrusted workspace starts nothing, but its files are read; trust is asked each time', async (t) => {
  const { repo } = makeRepoWithOrigin(t);
  const traces = temporaryFolder(t);
  const id = git(repo, 'rev-parse', 'HEAD');
  arm(repo, traces);
  const fakeGit = join(traces, 'git');
  writeFileSync(fakeGit, `#!/bin/sh\ntouch "${join(traces, 'git')}.ran"\n`);
  chmodSync(fakeGit, 0o755);
  const layout = await findLayout(repo);
  assert.ok(layout);
  let isTrusted = false;
  const untrusted = new GitRepository(layout, { isTrusted: () => isTrusted, environment: testEnvironment, gitPath: fakeGit });
  const gated = (error: unknown): boolean => isAppError(error, 'workspace-untrusted');
  for (const call of [
    () => untrusted.state(t.signal),
    () => untrusted.target('main', t.signal),
    () => untrusted.resolve('HEAD', t.signal),
    () => untrusted.tree(id, t.signal),
    () => untrusted.editedPaths([], t.signal),
    () => untrusted.fetch(t.signal),
  ]) {
    await assert.rejects(call, gated);
  }
  const text = await new WorkingTree(layout).readText('a.yaml');
  assert.deepEqual([ran(traces), text], [[], 'a: 1\n']);
  untrusted.dispose();

  const later = new GitRepository(layout, { isTrusted: () => isTrusted, environment: testEnvironment });
  t.after(() => {
    later.dispose();
  });
  await assert.rejects(later.tree(id, t.signal), gated);
  isTrusted = true;
  assert.equal((await later.tree(id, t.signal)).commit, id);
  assert.ok(!existsSync(join(traces, 'git.ran')));
});
