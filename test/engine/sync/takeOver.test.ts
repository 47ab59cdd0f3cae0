import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LAST_APPLIED } from '../../../src/engine/compare/ownerMarks.ts';
import { canonicalJson, type JsonValue } from '../../../src/engine/model/json.ts';
import { annotationsOf, gvkOf, keyString, type KubeObject, labelsOf, nameOf } from '../../../src/engine/model/objects.ts';
import { helm } from '../../tools/binaries.ts';
import { manifests } from '../drift/objects.ts';
import { holders, type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, stepsOf, syncUser, type SyncUser } from './syncSupport.ts';

const PART_OF = 'applyset.kubernetes.io/part-of';
const toolAnnotations = [LAST_APPLIED, 'meta.helm.sh/release-name', 'meta.helm.sh/release-namespace'];
let fixture: RevertFixture;
let chart: string;

before(async () => {
  fixture = await startRevertFixture(['controller-manager', 'scheduler', 'kwok']);
  chart = await mkdtemp(join(tmpdir(), 'chart-'));
  await mkdir(join(chart, 'templates'));
  await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  const templates = objectsOf('{{ .Release.Namespace }}').map((object) => `---\n${JSON.stringify(object, null, 2)}\n`);
  await writeFile(join(chart, 'templates', 'all.yaml'), templates.join(''));
});
after(async () => {
  await rm(chart, { recursive: true, force: true });
  await fixture.stop();
});

function objectsOf(namespace: string): readonly KubeObject[] {
  const all = manifests(namespace);
  return ['deployment', 'service', 'configMap', 'secret', 'serviceAccount', 'role', 'roleBinding', 'networkPolicy'].flatMap(
    (name) => all[name] ?? [],
  );
}

async function applied(namespace: string, args: readonly string[]): Promise<void> {
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  await fixture.plane.kubectl(
    [...args, '-n', namespace, '-f', '-'],
    objectsOf(namespace)
      .map((object) => JSON.stringify(object))
      .join('\n---\n'),
  );
}

async function installed(namespace: string, isServerSide: boolean): Promise<void> {
  const args = ['install', 'shop', chart, '-n', namespace, '--create-namespace', `--server-side=${String(isServerSide)}`];
  await helm(args, { kubeconfig: fixture.plane.kubeconfigPath });
}

