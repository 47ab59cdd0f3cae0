import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CustomHealth, type LuaRunner } from '../../../src/engine/sessions/customHealth.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { argoRules } from './argoRules.ts';
import { applyAs } from './ownerKinds.ts';
import { testCompareOptions } from './compareOptionCases.ts';
import { testInventories } from './inventoryCases.ts';
import { testRecreates } from './recreateCases.ts';
import { application, deployment, kustomization, OwnerWorld } from './ownerWorld.ts';

const signal = new AbortController().signal;
const world = await OwnerWorld.start();
after(() => world.stop());

const sidecar = { spec: { template: { spec: { containers: [{ name: 'proxy', image: 'proxy:1' }] } } } };
const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };
const WEB = 'spec.template.spec.containers[name=web].image';
const PROXY = 'spec.template.spec.containers[name=proxy]';

test('owners by their marks: whose each object is; as a reader, too', async (t) => {
  const [bench, reader] = [await world.open(t), await world.open(t, 'reader')];
  const tracking = 'argocd.argoproj.io/tracking-id';
  await world.apply(application('one', {}), application('two', {}), {
    ...application('tenant', {}),
    metadata: { name: 'tenant', namespace: 'shop' },
  });
  const flux = (prefix: string): JsonObject => ({
    labels: { [`${prefix}.toolkit.fluxcd.io/name`]: 'apps', [`${prefix}.toolkit.fluxcd.io/namespace`]: 'flux-system' },
  });
  const helm = {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' },
  };
  const cases: Record<string, [metadata: JsonObject, manager: string, expected: string]> = {
    annotation: [
      { annotations: { [tracking]: 'one:/ConfigMap:shop/annotation' } },
      'argocd-controller',
      'argocd one as Application argocd/one',
    ],
    'label-alone': [{ labels: { 'app.kubernetes.io/instance': 'one' } }, 'argocd-controller', 'argocd one as Application argocd/one'],
    'label-of-a-chart': [{ labels: { 'app.kubernetes.io/instance': 'one' } }, 'helm', '- '],
    'own-label': [{ labels: { 'argocd.argoproj.io/instance': 'one' } }, 'kubectl', 'argocd one as Application argocd/one'],
    'label-and-annotation': [
      { labels: { 'app.kubernetes.io/instance': 'one' }, annotations: { [tracking]: 'one:/ConfigMap:shop/label-and-annotation' } },
      'argocd-controller',
      'argocd one as Application argocd/one',
    ],
    'anothers-id': [
      { labels: { 'app.kubernetes.io/instance': 'one' }, annotations: { [tracking]: 'two:/ConfigMap:shop/anothers-id' } },
      'argocd-controller',
      'argocd two as Application argocd/two',
    ],
    'a-copy': [{ annotations: { [tracking]: 'one:/ConfigMap:shop/annotation' } }, 'kubectl', '- '],
    'a-tenants': [
      { annotations: { [tracking]: 'shop_tenant:/ConfigMap:shop/a-tenants' } },
      'argocd-controller',
      'argocd shop_tenant as Application shop/tenant',
    ],
    kustomization: [flux('kustomize'), 'kustomize-controller', 'flux flux-system/apps as Kustomization flux-system/apps'],
    'helm-release': [
      { ...helm, labels: { ...helm.labels, ...(flux('helm')['labels'] as JsonObject) } },
      'helm-controller',
      'flux flux-system/apps as HelmRelease flux-system/apps',
    ],
    helm: [helm, 'helm', 'helm web'],
    'apply-set': [{ labels: { 'applyset.kubernetes.io/part-of': 'applyset-x-v1' } }, 'kubectl-applyset', 'applyset applyset-x-v1'],
    kubectl: [{}, 'kubectl', '- '],
  };
  const objects = Object.entries(cases).map(([name, [metadata]]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, name, namespace: 'shop' },
  }));
  for (const object of objects) await applyAs(world.plane, cases[object.metadata.name]?.[1] ?? '', [object]);
  const expected = Object.fromEntries(Object.entries(cases).map(([name, [, , owner]]) => [name, owner]));
  for (const who of [bench, reader]) {
    const found = await Promise.all(objects.map(async (object) => [object.metadata.name, await who.ownerOf(object)] as const));
    assert.deepEqual(Object.fromEntries(found), expected);
  }
});

