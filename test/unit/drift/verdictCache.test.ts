import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepare } from '../../../src/engine/drift/prepare.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import type { JudgeInput } from '../../../src/engine/drift/judgement.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { desiredObject, inputOf, liveObject } from './support.ts';

const HOUR = 3_600_000;
const context = { canDryRun: () => Promise.resolve(true), serverVersion: 'v1', clusterUid: 'c' };
const verdict = (state: Verdict['state']): Verdict => ({ state, fields: [], ignored: [], proof: 'dry-run', needsRecreate: false });
const hashKey = Buffer.alloc(32, 1);

test('a key changes with what decides, and not with what churns', () => {
  const cache = new VerdictCache({ hashKey, now: () => 0 });
  const git = desiredObject({ replicas: 2 });
  const live = liveObject({ replicas: 5 });
  const key = (changed: KubeObject, options: Partial<JudgeInput> = {}, desired = git, server = context): string =>
    cache.keyOf(prepare(inputOf(desired, changed, options), changed), server);
  const plain = key(live);
  const entries = live.metadata['managedFields'] as readonly object[];
  const churn: KubeObject = {
    ...live,
    status: { replicas: 9 },
    metadata: {
      ...live.metadata,
      resourceVersion: '99',
      generation: 4,
      managedFields: [
        ...entries.map((entry) => ({ ...entry, time: '2027-01-01T00:00:00Z' })),
        { manager: 'kubelet', operation: 'Update', subresource: 'status', fieldsV1: {} },
      ],
    },
  };
  assert.equal(key(churn), plain);
  const others = [
    key(liveObject({ replicas: 6 })),
    key(liveObject({ replicas: 5 }, { other: 'kubectl-edit' })),
    key(live, {}, desiredObject({ replicas: 3 })),
    key(live, { rules: [{ paths: ['/spec/replicas'], declaredBy: 'x' }] }),
    key(live, { autoscaler: 'HorizontalPodAutoscaler/web' }),
    key(live, { baseline: { kind: 'synced', object: git } }),
    key(live, { schema: undefined }),
    key(live, {}, git, { ...context, serverVersion: 'v2' }),
    key(live, {}, git, { ...context, clusterUid: 'd' }),
    key({ ...live, metadata: { ...live.metadata, uid: 'other' } }),
    new VerdictCache({ hashKey: Buffer.alloc(32, 2), now: () => 0 }).keyOf(prepare(inputOf(git, live), live), context),
  ];
  assert.equal(new Set([plain, ...others]).size, others.length + 1);
});

test('verdicts survive on disk for 24 hours, readable by the user alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'verdicts-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'deep', 'verdicts.json');
  let now = 0;
  const open = async (): Promise<VerdictCache> => {
    const cache = new VerdictCache({ hashKey, file, now: () => now });
    await cache.load();
    return cache;
  };
  const first = await open();
  await first.save();
  await assert.rejects(readFile(file));
  first.set('old', verdict('synced'));
  now = 2 * HOUR;
  first.set('new', verdict('drifted'));
  await first.save();
  assert.deepEqual([(await stat(file)).mode & 0o777, await readdir(join(folder, 'deep'))], [0o600, ['verdicts.json']]);
  now = 25 * HOUR;
  const second = await open();
  assert.deepEqual([second.size, second.get('old'), second.get('new')], [1, undefined, verdict('drifted')]);
  now = 27 * HOUR;
  assert.equal(second.get('new'), undefined);
  for (const text of [
    '',
    '{',
    '[]',
    '{"judge":"0","verdicts":[]}',
    '{"judge":"3","verdicts":[{"key":"a","judgedAtMs":97200000,"verdict":{}}]}',
  ]) {
    await writeFile(file, text);
    assert.equal((await open()).size, 0);
  }
});

test('the least used verdicts give way', () => {
  const cache = new VerdictCache({ hashKey, now: () => 0 });
  cache.set('first', verdict('synced'));
  cache.set('second', verdict('synced'));
  for (let index = 0; index < 19_998; index += 1) cache.set(String(index), verdict('synced'));
  cache.get('first');
  cache.set('one more', verdict('synced'));
  assert.deepEqual([cache.size, cache.get('first') !== undefined, cache.get('second')], [20_000, true, undefined]);
});
