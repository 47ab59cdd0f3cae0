import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitSummary } from '../../../src/engine/model/commit.ts';
import type { RollbackPlan } from '../../../src/engine/model/rollback.ts';
import { commitItem, rollbackDetail, rollbackDocument } from '../../../src/extension/words/rollbackText.ts';
import { nowMs, words } from './support.ts';

const summary: CommitSummary = {
  id: 'a'.repeat(40),
  subject: 'Declare the shop',
  author: 'Mara',
  authorEmail: 'mara@larkfield.example',
  committedAtMs: nowMs - 3 * 3_600_000,
  parents: [],
};
const plan: RollbackPlan = {
  applicationId: 'prod/shop',
  method: 'restore',
  revision: summary.id,
  summary,
  reverted: [],
  commit: {
    id: '1',
    repoRoot: '/repo',
    branch: 'main',
    base: 'b'.repeat(40),
    files: [{ path: 'shop/a.yaml', status: 'modified', patch: '--- a/shop/a.yaml\n+++ b/shop/a.yaml\n@@ -1 +1 @@\n-a: 2\n+a: 1\n' }],
    left: [],
    unsaved: [],
    message: 'Roll back',
    warnings: [],
    suggestedBranch: 'rollback-shop',
  },
  rendered: [{ key: 'apps/Deployment/shop/web', action: 'configure', before: 'a', after: 'b' }],
  shared: [
    {
      applicationId: 'dev/shop',
      name: 'shop',
      environment: 'dev',
      files: ['shop/a.yaml'],
      rendered: [{ key: '/Secret/dev/key', action: 'prune' }],
    },
    { applicationId: 'dev/tools', name: 'tools', environment: 'dev', files: ['shop/a.yaml'], rendered: [] },
  ],
  isExact: false,
  notes: [{ code: 'rollback-not-exact', details: { application: 'shop', revision: 'aaaaaaa' } }],
  cannotUndo: [{ code: 'rollback-jobs', details: { objects: ['Job/migrate'] } }],
};
const reasons = ['<rollback-not-exact>', '<rollback-jobs>'];

test('the confirmation names other applications first, then the objects, then what is not undone', () => {
  assert.deepEqual(rollbackDetail(plan, words).split('\n'), [
    'Other applications read these files:',
    '•  dev/shop: remove Secret/key',
    '•  dev/tools: nothing of it changes (shop/a.yaml)',
    '',
    'Changes prod/shop:',
    '•  configure Deployment/web',
    '',
    ...reasons,
  ]);
});

test('the document is a patch with the facts as comments above it', () => {
  const lines = rollbackDocument({ ...plan, shared: [], rendered: [] }, words).split('\n');
  assert.deepEqual(lines, [
    '# prod/shop back to aaaaaaa “Declare the shop”',
    ...reasons.map((reason) => `# ${reason}`),
    '#',
    '# No object of prod/shop changes.',
    '',
    '--- a/shop/a.yaml',
    '+++ b/shop/a.yaml',
    '@@ -1 +1 @@',
    '-a: 2',
    '+a: 1',
    '',
  ]);
});

test('a commit to go back to: subject, author, age, and who synced it', () => {
  const record = { id: '1', revision: summary.id, by: 'mara@desk', startedAt: new Date(nowMs - 60_000 * 120).toISOString() };
  const counts = { created: 0, configured: 1, recreated: 0, pruned: 0, unchanged: 0, failed: 0 };
  const sync = (outcome: 'done' | 'failed'): object => ({ ...record, outcome, counts, isDirty: false, isPartial: false });
  const item = (...syncs: readonly object[]): object => commitItem({ ...summary, syncs: syncs as never, isCurrent: false }, words);
  const label = 'Declare the shop';
  const description = 'aaaaaaa · Mara · 3 h ago';
  assert.deepEqual(
    [item(), item(sync('done')), item(sync('failed'), sync('done'))],
    [
      { label, description },
      { label, description, detail: 'synced 2 h ago by mara@desk' },
      { label, description, detail: 'synced 2 h ago by mara@desk (failed)' },
    ],
  );
});
