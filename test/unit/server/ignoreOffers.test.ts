import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LineMark } from '../../../src/engine/model/snapshot.ts';
import { ignoreOffers } from '../../../src/server/ignoreOffers.ts';

const mark: LineMark = {
  range: { file: 'web.yaml', startLine: 1, startColumn: 0, endLine: 1, endColumn: 1 },
  kind: 'changed',
  applicationId: 'prod/shop',
  applicationName: 'shop',
  context: 'prod-eu',
  object: 'Deployment/web',
  objectKey: 'apps/Deployment/shop/web',
  fieldId: 'spec.replicas',
  isEdited: false,
};

test('what an ignore rule would do is looked for no longer when the editor does not ask any more', async () => {
  const request = new AbortController();
  const asked = Promise.withResolvers<AbortSignal>();
  const plan = (_request: unknown, signal: AbortSignal): Promise<never> => {
    asked.resolve(signal);
    return new Promise(() => undefined);
  };
  const offers = ignoreOffers([mark], { ignoreEdits: { plan } }, request.signal);
  const signal = await asked.promise;
  const reason = new Error('the cursor moved on');
  request.abort(reason);
  await assert.rejects(offers, reason);
  assert.equal(signal.reason, reason);
});
