import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileRange } from '../../../src/engine/model/application.ts';
import type { IgnoredList } from '../../../src/engine/model/snapshot.ts';
import { ignoredFact, ignoredItems } from '../../../src/extension/words/ignoredText.ts';
import { l10n, words } from './support.ts';

const web = { objectKey: 'apps/Deployment/shop/web', object: 'Deployment/web' };
const list: IgnoredList = {
  fields: [
    { ...web, id: 'spec.replicas', by: 'autoscaler HorizontalPodAutoscaler/web', reason: { code: 'ignored-autoscaled', details: {} } },
    { objectKey: '/Service/shop/web', object: 'Service/web', id: '', by: 'Application argocd/shop ignoreDifferences[0] jq .' },
  ],
  rules: [
    { by: 'Application argocd/shop ignoreDifferences[0]', paths: ['.'], fieldCount: 1 },
    { by: 'plumbline.yaml:12', paths: ['/spec/paused'], fieldCount: 0 },
    { by: 'autoscaler HorizontalPodAutoscaler/web', paths: [], fieldCount: 1 },
  ],
};

test('ignored fields stand below their rules; of one object only its own', () => {
  const shown = (key?: string): readonly string[] =>
    ignoredItems(list, words, key).map(({ isHeading, label, description }) => (isHeading ? `# ${label}` : `${label} ${description}`));
  assert.deepEqual(shown(), [
    '# Application argocd/shop ignoreDifferences[0]: .',
    'Service/web the whole object',
    '# autoscaler HorizontalPodAutoscaler/web',
    'Deployment/web spec.replicas',
    '# leave out nothing now',
    'plumbline.yaml:12 /spec/paused',
  ]);
  const range = (file: string, startLine: number): FileRange => ({ file, startLine, startColumn: 0, endLine: startLine, endColumn: 0 });
  const placed: IgnoredList = {
    fields: [{ ...web, id: 'spec.replicas', by: 'argocd-cm key', sources: [range('argo/cm.yaml', 6), range('eu/cm.yaml', 8)] }],
    rules: [
      { by: 'argocd-cm key', paths: ['/spec/replicas'], fieldCount: 1, sources: [range('argo/cm.yaml', 6), range('eu/cm.yaml', 8)] },
      { by: 'Kustomization flux-system/apps ignore[0]', paths: ['/x'], fieldCount: 0, sources: [range('flux/apps.yaml', 20)] },
    ],
  };
  assert.deepEqual(
    ignoredItems(placed, words).map(({ label, description, sources }) => [label, description, sources.map(({ startLine }) => startLine)]),
    [
      ['argocd-cm key (argo/cm.yaml:7, eu/cm.yaml:9): /spec/replicas', '', []],
      ['Deployment/web', 'spec.replicas', [6, 8]],
      ['leave out nothing now', '', []],
      ['Kustomization flux-system/apps ignore[0]', '/x · flux/apps.yaml:21', [20]],
    ],
  );
  assert.deepEqual(shown(web.objectKey), ['# autoscaler HorizontalPodAutoscaler/web', 'Deployment/web spec.replicas']);
});

test('an object tells how many of its fields are ignored, and by whom', () => {
  const ignored = [
    { id: 'a', by: 'plumbline.yaml:12' },
    { id: 'b', by: 'plumbline.yaml:12' },
  ];
  assert.deepEqual(
    [
      ignoredFact({ ignoredCount: 0 }, l10n),
      ignoredFact({ ignoredCount: 2, ignored }, l10n),
      ignoredFact({ ignoredCount: 1, ignored: ignored.slice(1) }, l10n),
    ],
    [undefined, String.raw`2 fields ignored, by plumbline\.yaml:12`, String.raw`1 field ignored, by plumbline\.yaml:12`],
  );
  const sources = ['argo', 'eu'].map((folder) => ({ file: `${folder}/cm.yaml`, startLine: 6, startColumn: 0, endLine: 6, endColumn: 0 }));
  assert.equal(
    ignoredFact({ ignoredCount: 1, ignored: [{ id: 'a', by: 'argocd-cm key', sources }] }, l10n, '/repo'),
    String.raw`1 field ignored, by argocd\-cm key ([argo/cm\.yaml:7](file:///repo/argo/cm.yaml#L7), [eu/cm\.yaml:7](file:///repo/eu/cm.yaml#L7))`,
  );
});
