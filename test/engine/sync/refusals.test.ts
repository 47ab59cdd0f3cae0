import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { helm } from '../../tools/binaries.ts';
import type { Logger } from '../../../src/base/log.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { Reason } from '../../../src/engine/model/states.ts';
import type { RevertItem, RevertPlanning } from '../../../src/engine/sync/revertTypes.ts';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { manifests } from '../drift/objects.ts';
import { application, holders, type RevertFixture, startRevertFixture } from './support.ts';

let fixture: RevertFixture;
let namespaces = 0;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

/** Merges a patch into a live object (`configmap/web`), as `kubectl patch` does. */
const patched = (object: string, namespace: string, patch: object, ...flags: readonly string[]): Promise<string> =>
  fixture.plane.kubectl(['patch', object, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch), ...flags]);

async function applied(
  kind: string,
  apply: readonly string[] = ['apply', '--server-side', '-f', '-'],
): Promise<{ object: KubeObject; namespace: string }> {
  namespaces += 1;
  const namespace = `n${namespaces}`;
  const object = manifests(namespace)[kind];
  assert(object !== undefined);
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  await fixture.plane.kubectl(apply, JSON.stringify(object));
  return { object, namespace };
}

/** A drifted ConfigMap that server-side apply owns. */
async function drifted(): Promise<{ object: KubeObject; namespace: string }> {
  const made = await applied('configMap');
  await patched('configmap/web-config', made.namespace, { data: { 'app.conf': 'x' } });
  return made;
}

function refusals(planning: RevertPlanning): readonly (Reason | undefined)[] {
  return planning.refused.map(({ reason }) => reason);
}

const item = async (object: KubeObject, more: Partial<RevertItem> = {}): Promise<RevertItem> => fixture.admin.item(object, more);

test('objects with the marks of other owners are refused, naming the owner', async () => {
  const { object } = await drifted();
  const marks = [
    { owner: 'argocd', name: 'shop' },
    { owner: 'flux', name: 'flux-system/shop' },
    { owner: 'helm', name: 'shop' },
    { owner: 'applyset', name: 'applyset-x-v1' },
  ] as const;
  const items = await Promise.all(marks.map((mark) => item(object, { mark })));
  const planning = await fixture.admin.plan(items);
  assert.deepEqual(planning.prepared, []);
  assert.deepEqual(
    refusals(planning),
    marks.map(({ owner, name }) => ({ code: `owned-by-${owner}`, details: { object: 'ConfigMap/web-config', owner: name } })),
  );
  for (const reason of refusals(planning)) assert.match(describe(reason?.code ?? '', reason?.details), /does not write to it/);
});

test('objects of a real Helm release are refused and stay as they are', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-chart-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'templates'));
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  await writeFile(
    join(folder, 'templates', 'cm.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-config\ndata:\n  a: "1"\n',
  );
  await fixture.plane.kubectl(['create', 'namespace', 'helm']);
  await helm(['install', 'shop', folder, '--namespace', 'helm'], { kubeconfig: fixture.plane.kubeconfigPath });
  await patched('configmap/web-config', 'helm', { data: { a: '2' } });
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web-config', namespace: 'helm' }, data: { a: '1' } };
  const edited = await fixture.admin.live(object);
  const planning = await fixture.admin.plan([await item(object)]);
  assert.deepEqual([planning.prepared.length, refusals(planning).map((reason) => reason?.code)], [0, ['owned-by-helm']]);
  const now = await fixture.admin.live(object);
  assert.deepEqual([holders(now), now?.metadata['resourceVersion']], [holders(edited), edited?.metadata['resourceVersion']]);
});

