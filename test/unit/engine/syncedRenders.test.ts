import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import type { Application } from '../../../src/engine/model/application.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { RepoSession } from '../../../src/engine/sessions/repoSession.ts';
import type { SourceRenderer } from '../../../src/engine/sources/sourceRenderer.ts';
import { SyncedRenders } from '../../../src/engine/sessions/syncedRenders.ts';

/** Fails the test when it is used at all. */
const unused: unknown = new Proxy(
  {},
  {
    get: (_target, name) => {
      throw new Error(`${String(name)} was asked for`);
    },
  },
);

test('where target renders to what was applied, nothing is rendered, and neither Git nor the cluster is asked', async () => {
  const renders = new SyncedRenders(unused as RepoSession, unused as SourceRenderer);
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'shop' } };
  const known = {
    render: { objects: [], errors: [], reads: [], key: 'same', isFromCache: true, elapsedMs: 0 },
    objects: new Map([['/ConfigMap/shop/a', object]]),
  };
  // Another commit with the same files has the same render.
  const from = { revision: 'b'.repeat(40), isDirty: false, render: 'same' };
  const { signal } = new AbortController();
  const found = await renders.of(from, unused as Application, known, unused as ClusterConnection, signal);
  assert.deepEqual(found, { objects: known.objects, isProved: true });
});
