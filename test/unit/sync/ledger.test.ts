import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { SyncRecord } from '../../../src/engine/model/ledger.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { keyOf } from '../../../src/engine/model/objects.ts';
import { currentHolder, isEnded } from '../../../src/engine/sync/ledger/holder.ts';
import {
  bytesOf,
  historyOf,
  isAlive,
  type Ledger,
  ledgerAnnotations,
  ledgerOf,
  noCounts,
  withInterrupted,
} from '../../../src/engine/sync/ledger/ledger.ts';
import { type AppliedObjects, appliedOf, hashOf, withApplied } from '../../../src/engine/sync/ledger/ledgerObjects.ts';

function record(id: string, more: Partial<SyncRecord> = {}): SyncRecord {
  return {
    id,
    revision: id.repeat(40).slice(0, 40),
    by: 'ann@laptop',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:01:00.000Z',
    outcome: 'done',
    isDirty: false,
    isPartial: false,
    counts: { ...noCounts, configured: 1 },
    ...more,
  };
}

function object(name: string, value = '1', kind = 'ConfigMap'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop' }, data: { value } };
}

const applied = (...objects: readonly KubeObject[]) => objects.map((desired) => ({ key: keyOf(desired), desired }));
const from = (revision: string, isDirty = false) => ({ revision, isDirty, render: `render of ${revision}`, kubernetes: 'v1.36.3' });

/** As it stands after a write and a read. */
function reread(ledger: Ledger, room = 200_000): Ledger {
  const annotations = ledgerAnnotations(ledger, room);
  assert(bytesOf(annotations) <= room, `${bytesOf(annotations)} bytes`);
  return ledgerOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'p', namespace: 'shop', annotations } });
}

function revisions(objects: AppliedObjects | undefined, ...names: readonly string[]): readonly (string | undefined)[] {
  return names.map((name) => objects && appliedOf(objects, keyOf(object(name)))?.group.revision);
}

test('a ledger reads as it was written', () => {
  const ledger: Ledger = {
    records: [record('b', { charts: { 'charts/shop': 'sha256:1' }, renderer: '1.0', kubernetes: 'v1.36.3', render: 'r' }), record('a')],
    running: { record: record('c', { outcome: 'running' }), until: '2026-01-01T00:02:00.000Z', holder: currentHolder() },
    application: 'prod/shop',
    objects: withApplied(undefined, { from: from('b'), applied: applied(object('a'), object('b')), forgotten: [], isWhole: true }),
  };
  assert.deepEqual(reread(ledger), ledger);
});

test('a sync of chosen objects keeps what the others were applied from; what was deleted or failed is forgotten', () => {
  const whole = withApplied(undefined, {
    from: from('1'),
    applied: applied(object('a'), object('b'), object('c')),
    forgotten: [],
    isWhole: true,
  });
  const partial = withApplied(whole, {
    from: from('2'),
    applied: applied(object('a', '2')),
    forgotten: [keyOf(object('c'))],
    isWhole: false,
  });
  assert.deepEqual(revisions(partial, 'a', 'b', 'c', 'never'), ['2', '1', undefined, undefined]);
  assert.deepEqual([whole.isComplete, partial.isComplete], [true, true]);
  assert.equal(appliedOf(partial, keyOf(object('a')))?.hash, hashOf(partial.salt, object('a', '2')));
  assert.notEqual(appliedOf(partial, keyOf(object('a')))?.hash, hashOf(partial.salt, object('a', '1')));
  const again = withApplied(partial, { from: from('3'), applied: applied(object('a'), object('b')), forgotten: [], isWhole: true });
  assert.deepEqual([again.groups.length, again.salt], [1, whole.salt]);
});

test('values of Secrets do not enter the hash, their names do', () => {
  const hash = (value: string): string => hashOf('salt', object('s', value, 'Secret'));
  assert.equal(hash('one'), hash('two'));
  assert.notEqual(hash('one'), hashOf('salt', { ...object('s', 'one', 'Secret'), data: { other: 'one' } }));
  assert.notEqual(hashOf('salt', object('s', 'one')), hashOf('salt', object('s', 'two')));
});

