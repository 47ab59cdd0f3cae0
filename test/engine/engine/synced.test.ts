import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import type { FieldRow } from '../../../src/engine/model/snapshot.ts';
import type { SyncResult, SyncTarget } from '../../../src/engine/model/sync.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { git, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;
let made = 0;
const { signal } = new AbortController();
const id = 'prod/shop';
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
  uid = await run('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}');
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

function configYaml(namespace: string, environment = 'prod'): string {
  return `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  ${environment}: {context: plumbline-dev, clusterUid: ${uid}}
applications:
  - {name: shop, environment: ${environment}, path: apps/shop, namespace: ${namespace}}
`;
}

/** A repo with one application in a namespace of its own, not yet synced. */
async function shop(t: TestContext): Promise<Shop> {
  made += 1;
  const namespace = `synced-${made}`;
  const repo = await testRepo(t, { 'plumbline.yaml': configYaml(namespace), 'apps/shop/settings.yaml': settingsYaml });
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
