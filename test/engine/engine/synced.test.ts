import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { FieldRow } from '../../../src/engine/model/snapshot.ts';
import type { SyncResult, SyncTarget } from '../../../src/engine/model/sync.ts';
import { currentHolder } from '../../../src/engine/sync/ledger/holder.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { git, objectOf, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;
let made = 0;
const { signal } = new AbortController();
const id = 'prod/shop';
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
});
after(() => plane.stop());

const settingsYaml = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  color: red
  size: small
---
apiVersion: v1
kind: Secret
metadata:
  name: keys
stringData:
  token: first-canary
`;

interface Shop {
  readonly repo: string;
  readonly namespace: string;
  readonly engine: Engine;
  readonly storage: string;
  readonly commit: (text: string) => Promise<string>;
  readonly edit: (patch: object, name?: string) => Promise<void>;
}

const config = (namespace: string, environment = 'prod'): string =>
  configYaml([{ name: 'shop', path: 'apps/shop', namespace }], { clusterUid: uid, environment });

/** A repo with one application in a namespace of its own, not yet synced. */
async function shop(t: TestContext): Promise<Shop> {
  made += 1;
  const namespace = `synced-${made}`;
  const repo = await testRepo(t, { 'plumbline.yaml': config(namespace), 'apps/shop/settings.yaml': settingsYaml });
  await run('create', 'namespace', namespace);
  const storage = join(repo, '../storage');
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath), storage);
  await engine.check(undefined);
  return {
    repo,
    namespace,
    engine,
    storage,
    commit: async (text) => {
      await writeFiles(repo, { 'apps/shop/settings.yaml': text });
      await git(repo, 'commit', '-qam', 'change');
      await engine.refresh(id, { fetch: false }, signal);
      return (await git(repo, 'rev-parse', 'HEAD')).trim();
    },
    edit: async (patch, name = 'settings') => {
      await run('-n', namespace, 'patch', 'configmap', name, '--type=merge', '-p', JSON.stringify(patch));
    },
  };
}

async function sync(engine: Engine, target: SyncTarget = { applicationId: id }): Promise<SyncResult> {
  const { plans, refused } = await engine.syncs.plan([target], { kind: 'sync' }, signal);
  const [plan] = plans;
  assert(plan !== undefined, JSON.stringify(refused));
  return engine.syncs.execute(plan.id, { ticks: [], wait: false, timeoutSeconds: 30 }, () => undefined, signal);
}

/** A shop whose first commit is synced. */
async function syncedShop(t: TestContext): Promise<Shop> {
  const made = await shop(t);
  assert.equal((await sync(made.engine)).outcome, 'done');
  await until(made.engine, 'the ledger was seen', () => rowOf(made.engine, id).lastSync !== undefined);
  await made.engine.settled();
  return made;
}

const fieldsOf = (engine: Engine): readonly (readonly (string | undefined)[])[] =>
  engine
    .objects(id)
    .flatMap(({ fields }) => fields)
    .map(({ id: field, direction, git: wanted, live, synced }: FieldRow) => [field, direction, wanted, live, synced]);

const changed = (color: string, size: string): string => settingsYaml.replace('red', color).replace('small', size);

interface Case {
  readonly name: string;
  readonly live?: object;
  readonly text?: string;
  readonly state: string;
  readonly fields: readonly (readonly (string | undefined)[])[];
  readonly behind?: number;
}

const cases: readonly Case[] = [
  {
    name: 'a live edit',
    live: { data: { color: 'blue' } },
    state: 'drifted',
    fields: [['data.color', 'drifted', 'red', 'blue', undefined]],
  },
  {
    name: 'a new commit',
    text: changed('green', 'small'),
    state: 'out of sync',
    fields: [['data.color', 'out of sync', 'green', 'red', 'red']],
    behind: 1,
  },
  {
    name: 'both on one field',
    live: { data: { color: 'blue' } },
    text: changed('green', 'small'),
    state: 'drifted',
    fields: [['data.color', 'drifted', 'green', 'blue', 'red']],
    behind: 1,
  },
  {
    name: 'both on different fields',
    live: { data: { color: 'blue' } },
    text: changed('red', 'large'),
    state: 'drifted',
    fields: [
      ['data.color', 'drifted', 'red', 'blue', undefined],
      ['data.size', 'out of sync', 'large', 'small', 'small'],
    ],
    behind: 1,
  },
  {
    name: 'a field removed from Git',
    text: settingsYaml.replace('  size: small\n', ''),
    state: 'out of sync',
    fields: [['data.size', 'out of sync', undefined, 'small', 'small']],
    behind: 1,
  },
  {
    name: 'a field removed live, which leaves no trace',
    live: { data: { size: null } },
    state: 'drifted',
    fields: [['data.size', 'drifted', 'small', undefined, undefined]],
  },
  {
    name: 'both to the same value',
    live: { data: { color: 'green' } },
    text: changed('green', 'small'),
    state: 'synced',
    fields: [],
  },
];

for (const { name, live, text, state, fields, behind } of cases) {
  test(`which side moved: ${name}`, async (t) => {
    const { engine, commit, edit } = await syncedShop(t);
    assert.deepEqual([rowOf(engine, id).state, rowOf(engine, id).commitsBehind], ['synced', undefined]);
    if (text !== undefined) await commit(text);
    if (live !== undefined) await edit(live);
    await until(
      engine,
      'both sides were seen',
      () => JSON.stringify(fieldsOf(engine)) === JSON.stringify(fields) && rowOf(engine, id).state === state,
    );
    assert.equal(rowOf(engine, id).commitsBehind, behind);
  });
}

test('without a ledger who holds the field decides, and a revert goes back to target and says so', async (t) => {
  const { engine, repo, namespace, edit } = await shop(t);
  await run('apply', '--server-side', '-n', namespace, '-f', join(repo, 'apps/shop'));
  await until(engine, 'applied by kubectl', () => rowOf(engine, id).state === 'synced');
  await edit({ data: { color: 'blue' } });
  await until(engine, 'drifted', () => rowOf(engine, id).state === 'drifted');
  assert.deepEqual(fieldsOf(engine), [['data.color', 'drifted', 'red', 'blue', undefined]]);
  const { plans } = await engine.planRevert([{ applicationId: id }], signal);
  assert.deepEqual(
    plans.map(({ revisionIs }) => revisionIs),
    ['target'],
  );
  const side = await engine.sideDocument(id, objectOf(engine, id, 'ConfigMap/settings').key, 'synced', false, signal);
  assert.equal(side.reason?.code, 'synced-not-recorded');
});

test('an object in sync reads the same on all its sides, whatever its owner added to it', async (t) => {
  const { engine } = await syncedShop(t);
  const { key } = objectOf(engine, id, 'ConfigMap/settings');
  const sides = ['live', 'synced', 'target', 'HEAD', 'working tree', 'revision:HEAD'] as const;
  const texts = await Promise.all(sides.map(async (side) => (await engine.sideDocument(id, key, side, false, signal)).text));
  assert.match(texts[0] ?? '', /color: red/);
  assert.deepEqual(
    texts,
    sides.map(() => texts[0]),
  );
});

test('a revert brings back what was synced, not what waits in Git, and the sides show it', async (t) => {
  const { engine, namespace, edit, commit } = await syncedShop(t);
  const synced = rowOf(engine, id).lastSync?.revision;
  await commit(changed('green', 'large'));
  await edit({ data: { color: 'blue' } });
  await until(engine, 'drifted', () => rowOf(engine, id).state === 'drifted');
  const { key } = objectOf(engine, id, 'ConfigMap/settings');
  const side = async (name: 'synced' | 'target' | 'live'): Promise<string> => {
    const { text } = await engine.sideDocument(id, key, name, false, signal);
    return ['color', 'size'].map((field) => new RegExp(`${field}: (.*)`).exec(text)?.[1]).join(' ');
  };
  assert.deepEqual([await side('live'), await side('synced'), await side('target')], ['blue small', 'red small', 'green large']);
  const { plans, refused } = await engine.planRevert([{ applicationId: id }], signal);
  assert.deepEqual(refused, []);
  assert.deepEqual(
    plans.map(({ revisionIs, revision, steps }) => [
      revisionIs,
      revision.slice(0, 7),
      steps.map(({ fields }) => fields.map((field) => field.id)),
    ]),
    [['synced', synced, [['data.color']]]],
  );
  const results = await engine.execute(plans[0]?.id ?? '', () => undefined, signal);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['done'],
    JSON.stringify(results),
  );
  assert.equal(await run('-n', namespace, 'get', 'configmap/settings', '-o', 'jsonpath={.data.color} {.data.size}'), 'red small');
  await until(engine, 'waiting only', () => rowOf(engine, id).state === 'out of sync');
});

test('an object deleted in the cluster is drift, one that is new in Git waits', async (t) => {
  const { engine, namespace, commit } = await syncedShop(t);
  await commit(`${settingsYaml}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {a: b}\n`);
  await until(engine, 'one waits', () => rowOf(engine, id).state === 'out of sync');
  assert.equal(objectOf(engine, id, 'ConfigMap/more').reason?.code, 'object-not-yet-applied');
  const { refused } = await engine.planRevert([{ applicationId: id, object: objectOf(engine, id, 'ConfigMap/more').key }], signal);
  assert.equal(refused[0]?.reason?.code, 'not-in-revision');
  await run('-n', namespace, 'delete', 'configmap/settings');
  await until(engine, 'one is gone', () => rowOf(engine, id).state === 'drifted');
  assert.equal(objectOf(engine, id, 'ConfigMap/settings').reason?.code, 'object-deleted');
});

test('a sync of one object is known for that object alone; Secret values stay out of the ledger and the side', async (t) => {
  const { engine, namespace, commit, edit } = await syncedShop(t);
  const first = (await engine.syncs.history(id, signal)).syncedRevision;
  const second = await commit(changed('green', 'large').replace('first-canary', 'second-canary'));
  await until(engine, 'out of sync', () => rowOf(engine, id).state === 'out of sync');
  const { key } = objectOf(engine, id, 'ConfigMap/settings');
  await sync(engine, { applicationId: id, objects: [key] });
  await until(engine, 'the object is synced', () => objectOf(engine, id, 'ConfigMap/settings').state === 'synced');
  assert.deepEqual([rowOf(engine, id).lastSync?.revision, rowOf(engine, id).commitsBehind], [first?.slice(0, 7), 1]);
  await edit({ data: { color: 'blue' } });
  await until(engine, 'drifted', () => objectOf(engine, id, 'ConfigMap/settings').state === 'drifted');
  const secret = objectOf(engine, id, 'Secret/keys');
  assert.deepEqual([secret.state, secret.fields.map(({ direction }) => direction)], ['out of sync', ['out of sync']]);
  const { plans } = await engine.planRevert([{ applicationId: id, object: key }], signal);
  assert.deepEqual([plans[0]?.revision, plans[0]?.revisionIs], [second, 'synced']);
  const shown = await Promise.all(
    (['synced', 'target', 'live'] as const).map(async (side) => (await engine.sideDocument(id, secret.key, side, false, signal)).text),
  );
  assert.equal(new Set(shown).size, 2, 'synced reads as live does, target differs');
  const ledger = await run('-n', namespace, 'get', 'configmap/plumbline-shop', '-o', 'json');
  for (const text of [...shown, ledger, JSON.stringify(engine.objects(id))]) assert.doesNotMatch(text, /canary/);
});

async function annotations(namespace: string): Promise<Record<string, string>> {
  const text = await run('-n', namespace, 'get', 'configmap/plumbline-shop', '-o', 'json');
  return (JSON.parse(text) as { metadata: { annotations: Record<string, string> } }).metadata.annotations;
}

async function annotate(namespace: string, name: string, value: unknown): Promise<void> {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  await run('-n', namespace, 'annotate', 'configmap/plumbline-shop', '--overwrite', `plumbline.dev/${name}=${text}`);
}

test('what another renderer or Kubernetes makes of the synced commit is no drift', async (t) => {
  const { engine, namespace, commit } = await syncedShop(t);
  const second = await commit(changed('green', 'small'));
  await until(engine, 'out of sync', () => rowOf(engine, id).state === 'out of sync');
  // As if the second commit had been applied by a renderer that made red of it.
  const all = await annotations(namespace);
  const objects = JSON.parse(all['plumbline.dev/objects'] ?? '') as { groups: { revision: string; render: string }[] };
  for (const group of objects.groups) Object.assign(group, { revision: second, render: 'of another renderer' });
  const syncs = JSON.parse(all['plumbline.dev/syncs'] ?? '') as { revision: string }[];
  for (const record of syncs) record.revision = second;
  await annotate(namespace, 'syncs', syncs);
  await annotate(namespace, 'objects', objects);
  await until(engine, 'the ledger was seen', () => rowOf(engine, id).lastSync?.revision === second.slice(0, 7));
  await engine.settled();
  assert.equal(rowOf(engine, id).state, 'out of sync');
  assert.deepEqual(fieldsOf(engine), [['data.color', 'out of sync', 'green', 'red', undefined]]);
  const side = await engine.sideDocument(id, objectOf(engine, id, 'ConfigMap/settings').key, 'synced', false, signal);
  assert.equal(side.reason?.code, 'synced-changed');
  // The Secret is the same in both, which its hash proves though the render is another.
  assert.equal((await engine.sideDocument(id, objectOf(engine, id, 'Secret/keys').key, 'synced', false, signal)).exists, true);
});

test("another person's sync shows without a refresh, and costs one no request", async (t) => {
  const { engine, repo, commit } = await syncedShop(t);
  const { engine: other } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await other.check(undefined);
  await until(other, 'knows the first sync', () => rowOf(other, id).lastSync !== undefined);
  const second = await commit(changed('green', 'small'));
  await other.refresh(id, { fetch: false }, signal);
  await until(engine, 'out of sync', () => rowOf(engine, id).state === 'out of sync');
  await engine.settled();
  const before = engine.counters().map(({ requests }) => requests);
  assert.equal((await sync(other)).outcome, 'done');
  await until(engine, 'seen by the first', () => rowOf(engine, id).lastSync?.revision === second.slice(0, 7));
  await until(engine, 'and synced', () => rowOf(engine, id).state === 'synced');
  await engine.settled();
  assert.deepEqual(
    engine.counters().map(({ requests }) => requests),
    before,
  );
});

test('a sync that was cut off is offered for completion; a new one is refused until it is proved dead or its time is over', async (t) => {
  const { engine, namespace } = await syncedShop(t);
  const [record] = JSON.parse((await annotations(namespace))['plumbline.dev/syncs'] ?? '') as object[];
  const until45 = new Date(Date.now() + 45_000).toISOString();
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  const running = (holder: object, end = until45): object => ({ record: { ...record, id: 'cut', outcome: 'running' }, until: end, holder });
  await annotate(namespace, 'running', running({ machine: 'another', pid: dead }));
  await until(engine, 'said to run', () => rowOf(engine, id).runningSync !== undefined);
  const { refused } = await engine.syncs.plan([{ applicationId: id }], { kind: 'sync' }, signal);
  const [reason] = refused.flatMap((each) => each.reason ?? []);
  assert.equal(reason?.code, 'sync-running');
  assert.match(describe(reason.code, reason.details), new RegExp(`may begin at ${until45.replaceAll('.', '\\.')}, 45 s after`));
  await annotate(namespace, 'running', running({ machine: 'another', pid: dead }, new Date(Date.now() + 1000).toISOString()));
  await until(engine, 'its time ran out, though nothing was written', () => rowOf(engine, id).unfinishedSync !== undefined);
  await annotate(namespace, 'running', running({ machine: 'another', pid: dead }));
  await until(engine, 'said to run again', () => rowOf(engine, id).runningSync !== undefined);
  await annotate(namespace, 'running', running({ ...currentHolder(), pid: dead }));
  await until(engine, 'known to be cut off', () => rowOf(engine, id).unfinishedSync !== undefined);
  assert.equal(rowOf(engine, id).runningSync, undefined);
  const { plans } = await engine.syncs.plan([{ applicationId: id }], { kind: 'sync' }, signal);
  assert.equal(plans[0]?.applications[0]?.hasUnfinished, true);
  assert.equal((await sync(engine)).outcome, 'done');
  await until(engine, 'finished', () => rowOf(engine, id).unfinishedSync === undefined);
  const { entries } = await engine.syncs.history(id, signal);
  assert.deepEqual(
    entries.map(({ outcome }) => outcome),
    ['done', 'failed', 'done'],
  );
});

test('a renamed environment is refused with the command that hands the record over, and that command works', async (t) => {
  const { engine, namespace, repo } = await syncedShop(t);
  await writeFiles(repo, { 'plumbline.yaml': config(namespace, 'production') });
  await git(repo, 'commit', '-qam', 'rename');
  await engine.refresh(undefined, { fetch: false }, signal);
  await until(engine, 'renamed', () => engine.applicationIds().includes('production/shop'));
  await engine.check(undefined);
  const target = [{ applicationId: 'production/shop' }];
  const { refused } = await engine.syncs.plan(target, { kind: 'sync' }, signal);
  const [reason] = refused.flatMap((each) => each.reason ?? []);
  assert.equal(reason?.code, 'ledger-renamed');
  const history = await engine.syncs.history('production/shop', signal);
  assert.deepEqual([history.entries, history.problem?.code], [[], 'ledger-renamed']);
  const command = /kubectl ([^.]*plumbline\.dev\/\S+ --overwrite)/.exec(describe(reason.code, reason.details))?.[1];
  assert(command !== undefined);
  await run(...command.split(' '));
  const after = await engine.syncs.plan(target, { kind: 'sync' }, signal);
  assert.deepEqual([after.refused, after.plans.length], [[], 1]);
  await until(engine, 'its history', () => rowOf(engine, 'production/shop').lastSync !== undefined);
});
