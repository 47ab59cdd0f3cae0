import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { logUnhandled } from '../../../src/server/unhandled.ts';

test('a failure that nobody awaited is logged with its code; cancellation is silent', () => {
  const logged: string[] = [];
  const abort = new AbortController();
  abort.abort();
  for (const reason of [new AppError('git-missing', { program: 'git' }), new TypeError('broken'), 'text', abort.signal.reason]) {
    logUnhandled(reason, (text) => logged.push(text.split('\n')[0] ?? ''));
  }
  assert.deepEqual(
    logged.map((text) => text.replace(/(code=git-missing).*/, '$1')),
    ['[unhandled] code=git-missing', '[unhandled] code=internal TypeError: broken', '[unhandled] code=internal Error: text'],
  );
});
