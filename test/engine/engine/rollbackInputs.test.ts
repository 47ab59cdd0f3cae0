import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { commitEntries, haveSame, resolvedReads, restoringChanges } from '../../../src/engine/rollbacks/rollbackInputs.ts';
import { commit, git, makeRepo, testEnvironment } from '../git/sampleRepo.ts';

test('inputs behind links: the links and what they lead to are restored, and nothing beside', async (t) => {
  const repo = makeRepo(t, { 'shared/a.yaml': 'a: 1\n', 'shared/b.yaml': 'b: 1\n', 'other.yaml': 'o: 1\n', 'app/own.yaml': 'x: 1\n' });
  symlinkSync('../shared', join(repo, 'app/base'));
  symlinkSync('base/a.yaml', join(repo, 'app/link.yaml'));
  const old = commit(repo, {}, 'links');
  rmSync(join(repo, 'app/link.yaml'));
  symlinkSync('base/b.yaml', join(repo, 'app/link.yaml'));
  rmSync(join(repo, 'app/own.yaml'));
  const now = commit(repo, { 'shared/a.yaml': 'a: 2\n', 'shared/b.yaml': 'b: 2\n', 'other.yaml': 'o: 2\n', 'app/new.yaml': 'n: 1\n' });

  const layout = (await findLayout(repo)) ?? assert.fail();
  const writer = new WritingGit(layout, { isTrusted: () => true, environment: testEnvironment });
  const [then, here] = [await commitEntries(writer, old, t.signal), await commitEntries(writer, now, t.signal)];
  const looks = { files: ['app/link.yaml', 'app/own.yaml', 'app/new.yaml', 'app/none.yaml', 'app/../../outside'], folders: ['app/base'] };
  const reads = await resolvedReads(writer, then, looks, t.signal);
  assert.deepEqual(
    { files: reads.files.toSorted(), folders: reads.folders },
    {
      files: ['app/../../outside', 'app/base', 'app/link.yaml', 'app/new.yaml', 'app/none.yaml', 'app/own.yaml', 'shared/a.yaml'],
      folders: ['shared'],
    },
  );
  const changes = restoringChanges(here, then, reads.files);
  const id = (path: string): string => git(repo, 'rev-parse', `${old}:${path}`);
  assert.deepEqual(changes, [
    { path: 'app/link.yaml', file: { mode: '120000', id: id('app/link.yaml') } },
    { path: 'app/new.yaml', file: undefined },
    { path: 'app/own.yaml', file: { mode: '100644', id: id('app/own.yaml') } },
    { path: 'shared/a.yaml', file: { mode: '100644', id: id('shared/a.yaml') } },
  ]);
  assert.deepEqual([haveSame(here, then, ['app/base']), haveSame(here, then, ['app/base', 'other.yaml'])], [true, false]);
});