/** Everything of an object that a take over must not touch; a Deployment counts changes of its annotations as generations, too. */
function untouched(object: KubeObject): JsonValue {
  const { managedFields: _fields, resourceVersion: _version, generation, ...metadata } = object.metadata;
  const without = (map: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
  return {
    ...object,
    status: null,
    metadata: {
      ...metadata,
      ...(object.kind === 'Deployment' ? {} : { generation }),
      labels: without(labelsOf(object), [PART_OF, 'app.kubernetes.io/managed-by']),
      annotations: without(annotationsOf(object), toolAnnotations),
    },
  };
}

async function liveAll(user: SyncUser, namespace: string): Promise<readonly KubeObject[]> {
  const live = await Promise.all(objectsOf(namespace).map((object) => user.live(object)));
  return live.filter((object) => object !== undefined);
}

/** ReplicaSets and Pods with their template hashes: a restart would show. */
async function workload(namespace: string): Promise<string> {
  const path = '{range .items[*]}{.kind}/{.metadata.name} {.metadata.uid} {.metadata.labels.pod-template-hash}{"\\n"}{end}';
  return fixture.plane.kubectl(['get', 'replicasets,pods', '-n', namespace, '--sort-by=.metadata.name', '-o', `jsonpath=${path}`]);
}

async function releaseRecords(namespace: string): Promise<string> {
  const path = '{range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.resourceVersion}{"\\n"}{end}';
  return fixture.plane.kubectl(['get', 'secrets', '-n', namespace, '-l', 'owner=helm', '-o', `jsonpath=${path}`]);
}

const ways = [
  { way: 'kubectl apply', manager: 'kubectl-client-side-apply', make: (to: string) => applied(to, ['apply']) },
  { way: 'kubectl apply --server-side', manager: 'kubectl', make: (to: string) => applied(to, ['apply', '--server-side']) },
  { way: 'kubectl create', manager: 'kubectl-create', make: (to: string) => applied(to, ['create']) },
  { way: 'helm install (server-side, Helm 4)', manager: 'helm', make: (to: string) => installed(to, true) },
  { way: 'helm install (client-side, as Helm 3)', manager: 'helm', make: (to: string) => installed(to, false) },
];

for (const [index, { way, manager, make }] of ways.entries()) {
  test(`${way}: ownership moves, and nothing else does; the next sync finds nothing to change`, async () => {
    const namespace = `take${String(index)}`;
    const isHelm = manager === 'helm';
    await make(namespace);
    await fixture.plane.kubectl(['rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=120s']);
    const user = syncUser(fixture.admin.connection, namespace);
    const objects = objectsOf(namespace);
    const [before, pods, records] = [await liveAll(user, namespace), await workload(namespace), await releaseRecords(namespace)];
    assert.equal(pods.split('\n').filter((line) => line.startsWith('Pod/')).length, 2);
    if (isHelm) assert(stepsOf(await user.plan(objects)).every((step) => step.endsWith(' owned-by-helm')));

    const planning = await user.plan(objects, {}, 'take-over');
    const [plan] = planning.prepared;
    assert.deepEqual(
      plan?.plan.steps.map(({ action, moves = [], fields }) => [action, moves.map((move) => move.manager), fields.length]),
      objects.map(() => ['take-over', [manager], 0]),
    );
    assert.deepEqual(plan.plan.applications[0]?.releases, isHelm ? [{ name: 'shop', namespace, version: 1, records: 1 }] : undefined);
    assert.deepEqual(await liveAll(user, namespace), before);
    const result = await user.execute(planning, { wait: true });
    assert.equal(result.outcome, 'done', JSON.stringify(result.results));

    const now = await liveAll(user, namespace);
    assert.deepEqual(now.map(untouched), before.map(untouched));
    assert.deepEqual([await workload(namespace), await releaseRecords(namespace)], [pods, records]);
    for (const object of now) {
      const held = Object.keys(holders(object)).filter((name) => !name.endsWith('/status'));
      assert.deepEqual(
        held.filter((name) => name !== 'kube-controller-manager/Update').sort(),
        ['plumbline-applyset/Update', 'plumbline/Apply'],
        keyString({ ...gvkOf(object), namespace, name: nameOf(object) }),
      );
      assert.equal(
        holders(object)['plumbline-applyset/Update']?.filter((path) => !path.includes(PART_OF) && path !== 'metadata.labels').length,
        0,
      );
      assert.deepEqual(
        toolAnnotations.filter((name) => annotationsOf(object)[name] !== undefined),
        [],
      );
    }
    const again = await user.plan(objects, {}, 'take-over');
    assert(
      stepsOf(again).every((step) => step.startsWith('unchanged ')),
      stepsOf(again).join(),
    );

    const next = await user.plan(objects);
    assert.deepEqual(
      next.prepared[0]?.plan.steps.flatMap(({ key, fields }) => fields.map(({ id }) => `${key.kind} ${id}`)),
      [],
    );
    assert.equal((await user.execute(next)).outcome, 'done');
    assert.deepEqual((await liveAll(user, namespace)).map(untouched), before.map(untouched));
    assert.equal(await workload(namespace), pods);
    const history = await user.history();
    assert.deepEqual(
      [history.entries.map(({ outcome, isPartial }) => [outcome, isPartial]), history.syncedRevision],
      [
        [
          ['done', false],
          ['done', true],
        ],
        history.entries[0]?.revision,
      ],
    );
  });
}

test('what Git lost goes with the first sync after a take over, and what a person edited by hand is still theirs', async () => {
  const namespace = 'orphans';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  await fixture.plane.kubectl(['apply', '-f', '-'], JSON.stringify(configMap(namespace, 'a', { a: '1', old: 'x' })));
  await fixture.plane.kubectl(['patch', 'configmap', 'a', '-n', namespace, '--type=merge', '-p', '{"data":{"hand":"y"}}']);
  const user = syncUser(fixture.admin.connection, namespace);
  const wanted = [configMap(namespace, 'a', { a: '1' })];
  assert.equal((await user.execute(await user.plan(wanted, {}, 'take-over'))).outcome, 'done');
  assert.deepEqual((await user.live(wanted[0] ?? configMap('', '')))?.['data'], { a: '1', old: 'x', hand: 'y' });
  assert.equal((await user.sync(wanted)).outcome, 'done');
  assert.deepEqual((await user.live(wanted[0] ?? configMap('', '')))?.['data'], { a: '1', hand: 'y' });
});

test('objects of Argo CD, Flux and other ApplySets are refused, naming object and owner; unknown appliers, too', async () => {
  const namespace = 'foreign';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const labelled = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
    ...configMap(namespace, name),
    metadata: { name, namespace, labels },
  });
  const argo = configMap(namespace, 'argo', { a: '1' }, { 'argocd.argoproj.io/tracking-id': `shop:/ConfigMap:${namespace}/argo` });
  const flux = labelled('flux', { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' });
  const release = labelled('release', {
    'helm.toolkit.fluxcd.io/name': 'web',
    'helm.toolkit.fluxcd.io/namespace': 'apps',
    'app.kubernetes.io/managed-by': 'Helm',
  });
  const set = labelled('set', { [PART_OF]: 'applyset-other-v1' });
  const terra = configMap(namespace, 'terra');
  await fixture.plane.kubectl(['apply', '-f', '-'], [argo, flux, release, set].map((object) => JSON.stringify(object)).join('\n---\n'));
  await fixture.plane.kubectl(['apply', '--server-side', '--field-manager=terraform', '-f', '-'], JSON.stringify(terra));
  const user = syncUser(fixture.admin.connection, namespace);
  const objects = [argo, flux, release, set, terra, configMap(namespace, 'absent')];
  const before = await Promise.all(objects.map((object) => user.live(object)));
  const planning = await user.plan(objects, {}, 'take-over');
  assert.deepEqual(
    planning.prepared[0]?.plan.steps.map(({ key, action, reason }) => [
      key.name,
      action,
      reason?.code,
      reason?.details['owner'] ?? reason?.details['managers'] ?? '',
    ]),
    [
      ['absent', 'skipped', 'take-over-not-live', ''],
      ['argo', 'skipped', 'owned-by-argocd', 'shop'],
      ['flux', 'skipped', 'owned-by-flux', 'flux-system/shop'],
      ['release', 'skipped', 'owned-by-flux', 'apps/web'],
      ['set', 'skipped', 'owned-by-applyset', 'applyset-other-v1'],
      ['terra', 'skipped', 'take-over-nobody', ['terraform']],
    ],
  );
  assert.equal((await user.execute(planning)).outcome, 'refused');
  assert.deepEqual(await Promise.all(objects.map((object) => user.live(object))), before);
});

test('a release that Helm is at work on, and an object changed since the plan, are left', async () => {
  const namespace = 'busy';
  await installed(namespace, true);
  const user = syncUser(fixture.admin.connection, namespace);
  const objects = objectsOf(namespace);
  const planning = await user.plan(objects, {}, 'take-over');
  await fixture.plane.kubectl(['patch', 'configmap', 'web-config', '-n', namespace, '--type=merge', '-p', '{"data":{"empty":"hand"}}']);
  const result = await user.execute(planning);
  assert.deepEqual(
    result.results.filter(({ outcome }) => outcome !== 'done').map(({ key, outcome, reason }) => [key.kind, outcome, reason?.code]),
    [['ConfigMap', 'refused', 'moved-since-plan']],
  );
  await fixture.plane.kubectl(['label', 'secret', 'sh.helm.release.v1.shop.v1', '-n', namespace, '--overwrite', 'status=pending-upgrade']);
  const busy = await user.plan(objects, {}, 'take-over');
  assert.deepEqual(
    busy.refused.map(({ reason }) => [reason?.code, reason?.details['release'], reason?.details['status']]),
    [['take-over-release-busy', 'shop', 'pending-upgrade']],
  );
  await fixture.plane.kubectl(['label', 'secret', 'sh.helm.release.v1.shop.v1', '-n', namespace, '--overwrite', 'status=deployed']);
  assert.equal((await user.execute(await user.plan(objects, {}, 'take-over'))).outcome, 'done');
  assert.equal(
    canonicalJson((await user.live(objects[2] ?? configMap('', '')))?.['data']),
    canonicalJson({ 'app.conf': 'a = 1\nb = 2\n', empty: 'hand' }),
  );
});
