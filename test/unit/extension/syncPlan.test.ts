import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordText } from '../../../src/extension/words/historyText.ts';
import { syncOutcomeText, syncPlanDocument, syncQuestion } from '../../../src/extension/words/syncPlanText.ts';
import { tickId } from '../../../src/engine/model/sync.ts';
import { syncPlans } from '../support/syncPlans.ts';
import { words as usual } from './support.ts';

const words = { ...usual, nowMs: new Date(2026, 10, 21, 14, 30).getTime() };
const claim = tickId('prod/shop', '/PersistentVolumeClaim/shop/data');

test('the plan as a document: what its grammar colours', () => {
  assert.equal(
    syncPlanDocument(syncPlans, words),
    [
      '# prod · prod-eu (protected)',
      '# 1 to create, 1 to configure, 1 to delete, 1 live change undone, 1 refused',
      '',
      '@ shop  shop · origin/main 4f2c1d0 · with pruning',
      '~ configure Deployment/web  shop',
      '    spec.replicas: 5 → 2  ! undoes a live change by kubectl-scale, 14:02',
      '+ create ConfigMap/settings  shop',
      '- prune PersistentVolumeClaim/data  shop  # only when ticked',
      '! refused Service/web  shop  # <some-cause>',
      '= 1 object is unchanged',
      '',
      '# Refused',
      '! refused Job/migrate  # <some-cause>',
      '',
    ].join('\n'),
  );
});

test('one question: cluster, namespace, counts, what is undone; only what is ticked counts; protected asks for its name', () => {
  const without = syncQuestion(syncPlans, new Set(), words);
  assert.deepEqual(
    [without?.message, without?.action, without?.protectedEnvironments, /PersistentVolumeClaim/.test(without?.detail ?? '')],
    ['Sync 2 objects of shop to namespace shop on cluster prod-eu?', 'Sync and Undo 1 Live Change', ['prod'], false],
  );
  const ticked = syncQuestion(syncPlans, new Set([claim]), words);
  assert.match(ticked?.message ?? '', /^Sync 3 objects/);
  assert.match(ticked?.detail ?? '', /^1 to create, 1 to configure, 1 to delete, 1 live change undone\n/);
});

test('a protected environment is not asked for when nothing is deleted, recreated or undone; nothing to do is no question', () => {
  const [plan] = syncPlans.plans;
  assert(plan);
  const creates = { refused: [], plans: [{ ...plan, steps: plan.steps.filter(({ action }) => action === 'create') }] };
  assert.deepEqual(
    [syncQuestion(creates, new Set(), words)?.protectedEnvironments, syncQuestion(creates, new Set(), words)?.action],
    [[], 'Sync'],
  );
  const idle = { refused: [], plans: [{ ...plan, steps: plan.steps.filter(({ action }) => action === 'unchanged') }] };
  assert.equal(syncQuestion(idle, new Set(), words), undefined);
});

test('outcomes: done, in part with the first reason, cancelled, not healthy in time', () => {
  const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
  const done = { applicationId: 'prod/shop', key, outcome: 'done' } as const;
  const failed = { applicationId: 'prod/shop', key, outcome: 'failed', reason: { code: 'some-cause', details: {} } } as const;
  const say = (...results: Parameters<typeof syncOutcomeText>[0]): readonly [string, boolean] => {
    const { message, isGood } = syncOutcomeText(results, words);
    return [message, isGood];
  };
  assert.deepEqual(
    [
      say({ outcome: 'done', results: [done], waiting: [] }),
      say({ outcome: 'partly', results: [done, failed], waiting: [] }),
      say({ outcome: 'cancelled', results: [done], waiting: [] }),
      say({ outcome: 'timed-out', results: [done], waiting: [{ applicationId: 'prod/shop', key, message: 'waits' }] }),
    ],
    [
      ['1 object was synced.', true],
      ['1 object was synced. ConfigMap/settings: <some-cause>', false],
      ['1 object was synced. The sync was cancelled; running it again finishes it.', false],
      ['1 object was synced. Not everything became healthy in time. ConfigMap/settings is not healthy yet: waits', false],
    ],
  );
});

test('a recorded sync: its commit, its age, how it ended, what it changed, who asked', () => {
  const counts = { created: 1, configured: 2, recreated: 0, pruned: 0, unchanged: 3, failed: 0 };
  const record = {
    id: 'a',
    revision: '4f2c1d0'.padEnd(40, '0'),
    by: 'mara@host',
    startedAt: new Date(2026, 10, 21, 14, 2).toISOString(),
    outcome: 'partly',
    isDirty: false,
    isPartial: false,
    counts,
  } as const;
  const { label, description, accessibility, look, contextValue } = recordText(record, words);
  assert.deepEqual(
    { label, description, accessibility, icon: look.icon, contextValue },
    {
      label: '4f2c1d0',
      description: '28 min ago · mara@host · done in part · 1 created, 2 configured',
      accessibility: 'sync of 4f2c1d0, done in part, 28 min ago · mara@host · done in part · 1 created, 2 configured',
      icon: 'warning',
      contextValue: 'plumbline:sync+commit',
    },
  );
});

test('a take over: whose fields move, which marks change, and what becomes of the Helm release', () => {
  const [plan] = syncPlans.plans;
  const [application] = plan?.applications ?? [];
  const [step] = plan?.steps ?? [];
  assert(plan && application && step);
  const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
  const moves = [{ manager: 'helm', operation: 'Apply', count: 3, fields: ['data.a', 'data.b'] }] as const;
  const marks = [{ place: 'annotation', name: 'meta.helm.sh/release-name', change: 'removed' }] as const;
  const taken = { ...step, key, action: 'take-over', fields: [], undoes: [], moves, marks } as const;
  const releases = [{ name: 'shop', namespace: 'shop', version: 3, records: 3 }];
  const plans = {
    refused: [],
    plans: [{ ...plan, kind: 'take-over' as const, applications: [{ ...application, prune: false, releases }], steps: [taken] }],
  };
  assert.equal(
    syncPlanDocument(plans, words),
    [
      '# prod · prod-eu (protected)',
      '# 1 to take over',
      '',
      '@ shop  shop · origin/main 4f2c1d0',
      '# Helm’s record of the release shop/shop, revision 3 stays as it is (3 Secrets).',
      '# Never run “helm uninstall” or “helm upgrade” on it again: that deletes or overwrites these objects.',
      '# To make Helm forget it: kubectl -n shop delete secret -l owner=helm,name=shop',
      '> take over ConfigMap/settings  shop',
      '    3 fields: helm → plumbline',
      '    annotation removed: meta.helm.sh/release-name',
      '',
    ].join('\n'),
  );
  const question = syncQuestion(plans, new Set(), words);
  assert.deepEqual(
    [question?.message, question?.action, question?.protectedEnvironments],
    ['Take over 1 object of shop in namespace shop on cluster prod-eu?', 'Take Over', []],
  );
  assert.match(
    question?.detail ?? '',
    /^Nothing is deleted, restarted or applied: .*\n\nHelm’s record of the release shop\/shop, revision 3/,
  );
});
