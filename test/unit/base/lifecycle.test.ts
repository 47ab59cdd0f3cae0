import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/events.ts';
import { DisposableStore, toDisposable } from '../../../src/base/lifecycle.ts';

test('a store disposes newest first, once, all of them also when one throws', () => {
  const order: string[] = [];
  const store = new DisposableStore();
  for (const name of ['a', 'b', 'c']) {
    store.add(
      toDisposable(() => {
        order.push(name);
        if (name === 'b') throw new Error('b failed');
      }),
    );
  }
  assert.throws(() => {
    store.dispose();
  }, /b failed/);
  store.dispose();
  assert.deepEqual(order, ['c', 'b', 'a']);
});

test('what is added to a disposed store is disposed at once', () => {
  const store = new DisposableStore();
  store.dispose();
  let isDisposed = false;
  store.add(
    toDisposable(() => {
      isDisposed = true;
    }),
  );
  assert.ok(isDisposed);
});

test('an emitter calls all listeners though one throws, and none after its subscription ended', () => {
  const errors: unknown[] = [];
  const seen: string[] = [];
  const emitter = new Emitter<string>((error) => errors.push(String(error)));
  emitter.event(() => {
    throw new Error('listener');
  });
  const subscription = emitter.event((value) => seen.push(value));
  emitter.fire('one');
  subscription.dispose();
  emitter.fire('two');
  assert.deepEqual({ seen, errors }, { seen: ['one'], errors: ['Error: listener', 'Error: listener'] });
});
