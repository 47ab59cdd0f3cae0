import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { SyncItem, SyncObject } from '../../../src/engine/sync/syncTypes.ts';
import { manifests } from '../drift/objects.ts';
import { type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, stepsOf, syncUser, type SyncUser } from './syncSupport.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

interface Cost {
  readonly requests: number;
  readonly dryRuns: number;
  readonly steps: readonly string[];
}

/** Plans with what the watch would know, and counts what that costs. */
async function planned(user: SyncUser, objects: readonly KubeObject[], known: ReadonlyMap<string, KubeObject | undefined>): Promise<Cost> {
  const item: SyncItem = await user.item(objects);
  const watched: readonly SyncObject[] = item.objects.map((object) => {
    const name = `${object.key.kind}/${object.key.name}`;
    return known.has(name) ? { ...object, known: { live: known.get(name) } } : object;
  });
  // Schemas and kinds are read once per connection.
  await user.plan(objects, { objects: watched });
  const before = fixture.admin.connection.counters;
  const steps = stepsOf(await user.plan(objects, { objects: watched }));
  const after = fixture.admin.connection.counters;
  return { requests: after.requests - before.requests, dryRuns: after.dryRuns - before.dryRuns, steps };
}

async function watch(user: SyncUser, objects: readonly KubeObject[]): Promise<Map<string, KubeObject | undefined>> {
  const live = await Promise.all(objects.map((object) => user.live(object)));
  return new Map(objects.map((object, index) => [`${object.kind}/${keyOf(object).name}`, live[index]]));
}

test('what is provably the same needs no call of its own, whatever its kind; what changed needs one dry-run', async () => {
  const namespace = 'cost';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const user = syncUser(fixture.admin.connection, namespace);
  const objects = Object.values(manifests(namespace));
  assert.equal((await user.sync(objects)).outcome, 'done');
  const known = await watch(user, objects);
  const idle = await planned(user, objects, known);
  assert(
    idle.steps.every((step) => step.startsWith('unchanged ')),
    idle.steps.join(),
  );
  // The few that remain hold what no local proof can tell: atomic lists into which the server put defaults.
  assert(idle.dryRuns <= 2, `${String(idle.dryRuns)} dry-runs for ${String(objects.length)} objects`);
  const changed = objects.map((object) =>
    object.kind === 'ConfigMap' ? { ...object, data: { 'app.conf': 'c = 3\n', empty: '' } } : object,
  );
  const one = await planned(user, changed, known);
  assert.equal(one.dryRuns, idle.dryRuns + 1);
  assert.deepEqual(
    one.steps.filter((step) => !step.startsWith('unchanged ')),
    ['configure ConfigMap/web-config'],
  );
});

test('three hundred synced objects: no dry-run, and no read of any of them', async () => {
  const namespace = 'many';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const user = syncUser(fixture.admin.connection, namespace);
  const objects = Array.from({ length: 300 }, (_each, index) => configMap(namespace, `c${String(index)}`));
  const planning = await user.plan(objects);
  const { requests, retries } = fixture.admin.connection.counters;
  assert.equal((await user.execute(planning)).outcome, 'done');
  const after = fixture.admin.connection.counters;
  // One request each, and the ledger's: made, claimed, closed; a busy server may ask to try again.
  assert(after.requests - requests - (after.retries - retries) <= 310, String(after.requests - requests));
  const listed = await fixture.admin.connection.list({ group: '', version: 'v1', kind: 'ConfigMap' }, { namespace });
  const known = new Map(listed.map((object) => [`ConfigMap/${keyOf(object).name}`, { ...object, apiVersion: 'v1', kind: 'ConfigMap' }]));
  const idle = await planned(user, objects, known);
  assert.deepEqual([idle.dryRuns, new Set(idle.steps.map((step) => step.split(' ')[0]))], [0, new Set(['unchanged'])]);
  assert(idle.requests < 20, `${String(idle.requests)} requests`);
  // Nor is anything waited for that was healthy, and that nothing was done to.
  const next = await user.plan([...objects.slice(1), configMap(namespace, 'c0', { a: '2' })]);
  const { requests: before } = fixture.admin.connection.counters;
  assert.equal((await user.execute(next, { wait: true })).outcome, 'done');
  assert(fixture.admin.connection.counters.requests - before < 20);
});

test('the proof is no guess: fields nobody holds yet, fields Git lost, and what is older than the cluster are asked for', async () => {
  const namespace = 'doubt';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const user = syncUser(fixture.admin.connection, namespace);
  const [a, b] = [configMap(namespace, 'a', { x: '1' }), configMap(namespace, 'b', { x: '1', y: '2' })];
  await user.sync([a, b]);
  const old = await watch(user, [a, b]);
  await fixture.plane.kubectl(['patch', 'configmap', 'a', '-n', namespace, '--type=merge', '-p', '{"data":{"hand":"1"}}']);
  const now = await watch(user, [a, b]);
  // Git now has what somebody put in by hand: the same data, another owner.
  const adopted = await planned(user, [configMap(namespace, 'a', { x: '1', hand: '1' }), configMap(namespace, 'b', { x: '1' })], now);
  assert.deepEqual([adopted.dryRuns, adopted.steps], [2, ['configure ConfigMap/a', 'configure ConfigMap/b']]);
  const stale = await planned(user, [configMap(namespace, 'a', { x: '2' }), b], old);
  assert.deepEqual([stale.dryRuns, stale.steps], [2, ['configure ConfigMap/a', 'unchanged ConfigMap/b']]);
  const absent = await planned(
    user,
    [a, configMap(namespace, 'new')],
    new Map([
      ['ConfigMap/a', undefined],
      ['ConfigMap/new', undefined],
    ]),
  );
  assert.deepEqual(absent.steps, ['unchanged ConfigMap/a', 'create ConfigMap/new', 'skipped ConfigMap/b prune-off']);
});
