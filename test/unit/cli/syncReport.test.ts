import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { historyText, toHistoryReport } from '../../../src/cli/historyReport.ts';
import { createPainter } from '../../../src/cli/style.ts';
import { syncPlanText, syncResultText, toPlanReport, toSyncReport } from '../../../src/cli/syncReport.ts';
import type { SyncHistory } from '../../../src/engine/model/ledger.ts';
import type { SyncResult } from '../../../src/engine/model/sync.ts';
import { syncPlans } from '../support/syncPlans.ts';
import { comparison } from './comparisons.ts';

const now = new Date(2026, 10, 21, 14, 30);
const options = { paint: createPainter(false), nowMs: now.getTime() };

test('plan as text: applications with their commits, a line per object, undone live changes, ticks and refusals', () => {
  assert.equal(
    syncPlanText(syncPlans, options),
    [
      'prod · prod-eu  protected',
      '  shop  shop · to origin/main 4f2c1d0',
      '    configure Deployment/web  shop',
      '        spec.replicas: 5 → 2  (kubectl-scale, 14:02)  [undoes a live change]',
      '    create    ConfigMap/settings  shop',
      '    prune     PersistentVolumeClaim/data  shop  [only with --allow PersistentVolumeClaim/data]',
      '    skipped   Service/web  shop  some-cause',
      '  1 create, 1 configure, 1 prune, 1 unchanged, 1 skipped, 1 live change undone',
      'Refused:',
      '  Job/migrate  some-cause',
      '',
    ].join('\n'),
  );
});

const result: SyncResult = {
  outcome: 'partly',
  results: [
    { applicationId: 'prod/shop', key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' }, outcome: 'done' },
    {
      applicationId: 'prod/shop',
      key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'settings' },
      outcome: 'failed',
      reason: { code: 'some-cause', details: {} },
    },
  ],
  waiting: [
    {
      applicationId: 'prod/shop',
      key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
      message: '1 of 2 replicas\u001b[31m',
    },
  ],
};

test('result as text: how it ended, what was not done and why, and what is awaited; control characters do not get through', () => {
  assert.equal(
    syncResultText([result], options),
    'partly: 1 of 2 objects\n  failed  ConfigMap/settings  some-cause\n  waiting Deployment/web  1 of 2 replicas\uFFFD[31m\n',
  );
});

const counts = { created: 1, configured: 2, recreated: 0, pruned: 0, unchanged: 3, failed: 0 };
const running: SyncHistory['entries'][number] = {
  id: 'b',
  revision: '4f2c1d0'.padEnd(40, '0'),
  by: 'mara@host',
  startedAt: new Date(2026, 10, 21, 14, 2).toISOString(),
  outcome: 'running',
  isDirty: false,
  isPartial: true,
  counts,
};
const history: SyncHistory = { entries: [running], unfinished: running };

test('history as text: one line per sync, and that the newest did not end', () => {
  const { application } = comparison([]);
  assert.equal(
    historyText([{ application, history }], options),
    [
      'prod/shop',
      '  The newest sync did not end: sync again to finish it.',
      '  14:02             running    4f2c1d0  1 created, 2 configured  mara@host, chosen objects',
      '',
    ].join('\n'),
  );
});

test('JSON of plan, sync and history follows the published schema', async () => {
  const schema = JSON.parse(await readFile(new URL('../../../media/plumbline-sync.schema.json', import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const { application } = comparison([]);
  for (const report of [toPlanReport(syncPlans), toSyncReport(syncPlans, [result]), toHistoryReport([{ application, history }])]) {
    validate(JSON.parse(JSON.stringify(report)));
    assert.deepEqual(validate.errors, null);
  }
});
