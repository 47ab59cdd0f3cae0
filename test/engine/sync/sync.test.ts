import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kubectlPath } from '../../tools/binaries.ts';
import { customDefinition } from '../../tools/definitions.ts';
import { run } from '../../tools/processes.mjs';
import { APPLYSET_PART_OF } from '../../../src/engine/compare/ownerMarks.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { annotationsOf, labelsOf } from '../../../src/engine/model/objects.ts';
import { applySetId, parentKeyOf } from '../../../src/engine/sync/applySet.ts';
import { tickId } from '../../../src/engine/model/sync.ts';
import { manifests } from '../drift/objects.ts';
import { holders, type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, freshNamespaces, stepsOf, syncUser } from './syncSupport.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

const fresh = freshNamespaces('s', () => fixture);

const data = (object: KubeObject | undefined): unknown => object?.['data'];
const setIdOf = (namespace: string): string => applySetId(parentKeyOf({ name: namespace }, namespace));

test('a first sync creates, a second finds nothing to do, a third configures and undoes a live change', async () => {
  const { namespace, user } = await fresh();
  const objects = [configMap(namespace, 'b'), configMap(namespace, 'a')];
  const first = await user.plan(objects);
  assert.deepEqual(stepsOf(first), ['create ConfigMap/a', 'create ConfigMap/b']);
  assert.equal((await user.execute(first)).outcome, 'done');
  assert.equal(labelsOf((await user.live(configMap(namespace, 'a'))) ?? configMap('', ''))[APPLYSET_PART_OF], setIdOf(namespace));
  assert.deepEqual(stepsOf(await user.plan(objects)), ['unchanged ConfigMap/a', 'unchanged ConfigMap/b']);
  await fixture.plane.kubectl(['patch', 'configmap', 'a', '-n', namespace, '--type=merge', '-p', '{"data":{"a":"hand"}}']);
  const undo = await user.plan([objects[0] ?? configMap('', ''), configMap(namespace, 'a', { a: '1', b: '2' })]);
  assert.deepEqual(
    undo.prepared[0]?.plan.steps.map(({ action, fields, undoes }) => [action, fields.map(({ id }) => id), undoes]),
    [
      ['configure', ['data.a', 'data.b'], ['data.a']],
      ['unchanged', [], []],
    ],
  );
  assert.equal((await user.execute(undo)).outcome, 'done');
  assert.deepEqual(data(await user.live(configMap(namespace, 'a'))), { a: '1', b: '2' });
  const history = await user.history();
  assert.deepEqual(
    history.entries.map(({ outcome, counts: { created, configured, unchanged } }) => [outcome, created, configured, unchanged]),
    [
      ['done', 0, 1, 1],
      ['done', 2, 0, 0],
    ],
  );
  assert.equal(history.syncedRevision, history.entries[0]?.revision);
});

test('a namespace, a CRD and its objects come in one plan, in order', async () => {
  const namespace = 'whole';
  const user = syncUser(fixture.admin.connection, namespace);
  const crd = customDefinition({ group: 'sync.example.io', kind: 'Gear', hasStatus: false });
  const gear: KubeObject = { apiVersion: 'sync.example.io/v1', kind: 'Gear', metadata: { name: 'g', namespace }, spec: { teeth: 8 } };
  const home: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const objects = [gear, configMap(namespace, 'a'), crd, home];
  const planning = await user.plan(objects);
  assert.deepEqual(
    planning.prepared[0]?.plan.steps.map(({ action, key, isUnverified, wave }) => [action, key.kind, isUnverified, wave]),
    [
      ['create', 'Namespace', false, 0],
      ['create', 'CustomResourceDefinition', false, 0],
      ['create', 'ConfigMap', true, 1],
      ['create', 'Gear', true, 1],
    ],
  );
  const result = await user.execute(planning, { wait: true });
  assert.deepEqual([result.outcome, result.results.map(({ outcome }) => outcome)], ['done', ['done', 'done', 'done', 'done']]);
  assert.deepEqual(stepsOf(await user.plan(objects)), [
    'unchanged Namespace/whole',
    'unchanged CustomResourceDefinition/gears.sync.example.io',
    'unchanged ConfigMap/a',
    'unchanged Gear/g',
  ]);
});

