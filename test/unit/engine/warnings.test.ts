import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { Warnings } from '../../../src/engine/sessions/warnings.ts';

const signal = new AbortController().signal;
const pod = (kind = 'Pod'): KubeObject => ({ apiVersion: 'v1', kind, metadata: { name: 'web', namespace: 'shop', uid: 'u' } });

test('events are listed once for all who ask, less often while nothing is new, and seldom where they may not be read', async () => {
  let nowMs = 0;
  let version = 1;
  let isAllowed = true;
  const asked: string[] = [];
  const connection = {
    list: (_gvk: unknown, { fieldSelector }: { fieldSelector?: string }) => {
      asked.push(fieldSelector ?? '');
      const event = { metadata: { resourceVersion: String(version) }, involvedObject: { uid: 'u' }, reason: `r${String(version)}` };
      return isAllowed ? Promise.resolve([event]) : Promise.reject(new Error('forbidden'));
    },
  } as unknown as ClusterConnection;
  const warnings = new Warnings(() => nowMs);
  const reasons = async (kind?: string): Promise<unknown> =>
    (await warnings.near(connection, pod(kind), signal)).get('u')?.map((event) => event['reason']);
  const callsWithin = async (ms: number): Promise<number> => {
    const before = asked.length;
    for (const end = nowMs + ms; nowMs < end; nowMs += 1_000) await reasons();
    return asked.length - before;
  };
  assert.deepEqual(await Promise.all([reasons(), reasons()]), [['r1'], ['r1']]);
  assert.deepEqual(asked, ['type=Warning']);
  assert.deepEqual([await callsWithin(60_000), await callsWithin(120_000)], [3, 2]);
  version = 2;
  // Found at the next list, and from then on the lists are close together again.
  assert.deepEqual([(await callsWithin(120_000)) > 3, await reasons()], [true, ['r2']]);
  assert.deepEqual([await reasons('PersistentVolumeClaim'), asked.at(-1)], [['r2'], 'involvedObject.kind=PersistentVolumeClaim']);
  isAllowed = false;
  await callsWithin(60_000);
  assert.deepEqual([await reasons(), await callsWithin(30_000)], [undefined, 0]);
});