test('when room is short: old syncs, then what older syncs applied, then what the newest did; never the synced revision', () => {
  const synced = record('s', { revision: 'f'.repeat(40) });
  const failed = Array.from({ length: 30 }, (_, index) => record(`x${String(index)}`, { outcome: 'failed' }));
  const many = Array.from({ length: 100 }, (_, index) => object(`o${String(index)}`));
  const whole = withApplied(undefined, { from: from('1'), applied: applied(...many), forgotten: [], isWhole: true });
  const objects = withApplied(whole, { from: from('2'), applied: applied(object('o1'), object('o2')), forgotten: [], isWhole: false });
  const ledger: Ledger = { records: [...failed, synced], objects };
  const seen = (room: number): unknown => {
    const read = reread(ledger, room);
    return [
      read.records.length,
      historyOf(read, 0).syncedRevision === synced.revision,
      ...revisions(read.objects, 'o1', 'o3'),
      read.objects?.isComplete,
    ];
  };
  assert.deepEqual(
    [20_000, 7000, 2800, 1700, 700].map((room) => seen(room)),
    [
      [20, true, '2', '1', true],
      [20, true, '2', undefined, false],
      [5, true, '2', undefined, false],
      [5, true, undefined, undefined, undefined],
      [1, true, undefined, undefined, undefined],
    ],
  );
});

test('what an interrupted sync reached is not known, so nothing of it is believed', () => {
  const objects = withApplied(undefined, { from: from('1'), applied: applied(object('a')), forgotten: [], isWhole: true });
  const running = { record: record('r', { outcome: 'running' }), until: '2026-01-01T00:00:45.000Z' };
  assert.deepEqual(withInterrupted({ records: [], running, objects }), { records: [{ ...running.record, outcome: 'failed' }] });
  assert.deepEqual(withInterrupted({ records: [], objects }), { records: [], objects });
});

test('dirty until the next whole sync; a dirty sync that wrote nothing does not count', () => {
  const dirty = record('d', { isDirty: true });
  const cases: readonly (readonly [string, readonly SyncRecord[], string | undefined, string | undefined])[] = [
    ['dirty last', [dirty, record('a')], 'd', 'a'],
    ['a sync since', [record('b'), dirty, record('a')], undefined, 'b'],
    ['chosen objects since', [record('b', { isPartial: true }), dirty, record('a')], 'd', 'a'],
    ['a failed sync since', [record('b', { outcome: 'failed' }), dirty, record('a')], 'd', 'a'],
    ['refused', [record('d', { isDirty: true, outcome: 'failed', counts: noCounts }), record('a')], undefined, 'a'],
    ['only dirty', [dirty], 'd', undefined],
  ];
  for (const [name, records, dirtyId, syncedId] of cases) {
    const history = historyOf({ records }, 0);
    assert.deepEqual([history.dirty?.id, history.synced?.id], [dirtyId, syncedId], name);
  }
});

test('a running sync is believed until its time runs out, or its process is proved to have ended', () => {
  const until = '2026-01-01T00:00:45.000Z';
  const [before, later] = [Date.parse(until) - 1, Date.parse(until) + 1];
  const holder = currentHolder();
  const child = spawnSync(process.execPath, ['-e', '0']);
  const running = { record: record('r', { outcome: 'running' }), until };
  assert.deepEqual(
    [
      isAlive(running, before),
      isAlive(running, later),
      isAlive({ ...running, holder }, before),
      isAlive({ ...running, holder: { ...holder, pid: child.pid } }, before),
      isAlive({ ...running, holder: { ...holder, started: '1' } }, before),
      isAlive({ ...running, holder: { machine: 'another', pid: child.pid } }, before),
    ],
    [true, false, true, false, process.platform !== 'linux', true],
  );
  assert.equal(isEnded(undefined), false);
});
