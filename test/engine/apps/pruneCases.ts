import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import { objectOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { applyAs } from './ownerKinds.ts';
import { application, deployment, kustomization, type OwnerWorld } from './ownerWorld.ts';

/** Tests of whether and when owners delete what Git does not have. */
export function testPruning(world: OwnerWorld): void {
  test('objects that Git does not have tell whether and when their owner deletes them; followed, for a reader, too', async (t) => {
    const repo = await testRepo(t, {
      'plumbline.yaml': await world.config('pruned'),
      'pruned/all.yaml': ['pruned-argo', 'pruned-flux'].map((name) => JSON.stringify(deployment(name))).join('\n---\n'),
    });
    const argo = (automated: JsonObject): ReturnType<typeof application> => application('pruned', { syncPolicy: { automated } });
    await world.apply(argo({ prune: true, selfHeal: true }), kustomization('pruned'));
    for (const name of ['pruned-argo', 'gone-argo']) await world.applyAsArgo(deployment(name), 'pruned');
    for (const option of ['confirm', 'false']) {
      const object = deployment(`${option}-argo`, {
        'argocd.argoproj.io/tracking-id': `pruned:apps/Deployment:shop/${option}-argo`,
        'argocd.argoproj.io/sync-options': `Prune=${option}`,
      });
      await applyAs(world.plane, 'argocd-controller', [object]);
    }
    for (const name of ['pruned-flux', 'gone-flux', 'unlisted-flux'])
      await world.applyAsFlux(deployment(name), 'kustomize', 'kustomize-controller', 'pruned');
    const labels = {
      'kustomize.toolkit.fluxcd.io/name': 'pruned',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    };
    const labelled = deployment('labelled-flux');
    await applyAs(world.plane, 'kustomize-controller', [{ ...labelled, metadata: { ...labelled.metadata, labels } }]);
    await world.listAsFlux(
      kustomization('pruned'),
      ['pruned-flux', 'gone-flux', 'labelled-flux'].map((name) => deployment(name)),
    );
    const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
    const { engine: reader } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('reader')));
    const both = [engine, reader];
    await Promise.all(both.map((each) => each.check(undefined)));
    const names = ['gone-argo', 'confirm-argo', 'false-argo', 'gone-flux', 'unlisted-flux', 'labelled-flux'];
    const told = (each: Engine): readonly string[] =>
      names.map((name) => {
        const { state, reason, forecast = [] } = objectOf(each, 'prod/pruned', `Deployment/${name}`);
        return [state, reason?.code, ...forecast.map(({ code, details }) => describe(code, details))].join(' | ');
      });
    const [out, kept] = ['extraneous | not-in-git', 'extraneous | kept-not-in-git'];
    const confirm = `${out} | Argo CD deletes it when somebody confirms that (Prune=confirm; Application argocd/pruned)`;
    const unlisted = `${out} | Flux keeps it: Kustomization flux-system/pruned deletes only what its inventory lists, and that does not have it`;
    const first = [
      `${out} | Argo CD deletes it within seconds (Application argocd/pruned prunes and heals itself)`,
      confirm,
      kept,
      `${out} | Flux deletes it at the next turn of Kustomization flux-system/pruned, every 3m`,
      unlisted,
      kept,
    ];
    assert.deepEqual(both.map(told), [first, first]);
    const untilTold = async (what: string, expected: readonly string[]): Promise<void> => {
      await Promise.all(both.map((each) => until(each, what, () => told(each).join() === expected.join())));
    };
    await world.apply(argo({ selfHeal: true }), kustomization('pruned', { suspend: true }));
    const off = `${out} | Argo CD keeps it until somebody syncs with prune (Application argocd/pruned syncs by itself, without prune)`;
    const suspended = `${out} | Flux keeps it while Kustomization flux-system/pruned is suspended`;
    await untilTold('no prune, and suspended', [off, off, kept, suspended, suspended, kept]);
    await world.apply(application('pruned', {}), kustomization('pruned', { prune: false }));
    const manual = `${out} | Argo CD keeps it until somebody syncs with prune (Application argocd/pruned has no auto-sync)`;
    const noPrune = `${out} | Flux keeps it (Kustomization flux-system/pruned has no prune)`;
    await untilTold('by hand, and no prune', [manual, manual, kept, noPrune, noPrune, kept]);
    assert.deepEqual(errors, []);
  });
}
