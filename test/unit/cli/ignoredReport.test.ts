import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { ignoredText, toIgnoredReport } from '../../../src/cli/ignoredReport.ts';
import { createPainter } from '../../../src/cli/style.ts';
import type { IgnoredList } from '../../../src/engine/model/snapshot.ts';

const sources = [{ file: 'argo/shop.yaml', startLine: 11, startColumn: 6, endLine: 13, endColumn: 0 }];
const by = 'Application argocd/shop ignoreDifferences[0]';
const web = { objectKey: 'apps/Deployment/shop/web', object: 'Deployment/web' };
const list: IgnoredList = {
  fields: [
    {
      ...web,
      id: 'spec.replicas',
      by: `${by} jq .spec.replicas`,
      sources,
      reason: { code: 'ignored-argo-set', details: { name: 'argocd/shop' } },
    },
    { ...web, id: '', by: 'kustomize.toolkit.fluxcd.io/reconcile: disabled' },
  ],
  rules: [
    { by, paths: ['jq .spec.replicas'], fieldCount: 1, sources },
    {
      by: 'plumbline.yaml:3',
      paths: ['/spec/paused'],
      fieldCount: 0,
      sources: [{ file: 'plumbline.yaml', startLine: 2, startColumn: 0, endLine: 2, endColumn: 0 }],
    },
    {
      by: 'argocd-cm KEY',
      paths: ['/spec/x'],
      fieldCount: 0,
      sources: ['a.yaml', 'b.yaml'].map((file) => ({ file, startLine: 4, startColumn: 0, endLine: 4, endColumn: 3 })),
    },
  ],
};
const lists = [{ application: { id: 'prod/shop' }, list }];

test('ignored fields as JSON follow the published schema', async () => {
  const schema = JSON.parse(await readFile(new URL('../../../media/plumbline-ignored.schema.json', import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const report = JSON.parse(JSON.stringify(toIgnoredReport(lists))) as object;
  validate(report);
  assert.deepEqual(validate.errors, null);
  assert.equal(validate({ ...report, apiVersion: 'plumbline.dev/ignored/v2' }), false);
  const [application] = toIgnoredReport(lists).applications;
  assert.deepEqual(
    [...(application?.fields ?? []), ...(application?.rules ?? [])].map(({ file, line }) => [file, line]),
    [
      ['argo/shop.yaml', 12],
      [undefined, undefined],
      ['argo/shop.yaml', 12],
      ['plumbline.yaml', 3],
      ['a.yaml', 5],
    ],
  );
  assert.deepEqual(application?.rules[2]?.places, [
    { file: 'a.yaml', line: 5 },
    { file: 'b.yaml', line: 5 },
  ]);
});

test('ignored fields as text name each rule with its file and line', () => {
  assert.equal(
    ignoredText(lists, createPainter(false)),
    `prod/shop  2 fields ignored
  Application argocd/shop ignoreDifferences[0]  (argo/shop.yaml:12)  jq .spec.replicas
    Deployment/web  spec.replicas  by jq .spec.replicas: Application argocd/shop does not compare it; its next sync sets the value of Git all the same
  plumbline.yaml:3  /spec/paused  (leaves out nothing now)
  argocd-cm KEY  (a.yaml:5, b.yaml:5)  /spec/x  (leaves out nothing now)
  Deployment/web  the whole object  by kustomize.toolkit.fluxcd.io/reconcile: disabled
`,
  );
});