test('Argo CD: its own rules decide, exactly as far as Argo CD takes them, each named with its place; as a reader, too', async (t) => {
  const [bench, reader] = [await world.open(t), await world.open(t, 'reader')];
  const desired = deployment('argo');
  await world.apply(application('argo', {}));
  await world.argoConfig({});
  await world.applyAsArgo(desired, 'argo');
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
  await world.edit('argo', { spec: { replicas: 5 } });
  await world.edit('argo', image, 'image-bot');
  await world.edit('argo', sidecar);
  for (const { name, rules = [], system = {}, left, by = [], problems = 0 } of argoRules) {
    await world.apply(application('argo', { ignoreDifferences: [...rules] }));
    await world.argoConfig(system);
    for (const [who, drifted] of [
      [bench, 'drifted'],
      [reader, 'drifted (not confirmed)'],
    ] as const) {
      const judged = await who.judge(desired);
      assert.deepEqual(
        {
          left: judged.verdict.fields.map(({ id }) => (id === 'spec.replicas' ? 'r' : id === WEB ? 'i' : id)).join(''),
          // What stands only live is none of Argo CD's business, whatever the rules.
          by: judged.ignored.map((line) => line.replace('spec.replicas', 'r').replace(WEB, 'i')).sort(),
          state: judged.verdict.state,
          problems: judged.view?.problems.length,
        },
        { left, by: [...by, `${PROXY}: Argo CD (added by kubectl-edit)`].sort(), state: left === '' ? 'synced' : drifted, problems },
        name,
      );
    }
  }
  await world.argoConfig({});
});

test('Argo CD: what a sync does about an ignored field, and whether a drifted one is undone, in words; to a reader, too', async (t) => {
  const benches = [await world.open(t), await world.open(t, 'reader')];
  const desired = deployment('words');
  const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
  await world.apply(application('words', {}));
  await world.applyAsArgo(desired, 'words');
  await world.edit('words', { spec: { replicas: 5 } });
  await world.edit('words', image);
  const cases: [syncPolicy: JsonObject, ignored: string, revert: string][] = [
    [
      { automated: { selfHeal: true } },
      'Application argocd/words does not compare it; its next sync sets the value of Git all the same',
      'Argo CD undoes it within seconds (Application argocd/words heals itself)',
    ],
    [
      { automated: { prune: true }, syncOptions: ['RespectIgnoreDifferences=true'] },
      'Application argocd/words does not compare it and leaves it as it is (RespectIgnoreDifferences)',
      'Argo CD keeps it until the next sync (Application argocd/words syncs by itself, without self-heal)',
    ],
    [
      { syncOptions: [] },
      'Application argocd/words does not compare it; its next sync sets the value of Git all the same',
      'Argo CD keeps it until somebody syncs (Application argocd/words has no auto-sync)',
    ],
  ];
  for (const [syncPolicy, ignored, revert] of cases) {
    await world.apply(application('words', { ignoreDifferences, syncPolicy }));
    for (const bench of benches) {
      const { verdict, view } = await bench.judge(desired);
      const reason = verdict.ignored.find(({ id }) => id === 'spec.replicas')?.reason;
      assert.deepEqual(
        [
          verdict.fields.map(({ id }) => id),
          describe(reason?.code ?? '', reason?.details),
          describe(view?.revert.reason.code ?? '', view?.revert.reason.details),
        ],
        [[WEB], ignored, revert],
      );
    }
  }
});

test('Argo CD: who may read the Application and not its AppProject is told that its sync windows are not known', async (t) => {
  const tenant = await world.open(t, 'tenant');
  await world.apply(application('words', { syncPolicy: { automated: { selfHeal: true } } }));
  const { view } = await tenant.judge(deployment('words'));
  assert.equal(
    describe(view?.revert.reason.code ?? '', view?.revert.reason.details),
    'Argo CD undoes it within seconds (Application argocd/words heals itself), unless a sync window of AppProject argocd/default, which cannot be read here, denies that',
  );
});

