import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { ChaosProxy, type SeenRequest } from '../../tools/chaosProxy.ts';
import { objectOf, reasonTexts, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { application, deployment, kustomization, type OwnerWorld } from './ownerWorld.ts';

const release = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'faulty', 'meta.helm.sh/release-namespace': 'shop' },
};
const ID = 'prod/faulty';

/** What one read of an owner's object, or of its record, is asked by. */
const READS: Readonly<Record<string, (request: SeenRequest) => boolean>> = {
  'Deployment/by-argo': ({ path }) => path.includes('/applications/faulty'),
  'Deployment/by-flux': ({ path }) => path.includes('/kustomizations/faulty'),
  'Deployment/unlabelled': ({ path, isWatch }) => !isWatch && /\/kustomizations(\?|$)/.test(path),
  'ConfigMap/by-helm': ({ path }) => path.includes('/secrets?') && path.includes('owner%3Dhelm'),
  'ConfigMap/marks-gone': ({ path }) => path.includes('/secrets?') && path.includes('owner%3Dhelm%2Cstatus'),
};

/** The state of an object with the fields that count, and why nothing is said of it. */
function told(engine: Engine, name: string): string {
  const { state, reason, fields, ignoredCount } = objectOf(engine, ID, name);
  const why = reason === undefined ? '' : `: ${describe(reason.code, reason.details)}`;
  return `${state} ${fields.map(({ id }) => id).join()} (${String(ignoredCount)} ignored)${why}`;
}

/** Tests in which the server does not say what an owner's object is. */
export function testOwnerFaults(world: OwnerWorld): void {
  test('while an owner, or its record, cannot be read its objects are not compared and say why; then they are, without anybody asking', async (t) => {
    await setUp(world);
    const proxy = await ChaosProxy.start(world.plane);
    t.after(() => proxy.stop());
    const git = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-helm', namespace: 'shop', ...release }, data: { a: '1' } };
    const repo = await testRepo(t, {
      'plumbline.yaml': await world.config('faulty'),
      'faulty/all.yaml': [deployment('by-argo'), deployment('by-flux'), deployment('unlabelled'), git, unmarked(git)]
        .map((object) => JSON.stringify(object))
        .join('\n---\n'),
    });
    proxy.decide = (request) => (Object.values(READS).some((isRead) => isRead(request)) ? { kind: 'refuse', status: 500 } : undefined);
    const { engine, errors } = await startEngine(t, repo, settingsFor(await proxy.kubeconfig()));
    await engine.check(undefined);
    const words = (what: string): string =>
      `cannot compare  (0 ignored): ${what} could not be read from owners (chaos: Internal Server Error). It decides what counts as a difference here, so nothing is said before it can be read; it is tried again.`;
    assert.deepEqual(
      Object.keys(READS).map((name) => told(engine, name)),
      [
        words('Application argocd/faulty'),
        words('Kustomization flux-system/faulty'),
        words('Kustomization *'),
        words('The release shop/faulty'),
        words('The Helm releases of shop'),
      ],
    );
    proxy.calm();
    const compared = [
      'synced  (1 ignored)',
      'synced  (1 ignored)',
      'drifted spec.replicas (0 ignored)',
      // What Git no longer has, and only the release says was applied: without the release nobody would know.
      'out of sync data.b (0 ignored)',
      'out of sync data.b (0 ignored)',
    ];
    const all = (): string =>
      Object.keys(READS)
        .map((name) => told(engine, name))
        .join('\n');
    await until(engine, 'all are compared', () => all() === compared.join('\n'));
    assert.deepEqual(
      Object.keys(READS).map((name) => {
        const { mark, appliedWith } = objectOf(engine, ID, name);
        return `${mark?.owner ?? '-'} ${mark?.name ?? ''}, applied with ${appliedWith ?? '-'}`;
      }),
      [
        'argocd faulty, applied with Argo CD',
        'flux flux-system/faulty, applied with Flux',
        'flux flux-system/faulty, applied with Flux',
        'helm faulty, applied with Helm',
        'helm faulty, applied with Helm',
      ],
    );
    assert.deepEqual(errors, []);

    // Who has no right to read them is told so, and nothing is green for want of it.
    const { engine: other } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('viewer')));
    await other.check(undefined);
    assert.deepEqual(
      Object.keys(READS).map((name) => objectOf(other, ID, name).state),
      ['drifted (not confirmed)', 'drifted (not confirmed)', 'drifted (not confirmed)', 'unverified', 'unverified'],
    );
    assert.deepEqual(
      reasonTexts(rowOf(other, ID)).flatMap((text) => /^(.* cannot be read): its ignore rules are not known/.exec(text)?.[1] ?? []),
      [
        'Argo CD owns objects of this application, and Application faulty cannot be read',
        'Flux owns objects of this application, and Kustomization flux-system/faulty cannot be read',
      ],
    );
  });
}

/** Objects of four owners: what Argo CD and Flux ignore is edited, nothing on one says that it is Flux's, Git lacks what Helm applied. */
async function setUp(world: OwnerWorld): Promise<void> {
  const flux = kustomization('faulty', { ignore: [{ paths: ['/spec/replicas'], target: { name: 'by-flux' } }] });
  const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
  await world.apply(application('faulty', { ignoreDifferences }), flux);
  await world.argoConfig({});
  await world.applyAsArgo(deployment('by-argo'), 'faulty');
  await world.applyAsFlux(deployment('by-flux'), 'kustomize', 'kustomize-controller', 'faulty');
  await world.applyUnlabelled(deployment('unlabelled'), 'kustomize-controller');
  await world.listAsFlux(flux, [deployment('by-flux'), deployment('unlabelled')]);
  for (const name of ['by-argo', 'by-flux', 'unlabelled']) await world.edit(name, { spec: { replicas: 5 } });
  const applied: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'by-helm', namespace: 'shop', ...release },
    data: { a: '1', b: '2' },
  };
  await world.create(applied, 'helm');
  await world.create(unmarked(applied), 'helm');
  await world.create(releaseSecret('faulty', applied, unmarked(applied)), 'helm');
}

/** The same without anything on it that says that it is Helm's. */
function unmarked(object: KubeObject): KubeObject {
  return { ...object, metadata: { name: 'marks-gone', namespace: 'shop' } };
}

/** A release's Secret as Helm stores it. */
export function releaseSecret(name: string, ...objects: readonly KubeObject[]): KubeObject {
  const manifest = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const stored = gzipSync(JSON.stringify({ name, namespace: 'shop', version: 1, info: { status: 'deployed' }, manifest })).toString(
    'base64',
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `sh.helm.release.v1.${name}.v1`,
      namespace: 'shop',
      labels: { owner: 'helm', name, status: 'deployed', version: '1' },
    },
    type: 'helm.sh/release.v1',
    data: { release: Buffer.from(stored).toString('base64') },
  };
}
