import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { Limiter } from '../../../src/base/async.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { CustomHealth } from '../../../src/engine/customHealth.ts';
import { Judge } from '../../../src/engine/drift/judge.ts';
import { VerdictCache } from '../../../src/engine/drift/verdictCache.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { OwnerView } from '../../../src/engine/model/ownerView.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { OwnerObjects } from '../../../src/engine/ownerObjects.ts';
import { OwnerViews } from '../../../src/engine/ownerViews.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { testConnection } from '../cluster/support.ts';
import { makeService } from '../render/support.ts';
import { installOwnerKinds } from './ownerKinds.ts';

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
  readonly owners = new OwnerViews(renders, new OwnerObjects(() => (this.#now += 60_000)));
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
  await plane.apply([{ ...object, metadata: { ...object.metadata, annotations } }], 'argocd-controller');
}

async function applyAsFlux(object: KubeObject, prefix: string, manager: string): Promise<void> {
  const labels = { [`${prefix}.toolkit.fluxcd.io/name`]: 'apps', [`${prefix}.toolkit.fluxcd.io/namespace`]: 'flux-system' };
  await plane.apply([{ ...object, metadata: { ...object.metadata, labels } }], manager);
}

function application(name: string, spec: JsonObject): JsonObject {
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

const edit = (name: string, patch: JsonObject, manager = 'kubectl-edit'): Promise<string> =>
  plane.kubectl(['patch', 'deployment', name, '-n', 'shop', '--field-manager', manager, '--type=strategic', '-p', JSON.stringify(patch)]);

const sidecar = { spec: { template: { spec: { containers: [{ name: 'proxy', image: 'proxy:1' }] } } } };
const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };

test('Argo CD: its rules by pointer, jq and manager decide, each with its origin; what stands only live is none of its business', async (t) => {
  const bench = await Bench.open(t);
  const desired = deployment('argo');
  const app = (ignoreDifferences: JsonObject[]): JsonObject =>
    application('argo', { ignoreDifferences, syncPolicy: { automated: { selfHeal: true } } });
  await plane.apply([app([])]);
  await applyAsArgo(desired, 'argo');
  assert.deepEqual((await bench.judge(desired)).verdict.state, 'synced');

  await edit('argo', { spec: { replicas: 5 } });
  await edit('argo', image, 'image-bot');
  await edit('argo', sidecar);
  const before = await bench.judge(desired);
  assert.deepEqual(before.fields, ['drifted changed spec.replicas', 'drifted changed spec.template.spec.containers[name=web].image']);
  assert.deepEqual(before.ignored, ['spec.template.spec.containers[name=proxy]: Argo CD (added by kubectl-edit)']);
  assert.equal(before.view?.revert.mode, 'soon');

  await plane.apply([
    app([
      { group: 'apps', kind: 'Deploy*', jsonPointers: ['/spec/replicas'] },
      { group: 'apps', kind: 'Deployment', name: 'other', jsonPointers: ['/spec/template'] },
      { group: 'apps', kind: 'Deployment', managedFieldsManagers: ['image-bot'] },
      { group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec['] },
    ]),
  ]);
  const after = await bench.judge(desired);
  assert.deepEqual([after.verdict.state, after.fields], ['synced', []]);
  assert.deepEqual(after.ignored, [
    'spec.replicas: Application argocd/argo ignoreDifferences[0]',
    'spec.template.spec.containers[name=proxy]: Argo CD (added by kubectl-edit)',
    'spec.template.spec.containers[name=web].image: Application argocd/argo ignoreDifferences[2] manager image-bot',
  ]);
  assert.deepEqual(
    after.view?.problems.map(({ code, details }) => [code, details['rule']]),
    [['owner-rule-failed', '.spec[']],
  );

  await plane.apply([
    app([{ group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web") | .image'] }]),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd' },
      data: { 'resource.customizations.ignoreDifferences.all': 'jsonPointers: [/spec/replicas]' },
    },
  ]);
  const system = await bench.judge(desired);
  assert.deepEqual([system.verdict.state, system.fields], ['synced', []]);
  assert.ok(system.ignored.includes('spec.replicas: argocd-cm resource.customizations.ignoreDifferences.all'));

  // The built-in role `view` does not cover Applications: without them nobody's view is known, and the object is judged as its manager would.
  const asViewer = await (await Bench.open(t, 'viewer')).judge(desired);
  assert.equal(asViewer.view, undefined);
});

test('Flux: kubectl is taken over, others stay; ssa and reconcile marks and spec.ignore decide', async (t) => {
  const bench = await Bench.open(t);
  const kustomization = (spec: JsonObject): JsonObject => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '3m', prune: true, sourceRef: { kind: 'GitRepository', name: 'apps' }, ...spec },
  });
  await plane.apply([kustomization({})]);
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
  await plane.apply([kustomization({ suspend: true, ignore: [{ paths: ['/spec/replicas'], target }] })]);
  const ruled = await bench.judge(desired);
  assert.deepEqual(ruled.fields, ['drifted added spec.template.spec.containers[name=proxy]']);
  assert.ok(ruled.ignored.includes('spec.replicas: Kustomization flux-system/apps ignore[0]'));
  assert.equal(ruled.view?.revert.mode, 'never');

  await plane.kubectl(['annotate', 'deployment', 'flux', '-n', 'shop', 'kustomize.toolkit.fluxcd.io/reconcile=disabled']);
  assert.equal((await bench.judge(desired)).verdict.state, 'synced');
});

test('Flux: a HelmRelease reverts only with drift detection on, and has ignore rules of its own', async (t) => {
  const bench = await Bench.open(t);
  const release = (driftDetection: JsonObject): JsonObject => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'apps' }, driftDetection },
  });
  await plane.apply([release({ mode: 'warn' })]);
  const desired = deployment('helm');
  await applyAsFlux(desired, 'helm', 'helm-controller');
  await edit('helm', { spec: { replicas: 5 } });
  const warned = await bench.judge(desired);
  assert.deepEqual([warned.fields, warned.view?.revert.mode], [['drifted changed spec.replicas'], 'never']);
  await plane.apply([release({ mode: 'enabled', ignore: [{ paths: ['/spec/replicas'] }] })]);
  const ruled = await bench.judge(desired);
  assert.deepEqual(
    [ruled.verdict.state, ruled.ignored, ruled.view?.revert.mode],
    ['synced', ['spec.replicas: HelmRelease flux-system/apps driftDetection.ignore[0]'], 'scheduled'],
  );
});

test('health by Lua: the check of argocd-cm goes before the built-in one, and an error is no health', async (t) => {
  const bench = await Bench.open(t);
  const desired = deployment('lua');
  await plane.apply([application('lua', {})]);
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
    await plane.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data }]);
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
  const unknownKind: KubeObject = {
    ...certificate(notReady),
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', uid: 'w' },
  };
  assert.equal(await health.of(bench.connection, unknownKind, signal), undefined);
});
