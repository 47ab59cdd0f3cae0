import assert from 'node:assert/strict';
import { test } from 'node:test';
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
    [undefined, '2 fields ignored, by plumbline.yaml:12', '1 field ignored, by plumbline.yaml:12'],
  );
});
