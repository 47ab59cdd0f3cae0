import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { type FileRange, placeText } from '../../../src/engine/model/application.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { hoverOf } from '../../../src/server/hover.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { applyAs, installOwnerKinds } from './ownerKinds.ts';
import { testOwnerFaults } from './ownerFaults.ts';
import { application, defaultProject, deployment, kustomization, OwnerWorld } from './ownerWorld.ts';
import { testCustomHealth } from './customHealthCases.ts';
import { testProjects } from './projectCases.ts';
import { testPruning } from './pruneCases.ts';

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
    defaultProject,
    remote,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data: system },
  ]);
  const desired = deployment('remote');
  await world.applyAsArgo(desired, 'remote');
  await world.edit('remote', { spec: { replicas: 5 } });
  await world.edit('remote', image);
  const repo = await testRepo(t, {
    'plumbline.yaml': await world.config('remote'),
    'remote/web.yaml': JSON.stringify(desired),
  });
  const rowsWith = async (controlPlanes: readonly string[], near = world.plane.kubeconfigPath): Promise<object> => {
    const kubeconfig = [near, await hub.kubeconfig('hub-admin')];
    const { engine } = await startEngine(t, repo, { ...settingsFor(near), kubeconfig, controlPlanes });
    await engine.check(undefined);
    const row = objectOf(engine, 'prod/remote', 'Deployment/remote');
    return {
      state: row.state,
      fields: row.fields.map(({ id, notes = [] }) => [id, describe(notes.at(-1)?.code ?? '', notes.at(-1)?.details)]),
      ignored: (row.ignored ?? []).map(({ id, by }) => `${id}: ${by}`),
      health: row.health?.message,
      reasons: reasonTexts(rowOf(engine, 'prod/remote')).map((text) => text.split(':')[0]),
    };
  };
  assert.deepEqual(await rowsWith(['hub']), {
    state: 'drifted',
    fields: [[WEB, 'Argo CD undoes it within seconds (Application argocd/remote heals itself)']],
    ignored: ['spec.replicas: Application argocd/remote ignoreDifferences[0]'],
    health: 'as the hub says',
    reasons: [],
  });
  const unknown = 'Argo CD owns it; Application remote cannot be read here, so whether it undoes this is not known';
  assert.deepEqual(await rowsWith(['nowhere']), {
    state: 'drifted',
    fields: [
      ['spec.replicas', unknown],
      [WEB, unknown],
    ],
    ignored: [],
    health: 'not yet seen by its controller',
    reasons: ['Argo CD owns objects of this application, and Application remote cannot be read'],
  });
  // While its own cluster does not say whether it has such an Application, that of the hub is nobody's.
  const proxy = await ChaosProxy.start(world.plane);
  t.after(() => proxy.stop());
  proxy.decide = ({ path }) => (path.includes('/applications') ? { kind: 'refuse', status: 500 } : undefined);
  assert.deepEqual(await rowsWith(['hub'], await proxy.kubeconfig()), {
    state: 'cannot compare',
    fields: [],
    ignored: [],
    health: undefined,
    reasons: ['Application argocd/remote could not be read from owners (chaos'],
  });
});

test('a change of the owner is followed: rules and forecasts of its objects move without anybody asking', async (t) => {
  const repo = await testRepo(t, {
    'plumbline.yaml': await world.config('followed'),
    'followed/web.yaml': ['by-argo', 'by-flux', 'by-helm'].map((name) => JSON.stringify(deployment(name))).join('\n---\n'),
  });
  const helmRelease = (mode: string): KubeObject => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name: 'apps', namespace: 'flux-system' },
    spec: { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'apps' }, driftDetection: { mode } },
  });
  await world.apply(application('followed', { syncPolicy: { automated: { selfHeal: true } } }), kustomization('apps'), helmRelease('warn'));
  await world.applyAsArgo(deployment('by-argo'), 'followed');
  await world.applyAsFlux(deployment('by-flux'), 'kustomize', 'kustomize-controller');
  await world.applyAsFlux(deployment('by-helm'), 'helm', 'helm-controller');
  for (const name of ['by-argo', 'by-flux', 'by-helm']) await world.edit(name, { spec: { replicas: 5 } });
  const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
  await engine.check(undefined);
  const told = (name: string): string =>
    objectOf(engine, 'prod/followed', `Deployment/${name}`)
      .fields.map(({ id, notes = [] }) => `${id}: ${notes.map(({ code, details }) => describe(code, details)).join(' ')}`)
      .join()
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'TIME');
  const by = 'spec.replicas: Changed by hand with kubectl edit, TIME.';
  const all = (): readonly string[] => ['by-argo', 'by-flux', 'by-helm'].map(told);
  assert.deepEqual(all(), [
    `${by} Argo CD undoes it within seconds (Application argocd/followed heals itself)`,
    `${by} Flux undoes it at the next turn of Kustomization flux-system/apps, every 3m`,
    `${by} Flux keeps it (HelmRelease flux-system/apps has drift detection warn)`,
  ]);

  // At once: what changes before the owners are watched, a few seconds after the first comparison, is not missed.
  await world.apply(application('followed', {}), kustomization('apps', { suspend: true }), helmRelease('enabled'));
  const expected = [
    `${by} Argo CD keeps it until somebody syncs (Application argocd/followed has no auto-sync)`,
    `${by} Flux keeps it while Kustomization flux-system/apps is suspended`,
    `${by} Flux undoes it at the next turn of HelmRelease flux-system/apps, every 10m`,
  ];
  await until(engine, 'new forecasts', () => all().join() === expected.join());
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