test('prunes only where the policy says so, honours keep annotations, and asks for claims one by one', async () => {
  const { namespace, user } = await fresh();
  const keep = configMap(namespace, 'kept', { a: '1' }, { 'helm.sh/resource-policy': 'keep' });
  const claim: KubeObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'disk', namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const stays = configMap(namespace, 'stays');
  await user.sync([stays, configMap(namespace, 'gone'), keep, claim]);
  assert.deepEqual(stepsOf(await user.plan([stays])), [
    'unchanged ConfigMap/stays',
    'skipped PersistentVolumeClaim/disk prune-off',
    'skipped ConfigMap/kept kept-by-annotation',
    'skipped ConfigMap/gone prune-off',
  ]);
  const planning = await user.plan([stays], { prune: true });
  assert.deepEqual(stepsOf(planning), [
    'unchanged ConfigMap/stays',
    'prune PersistentVolumeClaim/disk',
    'skipped ConfigMap/kept kept-by-annotation',
    'prune ConfigMap/gone',
  ]);
  const result = await user.execute(planning);
  assert.deepEqual(
    result.results.map(({ outcome, reason }) => [outcome, reason?.code]),
    [
      ['done', undefined],
      ['skipped', 'not-ticked'],
      ['skipped', 'kept-by-annotation'],
      ['done', undefined],
    ],
  );
  assert.deepEqual(
    [await user.live(configMap(namespace, 'gone')), data(await user.live(keep)), (await user.live(claim))?.metadata['deletionTimestamp']],
    [undefined, { a: '1' }, undefined],
  );
  const again = await user.plan([stays], { prune: true });
  const key = { group: '', kind: 'PersistentVolumeClaim', namespace, name: 'disk' };
  const ticks = [tickId(`test/${namespace}`, `${key.group}/${key.kind}/${key.namespace}/${key.name}`)];
  assert.equal((await user.execute(again, { ticks })).outcome, 'done');
  const after = await user.live(claim);
  assert(after === undefined || after.metadata['deletionTimestamp'] !== undefined);
  const parent = await user.live(configMap(namespace, `plumbline-${namespace}`));
  assert.equal(annotationsOf(parent ?? stays)['applyset.kubernetes.io/contains-group-kinds'], 'ConfigMap');
});

test('nothing is synced or pruned by an empty render, and a chosen object prunes nothing', async () => {
  const { namespace, user } = await fresh();
  const [a, b] = [configMap(namespace, 'a'), configMap(namespace, 'b')];
  await user.sync([a, b]);
  const empty = await user.plan([], { prune: true });
  assert.deepEqual([empty.prepared.length, empty.refused[0]?.reason?.code], [0, 'sync-nothing-rendered']);
  const chosen = await user.plan([configMap(namespace, 'a', { a: '9' })], { prune: true, chosen: new Set([`/ConfigMap/${namespace}/a`]) });
  assert.deepEqual(stepsOf(chosen), ['configure ConfigMap/a']);
  await user.execute(chosen);
  assert.deepEqual(data(await user.live(b)), { a: '1' });
  assert.equal((await user.history()).entries[0]?.isPartial, true);
});

test('objects of other owners are refused by name and stay as they are', async () => {
  const { namespace, user } = await fresh();
  const annotations = { 'argocd.argoproj.io/tracking-id': `other:/ConfigMap:${namespace}/a` };
  await fixture.plane.apply([configMap(namespace, 'a', { a: 'x' }, annotations)]);
  const planning = await user.plan([configMap(namespace, 'a'), configMap(namespace, 'b')]);
  assert.deepEqual(stepsOf(planning), ['skipped ConfigMap/a owned-by-argocd', 'create ConfigMap/b']);
  assert.equal((await user.execute(planning)).outcome, 'partly');
  assert.deepEqual(data(await user.live(configMap(namespace, 'a'))), { a: 'x' });
});

for (const how of [
  ['apply', '-f', '-'],
  ['apply', '--server-side', '-f', '-'],
]) {
  test(`kubectl ${how.join(' ')}: a first sync takes its fields over, so that what Git removed goes`, async () => {
    const { namespace, user } = await fresh();
    await fixture.plane.kubectl(how, JSON.stringify(configMap(namespace, 'a', { a: '1', old: 'x' })));
    const planning = await user.plan([configMap(namespace, 'a', { a: '1' })]);
    const [step] = planning.prepared[0]?.plan.steps ?? [];
    assert.deepEqual(step?.takesFrom, [how.length === 3 ? 'kubectl-client-side-apply' : 'kubectl']);
    assert(step.fields.some(({ id, change }) => id === 'data.old' && change === 'added'));
    assert.equal((await user.execute(planning)).outcome, 'done');
    const live = await user.live(configMap(namespace, 'a'));
    assert.deepEqual([data(live), Object.keys(holders(live))], [{ a: '1' }, ['plumbline/Apply']]);
    assert.deepEqual(stepsOf(await user.plan([configMap(namespace, 'a', { a: '1' })])), ['unchanged ConfigMap/a']);
  });
}

