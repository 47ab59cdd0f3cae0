import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { applyAs, installOwnerKinds } from './ownerKinds.ts';
import { testOwnerFaults } from './ownerFaults.ts';
import { application, deployment, OwnerWorld } from './ownerWorld.ts';

const world = await OwnerWorld.start();
after(() => world.stop());

const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } };
const WEB = 'spec.template.spec.containers[name=web].image';

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
  await world.applyAsArgo(desired, 'remote');
  await world.edit('remote', { spec: { replicas: 5 } });
  await world.edit('remote', image);
  const uid = await world.plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments: {prod: {context: owners, clusterUid: ${uid}}}
applications: [{name: remote, environment: prod, path: remote, namespace: shop}]
`,
    'remote/web.yaml': JSON.stringify(desired),
  });
  const rowsWith = async (controlPlanes: readonly string[]): Promise<object> => {
    const kubeconfig = [world.plane.kubeconfigPath, await hub.kubeconfig('hub-admin')];
    const { engine } = await startEngine(t, repo, { ...settingsFor(world.plane.kubeconfigPath), kubeconfig, controlPlanes });
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
  const uid = await world.plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
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
  await world.apply(application('followed', { syncPolicy: { automated: { selfHeal: true } } }), kustomization({}));
  await world.applyAsArgo(deployment('by-argo'), 'followed');
  await world.applyAsFlux(deployment('by-flux'), 'kustomize', 'kustomize-controller');
  for (const name of ['by-argo', 'by-flux']) await world.edit(name, { spec: { replicas: 5 } });
  const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
  await engine.check(undefined);
  const told = (name: string): string =>
    objectOf(engine, 'prod/followed', `Deployment/${name}`)
      .fields.map(({ id, notes = [] }) => `${id} ${notes.at(-1)?.code ?? ''}`)
      .join();
  assert.deepEqual([told('by-argo'), told('by-flux')], ['spec.replicas note-argo-self-heals', 'spec.replicas note-flux-reverts']);

  // The watch is there a few seconds after the first comparison: until then the objects are judged as they were.
  await until(engine, 'the owners are watched', () => (engine.clusters()[0]?.watchCount ?? 0) >= 6);
  await world.apply(application('followed', {}), kustomization({ suspend: true }));
  await until(
    engine,
    'new forecasts',
    () => told('by-argo').endsWith('note-argo-manual') && told('by-flux').endsWith('note-flux-suspended'),
  );
  const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
  await world.apply(application('followed', { ignoreDifferences }));
  await until(engine, 'the new rule', () => told('by-argo') === '');
  await world.apply(application('followed', {}));
  await until(engine, 'the rule is gone', () => told('by-argo') !== '');
  await world.argoConfig({ 'resource.customizations.ignoreDifferences.all': 'jsonPointers: [/spec/replicas]' });
  await until(engine, 'the rule of argocd-cm', () => told('by-argo') === '');
  await world.argoConfig({});
  assert.deepEqual(errors, []);
});

testOwnerFaults(world);
