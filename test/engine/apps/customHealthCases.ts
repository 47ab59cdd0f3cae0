import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import type { Engine } from '../../../src/engine/engine.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { customDefinition, established } from '../../tools/definitions.ts';
import { objectOf, rowOf, settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { applyAs } from './ownerKinds.ts';
import { application, type OwnerWorld } from './ownerWorld.ts';

const KEY = 'resource.customizations.health.example.com_Widget';
const byPhase = `local hs = {status = "Progressing", message = "building"}
if obj.status ~= nil and obj.status.phase ~= nil then
  hs.message = obj.metadata.name .. " is " .. obj.status.phase
  if obj.status.phase == "Ready" then hs.status = "Healthy" end
end
return hs
`;
const older = `example.com/*:
  health.lua: |
    return {status = "Degraded", message = "the older form says so of " .. obj.kind}
`;
const broken = `example.com/Widget:
  health.lua: |
    local phase = obj.status.phase
    return {status = phase.of.nothing}
`;

/** Kinds that Argo CD brings checks for; how their controllers would say that something is wrong, and how that reads. */
const known: readonly { group: string; kind: string; conditions: readonly JsonObject[]; health: string }[] = [
  {
    group: 'cert-manager.io',
    kind: 'Certificate',
    conditions: [{ type: 'Ready', status: 'False', reason: 'DoesNotExist', message: 'Issuer letsencrypt not found' }],
    health: 'degraded: Issuer letsencrypt not found',
  },
  {
    group: 'external-secrets.io',
    kind: 'ExternalSecret',
    conditions: [{ type: 'Ready', status: 'True', message: 'Secret was synced' }],
    health: 'healthy: Secret was synced',
  },
  {
    // Ready and paused: the general rules, which know no such condition, would call it healthy.
    group: 'keda.sh',
    kind: 'ScaledObject',
    conditions: [
      { type: 'Ready', status: 'True', message: 'ready' },
      { type: 'Paused', status: 'True', message: 'paused at 3 replicas' },
    ],
    health: 'suspended: paused at 3 replicas',
  },
];

/** The content of a kind as far as a check reads it. */
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function custom(group: string, kind: string, status?: JsonObject): KubeObject {
  return {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: `a-${kind.toLowerCase()}`, namespace: 'shop' },
    spec: { size: '1' },
    ...(status === undefined ? {} : { status }),
  };
}

function told(engine: Engine, kindAndName: string): string {
  const { health } = objectOf(engine, 'prod/custom', kindAndName);
  return `${health?.status ?? '-'}: ${health?.message ?? ''}`;
}

/** Tests of health by Lua, on a real API server. */
export function testCustomHealth(world: OwnerWorld): void {
  test('custom resources: the Lua check of argocd-cm, in both forms, and the checks that Argo CD brings; followed without anybody asking, for a reader, too', async (t) => {
    const widget = custom('example.com', 'Widget');
    await world.plane.apply(
      known.map(({ group, kind }) => customDefinition({ group, kind, properties: { spec: open, status: open }, hasStatus: false })),
    );
    await established(world.plane, ...known.map(({ group, kind }) => `${kind.toLowerCase()}s.${group}`));
    await world.apply(application('custom', {}));
    await world.argoConfig({ [KEY]: byPhase });
    await world.applyAsArgo(widget, 'custom');
    const phase = (text: string): Promise<void> =>
      applyAs(world.plane, 'widget-controller', [{ ...custom('example.com', 'Widget', { phase: text }), spec: {} }]);
    for (const { group, kind, conditions } of known)
      await applyAs(world.plane, 'kubectl', [custom(group, kind, { conditions: [...conditions] })]);
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' } };
    const repo = await testRepo(t, {
      'plumbline.yaml': await world.config('custom'),
      'custom/all.yaml': [widget, ...known.map(({ group, kind }) => custom(group, kind))].map((object) => stringify(object)).join('---\n'),
      'argo/cm.yaml': stringify({ ...settings, data: { 'resource.customizations': broken } }),
    });
    const { engine, errors } = await startEngine(t, repo, settingsFor(world.plane.kubeconfigPath));
    const { engine: reader } = await startEngine(t, repo, settingsFor(await world.plane.kubeconfig('reader')));
    const both = [engine, reader];
    await Promise.all(both.map((each) => each.check(undefined)));
    const untilTold = async (expected: string | RegExp): Promise<void> => {
      const isTold = (text: string): boolean => (typeof expected === 'string' ? text === expected : expected.test(text));
      await Promise.all(both.map((each) => until(each, String(expected), () => isTold(told(each, 'Widget/a-widget')))));
    };
    for (const each of both) {
      assert.deepEqual(
        known.map(({ kind }) => told(each, `${kind}/a-${kind.toLowerCase()}`)),
        known.map(({ health }) => health),
      );
      assert.equal(told(each, 'Widget/a-widget'), 'progressing: building');
    }
    await phase('Ready');
    await untilTold('healthy: a-widget is Ready');
    await world.argoConfig({ 'resource.customizations': older });
    await untilTold('degraded: the older form says so of Widget');
    await until(
      engine,
      'the application says it',
      () => rowOf(engine, 'prod/custom').health?.message?.startsWith('Widget/a-widget: the older') === true,
    );

    // A check that fails is no health, and says where it stands.
    await world.argoConfig({ 'resource.customizations': broken });
    const line =
      (await readFile(join(repo, 'argo/cm.yaml'), 'utf8')).split('\n').findIndex((text) => text.includes('example.com/Widget:')) + 1;
    await untilTold(
      new RegExp(
        `^unknown: the health check of argocd-cm resource\\.customizations example\\.com/Widget failed: .*non-table.* \\(argo/cm\\.yaml:${String(line)}\\)$`,
      ),
    );
    const { message = '' } = rowOf(engine, 'prod/custom').health ?? {};
    assert.match(message, /^Widget\/a-widget: the health check of .* \(argo\/cm\.yaml:\d+\)$/);
    // Without a check what every custom resource has in common is all that is known.
    await world.argoConfig({});
    await untilTold('healthy: ');
    assert.deepEqual(errors, []);
  });
}
