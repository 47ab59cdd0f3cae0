import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/events.ts';
import type { EngineApi } from '../../../src/engine/engineApi.ts';
import type { ApplicationRow } from '../../../src/engine/model/snapshot.ts';
import type { SnapshotPage, Stamp } from '../../../src/protocol/messages.ts';
import { Publisher } from '../../../src/server/publisher.ts';

function row(id: string, path = 'apps'): ApplicationRow {
  return {
    id,
    name: id,
    repoRoot: '/repo',
    sourceType: 'directory',
    path,
    owner: 'plumbline',
    origin: 'plumbline.yaml',
    isProtected: false,
    state: 'synced',
    reasons: [],
    driftedObjects: 0,
    driftedFields: 0,
    objectCount: 1,
    isEdited: false,
    isComparing: false,
  };
}

/** The part of the engine that the publisher asks, over a plain list of rows. */
class Rows implements Pick<EngineApi, 'applicationIds' | 'row' | 'clusters' | 'repos' | 'onDidChangeRows'> {
  readonly emitter = new Emitter<readonly string[]>();
  readonly onDidChangeRows = this.emitter.event;
  list: ApplicationRow[];
  constructor(list: ApplicationRow[]) {
    this.list = list;
  }
  applicationIds(): readonly string[] {
    return this.list.map((each) => each.id);
  }
  row(id: string): ApplicationRow | undefined {
    return this.list.find((each) => each.id === id);
  }
  clusters(): readonly [] {
    return [];
  }
  repos(): readonly [] {
    return [];
  }
}

function started(list: ApplicationRow[]): { rows: Rows; publisher: Publisher; told: Stamp[]; pull: (since?: Stamp) => SnapshotPage[] } {
  const rows = new Rows(list);
  const told: Stamp[] = [];
  const publisher = new Publisher(rows as unknown as EngineApi, (stamp) => told.push(stamp));
  const pull = (since?: Stamp): SnapshotPage[] => {
    const pages = [publisher.page(since, undefined)];
    for (let page = pages[0]; page?.cursor !== undefined;) {
      page = publisher.page(since, page.cursor);
      pages.push(page);
    }
    return pages;
  };
  return { rows, publisher, told, pull };
}

test('a snapshot is cut into pages of at most 256 kB that together hold every row once', () => {
  const { publisher, pull } = started(Array.from({ length: 2000 }, (_, index) => row(`app-${String(index)}`, 'p'.repeat(300))));
  const pages = pull();
  publisher.dispose();
  assert.ok(pages.length > 1);
  assert.ok(pages.every((page) => JSON.stringify(page).length < 300 * 1024));
  assert.deepEqual(
    pages.flatMap((page) => page.applications.map((each) => each.id)),
    Array.from({ length: 2000 }, (_, index) => `app-${String(index)}`),
  );
});

test('a delta holds what changed since the stamp, and names what is gone', () => {
  const { rows, publisher, told, pull } = started([row('a'), row('b'), row('c')]);
  const [first] = pull();
  assert.ok(first);
  rows.list = [row('a'), row('b')];
  rows.emitter.fire(['b', 'c']);
  const delta = pull(first);
  publisher.dispose();
  assert.deepEqual(
    delta.map(({ applications, removed, isFull }) => ({ ids: applications.map((each) => each.id), removed, isFull })),
    [{ ids: ['b'], removed: ['c'], isFull: false }],
  );
  assert.equal(told.length, 1);
});

test('a stamp of another epoch, or one from the future, gets everything', () => {
  const { publisher, pull } = started([row('a')]);
  const [first] = pull();
  assert.ok(first);
  const answers = [
    pull({ epoch: 'another', version: first.version }),
    pull({ epoch: first.epoch, version: first.version + 5 }),
    pull(first),
  ];
  publisher.dispose();
  assert.deepEqual(
    answers.map(([page]) => page?.isFull),
    [true, true, false],
  );
});
