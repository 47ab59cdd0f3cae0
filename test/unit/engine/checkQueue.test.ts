import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckQueue, type CheckScope } from '../../../src/engine/sessions/checkQueue.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import type { DesiredObject } from '../../../src/engine/sessions/desiredObjects.ts';
import { keyOf, keyString, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { ObjectChecker } from '../../../src/engine/sessions/objectChecker.ts';
import { track, type TrackedObject } from '../../../src/engine/sessions/trackedObject.ts';

const service: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } };
const key = keyOf(service);

const scopeOf = (desired: DesiredObject, isSynced: () => boolean): CheckScope =>
  ({
    connection: { watches: { get: () => undefined, isSynced } } as unknown as ClusterConnection,
    byId: new Map([[keyString(key), desired]]),
    desired: [desired],
    watchProblems: [],
    autoscalers: new Map(),
    otherWriters: [],
    baselineOf: () => undefined,
  }) as unknown as CheckScope;
const desired = { key, object: service, resource: {}, rendered: { object: service } } as unknown as DesiredObject;
const never = new AbortController().signal;

test('an object is not called missing while the list that would show it has not ended', async () => {
  let isSynced = false;
  const missing = { state: 'missing', fields: [], ignored: [], proof: 'local', needsRecreate: false } as const;
  const checker = { check: ({ tracked }: { tracked: TrackedObject }) => Promise.resolve({ ...tracked, verdict: missing }) };
  const objects = new Map([[keyString(key), track(desired, undefined)]]);
  const queue = new CheckQueue(checker as unknown as ObjectChecker);
  const scope = scopeOf(desired, () => isSynced);
  const states: unknown[] = [];
  for (const synced of [false, true]) {
    isSynced = synced;
    queue.add(keyString(key));
    await queue.run(scope, () => objects, true, never);
    states.push(objects.get(keyString(key))?.verdict.state);
  }
  assert.deepEqual(states, ['pending', 'missing']);
});

test('of two checks that overlap the later news is not lost, whichever ends first', async () => {
  const verdictOf = (state: 'synced' | 'out of sync') =>
    ({ state, fields: [], ignored: [], proof: 'dry-run', needsRecreate: false }) as const;
  const answers: PromiseWithResolvers<'synced' | 'out of sync'>[] = [];
  const checker = {
    check: async ({ tracked }: { tracked: TrackedObject }) => {
      const answer = Promise.withResolvers<'synced' | 'out of sync'>();
      answers.push(answer);
      return { ...tracked, verdict: verdictOf(await answer.promise) };
    },
    healthNow: (_desired: DesiredObject, tracked: TrackedObject) => Promise.resolve({ ...tracked, health: { status: 'healthy' } }),
  };
  const id = keyString(key);
  const objects = new Map([[id, track(desired, undefined)]]);
  const queue = new CheckQueue(checker as unknown as ObjectChecker);
  const run = (): Promise<unknown> =>
    queue.run(
      scopeOf(desired, () => true),
      () => objects,
      false,
      never,
    );
  queue.add(id);
  const older = run();
  queue.add(id);
  const newer = run();
  queue.addLook(id);
  await run();
  answers[0]?.resolve('synced');
  await older;
  answers[1]?.resolve('out of sync');
  await newer;
  const again = run();
  answers[2]?.resolve('out of sync');
  await again;
  assert.deepEqual([objects.get(id)?.verdict.state, objects.get(id)?.health?.status, queue.isEmpty], ['out of sync', 'healthy', true]);
});

test('a check that fails before the last one has begun fails the run, and nothing else', async () => {
  const checker = {
    check: () => {
      // Longer than a slice: others have their turn before the run waits for this one.
      for (const untilMs = Date.now() + 20; Date.now() < untilMs;);
      return Promise.reject(new Error('ended'));
    },
  };
  const queue = new CheckQueue(checker as unknown as ObjectChecker);
  queue.add(keyString(key));
  const objects = new Map([[keyString(key), track(desired, undefined)]]);
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  await assert.rejects(
    queue.run(
      scopeOf(desired, () => true),
      () => objects,
      false,
      never,
    ),
    /ended/,
  );
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
});
