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

test('an object is not called missing while the list that would show it has not ended', async () => {
  let isSynced = false;
  const missing = { state: 'missing', fields: [], ignored: [], proof: 'local', needsRecreate: false } as const;
  const checker = { check: ({ tracked }: { tracked: TrackedObject }) => Promise.resolve({ ...tracked, verdict: missing }) };
  const desired = { key, object: service, resource: {}, rendered: { object: service } } as unknown as DesiredObject;
  const objects = new Map([[keyString(key), track(desired, undefined)]]);
  const queue = new CheckQueue(checker as unknown as ObjectChecker);
  const scope = {
    connection: { watches: { get: () => undefined, isSynced: () => isSynced } } as unknown as ClusterConnection,
    byId: new Map([[keyString(key), desired]]),
    desired: [desired],
    watchProblems: [],
    autoscalers: new Map(),
    otherWriters: [],
    baselineOf: () => undefined,
  } as unknown as CheckScope;
  const states: unknown[] = [];
  for (const synced of [false, true]) {
    isSynced = synced;
    queue.add(keyString(key));
    await queue.run(scope, () => objects, true, new AbortController().signal);
    states.push(objects.get(keyString(key))?.verdict.state);
  }
  assert.deepEqual(states, ['pending', 'missing']);
});
