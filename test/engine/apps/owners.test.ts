import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { Limiter } from '../../../src/base/async.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { ownerMarkOf } from '../../../src/engine/compare/ownerMarks.ts';
import { CustomHealth, type LuaRunner } from '../../../src/engine/customHealth.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import { gvkOf, keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { OwnerView } from '../../../src/engine/model/ownerView.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { type Hubs, OwnerObjects } from '../../../src/engine/ownerObjects.ts';
import { OwnerViews } from '../../../src/engine/ownerViews.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { testConnection } from '../cluster/support.ts';
import { makeService } from '../render/support.ts';
import { argoRules } from './argoRules.ts';
import { applyAs, installOwnerKinds } from './ownerKinds.ts';

const signal = new AbortController().signal;
const renders = await makeService();
let plane: ControlPlane;

before(async () => {
  plane = await startControlPlane({ name: 'owners' });
  await installOwnerKinds(plane);
  await plane.apply(['argocd', 'flux-system', 'shop'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
});
after(async () => {
  renders.dispose();
  await plane.stop();
});

interface Judged {
  readonly view: OwnerView | undefined;
  readonly verdict: Verdict;
  /** `direction change id` of each field that counts */
  readonly fields: readonly string[];
  /** `id: by` of each place that was left out */
  readonly ignored: readonly string[];
}

/** Views and verdicts read everything anew: nothing is kept from one question to the next. */
class Bench {
  readonly #connection: ClusterConnection;
  readonly #hubs: Hubs = { connections: () => Promise.resolve([]) };
  readonly owners = new OwnerViews(renders, new OwnerObjects(this.#hubs, () => (this.#now += 60_000)));
  #now = 0;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  static async open(t: TestContext, user: 'admin' | 'viewer' = 'admin'): Promise<Bench> {
    const file = user === 'admin' ? plane.kubeconfigPath : await plane.kubeconfig(user);
    const connection = await testConnection(t, file, 'owners');
    await connection.ready(signal);
    return new Bench(connection);
  }

  /** Whose an object is, and what that owner is called. */
  async ownerOf(object: KubeObject): Promise<string> {
    const live = await this.live(object);
    const pair = { desired: object, live, schema: undefined, resource: undefined };
    const view = await this.owners.viewOf(this.#connection, pair, signal);
    const mark = ownerMarkOf(live);
    return `${mark?.owner ?? '-'} ${mark?.name ?? ''}${view === undefined ? '' : ` as ${view.name}`}`;
  }

  live(desired: KubeObject): Promise<KubeObject> {
    return this.#connection.get(gvkOf(desired), keyOf(desired), { signal });
  }

  async judge(desired: KubeObject): Promise<Judged> {
    const connection = this.#connection;
    const live = await this.live(desired);
    const resource = await connection.discovery.resource(gvkOf(desired), signal);
    const schema = await connection.schemas.schemaOf(gvkOf(desired), signal);
    const view = await this.owners.viewOf(connection, { desired, live, schema, resource }, signal);
    const judge = new Judge(new VerdictCache({ hashKey: Buffer.alloc(32, 1), now: () => Date.now() }), new Limiter(4));
    const verdict = await judge.judge(
      { key: keyOf(desired), desired, live, schema, resource, owner: 'unmanaged', rules: [], ...(view === undefined ? {} : { view }) },
      {
        client: connection,
        canDryRun: ({ group, plural }, { namespace }) => connection.canI({ verb: 'patch', group, resource: plural, namespace }, { signal }),
        serverVersion: '',
        clusterUid: '',
      },
    );
    return {
      view,
      verdict,
      fields: verdict.fields.map((field) => `${field.direction} ${field.change} ${field.id}`),
      ignored: verdict.ignored.map(({ id, by }) => `${id}: ${by}`).sort(),
    };
  }

  health(): CustomHealth {
    return new CustomHealth(renders, this.owners);
  }

  get connection(): ClusterConnection {
    return this.#connection;
  }
}

function deployment(name: string, annotations: JsonObject = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }] },
      },
    },
  };
}

