import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mock, test } from 'node:test';
import { BackgroundRunner, coalesce, delay, Limiter, raceWithSignal, Throttler, withAnySignal } from '../../../src/base/async.ts';

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('the limiter runs interactive tasks before waiting background ones and never more than its limit', async () => {
  const limiter = new Limiter(1);
  const first = deferred();
  const order: string[] = [];
  const running = [
    limiter.run(async () => {
      await first.promise;
      order.push('first');
    }),
    limiter.run(() => Promise.resolve(order.push('background'))),
    limiter.run(() => Promise.resolve(order.push('interactive')), { interactive: true }),
  ];
  first.resolve();
  await Promise.all(running);
  assert.deepEqual(order, ['first', 'interactive', 'background']);
});

test('a task aborted while it waits leaves the queue and the others run', async () => {
  const limiter = new Limiter(1);
  const first = deferred();
  const abort = new AbortController();
  const running = limiter.run(() => first.promise);
  const aborted = limiter.run(() => Promise.resolve('never'), { signal: abort.signal });
  const last = limiter.run(() => Promise.resolve('ran'));
  abort.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  first.resolve();
  await running;
  assert.equal(await last, 'ran');
});

test('a failing task gives its place back', async () => {
  const limiter = new Limiter(1);
  await assert.rejects(
    limiter.run(() => Promise.reject(new Error('x'))),
    { message: 'x' },
  );
  assert.equal(await limiter.run(() => Promise.resolve(1)), 1);
});

test('coalesce calls at once, then once per interval, and not after disposal', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let calls = 0;
    const publish = coalesce(50, () => {
      calls += 1;
    });
    publish.request();
    publish.request();
    publish.request();
    assert.equal(calls, 1);
    mock.timers.tick(50);
    assert.equal(calls, 2);
    mock.timers.tick(50);
    publish.request();
    assert.equal(calls, 3);
    publish.request();
    publish.dispose();
    publish.request();
    mock.timers.tick(500);
    assert.equal(calls, 3);
  } finally {
    mock.timers.reset();
  }
});

test('the throttler runs once more for all requests that came during a run', async () => {
  const failures: unknown[] = [];
  const background = new BackgroundRunner((_name, error) => failures.push(error));
  const gate = deferred();
  let runs = 0;
  const throttler = new Throttler(background, 'count', async () => {
    runs += 1;
    if (runs === 1) await gate.promise;
  });
  throttler.request();
  throttler.request();
  throttler.request();
  gate.resolve();
  await background.idle();
  assert.deepEqual({ runs, isBusy: throttler.isBusy, failures }, { runs: 2, isBusy: false, failures: [] });
});

test('the throttler runs again after a failure, which is reported', async () => {
  const failures: string[] = [];
  const background = new BackgroundRunner((name, error) => failures.push(`${name}: ${String(error)}`));
  let runs = 0;
  const throttler = new Throttler(background, 'fail once', () => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error('broken')) : Promise.resolve();
  });
  throttler.request();
  await background.idle();
  throttler.request();
  await background.idle();
  assert.deepEqual({ runs, failures }, { runs: 2, failures: ['fail once: Error: broken'] });
});

test('cancellation ends waiting and is silent in the background', async () => {
  const failures: unknown[] = [];
  const background = new BackgroundRunner((_name, error) => failures.push(error));
  background.run('wait', (signal) => delay(60_000, signal));
  background.dispose();
  await background.idle();
  await assert.rejects(raceWithSignal(new Promise<never>(() => undefined), AbortSignal.abort()), { name: 'AbortError' });
  assert.deepEqual(failures, []);
});

test('a task with several signals ends with any of them, and leaves nothing with those that live on', async () => {
  const [long, short] = [new AbortController(), new AbortController()];
  const waiting = withAnySignal([long.signal, short.signal], (signal) => delay(60_000, signal));
  short.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(
    withAnySignal([short.signal, long.signal], (signal) => {
      signal.throwIfAborted();
      return Promise.resolve();
    }),
    /enough/,
  );
  assert.equal(await withAnySignal([long.signal], () => Promise.resolve('done')), 'done');
  assert.deepEqual(getEventListeners(long.signal, 'abort'), []);
});
