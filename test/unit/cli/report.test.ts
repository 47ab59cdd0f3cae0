import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { isIncomplete } from '../../../src/cli/comparison.ts';
import { toDiffReport } from '../../../src/cli/diffJson.ts';
import { diffText, shortTime } from '../../../src/cli/diffText.ts';
import { createPainter } from '../../../src/cli/style.ts';
import { comparison, counters, field, onlyLive, tracked } from './comparisons.ts';

const now = new Date(2026, 10, 21, 14, 30);
const at = new Date(2026, 10, 21, 14, 2).toISOString();
const writer = { manager: 'kubectl-scale', operation: 'Update', time: at } as const;
const objects = [
  tracked('Deployment', 'web', 'drifted', {
    proof: 'dry-run',
    fields: [
      field('replicas', { writer }),
      field('paused', { change: 'added', git: undefined as never, live: true }),
      field('note', { direction: 'out of sync', git: '', live: 'x\u001b[31m', isConfirmed: false }),
      field('same', { isCosmetic: true, git: '1', live: '1000m' }),
    ],
  }),
  tracked('ConfigMap', 'settings', 'missing'),
  tracked('Service', 'web', 'synced'),
  tracked('Secret', 'keys', 'unverified', { reason: { code: 'some-cause', details: {} } }),
];

test('text: a header per object that differs, a line per field, a summary; control characters do not get through', () => {
  const text = diffText([comparison(objects)], counters, { paint: createPainter(false), nowMs: now.getTime() });
  assert.equal(
    text,
    [
      'prod/shop  prod-eu/shop · origin/main 4f2c1d0  drifted',
      '  Deployment/web  shop  drifted  shop/web.yaml:1',
      '    spec.replicas: 3 → 5  (kubectl-scale, 14:02)  shop/web.yaml:10',
      '    spec.paused: (not in Git) → true  shop/web.yaml:11',
      '    spec.note: "" → x\uFFFD[31m  [out of sync, not confirmed]  shop/web.yaml:12',
      '  ConfigMap/settings  shop  missing  shop/settings.yaml:1',
      '  Secret/keys  shop  unverified  shop/keys.yaml:1',
      '    some-cause',
      '',
      '1 missing, 1 drifted, 1 unverified, 1 synced · 12 API calls, 1 dry-runs · 1.2 s',
    ].join('\n'),
  );
});

test('what only is live is told with its reason and whether its owner deletes it, and counts', async () => {
  const extraneous = [onlyLive('ConfigMap', 'left', [{ code: 'prune-argo-off', details: { name: 'argocd/shop' } }])];
  const compared = [comparison([tracked('Service', 'web', 'synced')], { state: 'out of sync', extraneous })];
  assert.equal(
    diffText(compared, counters, { paint: createPainter(false), nowMs: now.getTime() }),
    [
      'prod/shop  prod-eu/shop · origin/main 4f2c1d0  out of sync',
      '  ConfigMap/left  shop  extraneous',
      '    ConfigMap left belongs to this application and is not in Git (any more). Nothing removes it unless the application prunes.',
      '    Argo CD keeps it until somebody syncs with prune (Application argocd/shop syncs by itself, without prune)',
      '',
      '1 extraneous, 1 synced · 12 API calls, 1 dry-runs · 1.2 s',
    ].join('\n'),
  );
  const report = toDiffReport(compared, counters);
  const [, left] = report.applications[0]?.objects ?? [];
  assert.deepEqual(
    [left?.verdict, left?.fields, left?.forecast?.map(({ code }) => code), report.summary.different],
    ['extraneous', [], ['prune-argo-off'], 1],
  );
  assert.deepEqual(await invalid(report), null);
});

test('colours come and go with the painter only', () => {
  const options = { nowMs: now.getTime() };
  const colored = diffText([comparison(objects)], counters, { ...options, paint: createPainter(true) });
  const plain = diffText([comparison(objects)], counters, { ...options, paint: createPainter(false) });
  assert.equal(colored.replaceAll(/\u001b\[\d+m/g, ''), plain);
  assert.notEqual(colored, plain);
});

/** What the published schema finds wrong with a report; null: nothing. */
async function invalid(report: object): Promise<unknown> {
  const schema = JSON.parse(await readFile(new URL('../../../media/plumbline-diff.schema.json', import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  validate(JSON.parse(JSON.stringify(report)));
  return validate.errors;
}

test('JSON follows the published schema', async () => {
  const report = toDiffReport([comparison(objects, { reasons: [{ code: 'x', details: {} }] })], counters);
  assert.deepEqual(await invalid(report), null);
  assert.notEqual(await invalid({ ...report, apiVersion: 'plumbline.dev/diff/v2' }), null);
});

test('JSON: key, verdict, reason, owner and fields with their lines', () => {
  const [application] = toDiffReport([comparison(objects)], counters).applications;
  const [web, , , keys] = application?.objects ?? [];
  assert.deepEqual(
    [web?.key, web?.verdict, web?.owner, web?.fields[0], keys?.reason],
    [
      'apps/Deployment/shop/web',
      'drifted',
      'plumbline',
      {
        path: 'spec.replicas',
        change: 'changed',
        direction: 'drifted',
        git: 3,
        live: 5,
        manager: 'kubectl-scale',
        time: at,
        confirmed: true,
        cosmetic: false,
        masked: false,
        file: 'shop/web.yaml',
        line: 10,
      },
      { code: 'some-cause', message: 'some-cause' },
    ],
  );
});

test('an application is incomplete with one object that was not judged, or when it could not be read', () => {
  const synced = tracked('Service', 'a', 'synced');
  const states = [
    comparison([synced], { state: 'synced' }),
    comparison([synced, tracked('Service', 'b', 'unverified')]),
    comparison([synced, tracked('Service', 'b', 'cannot compare')]),
    comparison([], { state: 'cannot compare' }),
    comparison([synced], { state: 'cannot compare', isPartial: true }),
  ];
  assert.deepEqual(
    states.map((each) => isIncomplete(each)),
    [false, true, true, true, false],
  );
});

test('times of another day carry their date', () => {
  assert.deepEqual(
    [shortTime(at, now.getTime()), shortTime(at, now.getTime() + 86_400_000), shortTime('soon', 0)],
    ['14:02', '2026-11-21 14:02', 'soon'],
  );
});