/** Applies as Argo CD does with ServerSideApply: its manager, its tracking annotation. */
async function applyAsArgo(object: KubeObject, application: string): Promise<void> {
  const { name, namespace } = keyOf(object);
  const annotations = { 'argocd.argoproj.io/tracking-id': `${application}:apps/Deployment:${namespace}/${name}` };
  await applyAs(plane, 'argocd-controller', [{ ...object, metadata: { ...object.metadata, annotations } }]);
}

async function applyAsFlux(object: KubeObject, prefix: string, manager: string): Promise<void> {
  const labels = { [`${prefix}.toolkit.fluxcd.io/name`]: 'apps', [`${prefix}.toolkit.fluxcd.io/namespace`]: 'flux-system' };
  await applyAs(plane, manager, [{ ...object, metadata: { ...object.metadata, labels } }]);
}

function application(name: string, spec: JsonObject): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL: 'https://example.com/repo', path: 'x' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      ...spec,
    },
  };
}

async function edit(name: string, patch: JsonObject, manager = 'kubectl-edit'): Promise<void> {
  const path = `/apis/apps/v1/namespaces/shop/deployments/${name}?fieldManager=${manager}`;
  const { status, body } = await plane.request(path, {
    method: 'PATCH',
    contentType: 'application/strategic-merge-patch+json',
    body: patch,
  });
  assert.equal(status, 200, body);
}

const sidecar = { spec: { template: { spec: { containers: [{ name: 'proxy', image: 'proxy:1' }] } } } };
const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };
const WEB = 'spec.template.spec.containers[name=web].image';
const PROXY = 'spec.template.spec.containers[name=proxy]';

const argoConfig = (data: Record<string, string>): Promise<void> =>
  applyAs(plane, 'kubectl', [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data }]);

test('owners by their marks: whose each object is', async (t) => {
  const bench = await Bench.open(t);
  const tracking = 'argocd.argoproj.io/tracking-id';
  await applyAs(plane, 'kubectl', [
    application('one', {}),
    application('two', {}),
    { ...application('tenant', {}), metadata: { name: 'tenant', namespace: 'shop' } },
  ]);
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
  for (const object of objects) await applyAs(plane, cases[object.metadata.name]?.[1] ?? '', [object]);
  const found = await Promise.all(objects.map(async (object) => [object.metadata.name, await bench.ownerOf(object)] as const));
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(Object.entries(cases).map(([name, [, , expected]]) => [name, expected])));
});

test('Argo CD: its own rules decide, exactly as far as Argo CD takes them, each named with its place', async (t) => {
  const bench = await Bench.open(t);
  const desired = deployment('argo');
  await applyAs(plane, 'kubectl', [application('argo', {})]);
  await argoConfig({});
  await applyAsArgo(desired, 'argo');
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
  await edit('argo', { spec: { replicas: 5 } });
  await edit('argo', image, 'image-bot');
  await edit('argo', sidecar);
  for (const { name, rules = [], system = {}, left, by = [], problems = 0 } of argoRules) {
    await applyAs(plane, 'kubectl', [application('argo', { ignoreDifferences: [...rules] })]);
    await argoConfig(system);
    const judged = await bench.judge(desired);
    assert.deepEqual(
      {
        left: judged.verdict.fields.map(({ id }) => (id === 'spec.replicas' ? 'r' : id === WEB ? 'i' : id)).join(''),
        // What stands only live is none of Argo CD's business, whatever the rules.
        by: judged.ignored.map((line) => line.replace('spec.replicas', 'r').replace(WEB, 'i')).sort(),
        state: judged.verdict.state,
        problems: judged.view?.problems.length,
      },
      { left, by: [...by, `${PROXY}: Argo CD (added by kubectl-edit)`].sort(), state: left === '' ? 'synced' : 'drifted', problems },
      name,
    );
  }
  await argoConfig({});
});