test('Argo CD, applying as a client: what is added to a list that a merge patch replaces is its business; for a reader, too', async (t) => {
  const [bench, reader] = [await world.open(t), await world.open(t, 'reader')];
  const widget = (ports: readonly JsonObject[], status?: JsonObject): KubeObject => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'shop', annotations: { 'argocd.argoproj.io/tracking-id': 'one:example.com/Widget:shop/w' } },
    spec: { ports: [...ports] },
    ...(status === undefined ? {} : { status }),
  });
  await world.apply(application('one', {}));
  const desired = widget([{ name: 'a', port: 1 }], { phase: 'in Git' });
  await world.plane.kubectl(['apply', '--field-manager=argocd-controller', '-f', '-'], JSON.stringify(desired));
  for (const who of [bench, reader]) assert.equal((await who.judge(desired)).verdict.state, 'synced');
  const patch = {
    spec: {
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2 },
      ],
    },
    status: { phase: 'live' },
  };
  await world.plane.kubectl([
    'patch',
    'widget/w',
    '-n',
    'shop',
    '--field-manager=kubectl-edit',
    '--type=merge',
    '-p',
    JSON.stringify(patch),
  ]);
  const judged = await bench.judge(desired);
  // Without a status subresource an apply would set the status: Argo CD leaves it out by default.
  assert.deepEqual(
    [judged.fields, judged.ignored],
    [['drifted added spec.ports[name=b]'], ['status: Argo CD (ignoreResourceStatusField: all)']],
  );
  const read = await reader.judge(desired);
  assert.deepEqual([read.fields, read.ignored], [judged.fields, judged.ignored]);
  await world.argoConfig({ 'resource.compareoptions': 'ignoreResourceStatusField: none' });
  assert.deepEqual((await bench.judge(desired)).fields, ['drifted added spec.ports[name=b]', 'drifted changed status.phase']);
  await world.argoConfig({});
});

test('an owner whose own object may not be read: what it does with every object still holds, and the row says what is not known', async (t) => {
  const bench = await world.open(t, 'viewer');
  const desired = deployment('argo');
  const judged = await bench.judge(desired);
  assert.deepEqual(judged.ignored, [`${PROXY}: Argo CD (added by kubectl-edit)`]);
  assert.deepEqual(
    [
      judged.verdict.state,
      judged.view?.revert.mode,
      judged.view?.problems.map(({ code, details }) => `${code} ${String(details['name'])}`),
    ],
    ['drifted (not confirmed)', 'unknown', ['owner-unreadable Application argo']],
  );
});

test('Flux: kubectl is taken over, others stay; ssa and reconcile marks and spec.ignore decide; for a reader, too', async (t) => {
  const [bench, reader] = [await world.open(t), await world.open(t, 'reader')];
  await world.apply(kustomization('apps'));
  const desired = deployment('flux');
  await world.applyAsFlux(desired, 'kustomize', 'kustomize-controller');
  await world.edit('flux', { spec: { replicas: 5 } });
  await world.edit('flux', sidecar);
  await world.edit('flux', { metadata: { annotations: { note: 'x' } } }, 'a-tool');
  const plain = await bench.judge(desired);
  assert.deepEqual(plain.fields, ['drifted changed spec.replicas', 'drifted added spec.template.spec.containers[name=proxy]']);
  assert.deepEqual(plain.ignored, ['metadata.annotations.note: Flux (added by a-tool)']);
  assert.deepEqual([plain.view?.revert.mode, plain.view?.revert.intervalSeconds], ['scheduled', 180]);
  const read = await reader.judge(desired);
  assert.deepEqual([read.fields, read.ignored, read.view?.revert], [plain.fields, plain.ignored, plain.view?.revert]);

  const marked = (value: string): KubeObject => deployment('flux', { 'kustomize.toolkit.fluxcd.io/ssa': value });
  for (const value of ['Ignore', 'IfNotPresent']) {
    const judged = await bench.judge(marked(value));
    assert.deepEqual([judged.verdict.state, judged.ignored], ['synced', [`: kustomize.toolkit.fluxcd.io/ssa: ${value}`]]);
    assert.deepEqual((await reader.judge(marked(value))).verdict, judged.verdict);
  }
  const merged = await bench.judge(marked('Merge'));
  assert.ok(merged.ignored.includes('spec.template.spec.containers[name=proxy]: Flux (added by kubectl-edit)'));
  assert.ok(merged.fields.includes('drifted changed spec.replicas'));

  const target = { kind: 'Deployment', name: 'fl.*' };
  await world.apply(kustomization('apps', { suspend: true, ignore: [{ paths: ['/spec/replicas'], target }] }));
  const ruled = await bench.judge(desired);
  assert.deepEqual(ruled.fields, ['drifted added spec.template.spec.containers[name=proxy]']);
  assert.ok(ruled.ignored.includes('spec.replicas: Kustomization flux-system/apps ignore[0]'));
  assert.equal(ruled.view?.revert.mode, 'never');
  const readRuled = await reader.judge(desired);
  assert.deepEqual([readRuled.fields, readRuled.ignored], [ruled.fields, ruled.ignored]);

  await world.plane.kubectl(['annotate', 'deployment', 'flux', '-n', 'shop', 'kustomize.toolkit.fluxcd.io/reconcile=disabled']);
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
});

