import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackgroundRunner } from '../../../src/base/async.ts';
import { Emitter } from '../../../src/base/events.ts';
import type { ObjectLine } from '../../../src/engine/editor/objectLines.ts';
import type { ApplicationRow } from '../../../src/engine/model/snapshot.ts';
import { codeLensesOf, objectLensesOf } from '../../../src/server/codeLens.ts';
import { Lenses, type LensOptions } from '../../../src/server/lenses.ts';

const now = Date.UTC(2026, 0, 2, 18);
const row = (over: Partial<ApplicationRow>): ApplicationRow =>
  ({ id: 'prod/shop', name: 'shop', environment: 'prod', state: 'synced', ...over }) as ApplicationRow;
const sync = (minutesAgo: number): Pick<ApplicationRow, 'lastSync'> => ({
  lastSync: { revision: '4f2c1d0', at: new Date(now - minutesAgo * 60_000).toISOString(), by: 'mara' },
});

const cases: readonly [name: string, rows: readonly ApplicationRow[], title: string | undefined][] = [
  ['nothing reads it', [], undefined],
  ['no sync is recorded', [row({ targetRevision: '4f2c1d0' })], 'synced to prod/shop · target 4f2c1d0'],
  ['synced just now', [row(sync(0.5))], 'synced to prod/shop · just now at 4f2c1d0 by mara'],
  ['synced today', [row({ targetRevision: '4f2c1d0', ...sync(200) })], 'synced to prod/shop · 3 h ago at 4f2c1d0 by mara'],
  [
    'Git is ahead of a sync of another day',
    [row({ state: 'out of sync', targetRevision: 'aaaaaaa', ...sync(60 * 50) })],
    'out of sync: prod/shop · 2 d ago at 4f2c1d0 by mara · target aaaaaaa',
  ],
  ['several applications', [row({ state: 'drifted' }), row({ id: 'dev/shop' })], 'drifted: prod/shop · used by 2 applications'],
];

for (const [name, rows, title] of cases) {
  test(`the lens of a file: ${name}`, () => {
    const lenses = codeLensesOf({ applicationIds: rows.map(({ id }) => id), rows }, now);
    assert.deepEqual(
      lenses.map(({ command }) => command?.title),
      title === undefined ? [] : [title],
    );
  });
}

const object = (line: number, environment: string, over: Partial<ObjectLine> = {}): ObjectLine => ({
  line,
  applicationId: `${environment}/shop`,
  applicationName: 'shop',
  environment,
  context: 'cluster',
  object: 'Deployment/web',
  objectKey: 'apps/Deployment/shop/web',
  state: 'synced',
  driftedFields: 0,
  ...over,
});

test('the lenses of objects: one per application, the troubled first, each opening its diff; many are cut', () => {
  const titles = (objects: readonly ObjectLine[]): unknown =>
    objectLensesOf(objects).map(({ range, command }) => [range.start.line, command?.title, command?.command]);
  assert.deepEqual(
    [
      titles([]),
      titles([object(0, 'prod'), object(0, 'dev', { state: 'drifted', driftedFields: 2 }), object(9, 'prod', { state: 'missing' })]),
      titles([object(3, 'prod'), object(3, 'prod', { applicationName: 'till', state: 'drifted', driftedFields: 1 })]),
      titles([object(0, 'prod'), object(0, 'dev', { object: 'Service/web' })]),
      titles(['a', 'b', 'c', 'd', 'e'].map((name) => object(0, name))),
    ],
    [
      [],
      [
        [0, 'dev: drifted, 2 fields', 'plumbline.openDiff'],
        [0, 'prod: synced', 'plumbline.openDiff'],
        [9, 'prod: missing', 'plumbline.openDiff'],
      ],
      [
        [3, 'prod/till: drifted, 1 field', 'plumbline.openDiff'],
        [3, 'prod/shop: synced', 'plumbline.openDiff'],
      ],
      [
        [0, 'prod Deployment/web: synced', 'plumbline.openDiff'],
        [0, 'dev Service/web: synced', 'plumbline.openDiff'],
      ],
      [...['a', 'b', 'c'].map((name) => [0, `${name}: synced`, 'plumbline.openDiff']), [0, '+2 more', 'plumbline.reveal']],
    ],
  );
});

test('the editor is asked to take lenses anew only when one says something else, also as time goes by', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval', 'setTimeout'], now });
  const background = new BackgroundRunner((_name, error) => {
    throw error;
  });
  const rows = new Emitter<readonly string[]>();
  let shown: readonly ApplicationRow[] = [row(sync(59.5))];
  let [asked, looked] = [0, 0];
  const engine = {
    onDidChangeRows: rows.event,
    uses: () => {
      looked += 1;
      return { applicationIds: [], rows: shown };
    },
    editor: { effects: () => [], objectLines: () => Promise.resolve([object(0, 'prod')]) },
  } as unknown as LensOptions['engine'];
  let settings = { codeLensEnabled: true, objectLensEnabled: false };
  const refresh = (): void => {
    asked += 1;
  };
  const lenses = new Lenses({ engine, background, settings: () => settings, refresh });
  t.after(() => {
    lenses.dispose();
    background.dispose();
  });
  const turn = async (ms: number): Promise<number> => {
    t.mock.timers.tick(ms);
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    return asked;
  };
  const titles = async (): Promise<unknown> => (await lenses.provide('/repo/a.yaml')).map(({ command }) => command?.title);
  assert.deepEqual(await titles(), ['synced to prod/shop · 59 min ago at 4f2c1d0 by mara']);
  assert.equal(await turn(15_000), 0);
  assert.equal(await turn(15_000), 1);
  assert.deepEqual(await titles(), ['synced to prod/shop · 1 h ago at 4f2c1d0 by mara']);
  rows.fire(['other']);
  assert.equal(await turn(1_000), 1, 'the rows of others change nothing');
  shown = [row({ ...sync(60), state: 'drifted' })];
  rows.fire(['prod/shop']);
  assert.equal(await turn(1_000), 2);
  settings = { codeLensEnabled: false, objectLensEnabled: true };
  lenses.settingsChanged();
  assert.equal(await turn(0), 3);
  assert.deepEqual(await titles(), ['prod: synced']);
  lenses.forget('/repo/a.yaml');
  looked = 0;
  settings = { codeLensEnabled: true, objectLensEnabled: true };
  await turn(60_000);
  assert.equal(looked, 0, 'nothing is looked at for closed files');
});
