import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/events.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { ListOptions, ObjectChange, WatchInterest, WatchOutcome, WatchStatus } from '../../../src/engine/cluster/api.ts';
import { type EventCache, EventWatches } from '../../../src/engine/cluster/eventWatches.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';

const signal = new AbortController().signal;
const minuteMs = 60_000;
const object = (uid: string, kind = 'Pod', namespace = 'shop'): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: uid, namespace, uid },
});
const eventAbout = (uid: string, reason: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: reason, namespace: 'shop' },
  involvedObject: { uid },
  reason,
});

/** Watches of events over caches that only note what is wanted of them. */
function world(refusedVerb?: 'list' | 'watch') {
  const noted: string[] = [];
  const wanted = new Set<string>();
  const gone = new Set<string>();
  const changes = new Emitter<readonly ObjectChange[]>();
  const status = new Emitter<WatchStatus>();
  const clock = { ms: 0 };
  const cacheOf = (fieldSelector: string): EventCache => {
    const idOf = ({ namespace }: WatchInterest): string => `${namespace} ${fieldSelector}`;
    return {
      ensureWatched: (interests) => {
        for (const interest of interests) {
          noted.push(`watch ${idOf(interest)}`);
          if (refusedVerb === undefined) wanted.add(idOf(interest));
        }
        const refused = { state: 'failed', reason: { code: 'forbidden', details: { verb: refusedVerb ?? '' } } } as const;
        return Promise.resolve(
          interests.map((interest): WatchOutcome => ({
            interest,
            ...(refusedVerb === undefined ? { state: 'synced' as const } : refused),
          })),
        );
      },
      change: ({ unwanted }) => {
        for (const interest of unwanted) {
          noted.push(`end ${idOf(interest)}`);
          wanted.delete(idOf(interest));
        }
        return Promise.resolve();
      },
      isSynced: (_gvk, namespace) => wanted.has(`${namespace} ${fieldSelector}`),
      childrenOf: (uid) => [eventAbout(uid, 'Watched')],
      statuses: () => [],
      onDidChange: changes.event,
      onDidChangeStatus: status.event,
      restart: () => undefined,
      dispose: () => undefined,
    };
  };
  const events = new EventWatches({
    objects: { byUid: (uid) => (gone.has(uid) ? undefined : object(uid)), isFull: ({ name }) => name !== 'unmanaged' },
    watch: ({ fieldSelector }) => cacheOf(fieldSelector),
    list: (_gvk, { namespace, fieldSelector }: ListOptions) => {
      noted.push(`list ${namespace ?? ''} ${fieldSelector ?? ''}`);
      return Promise.resolve([eventAbout('a', 'Listed')]);
    },
    log: silentLogger,
    now: () => clock.ms,
  });
  const reasons = async (about: KubeObject): Promise<unknown[]> =>
    (await events.near(about, signal))(stringAt(about.metadata, 'uid') ?? '').map((event) => event['reason']);
  /** What was asked of the caches since the last call. */
  const asked = (): string[] => noted.splice(0);
  return { events, changes, clock, gone, reasons, asked };
}

test('a namespace is watched once for all who ask, until all are well for minutes, or gone', async (t) => {
  const { events, clock, gone, reasons, asked } = world();
  t.after(() => {
    events.dispose();
  });
  const [a, b, claim] = [object('a'), object('b'), object('c', 'PersistentVolumeClaim')];
  assert.deepEqual(await Promise.all([reasons(a), reasons(b)]), [['Watched'], ['Watched']]);
  for (let times = 0; times < 50; times += 1) await reasons(a);
  assert.deepEqual(asked(), ['watch shop type=Warning']);
  await reasons(claim);
  assert.deepEqual(asked(), ['watch shop involvedObject.kind=PersistentVolumeClaim']);
  // One is well, and falls ill again before its time is over.
  events.well(b);
  gone.add('a');
  clock.ms += 4 * minuteMs;
  events.tidy();
  await reasons(b);
  clock.ms += 4 * minuteMs;
  events.tidy();
  assert.deepEqual(asked(), []);
  events.well(b);
  clock.ms += 4 * minuteMs;
  events.well(b);
  events.tidy();
  assert.deepEqual(asked(), []);
  clock.ms += 2 * minuteMs;
  events.tidy();
  assert.deepEqual(asked(), ['end shop type=Warning']);
  gone.add('c');
  events.tidy();
  assert.deepEqual(asked(), ['end shop involvedObject.kind=PersistentVolumeClaim']);
  // What no application manages any more is needed no longer; nor what is cluster-scoped, whose events stand in `default`.
  await reasons(object('unmanaged', 'Node', ''));
  events.tidy();
  assert.deepEqual(asked(), ['watch default type=Warning', 'end default type=Warning']);
});

for (const { verb, told, lists } of [
  { verb: 'list', told: [], lists: [] },
  { verb: 'watch', told: ['Listed'], lists: ['list shop type=Warning'] },
] as const) {
  test(`where events may not be ${verb}ed they are asked for seldom`, async (t) => {
    const { events, clock, reasons, asked } = world(verb);
    t.after(() => {
      events.dispose();
    });
    for (let times = 0; times < 20; times += 1) assert.deepEqual(await reasons(object('a')), told);
    assert.deepEqual(asked(), ['watch shop type=Warning', 'end shop type=Warning', ...lists]);
    clock.ms += 2 * minuteMs;
    await reasons(object('a'));
    assert.deepEqual(asked(), lists);
    clock.ms += 4 * minuteMs;
    await reasons(object('a'));
    assert.deepEqual(asked(), ['watch shop type=Warning', 'end shop type=Warning', ...lists]);
  });
}

test('events that come tell about whom, once for a batch', async (t) => {
  const { events, changes, reasons } = world();
  t.after(() => {
    events.dispose();
  });
  await reasons(object('a'));
  const told: string[][] = [];
  events.onDidTell((uids) => told.push([...uids]));
  const key = { group: '', kind: 'Event', namespace: 'shop', name: 'e' };
  const came = (uid: string): ObjectChange => ({ type: 'added', key, uid: `event-${uid}`, object: eventAbout(uid, 'New') });
  changes.fire([came('a'), came('b'), came('a'), { type: 'deleted', key, uid: 'event-d' }]);
  changes.fire([{ type: 'deleted', key, uid: 'event-a' }]);
  assert.deepEqual(told, [['a', 'b']]);
});