test('rules of Argo CD and Flux that the repo writes are named with file and line, those that fail among them; as a reader', async (t) => {
  const key = 'resource.customizations.ignoreDifferences.apps_Deployment';
  const health = 'resource.customizations.health.apps_Deployment';
  const system = { [key]: 'jsonPointers: [/spec/replicas]\n', [health]: 'return nonsense.x' };
  const broken = { group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec.template.spec.containers[] | select(.name =='] };
  const argo = application('placed', { ignoreDifferences: [broken] });
  const flux = kustomization('placed', { ignore: [{ paths: ['/spec/replicas'], target: { kind: 'Deployment' } }] });
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data: system };
  await world.apply(argo, flux, settings);
  await world.applyAsArgo(deployment('placed-argo'), 'placed');
  await world.applyAsFlux(deployment('placed-flux'), 'kustomize', 'kustomize-controller', 'placed');
  for (const name of ['placed-argo', 'placed-flux']) await world.edit(name, { spec: { replicas: 5 } });
  await world.edit('placed-argo', image);
  const repo = await testRepo(t, {
    'plumbline.yaml': await world.config('placed'),
    'placed/web.yaml': `${stringify(deployment('placed-argo'))}---\n${stringify(deployment('placed-flux'))}`,
    'clusters/argo.yaml': `${stringify(argo)}---\n${stringify(settings)}`,
    'clusters/flux.yaml': stringify(flux),
    // Another cluster's settings say the same: nobody knows which file the cluster has, so both are named.
    'elsewhere/argo.yaml': stringify(settings),
  });
  const lineOf = async (file: string, text: string): Promise<string> => {
    const lines = (await readFile(join(repo, file), 'utf8')).split('\n');
    return `${file}:${String(lines.findIndex((line) => line.includes(text)) + 1)}`;
  };
  const { engine } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('reader')));
  await engine.check(undefined);
  const placesOf = (sources: readonly FileRange[] = []): string => sources.map((source) => placeText(source)).join(', ');
  const places = {
    argo: await lineOf('clusters/argo.yaml', 'group: apps'),
    cm: `${await lineOf('clusters/argo.yaml', key)}, ${await lineOf('elsewhere/argo.yaml', key)}`,
    flux: await lineOf('clusters/flux.yaml', 'paths:'),
  };
  const listed = engine.ignores.ignored('prod/placed');
  assert.deepEqual(
    listed.rules.map(({ by, fieldCount, sources }) => [by, fieldCount, placesOf(sources)]),
    [
      ['Application argocd/placed ignoreDifferences[0]', 0, places.argo],
      [`argocd-cm ${key}`, 1, places.cm],
      ['Kustomization flux-system/placed ignore[0]', 1, places.flux],
    ],
  );
  const row = (name: string): ReturnType<typeof objectOf> => objectOf(engine, 'prod/placed', `Deployment/${name}`);
  assert.deepEqual(
    ['placed-argo', 'placed-flux'].map((name) => row(name).ignored?.map(({ id, sources }) => [id, placesOf(sources)])),
    [[['spec.replicas', places.cm]], [['spec.replicas', places.flux]]],
  );
  // An expression that cannot be read leaves nothing out.
  assert.deepEqual([row('placed-argo').state, row('placed-argo').fields.map(({ id }) => id)], ['drifted (not confirmed)', [WEB]]);
  const [reason = ''] = reasonTexts(rowOf(engine, 'prod/placed')).filter((text) => text.includes('cannot be evaluated'));
  assert.match(
    reason,
    new RegExp(
      `^The rule .* of Application argocd/placed ignoreDifferences\\[0\\] \\(${places.argo}\\) cannot be evaluated, so it leaves nothing out: `,
    ),
  );
  const told = row('placed-argo').health;
  assert.equal(told?.status, 'unknown');
  assert.match(
    told.message ?? '',
    new RegExp(
      `^the health check of argocd-cm ${health} failed: .*nil.* \\(${await lineOf('clusters/argo.yaml', health)}, ${await lineOf('elsewhere/argo.yaml', health)}\\)$`,
    ),
  );
  // The hover of the line that sets the field, with a link to the rule.
  const file = join(repo, 'placed/web.yaml');
  const line = (await readFile(file, 'utf8')).split('\n').findIndex((text) => text.includes('replicas'));
  const hover = hoverOf(engine.marks(file), line, await engine.editor.lineFacts(file, line, AbortSignal.timeout(60_000)));
  assert.match(
    JSON.stringify(hover?.contents),
    /Not compared, by argocd.*\(file:\/\/.*clusters\/argo\.yaml#L\d+\), .*\(file:\/\/.*elsewhere\/argo\.yaml#L\d+\)/,
  );
  await world.argoConfig({});
});

testOwnerFaults(world);
testProjects(world);
testPruning(world);
testCustomHealth(world);
