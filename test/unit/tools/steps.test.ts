import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSteps } from '../../tools/steps.mjs';

const signal = new AbortController().signal;

test('a step starts when what it needs is complete, and what is done already is left out', async () => {
  const order: string[] = [];
  const step = (name: string, needs: readonly string[] = [], isDone = false) => ({
    name,
    needs,
    isDone: () => Promise.resolve(isDone),
    run: async (): Promise<void> => {
      await Promise.resolve();
      order.push(name);
    },
  });
  await runSteps([step('install'), step('cached', [], true), step('build', ['install', 'cached']), step('start', ['build'])], signal);
  assert.deepEqual(order, ['install', 'build', 'start']);
});

test('the first failure stops the others and is the one that is thrown', async () => {
  let stopped = false;
  const waits = {
    name: 'waits',
    run: ({ signal: stop }: { signal: AbortSignal }): Promise<unknown> =>
      new Promise((_, reject) => {
        stop.addEventListener('abort', () => {
          stopped = true;
          reject(new Error('stopped'));
        });
      }),
  };
  const fails = { name: 'fails', run: () => Promise.reject(new Error('no compiler')) };
  await assert.rejects(runSteps([waits, fails], signal), /no compiler/);
  assert.equal(stopped, true);
});