test('Flux: a HelmRelease reverts only with drift detection on, and has ignore rules of its own; for a reader, too', async (t) => {
  const [bench, reader] = [await world.open(t), await world.open(t, 'reader')];
  const release = (driftDetection: JsonObject): KubeObject => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'apps' }, driftDetection },
  });
  await world.apply(release({ mode: 'warn' }));
  const desired = deployment('helm');
  await world.applyAsFlux(desired, 'helm', 'helm-controller');
  await world.edit('helm', { spec: { replicas: 5 } });
  const warned = await bench.judge(desired);
  assert.deepEqual([warned.fields, warned.view?.revert.mode], [['drifted changed spec.replicas'], 'never']);
  await world.apply(release({ mode: 'enabled', ignore: [{ paths: ['/spec/replicas'] }] }));
  const ruled = await bench.judge(desired);
  assert.deepEqual(
    [ruled.verdict.state, ruled.ignored, ruled.view?.revert.mode],
    ['synced', ['spec.replicas: HelmRelease flux-system/apps driftDetection.ignore[0]'], 'scheduled'],
  );
  const read = await reader.judge(desired);
  assert.deepEqual([read.verdict.state, read.ignored, read.view?.revert], ['synced', ruled.ignored, ruled.view?.revert]);
});

test('health by Lua: the check of argocd-cm goes before the built-in one, and an error is no health', async (t) => {
  const bench = await world.open(t);
  const desired = deployment('lua');
  await world.apply(application('lua', {}));
  await world.applyAsArgo(desired, 'lua');
  const checks: Record<string, unknown> = {
    'return {status = "Degraded", message = obj.metadata.name .. " has " .. obj.spec.replicas}': {
      status: 'degraded',
      message: 'lua has 2',
    },
    'return {status = "Odd"}': {
      status: 'unknown',
      message: 'the health check of argocd-cm resource.customizations.health.apps_Deployment returned an invalid health status',
      failedCheck: 'argocd-cm resource.customizations.health.apps_Deployment',
    },
    'local x = 1': undefined,
    'return {status = "Healthy"}': { status: 'healthy' },
  };
  for (const [script, expected] of Object.entries(checks)) {
    const data = { 'resource.customizations.health.apps_Deployment': script };
    await world.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data });
    assert.deepEqual(await bench.health().of(bench.connection, await bench.live(desired), signal), expected, script);
  }
  const certificate = (status: JsonObject): KubeObject => ({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: 'c', namespace: 'shop', uid: 'c', resourceVersion: JSON.stringify(status) },
    status,
  });
  const health = bench.health();
  const notReady = { conditions: [{ type: 'Ready', status: 'False', message: 'no issuer' }] };
  assert.deepEqual(await health.of(bench.connection, certificate(notReady), signal), { status: 'degraded', message: 'no issuer' });

  // What is asked at once is one call of the module; what did not change but for the server's counters is not asked again.
  const calls: number[] = [];
  const counted: LuaRunner = {
    lua: (tasks, nowMs, options) => {
      calls.push(tasks.length);
      return world.renders.lua(tasks, nowMs, options);
    },
  };
  const few = new CustomHealth(counted, bench.owners, signal);
  const many = (resourceVersion: string): readonly KubeObject[] =>
    Array.from({ length: 30 }, (_, index) => ({
      ...certificate(notReady),
      metadata: { name: `c${String(index)}`, uid: `c${String(index)}`, resourceVersion },
    }));
  const healths = (objects: readonly KubeObject[]): Promise<unknown[]> =>
    Promise.all(objects.map((object) => few.of(bench.connection, object, signal)));
  assert.deepEqual(
    await healths(many('1')),
    many('1').map(() => ({ status: 'degraded', message: 'no issuer' })),
  );
  assert.deepEqual(await healths(many('2')), await healths(many('1')));
  assert.deepEqual(calls, [30]);
  const unknownKind: KubeObject = {
    ...certificate(notReady),
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', uid: 'w' },
  };
  assert.equal(await health.of(bench.connection, unknownKind, signal), undefined);
});

testInventories(world);
testCompareOptions(world);
testRecreates(world);