test('Argo CD: what a sync does about an ignored field, and whether a drifted one is undone, in words', async (t) => {
  const bench = await Bench.open(t);
  const desired = deployment('words');
  const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
  await applyAs(plane, 'kubectl', [application('words', {})]);
  await applyAsArgo(desired, 'words');
  await edit('words', { spec: { replicas: 5 } });
  await edit('words', image);
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
    await applyAs(plane, 'kubectl', [application('words', { ignoreDifferences, syncPolicy })]);
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
});

test('Argo CD, applying as a client: what is added to a list that a merge patch replaces is its business', async (t) => {
  const bench = await Bench.open(t);
  const widget = (ports: readonly JsonObject[], status?: JsonObject): KubeObject => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'shop', annotations: { 'argocd.argoproj.io/tracking-id': 'one:example.com/Widget:shop/w' } },
    spec: { ports: [...ports] },
    ...(status === undefined ? {} : { status }),
  });
  await applyAs(plane, 'kubectl', [application('one', {})]);
  const desired = widget([{ name: 'a', port: 1 }], { phase: 'in Git' });
  await plane.kubectl(['apply', '--field-manager=argocd-controller', '-f', '-'], JSON.stringify(desired));
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
  const patch = {
    spec: {
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2 },
      ],
    },
    status: { phase: 'live' },
  };
  await plane.kubectl(['patch', 'widget/w', '-n', 'shop', '--field-manager=kubectl-edit', '--type=merge', '-p', JSON.stringify(patch)]);
  const judged = await bench.judge(desired);
  // Without a status subresource an apply would set the status: Argo CD leaves it out by default.
  assert.deepEqual(
    [judged.fields, judged.ignored],
    [['drifted added spec.ports[name=b]'], ['status: Argo CD (ignoreResourceStatusField: all)']],
  );
  await argoConfig({ 'resource.compareoptions': 'ignoreResourceStatusField: none' });
  assert.deepEqual((await bench.judge(desired)).fields, ['drifted added spec.ports[name=b]', 'drifted changed status.phase']);
  await argoConfig({});
});

test('an owner whose own object may not be read: what it does with every object still holds, and the row says what is not known', async (t) => {
  const bench = await Bench.open(t, 'viewer');
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

test('an Application of a hub cluster: its rules decide where the setting names the hub; without it the row says so', async (t) => {
  const hub = await startControlPlane({ name: 'hub', users: { 'hub-admin': ['system:masters'] } });
  t.after(() => hub.stop());
  await installOwnerKinds(hub);
  const remote = application('remote', {
    destination: { server: 'https://elsewhere.example.com', namespace: 'shop' },
    ignoreDifferences: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }],
    syncPolicy: { automated: { selfHeal: true } },
  });
  const system = { 'resource.customizations.health.apps_Deployment': 'return {status = "Suspended", message = "as the hub says"}' };
  await applyAs(hub, 'kubectl', [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } },
    remote,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data: system },
  ]);
  const desired = deployment('remote');
  await applyAsArgo(desired, 'remote');
  await edit('remote', { spec: { replicas: 5 } });
  await edit('remote', image);
  const uid = await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments: {prod: {context: owners, clusterUid: ${uid}}}