test('a field that an autoscaler holds keeps its live value', async () => {
  const { namespace, user } = await fresh();
  const deployment = manifests(namespace)['deployment'];
  assert(deployment !== undefined);
  await user.sync([deployment]);
  await fixture.plane.apply([{ ...manifests(namespace)['autoscaler'] }]);
  await fixture.plane.kubectl(['scale', 'deployment/web', '--replicas=7', '-n', namespace]);
  const metadata = { ...deployment.metadata, annotations: { note: 'new' } };
  const planning = await user.plan([{ ...deployment, metadata }]);
  assert.deepEqual(
    planning.prepared[0]?.plan.steps[0]?.fields.map(({ id }) => id),
    ['metadata.annotations.note'],
  );
  await user.execute(planning);
  assert.equal(((await user.live(deployment))?.['spec'] as { replicas: number }).replicas, 7);
});

test('an immutable field is a recreate that has to be ticked', async () => {
  const { namespace, user } = await fresh();
  const fixed = (value: string): KubeObject => ({ ...configMap(namespace, 'a', { a: value }), immutable: true });
  await user.sync([fixed('1')]);
  const planning = await user.plan([fixed('2')]);
  assert.deepEqual(
    planning.prepared[0]?.plan.steps.map(({ action, tick, fields }) => [action, tick, fields.map(({ id }) => id)]),
    [['recreate', 'recreate', ['data.a']]],
  );
  assert.equal((await user.execute(planning)).outcome, 'refused');
  assert.deepEqual(data(await user.live(fixed('1'))), { a: '1' });
  const ticks = [tickId(`test/${namespace}`, `/ConfigMap/${namespace}/a`)];
  assert.equal((await user.execute(await user.plan([fixed('2')]), { ticks })).outcome, 'done');
  assert.deepEqual(data(await user.live(fixed('1'))), { a: '2' });
});

test('waiting says what it waits for, and ends by its timeout', async () => {
  const { namespace, user } = await fresh();
  const deployment = manifests(namespace)['deployment'];
  assert(deployment !== undefined);
  const told: string[] = [];
  const result = await user.sync(
    [deployment],
    {},
    { wait: true, timeoutSeconds: 1, onProgress: ({ phase, state, message }) => told.push(`${phase} ${state} ${message ?? ''}`) },
  );
  assert.deepEqual([result.outcome, result.waiting.map(({ key }) => key.name)], ['timed-out', ['web']]);
  assert(told.some((line) => line.startsWith('wait waiting ')));
  assert.equal((await user.history()).syncedRevision, (await user.history()).entries[0]?.revision);
});

test('kubectl reads our ApplySet and we read what it wrote', async () => {
  const { namespace, user } = await fresh();
  await user.sync([configMap(namespace, 'a'), configMap(namespace, 'b')]);
  const env = { ...process.env, KUBECTL_APPLYSET: 'true', KUBECONFIG: fixture.plane.kubeconfigPath };
  const args = [
    'apply',
    '--server-side',
    '--force-conflicts',
    '--prune',
    `--applyset=configmaps/plumbline-${namespace}`,
    '-n',
    namespace,
    '-f',
    '-',
  ];
  const path = await kubectlPath();
  const input = JSON.stringify(configMap(namespace, 'a'));
  // kubectl refuses the set of another tool by name, which so proves that it reads ours.
  await assert.rejects(run(path, args, { env, input }), /is managed by tooling "plumbline" instead of "kubectl"/);
  const tooling = 'applyset.kubernetes.io/tooling=kubectl/v1.36.3';
  await fixture.plane.kubectl(['annotate', 'configmap', `plumbline-${namespace}`, '-n', namespace, '--overwrite', tooling]);
  const theirs = await user.plan([configMap(namespace, 'a')]);
  assert.equal(theirs.refused[0]?.reason?.code, 'ledger-foreign');
  assert.match(await run(path, args, { env, input }), /configmap\/b pruned/);
});