test('what is only compared, not pinned, or another cluster is refused', async () => {
  const { object } = await drifted();
  const { uid } = fixture.admin.connection;
  const cases = [
    { application: application(uid, { owner: 'unmanaged' }) },
    { application: application(undefined) },
    { application: application('00000000-0000-0000-0000-000000000000') },
    { application: application(uid, { owner: 'argocd' }) },
  ];
  const planning = await fixture.admin.plan(await Promise.all(cases.map((more) => item(object, more))));
  assert.deepEqual(
    refusals(planning).map((reason) => reason?.code),
    ['not-managed', 'cluster-not-pinned', 'wrong-cluster', 'owned-by-argocd'],
  );
  assert.equal(planning.prepared.length, 0);
});

test('a user without the right is told which one is missing', async () => {
  const { object, namespace } = await drifted();
  const viewer = await fixture.user('viewer');
  const planning = await viewer.plan([
    { ...(await item(object)), application: application(viewer.connection.uid ?? fixture.admin.connection.uid) },
  ]);
  const [reason] = refusals(planning);
  assert.deepEqual(reason, { code: 'cannot-write', details: { verb: 'patch', resource: 'configmaps', namespace, context: 'revert' } });
});

test('replicas that an autoscaler holds are left, other fields of the object go back', async () => {
  const { object, namespace } = await applied('deployment');
  await fixture.plane.apply([{ ...manifests(namespace)['autoscaler'] }]);
  await fixture.plane.kubectl(['scale', 'deployment/web', '--replicas=4', '-n', namespace]);
  await fixture.plane.kubectl(['set', 'image', 'deployment/web', 'web=registry.example/web:hotfix', '-n', namespace]);
  const planning = await fixture.admin.plan([await item(object)]);
  const steps = planning.prepared[0]?.plan.steps.map(({ action, fields, reason }) => [action, fields.map(({ id }) => id), reason?.code]);
  const image = 'spec.template.spec.containers[name=web].image';
  assert.deepEqual(steps, [
    ['configure', [image], undefined],
    ['skipped', ['spec.replicas'], 'held-by-autoscaler'],
  ]);
  await fixture.admin.execute(planning);
  const now = await fixture.admin.live(object);
  assert.equal((now?.['spec'] as { replicas: number }).replicas, 4);
  const alone = await fixture.admin.plan([await item(object, { fieldIds: ['spec.replicas'] })]);
  assert.deepEqual(refusals(alone)[0], {
    code: 'held-by-autoscaler',
    details: { object: 'Deployment/web', fields: ['spec.replicas'], holder: 'HorizontalPodAutoscaler/web' },
  });
});

test('an immutable field is refused with the cure', async () => {
  const { object, namespace } = await applied('service');
  await fixture.plane.kubectl(['delete', 'service', 'web', '-n', namespace]);
  const headless = { ...object, spec: { ...(object['spec'] as object), clusterIP: 'None' } };
  await fixture.plane.kubectl(['create', '-f', '-'], JSON.stringify(headless));
  const wanted: KubeObject = { ...object, spec: { ...(object['spec'] as object), clusterIP: '10.0.0.77' } };
  const base = await item(wanted);
  const verdict = {
    ...base.verdict,
    state: 'drifted' as const,
    fields: [
      {
        id: 'spec.clusterIP',
        path: [{ field: 'spec' }, { field: 'clusterIP' }],
        change: 'changed' as const,
        direction: 'drifted' as const,
        git: '10.0.0.77',
        live: 'None',
        isConfirmed: true,
        isCosmetic: false,
        isMasked: false,
      },
    ],
  };
  const planning = await fixture.admin.plan([{ ...base, verdict }]);
  const [reason] = refusals(planning);
  assert.equal(reason?.code, 'needs-recreate');
  assert.match(describe(reason.code, reason.details), /Delete the object and apply it again/);
});