applications: [{name: remote, environment: prod, path: remote, namespace: shop}]
`,
    'remote/web.yaml': JSON.stringify(desired),
  });
  const rowsWith = async (controlPlanes: readonly string[]): Promise<object> => {
    const kubeconfig = [plane.kubeconfigPath, await hub.kubeconfig('hub-admin')];
    const { engine } = await startEngine(t, repo, { ...settingsFor(plane.kubeconfigPath), kubeconfig, controlPlanes });
    await engine.check(undefined);
    const row = objectOf(engine, 'prod/remote', 'Deployment/remote');
    return {
      fields: row.fields.map(({ id, notes = [] }) => [id, describe(notes.at(-1)?.code ?? '', notes.at(-1)?.details)]),
      ignored: (row.ignored ?? []).map(({ id, by }) => `${id}: ${by}`),
      health: row.health?.message,
      reasons: reasonTexts(rowOf(engine, 'prod/remote')).map((text) => text.split(':')[0]),
    };
  };
  assert.deepEqual(await rowsWith(['hub']), {
    fields: [[WEB, 'Argo CD undoes it within seconds (Application argocd/remote heals itself)']],
    ignored: ['spec.replicas: Application argocd/remote ignoreDifferences[0]'],
    health: 'as the hub says',
    reasons: [],
  });
  const unknown = 'Argo CD owns it; Application remote cannot be read here, so whether it undoes this is not known';
  assert.deepEqual(await rowsWith(['nowhere']), {
    fields: [
      ['spec.replicas', unknown],
      [WEB, unknown],
    ],
    ignored: [],
    health: 'not yet seen by its controller',
    reasons: ['Argo CD owns objects of this application, and Application remote cannot be read'],
  });
});

test('a change of the owner is followed: rules and forecasts of its objects move without anybody asking', async (t) => {
  const uid = await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments: {prod: {context: owners, clusterUid: ${uid}}}
applications: [{name: followed, environment: prod, path: followed, namespace: shop}]
`,
    'followed/web.yaml': `${JSON.stringify(deployment('by-argo'))}\n---\n${JSON.stringify(deployment('by-flux'))}`,
  });
  const kustomization = (spec: JsonObject): KubeObject => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '3m', prune: true, sourceRef: { kind: 'GitRepository', name: 'apps' }, ...spec },
  });
  await applyAs(plane, 'kubectl', [application('followed', { syncPolicy: { automated: { selfHeal: true } } }), kustomization({})]);
  await applyAsArgo(deployment('by-argo'), 'followed');
  await applyAsFlux(deployment('by-flux'), 'kustomize', 'kustomize-controller');
  for (const name of ['by-argo', 'by-flux']) await edit(name, { spec: { replicas: 5 } });
  const { engine, errors } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const told = (name: string): string =>
    objectOf(engine, 'prod/followed', `Deployment/${name}`)
      .fields.map(({ id, notes = [] }) => `${id} ${notes.at(-1)?.code ?? ''}`)
      .join();
  assert.deepEqual([told('by-argo'), told('by-flux')], ['spec.replicas note-argo-self-heals', 'spec.replicas note-flux-reverts']);

  // The watch is there a few seconds after the first comparison: until then the objects are judged as they were.
  await until(engine, 'the owners are watched', () => (engine.clusters()[0]?.watchCount ?? 0) >= 6);
  await applyAs(plane, 'kubectl', [application('followed', {}), kustomization({ suspend: true })]);
  await until(
    engine,
    'new forecasts',
    () => told('by-argo').endsWith('note-argo-manual') && told('by-flux').endsWith('note-flux-suspended'),
  );
  const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
  await applyAs(plane, 'kubectl', [application('followed', { ignoreDifferences })]);
  await until(engine, 'the new rule', () => told('by-argo') === '');
  await applyAs(plane, 'kubectl', [application('followed', {})]);
  await until(engine, 'the rule is gone', () => told('by-argo') !== '');
  await argoConfig({ 'resource.customizations.ignoreDifferences.all': 'jsonPointers: [/spec/replicas]' });
  await until(engine, 'the rule of argocd-cm', () => told('by-argo') === '');
  await argoConfig({});
  assert.deepEqual(errors, []);
});

