import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { applyAs } from './ownerKinds.ts';
import { application, kustomization, type OwnerWorld } from './ownerWorld.ts';

const TRACKING = 'argocd.argoproj.io/tracking-id';
const INSTALLATION = 'argocd.argoproj.io/installation-id';

function configMap(name: string, metadata: JsonObject = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', ...metadata }, data: { a: '1' } };
}

function helmRelease(name: string): KubeObject {
  return {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name, namespace: 'flux-system' },
    spec: { interval: '3m', chartRef: { kind: 'OCIRepository', name: 'apps' } },
  };
}

/** Tests of whose objects are, beyond what each object itself says. */
export function testInventories(world: OwnerWorld): void {
  test('Argo CD tracks by annotation, by label, by both, and by a label of its own; another installation’s objects are not its', async (t) => {
    const benches = [await world.open(t), await world.open(t, 'reader')];
    await world.apply(application('one', {}));
    const label = { labels: { 'example.com/app': 'one' } };
    const tracked = (name: string, more: JsonObject = {}): JsonObject => ({
      annotations: { [TRACKING]: `one:/ConfigMap:shop/${name}`, ...more },
    });
    const objects = [
      configMap('by-annotation', tracked('by-annotation')),
      configMap('by-label', label),
      configMap('by-both', { ...label, ...tracked('by-both') }),
      configMap('installed', tracked('installed', { [INSTALLATION]: 'prod' })),
      configMap('elsewhere', tracked('elsewhere', { [INSTALLATION]: 'other' })),
    ];
    await applyAs(world.plane, 'argocd-controller', objects);
    const [its, unknown, nobodys] = ['argocd one as Application argocd/one', 'argocd one as Application one', '- '];
    const cases: [config: Record<string, string>, expected: readonly string[]][] = [
      [{}, [its, nobodys, its, unknown, unknown]],
      [{ installationID: 'prod' }, [unknown, nobodys, unknown, its, unknown]],
      [{ 'application.resourceTrackingMethod': 'label', 'application.instanceLabelKey': 'example.com/app' }, [its, its, its, its, its]],
      [
        {
          'application.resourceTrackingMethod': 'annotation+label',
          'application.instanceLabelKey': 'example.com/app',
          installationID: 'prod',
        },
        [unknown, unknown, unknown, its, unknown],
      ],
    ];
    for (const [config, expected] of cases) {
      await world.argoConfig(config);
      for (const bench of benches) {
        assert.deepEqual(await Promise.all(objects.map((object) => bench.ownerOf(object))), expected, JSON.stringify(config));
      }
    }
    await world.argoConfig({ 'application.resourceTrackingMethod': 'label', 'application.instanceLabelKey': 'example.com/app' });
    for (const bench of benches) {
      const { verdict, ignored } = await bench.judge(configMap('by-label'));
      assert.deepEqual(
        [verdict.state, ignored],
        ['synced', ['metadata.labels["example.com/app"]: Argo CD (application.instanceLabelKey: example.com/app)']],
      );
    }
    await world.argoConfig({});
  });

  test('Flux: what a Kustomization or HelmRelease lists is its, also without labels; copies of its labels are not', async (t) => {
    const [bench, reader, viewer] = [await world.open(t), await world.open(t, 'reader'), await world.open(t, 'viewer')];
    const labels = { 'kustomize.toolkit.fluxcd.io/name': 'listing', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' };
    const helm = {
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' },
    };
    const objects: Readonly<Record<string, [object: KubeObject, manager: string]>> = {
      labelled: [configMap('labelled', { labels }), 'kustomize-controller'],
      stripped: [configMap('stripped'), 'kustomize-controller'],
      'helm-stripped': [configMap('helm-stripped', helm), 'helm-controller'],
      'not-listed': [configMap('not-listed'), 'kustomize-controller'],
      'a-copy': [configMap('a-copy', { labels }), 'a-reflector'],
      'new-in-git': [configMap('new-in-git', { labels }), 'kustomize-controller'],
    };
    const [flux, release] = [kustomization('listing'), helmRelease('listing')];
    await world.apply(flux, release);
    for (const [object, manager] of Object.values(objects)) await applyAs(world.plane, manager, [object]);
    await world.listAsFlux(flux, [configMap('labelled'), configMap('stripped')]);
    await world.listAsFlux(release, [configMap('helm-stripped')]);
    const ownersFor = async (of: typeof bench): Promise<object> =>
      Object.fromEntries(
        await Promise.all(Object.entries(objects).map(async ([name, [object]]) => [name, await of.ownerOf(object)] as const)),
      );
    const expected = {
      labelled: 'flux flux-system/listing as Kustomization flux-system/listing',
      stripped: 'flux flux-system/listing as Kustomization flux-system/listing',
      'helm-stripped': 'flux flux-system/listing as HelmRelease flux-system/listing',
      'not-listed': '- ',
      'a-copy': '- ',
      'new-in-git': 'flux flux-system/listing as Kustomization flux-system/listing',
    };
    assert.deepEqual(await ownersFor(bench), expected);
    assert.deepEqual(await ownersFor(reader), expected);
    // Who may not read the controllers knows what the objects themselves say.
    const unread = 'flux flux-system/listing as Kustomization flux-system/listing';
    assert.deepEqual(await ownersFor(viewer), { ...expected, stripped: '- ', 'helm-stripped': 'helm web', 'a-copy': unread });
    for (const each of [bench, reader]) assert.equal((await each.judge(configMap('stripped'))).view?.revert.mode, 'scheduled');
  });
}
