import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastTold } from '../../../src/base/lastTold.ts';

test('only what differs from what was told last is news, and all is once that is forgotten', () => {
  const told = new LastTold();
  const values = [[], { a: [1] }, { a: [1] }, { a: [2] }, { a: [1] }, ''];
  assert.deepEqual(
    values.map((value) => told.isNews(value)),
    [true, true, false, true, true, true],
  );
  told.forget();
  assert.deepEqual([told.isNews(''), told.isNews('')], [true, false]);
});