test('one chosen field goes back alone, the others stay with who changed them', async () => {
  const { object, namespace } = await applied('deployment');
  await fixture.plane.kubectl(['set', 'image', 'deployment/web', 'web=registry.example/web:hotfix', '-n', namespace]);
  await fixture.plane.kubectl(['label', 'deployment/web', '--overwrite', 'app.kubernetes.io/part-of=other', '-n', namespace]);
  const editedAt = Math.floor(Date.now() / 1000);
  // Times of managedFields are in seconds: the revert shall come later than the edits.
  while (Math.floor(Date.now() / 1000) === editedAt) await setTimeout(20);
  const label = 'metadata.labels["app.kubernetes.io/part-of"]';
  const planning = await fixture.admin.plan([await item(object, { fieldIds: [label] })]);
  assert.deepEqual(
    (await fixture.admin.execute(planning)).map(({ outcome }) => outcome),
    ['done'],
  );
  const verdict = await fixture.admin.verdict(object);
  assert.deepEqual([verdict.state, verdict.fields.map(({ id }) => id)], ['drifted', ['spec.template.spec.containers[name=web].image']]);
});

test('what waits to be applied is not touched', async () => {
  const { object, namespace } = await applied('configMap', ['apply', '-f', '-']);
  await patched('configmap/web-config', namespace, { data: { empty: 'by hand' } });
  const target: KubeObject = { ...object, data: { ...(object['data'] as object), 'app.conf': 'waiting\n' } };
  const planning = await fixture.admin.plan([await item(target)]);
  assert.deepEqual(
    planning.prepared[0]?.plan.steps.map(({ fields }) => fields.map(({ id }) => id)),
    [['data.empty']],
  );
  await fixture.admin.execute(planning);
  assert.deepEqual((await fixture.admin.live(object))?.['data'], object['data']);
  const waiting = await fixture.admin.plan([await item(target, { fieldIds: ['data["app.conf"]'] })]);
  assert.equal(refusals(waiting)[0]?.code, 'not-drifted');
});

for (const [name, operation, manager] of [
  ['server-side apply', 'Apply', 'kubectl'],
  ['client-side apply', 'Update', 'kubectl-client-side-apply'],
] as const) {
  test(`a deleted object and its namespace come back in order, as ${name} made the others`, async () => {
    const namespace = `gone-${operation.toLowerCase()}`;
    const object = manifests(namespace)['configMap'];
    assert(object !== undefined);
    const home: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    const siblingManager = { manager, operation };
    const planning = await fixture.admin.plan([await item(object, { siblingManager }), await item(home, { siblingManager })]);
    assert.deepEqual(planning.refused, []);
    assert.deepEqual(
      planning.prepared[0]?.plan.steps.map(({ action, key }) => `${action} ${key.kind}`),
      ['create Namespace', 'create ConfigMap'],
    );
    assert.deepEqual(
      (await fixture.admin.execute(planning)).map(({ outcome }) => outcome),
      ['done', 'done'],
    );
    assert.deepEqual(
      [(await fixture.admin.verdict(object)).state, Object.keys(holders(await fixture.admin.live(object)))],
      ['synced', [`${manager}/${operation}`]],
    );
    if (operation === 'Update') {
      assert.match(await fixture.plane.kubectl(['apply', '-f', '-'], JSON.stringify(object)), /unchanged/);
    }
  });
}

test('a missing namespace that the plan does not bring is named', async () => {
  const object = manifests('nowhere')['configMap'];
  assert(object !== undefined);
  const planning = await fixture.admin.plan([await item(object)]);
  assert.equal(refusals(planning)[0]?.code, 'namespace-missing');
});

test('an object that moved between plan and execution is not written; one whose status moved is', async () => {
  const { object, namespace } = await applied('deployment');
  const edit = (image: string): Promise<string> =>
    fixture.plane.kubectl(['set', 'image', 'deployment/web', `web=${image}`, '-n', namespace]);
  await edit('registry.example/web:hotfix');
  const stale = await fixture.admin.plan([await item(object)]);
  await edit('registry.example/web:hotfix2');
  const refused = await fixture.admin.execute(stale);
  assert.deepEqual(
    refused.map(({ outcome, reason }) => [outcome, reason?.code]),
    [['refused', 'moved-since-plan']],
  );
  const planned = await fixture.admin.plan([await item(object)]);
  const status = { status: { observedGeneration: 1, replicas: 2 } };
  await patched('deployment/web', namespace, status, '--subresource=status');
  assert.deepEqual(
    (await fixture.admin.execute(planned)).map(({ outcome }) => outcome),
    ['done'],
  );
  assert.equal((await fixture.admin.verdict(object)).state, 'synced');
});

