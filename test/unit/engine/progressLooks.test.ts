import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLooks } from '../../../src/engine/sessions/progressLooks.ts';
import type { TrackedObject } from '../../../src/engine/sessions/trackedObject.ts';

type Looked = Pick<TrackedObject, 'health' | 'live'>;

const progressing = (resourceVersion: string): Looked => ({
  health: { status: 'progressing' },
  live: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', resourceVersion } },
});

test('an object that is not well is looked at again, more seldom while nothing of it changes', () => {
  let nowMs = 0;
  const looks = new ProgressLooks(() => nowMs);
  const at: number[] = [];
  const run = (toMs: number, object: Looked): void => {
    for (; nowMs < toMs; nowMs += 5_000) if (looks.due(new Map([['web', object]])).length > 0) at.push(nowMs / 1000);
  };
  run(200_000, progressing('1'));
  run(230_000, { ...progressing('2'), health: { status: 'degraded' } });
  run(300_000, { ...progressing('2'), health: { status: 'healthy' } });
  assert.deepEqual(at, [5, 15, 35, 75, 135, 195, 200, 205, 215]);
});
