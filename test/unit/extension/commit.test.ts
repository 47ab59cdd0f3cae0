import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitPlan, PushPlan } from '../../../src/engine/model/commit.ts';
import { commitDetail, commitDocument, pushDetail } from '../../../src/extension/words/commitText.ts';
import { words } from './support.ts';

const plan: CommitPlan = {
  id: 'p',
  repoRoot: '/repo',
  branch: 'main',
  base: 'b'.repeat(40),
  files: [
    { path: 'a.yaml', status: 'modified', patch: 'diff --git a/a.yaml b/a.yaml\n@@ -1 +1 @@\n-a: 1\n+a: 2\n' },
    { path: 'secret.yaml', status: 'added', note: { code: 'commit-holds-secret', details: { file: 'secret.yaml' } } },
  ],
  left: ['1', '2', '3', '4', '5', '6', '7'],
  unsaved: [],
  message: 'Update shop',
  warnings: [{ code: 'commit-not-rendered', details: {} }],
  suggestedBranch: 'plumbline/update-shop',
};

const commit = (id: string, author: string): PushPlan['carries'][number] => ({
  id: id.repeat(40),
  subject: `Subject ${id}`,
  author,
  authorEmail: `${author}@example.org`,
  committedAtMs: 0,
  parents: [],
});

const push: PushPlan = {
  repoRoot: '/repo',
  remote: 'origin',
  branch: 'main',
  remoteBranch: 'main',
  tip: 'a'.repeat(40),
  carries: [commit('a', 'ada'), commit('b', 'bob')],
  count: 12,
  foreign: ['b'.repeat(40)],
  moves: [
    { applicationId: 'prod/shop', name: 'shop', environment: 'prod', isProtected: true },
    { applicationId: '-/blog', name: 'blog', isProtected: false },
  ],
};

test('the patch of a commit, with what it leaves out and what does not render', () => {
  assert.equal(
    commitDocument(plan, words),
    [
      '# <commit-not-rendered>',
      '# Left as they are: 1, 2, 3, 4, 5 and 2 more',
      '',
      'diff --git a/a.yaml b/a.yaml\n@@ -1 +1 @@\n-a: 1\n+a: 2',
      '# secret.yaml (added)\n# <commit-holds-secret>',
      '',
    ].join('\n'),
  );
});

test('the confirmation of a commit names its files', () => {
  assert.equal(
    commitDetail(plan, 'Update shop', words),
    '“Update shop”\nM  a.yaml\nA  secret.yaml\nLeft as they are: 1, 2, 3, 4, 5 and 2 more\n<commit-not-rendered>',
  );
  const many = { ...plan, files: Array.from({ length: 30 }, (_, at) => ({ path: `f${String(at)}`, status: 'deleted' as const })) };
  assert.match(commitDetail(many, 'x', words), /^D {2}f22\n… and 9 more lines$/m);
});

test('the confirmation of a push names every commit that it carries and every application that it moves', () => {
  assert.equal(
    pushDetail(push, words, 'Update shop'),
    [
      'The push carries to origin/main:',
      '•  Update shop (this commit)',
      '•  aaaaaaa Subject a (ada)',
      '•  bbbbbbb Subject b (bob) — not yours',
      '… and 10 more commits',
      '',
      'It moves the target of:',
      '•  shop (prod, protected)',
      '•  blog',
    ].join('\n'),
  );
  assert.match(pushDetail({ ...push, carries: [], count: 0, foreign: [], moves: [] }, words), /It moves the target of no application\.$/);
});
