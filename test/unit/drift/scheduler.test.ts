import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackgroundRunner } from '../../../src/base/async.ts';
import { AppError } from '../../../src/base/errors.ts';
import { type JudgeResult, type JudgeTask, VerdictScheduler } from '../../../src/engine/drift/scheduler.ts';
import { type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import { desiredObject, inputOf, judgeWith, liveObject } from './support.ts';

interface Waiting {
  readonly name: string;
  readonly resolve: (answer: KubeObject) => void;
  readonly reject: (error: Error) => void;
}

function setUp(): {
  scheduler: VerdictScheduler;
  background: BackgroundRunner;
  results: JudgeResult[];
  waiting: Waiting[];
  task: (name: string, more?: Partial<JudgeTask> & { live?: number }) => JudgeTask;
} {
  const waiting: Waiting[] = [];
  const { judge, context } = judgeWith(
    (body) =>
      new Promise((resolve, reject) => {
        waiting.push({ name: nameOf(body as KubeObject), resolve, reject });
      }),
  );
  const background = new BackgroundRunner((name, error) => {
    throw new Error(name, { cause: error });
  });
  const scheduler = new VerdictScheduler(judge, background);
  const results: JudgeResult[] = [];
  scheduler.onDidJudge((batch) => results.push(...batch));
  const task = (name: string, { live = 2, ...more }: Partial<JudgeTask> & { live?: number } = {}): JudgeTask => ({
    id: name,
    isInteractive: false,
    read: () => ({ input: inputOf(desiredObject({ replicas: 2 }, name), liveObject({ replicas: live }, { name })), context }),
    ...more,
  });
  return { scheduler, background, results, waiting, task };
}

const states = (results: readonly JudgeResult[]): readonly string[] =>
  results.map((result) => `${result.id} ${'verdict' in result ? result.verdict.state : 'failed'}`);

async function turns(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !until(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(until());
}

test('proofs: interactive ones first, each object once', async () => {
  const { scheduler, results, task } = setUp();
  for (const name of ['a', 'b', 'a', 'c']) scheduler.request(task(name));
  scheduler.request(task('c', { isInteractive: true }));
  scheduler.request(task('gone', { read: () => undefined }));
  await scheduler.idle();
  assert.deepEqual(states(results), ['c synced', 'a synced', 'b synced']);
});

test('dry-runs run side by side up to the limit, interactive ones first', async () => {
  const { scheduler, results, waiting, task } = setUp();
  for (const name of ['a', 'b', 'c', 'd']) scheduler.request(task(name, { live: 5 }));
  await turns(() => waiting.length === 2);
  const { promise: isStarted, resolve: started } = Promise.withResolvers<undefined>();
  const urgent = task('urgent', { live: 5, isInteractive: true });
  scheduler.request({
    ...urgent,
    read: () => {
      setImmediate(started, undefined);
      return urgent.read();
    },
  });
  await isStarted;
  const order: string[] = [];
  while (order.length < 5) {
    await turns(() => waiting.length > 0);
    const next = waiting.shift();
    order.push(next?.name ?? '');
    next?.resolve(liveObject({ replicas: 2 }, { name: next.name }));
  }
  await scheduler.idle();
  assert.deepEqual(
    [order, states(results).length, new Set(states(results)).has('a out of sync')],
    [['a', 'b', 'urgent', 'c', 'd'], 5, true],
  );
});

test('an object that is asked for while it is judged is judged once more', async () => {
  const { scheduler, results, waiting, task } = setUp();
  scheduler.request(task('a', { live: 5 }));
  await turns(() => waiting.length === 1);
  scheduler.request(task('a', { live: 9 }));
  scheduler.request(task('a'));
  waiting[0]?.resolve(liveObject({ replicas: 2 }, { name: 'a' }));
  await scheduler.idle();
  assert.deepEqual([states(results), waiting.length], [['a out of sync', 'a synced'], 1]);
});

test('a lost connection is reported as such, a cancelled object not at all', async () => {
  const { scheduler, results, waiting, task } = setUp();
  scheduler.request(task('a', { live: 5 }));
  scheduler.request(
    task('broken', {
      read: () => {
        const input = inputOf(desiredObject({}), liveObject({}));
        return { input: { ...input, desired: null as never }, context: null as never };
      },
    }),
  );
  await turns(() => waiting.length === 1);
  scheduler.request(task('b'));
  scheduler.cancel('b');
  waiting[0]?.reject(new AppError('unreachable', {}));
  await scheduler.idle();
  assert.deepEqual([...states(results)].sort(), ['a failed', 'broken failed']);
});

test('disposing ends everything silently', async () => {
  const { scheduler, background, results, waiting, task } = setUp();
  scheduler.request(task('a', { live: 5 }));
  await turns(() => waiting.length === 1);
  scheduler.request(task('b'));
  scheduler.dispose();
  waiting[0]?.resolve(liveObject({ replicas: 2 }, { name: 'a' }));
  await background.idle();
  scheduler.request(task('c'));
  assert.deepEqual([results, scheduler.pending], [[], 0]);
});