test('Flux: kubectl is taken over, others stay; ssa and reconcile marks and spec.ignore decide', async (t) => {
  const bench = await Bench.open(t);
  const kustomization = (spec: JsonObject): KubeObject => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '3m', prune: true, sourceRef: { kind: 'GitRepository', name: 'apps' }, ...spec },
  });
  await applyAs(plane, 'kubectl', [kustomization({})]);
  const desired = deployment('flux');
  await applyAsFlux(desired, 'kustomize', 'kustomize-controller');
  await edit('flux', { spec: { replicas: 5 } });
  await edit('flux', sidecar);
  await edit('flux', { metadata: { annotations: { note: 'x' } } }, 'a-tool');
  const plain = await bench.judge(desired);
  assert.deepEqual(plain.fields, ['drifted changed spec.replicas', 'drifted added spec.template.spec.containers[name=proxy]']);
  assert.deepEqual(plain.ignored, ['metadata.annotations.note: Flux (added by a-tool)']);
  assert.deepEqual([plain.view?.revert.mode, plain.view?.revert.intervalSeconds], ['scheduled', 180]);

  const marked = (value: string): KubeObject => deployment('flux', { 'kustomize.toolkit.fluxcd.io/ssa': value });
  for (const value of ['Ignore', 'IfNotPresent']) {
    const judged = await bench.judge(marked(value));
    assert.deepEqual([judged.verdict.state, judged.ignored], ['synced', [`: kustomize.toolkit.fluxcd.io/ssa: ${value}`]]);
  }
  const merged = await bench.judge(marked('Merge'));
  assert.ok(merged.ignored.includes('spec.template.spec.containers[name=proxy]: Flux (added by kubectl-edit)'));
  assert.ok(merged.fields.includes('drifted changed spec.replicas'));

  const target = { kind: 'Deployment', name: 'fl.*' };
  await applyAs(plane, 'kubectl', [kustomization({ suspend: true, ignore: [{ paths: ['/spec/replicas'], target }] })]);
  const ruled = await bench.judge(desired);
  assert.deepEqual(ruled.fields, ['drifted added spec.template.spec.containers[name=proxy]']);
  assert.ok(ruled.ignored.includes('spec.replicas: Kustomization flux-system/apps ignore[0]'));
  assert.equal(ruled.view?.revert.mode, 'never');

  await plane.kubectl(['annotate', 'deployment', 'flux', '-n', 'shop', 'kustomize.toolkit.fluxcd.io/reconcile=disabled']);
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
});

test('Flux: a HelmRelease reverts only with drift detection on, and has ignore rules of its own', async (t) => {
  const bench = await Bench.open(t);
  const release = (driftDetection: JsonObject): KubeObject => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'apps' }, driftDetection },
  });
  await applyAs(plane, 'kubectl', [release({ mode: 'warn' })]);
  const desired = deployment('helm');
  await applyAsFlux(desired, 'helm', 'helm-controller');
  await edit('helm', { spec: { replicas: 5 } });
  const warned = await bench.judge(desired);
  assert.deepEqual([warned.fields, warned.view?.revert.mode], [['drifted changed spec.replicas'], 'never']);
  await applyAs(plane, 'kubectl', [release({ mode: 'enabled', ignore: [{ paths: ['/spec/replicas'] }] })]);
  const ruled = await bench.judge(desired);
  assert.deepEqual(
    [ruled.verdict.state, ruled.ignored, ruled.view?.revert.mode],
    ['synced', ['spec.replicas: HelmRelease flux-system/apps driftDetection.ignore[0]'], 'scheduled'],
  );
});

test('health by Lua: the check of argocd-cm goes before the built-in one, and an error is no health', async (t) => {
  const bench = await Bench.open(t);
  const desired = deployment('lua');
  await applyAs(plane, 'kubectl', [application('lua', {})]);
  await applyAsArgo(desired, 'lua');
  const checks: Record<string, unknown> = {
    'return {status = "Degraded", message = obj.metadata.name .. " has " .. obj.spec.replicas}': {
      status: 'degraded',
      message: 'lua has 2',
    },
    'return {status = "Odd"}': { status: 'unknown', message: 'the health check returned an invalid health status' },
    'local x = 1': undefined,
    'return {status = "Healthy"}': { status: 'healthy' },
  };
  for (const [script, expected] of Object.entries(checks)) {
    const data = { 'resource.customizations.health.apps_Deployment': script };
    await applyAs(plane, 'kubectl', [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data }]);
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
      return renders.lua(tasks, nowMs, options);
    },
  };
  const few = new CustomHealth(counted, bench.owners);
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
