import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoreOffers } from '../../../src/server/ignoreOffers.ts';
import { lineMark } from '../extension/support.ts';

const mark = lineMark(1);

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