test('live that the cache has old is read again: the same field goes back, another value is refused', async () => {
  const { object, namespace } = await drifted();
  const old = await item(object);
  await fixture.plane.kubectl(['label', 'configmap', 'web-config', 'x=y', '-n', namespace]);
  const fresh = await fixture.admin.plan([old]);
  assert.deepEqual(fresh.refused, []);
  await patched('configmap/web-config', namespace, { data: { 'app.conf': 'y' } });
  assert.equal(refusals(await fixture.admin.plan([old]))[0]?.code, 'moved-since-plan');
});

test('an object that is being deleted is refused', async () => {
  const { object, namespace } = await drifted();
  await patched('configmap/web-config', namespace, { metadata: { finalizers: ['example.io/hold'] } });
  await fixture.plane.kubectl(['delete', 'configmap', 'web-config', '-n', namespace, '--wait=false']);
  const old = await item(object);
  const planning = await fixture.admin.plan([{ ...old, verdict: { ...old.verdict, state: 'drifted' } }]);
  assert.equal(refusals(planning)[0]?.code, 'being-deleted');
  await patched('configmap/web-config', namespace, { metadata: { finalizers: null } });
});

test('a cancelled execution stops between steps; the log names who, where, what, and no values', async () => {
  const first = await drifted();
  const secret = await applied('secret');
  await patched('secret/web-secret', secret.namespace, { data: { password: 'b3RoZXI=' } });
  const planning = await fixture.admin.plan([await item(first.object), await item(secret.object)]);
  const lines: string[] = [];
  const abort = new AbortController();
  const write = (line: string): void => {
    lines.push(line);
    if (line.includes(' done')) abort.abort();
  };
  const logger: Logger = { trace: write, debug: write, info: write, warn: write, error: write };
  const results = await fixture.admin.execute(planning, logger, abort.signal);
  assert.deepEqual(
    results.map(({ key, outcome, reason }) => [key.kind, outcome, reason?.code]),
    [
      ['Secret', 'done', undefined],
      ['ConfigMap', 'skipped', 'revert-cancelled'],
    ],
  );
  const log = lines.join('\n');
  assert.match(
    log,
    /by tester, cluster revert \(.+\), namespaces .+, commit c0ffee.+: configure \/Secret\/.+\/web-secret \[data.password\] done/,
  );
  assert.doesNotMatch(log, /hunter2|b3RoZXI|aHVudGVyMg/);
  assert.doesNotMatch(JSON.stringify(planning.prepared.map(({ plan }) => plan)), /hunter2|b3RoZXI|aHVudGVyMg/);
});

test('an admission policy that forbids the revert is named', async () => {
  const { object, namespace } = await drifted();
  const known = await item(object);
  await fixture.plane.apply([
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'frozen' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] }] },
        validations: [{ expression: `object.metadata.namespace != '${namespace}'`, message: 'this namespace is frozen' }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'frozen' },
      spec: { policyName: 'frozen', validationActions: ['Deny'] },
    },
  ]);
  const endMs = Date.now() + 60_000;
  let reason: Reason | undefined;
  // The API server takes a policy in after a moment.
  while (reason === undefined && Date.now() < endMs) [reason] = refusals(await fixture.admin.plan([known]));
  assert.equal(reason?.code, 'refused-by-server');
  assert.match(describe(reason.code, reason.details), /this namespace is frozen/);
});
