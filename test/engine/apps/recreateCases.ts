import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainAll } from '../../../src/engine/drift/explain.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { application, deployment, kustomization, type OwnerWorld } from './ownerWorld.ts';

/** Tests of what owners cannot undo: fields that cannot be changed on a live object. */
export function testRecreates(world: OwnerWorld): void {
  test('where Git changes a field that cannot be changed, the owner cannot undo what somebody else changed either, unless it may delete and create', async (t) => {
    const bench = await world.open(t);
    const desired = deployment('by-flux-anew');
    /** as it was before Git got another selector */
    const before = (name: string): KubeObject => {
      const live = deployment(name);
      const labels = { app: name, old: 'true' };
      const spec = live['spec'] as { template: object };
      return { ...live, spec: { ...spec, selector: { matchLabels: labels }, template: { ...spec.template, metadata: { labels } } } };
    };
    const words = async (object: KubeObject): Promise<readonly string[]> => {
      const { verdict, view } = await bench.judge(object);
      assert.ok(verdict.needsRecreate && view !== undefined);
      const { reason: forecast, also, onRecreate } = view.revert;
      const context = { forecast, ...(also === undefined ? {} : { also }), ...(onRecreate === undefined ? {} : { onRecreate }) };
      const notes = [...explainAll(verdict, context).values()].flatMap((reasons) => reasons.slice(1));
      return [...new Set(notes.map(({ code, details }) => describe(code, details)))];
    };
    await world.apply(kustomization('anew'));
    await world.applyAsFlux(before('by-flux-anew'), 'kustomize', 'kustomize-controller', 'anew');
    await world.edit('by-flux-anew', { spec: { replicas: 5 } });
    const { fields } = await bench.judge(desired);
    assert.ok(fields.includes('drifted changed spec.replicas'), fields.join());
    const told = [await words(desired)];
    await world.apply(kustomization('anew', { force: true }));
    told.push(await words(desired));
    await world.argoConfig({});
    await world.apply(application('anew', { syncPolicy: { automated: { selfHeal: true } } }));
    await world.applyAsArgo(before('by-argo-anew'), 'anew');
    await world.edit('by-argo-anew', { spec: { replicas: 5 } });
    told.push(await words(deployment('by-argo-anew')));
    told.push(await words(deployment('by-argo-anew', { 'argocd.argoproj.io/sync-options': 'Force=true,Replace=true' })));
    const waits = 'Git has moved on; the next sync changes it.';
    const cannot = 'cannot undo it: a field differs that cannot be changed, so';
    assert.deepEqual(told, [
      [`Flux ${cannot} Kustomization flux-system/anew fails until the object is deleted, or spec.force is set`, waits],
      [
        'Flux deletes and creates it at the next turn of Kustomization flux-system/anew, every 3m: a field differs that cannot be changed',
        waits,
      ],
      [`Argo CD ${cannot} each sync of Application argocd/anew fails until the object is deleted`, waits],
      ['Argo CD deletes and creates it within seconds (Force=true): a field differs that cannot be changed', waits],
    ]);
  });
}
