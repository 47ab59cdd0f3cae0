import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplicationRow } from '../../../src/engine/model/snapshot.ts';
import { codeLensesOf } from '../../../src/server/codeLens.ts';

const at = (day: number, hour: number): string => new Date(2026, 0, day, hour, 5).toISOString();
const row = (over: Partial<ApplicationRow>): ApplicationRow =>
  ({ id: 'prod/shop', name: 'shop', environment: 'prod', state: 'synced', ...over }) as ApplicationRow;
const sync = (day: number): Pick<ApplicationRow, 'lastSync'> => ({ lastSync: { revision: '4f2c1d0', at: at(day, 14), by: 'mara' } });

const cases: readonly [name: string, rows: readonly ApplicationRow[], title: string | undefined][] = [
  ['nothing reads it', [], undefined],
  ['no sync is recorded', [row({ targetRevision: '4f2c1d0' })], 'synced to prod/shop · target 4f2c1d0'],
  ['synced today', [row({ targetRevision: '4f2c1d0', ...sync(2) })], 'synced to prod/shop · 4f2c1d0 by mara at 14:05'],
  [
    'Git is ahead of a sync of another day',
    [row({ state: 'out of sync', targetRevision: 'aaaaaaa', ...sync(1) })],
    'out of sync: prod/shop · 4f2c1d0 by mara on 2026-01-01 14:05 · target aaaaaaa',
  ],
  ['several applications', [row({ state: 'drifted' }), row({ id: 'dev/shop' })], 'drifted: prod/shop · used by 2 applications'],
];

for (const [name, rows, title] of cases) {
  test(`the lens of a file: ${name}`, () => {
    const lenses = codeLensesOf({ applicationIds: rows.map(({ id }) => id), rows }, new Date(2026, 0, 2, 18).getTime());
    assert.deepEqual(
      lenses.map(({ command }) => command?.title),
      title === undefined ? [] : [title],
    );
  });
}
