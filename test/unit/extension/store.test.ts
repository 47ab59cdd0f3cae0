import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplicationRow, ObjectRow } from '../../../src/engine/model/snapshot.ts';
import { SnapshotStore } from '../../../src/extension/store/snapshotStore.ts';
import type { SnapshotSource, StoreChange } from '../../../src/extension/store/snapshotStore.ts';
import type { SnapshotPage, Stamp } from '../../../src/protocol/messages.ts';
import { application, cluster, objectRow } from './support.ts';

interface Asked {
  readonly since?: Stamp;
  readonly cursor?: string;
}

/** Answers from prepared pages and writes down what was asked for. */
class PreparedSource implements SnapshotSource {
  readonly asked: Asked[] = [];
  readonly pages: SnapshotPage[] = [];
  objectRows: readonly ObjectRow[] = [];
  objectRequests = 0;

  snapshot(params: Asked): Promise<SnapshotPage> {
    this.asked.push(params);
    const page = this.pages.shift();
    return page === undefined ? Promise.reject(new Error('no page left')) : Promise.resolve(page);
  }

  objects(): Promise<readonly ObjectRow[]> {
    this.objectRequests += 1;
    return Promise.resolve(this.objectRows);
  }

  children(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }
}

function page(version: number, applications: readonly ApplicationRow[], changes: Partial<SnapshotPage> = {}): SnapshotPage {
  return { epoch: 'a', version, applications, removed: [], clusters: [], repos: [], isFull: false, ...changes };
}

function nextChange(store: SnapshotStore): Promise<StoreChange> {
  return new Promise((resolve) => {
    const listener = store.onDidChange((change) => {
      listener.dispose();
      resolve(change);
    });
  });
}

function make(): { source: PreparedSource; store: SnapshotStore; errors: unknown[] } {
  const source = new PreparedSource();
  const errors: unknown[] = [];
  return { source, store: new SnapshotStore(source, (error) => errors.push(error)), errors };
}

const web = application({ id: 'prod/web', name: 'web' });
const api = application({ id: 'prod/api', name: 'api' });

test('a full snapshot comes in pages and replaces everything, a delta changes rows', async () => {
  const { source, store } = make();
  source.pages.push(
    page(1, [web], { isFull: true, cursor: '1', clusters: [cluster()] }),
    page(2, [api], { isFull: true }),
    page(5, [{ ...web, state: 'drifted' }], { removed: ['prod/api'], clusters: [cluster()] }),
  );
  let change = nextChange(store);
  store.pull();
  const first = await change;
  assert.deepEqual([first.isFull, [...store.applications.keys()], store.clusters.length], [true, ['prod/web', 'prod/api'], 1]);
  change = nextChange(store);
  store.changed({ epoch: 'a', version: 5 }, ['prod/web']);
  const second = await change;
  assert.deepEqual(
    [second.isFull, [...second.applicationIds].sort(), second.clusters, [...store.applications].map(([id, row]) => [id, row.state])],
    [false, ['prod/api', 'prod/web'], false, [['prod/web', 'drifted']]],
  );
  // The stamp of a pull is that of its first page: what changed while pages came is asked for again.
  assert.deepEqual(source.asked, [{}, { cursor: '1' }, { since: { epoch: 'a', version: 1 } }]);
});

test('a stamp that is held already asks for nothing', async () => {
  const { source, store } = make();
  source.pages.push(page(3, [web], { isFull: true }));
  const change = nextChange(store);
  store.pull();
  await change;
  store.changed({ epoch: 'a', version: 3 }, ['prod/web']);
  assert.equal(source.asked.length, 1);
});

test('another epoch, at the start or between pages, asks for everything again', async () => {
  const { source, store } = make();
  source.pages.push(page(3, [web, api], { isFull: true }));
  let change = nextChange(store);
  store.pull();
  await change;
  source.pages.push(
    page(1, [], { epoch: 'b' }),
    page(1, [web], { epoch: 'b', isFull: true, cursor: '1' }),
    page(1, [web], { epoch: 'c', isFull: true }),
    page(1, [api], { epoch: 'c', isFull: true }),
  );
  change = nextChange(store);
  store.changed({ epoch: 'b', version: 1 }, []);
  await change;
  assert.deepEqual([...store.applications.keys()], ['prod/api']);
  assert.deepEqual(source.asked.slice(1), [{ since: { epoch: 'a', version: 3 } }, {}, { cursor: '1' }, {}]);
});

test('a failed pull keeps the rows and is reported; the next ping pulls again', async () => {
  const { source, store, errors } = make();
  source.pages.push(page(1, [web], { isFull: true }));
  const change = nextChange(store);
  store.pull();
  await change;
  store.changed({ epoch: 'a', version: 2 }, []);
  await new Promise(setImmediate);
  assert.deepEqual([store.applications.size, errors.length], [1, 1]);
  source.pages.push(page(2, [api]));
  const again = nextChange(store);
  store.changed({ epoch: 'a', version: 2 }, []);
  await again;
  assert.equal(store.applications.size, 2);
});

test('objects are fetched once, and again after a ping named their application', async () => {
  const { source, store } = make();
  source.objectRows = [objectRow()];
  source.pages.push(page(1, [web], { isFull: true }));
  let change = nextChange(store);
  store.pull();
  await change;
  await store.objects('prod/web');
  await store.objects('prod/web');
  assert.equal(source.objectRequests, 1);
  source.pages.push(page(2, []));
  change = nextChange(store);
  store.changed({ epoch: 'a', version: 2 }, ['prod/web']);
  const { applicationIds } = await change;
  assert.deepEqual([...applicationIds], ['prod/web']);
  source.objectRows = [objectRow({ state: 'drifted' })];
  assert.equal((await store.objects('prod/web'))[0]?.state, 'drifted');
  assert.equal(source.objectRequests, 2);
});
