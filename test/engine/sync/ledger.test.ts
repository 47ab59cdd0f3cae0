import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SyncRecord } from '../../../src/engine/model/ledger.ts';
import { annotationsOf, type ObjectKey } from '../../../src/engine/model/objects.ts';
import type { SetScope } from '../../../src/engine/sync/applySet.ts';
import { bytesOf, historyOf, type Ledger, ledgerOf, noCounts } from '../../../src/engine/sync/ledger/ledger.ts';
import { LedgerHold, readParent } from '../../../src/engine/sync/ledger/ledgerHold.ts';
import type { AppliedObject } from '../../../src/engine/sync/ledger/ledgerObjects.ts';
import { type RevertFixture, startRevertFixture } from './support.ts';
import { configMap } from './syncSupport.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

const noScope: SetScope = { kinds: [], namespaces: [] };
/** of one object; a whole list of annotations: apimachinery api/validation/objectmeta.go */
const maxAnnotations = 256 * 1024;

function record(id: string, more: Partial<SyncRecord> = {}): SyncRecord {
  const times = { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:01:00.000Z' };
  return {
    id,
    revision: id.padEnd(40, '0'),
    by: 'ann@laptop',
    ...times,
    outcome: 'done',
    isDirty: false,
    isPartial: false,
    counts: noCounts,
    ...more,
  };
}

const keyFor = (name: string): ObjectKey => ({ group: '', kind: 'ConfigMap', namespace: 'default', name });

function claim(key: ObjectKey, started: SyncRecord, scope = noScope, nowMs?: number): Promise<LedgerHold> {
  return LedgerHold.claim(fixture.admin.connection, {
    key,
    applicationId: 'test/shop',
    record: begun(started),
    scope,
    now: () => nowMs ?? Date.now(),
  });
}

/** As it stands while it runs. */
function begun({ finishedAt: _end, ...started }: SyncRecord): SyncRecord {
  return { ...started, outcome: 'running' };
}

async function read(key: ObjectKey): Promise<{ readonly ledger: Ledger; readonly bytes: number }> {
  const parent = await readParent(fixture.admin.connection, key);
  return { ledger: ledgerOf(parent), bytes: parent === undefined ? 0 : bytesOf(annotationsOf(parent)) };
}

function objects(count: number): readonly AppliedObject[] {
  return Array.from({ length: count }, (_, index) => {
    const desired = configMap('default', `o${String(index)}`);
    return { key: keyFor(`o${String(index)}`), desired };
  });
}

test('thousands of objects in hundreds of namespaces stay within what the API server takes, and the synced revision is never lost', async () => {
  const key = keyFor('plumbline-large');
  const namespaces = Array.from({ length: 900 }, (_, index) => `a-namespace-with-a-rather-long-name-${String(index)}`);
  const scope: SetScope = { kinds: [{ group: '', kind: 'ConfigMap' }], namespaces };
  const write = async (of: SyncRecord, applied: readonly AppliedObject[]): Promise<void> => {
    const t0 = Date.now();
    const hold = await claim(key, of, scope);
    console.log('claim', Date.now() - t0);
    const from = { revision: of.revision, isDirty: false, render: 'r'.repeat(64) };
    await hold.close(of, undefined, { from, applied, forgotten: [], isWhole: !of.isPartial });
    console.log('close', Date.now() - t0);
  };
  const whole = record('a');
  await write(whole, objects(3));
  for (let index = 0; index < 22; index += 1) await write(record(`p${String(index)}`, { outcome: 'failed', isPartial: true }), []);
  const many = objects(14_000);
  await write(record('m', { isPartial: true }), many.slice(0, 12_000));
  const full = await read(key);
  assert.deepEqual([full.ledger.records.length, full.ledger.objects?.groups[0]?.hashes.size], [20, 12_000]);
  assert(full.bytes > 200_000 && full.bytes < maxAnnotations, `${full.bytes} bytes`);
  // More than there is room for: what the objects were applied from goes, the newest syncs and the synced one stay.
  await write(record('n', { isPartial: true }), many);
  const { ledger, bytes } = await read(key);
  assert(bytes < maxAnnotations, `${bytes} bytes`);
  assert.deepEqual([historyOf(ledger, 0).syncedRevision, ledger.records.length, ledger.objects], [whole.revision, 5, undefined]);
});

test('of people who begin at once exactly one syncs; who was taken for dead is told when it goes on', async () => {
  const key = keyFor('plumbline-race');
  const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => claim(key, record(id, { by: `${id}@laptop` }))));
  const codes = results.map((result) => (result.status === 'fulfilled' ? 'begun' : (result.reason as { code: string }).code)).sort();
  assert.deepEqual(codes, ['begun', 'sync-running', 'sync-running', 'sync-running']);
  const [winner] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert(winner !== undefined);
  const id = (await read(key)).ledger.running?.record.id ?? '';
  await winner.renew(begun(record(id)));
  // A minute without a sign of life later.
  const next = await claim(key, record('later'), noScope, Date.now() + 60_000);
  await assert.rejects(winner.renew(begun(record(id))), { code: 'sync-taken-over' });
  await next.close(record('later'), undefined);
  const { records, running } = (await read(key)).ledger;
  assert.deepEqual(
    [records.map((each) => [each.id, each.outcome]), running],
    [
      [
        ['later', 'done'],
        [id, 'failed'],
      ],
      undefined,
    ],
  );
});
