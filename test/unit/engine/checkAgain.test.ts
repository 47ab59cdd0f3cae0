import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckAgain } from '../../../src/engine/sessions/checkAgain.ts';

const passing = { reason: { code: 'server-error', details: {} } };
const standing = { reason: { code: 'target-invalid', details: {} } };

test('a check without an answer is due again, later each time, until a verdict stands', () => {
  let nowMs = 0;
  const again = new CheckAgain(() => nowMs);
  const dueAt: number[] = [];
  again.failed('a');
  for (; nowMs <= 40_000; nowMs += 1_000) {
    if (!again.due().includes('a')) continue;
    dueAt.push(nowMs);
    again.checked('a', passing);
  }
  again.checked('a', standing);
  nowMs = 10_000_000;
  assert.deepEqual([dueAt, again.due()], [[2_000, 6_000, 14_000, 30_000], []]);
});

test('the wait ends at five minutes; what is gone is forgotten', () => {
  let nowMs = 0;
  const again = new CheckAgain(() => nowMs);
  for (let attempt = 0; attempt < 20; attempt += 1) again.failed('a');
  again.failed('b');
  nowMs = 300_000;
  const due = again.due();
  again.retain((id) => id === 'b');
  assert.deepEqual([due, again.due()], [['a', 'b'], ['b']]);
});

test('when the server answers again nothing waits any longer', () => {
  let nowMs = 0;
  const again = new CheckAgain(() => nowMs);
  for (let attempt = 0; attempt < 8; attempt += 1) again.failed('a');
  nowMs = 1_000;
  const before = again.due();
  again.hurry();
  const after = again.due();
  again.failed('a');
  nowMs = 3_000;
  assert.deepEqual([before, after, again.due()], [[], ['a'], ['a']]);
});
