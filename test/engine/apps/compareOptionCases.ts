import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { until } from '../cluster/support.ts';
import { applyAs } from './ownerKinds.ts';
import { application, type OwnerWorld } from './ownerWorld.ts';

const TRACKING = 'argocd.argoproj.io/tracking-id';
const OPTIONS = 'argocd.argoproj.io/compare-options';

/** A policy that puts `injected` into every ConfigMap with the label `hooked`. */
const policy: readonly KubeObject[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'injector' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        objectSelector: { matchLabels: { hooked: 'yes' } },
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: "Object{data: {'injected': 'yes'}}" } }],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'injector' },
    spec: { policyName: 'injector' },
  },
];

/** Tests of what Argo CD is told about comparing. */
export function testCompareOptions(world: OwnerWorld): void {
  test('Argo CD: fields that it reads as built-in types are the same in another spelling, and only then', async (t) => {
    const benches = [await world.open(t), await world.open(t, 'reader')];
    const widget = (size: string, timeout: string, cpu: string): KubeObject => ({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'typed', namespace: 'shop', annotations: { [TRACKING]: 'typed:example.com/Widget:shop/typed' } },
      spec: { size, timeout, template: { containers: [{ name: 'a', resources: { limits: { cpu } } }] } },
    });
    await world.apply(application('typed', {}));
    const desired = widget('1000m', '24h', '0.5');
    await applyAs(world.plane, 'argocd-controller', [desired]);
    await applyAs(world.plane, 'widget-operator', [widget('1', '24h0m0s', '500m')]);
    const key = 'resource.customizations.knownTypeFields.example.com_Widget';
    const fields =
      '- {field: spec.size, type: core/Quantity}\n- {field: spec.timeout, type: meta/v1/Duration}\n- {field: spec.template, type: core/v1/PodSpec}\n';
    const told = async (config: Record<string, string>, git: KubeObject): Promise<readonly (readonly string[])[]> => {
      await world.argoConfig(config);
      const [first, second] = await Promise.all(benches.map((bench) => bench.judge(git)));
      const ids = (judged: typeof first): readonly string[] => (judged?.verdict.fields ?? []).map(({ id }) => id).sort();
      // Without a dry-run nobody knows what is in a list that counts as a whole.
      const plain = ids(first).filter((id) => !id.includes('['));
      assert.deepEqual([ids(second), second?.ignored], [plain, first?.ignored], 'a reader sees the same');
      return [ids(first), first?.ignored ?? []];
    };
    const ids = ['spec.size', 'spec.template.containers[0].resources.limits.cpu', 'spec.timeout'];
    assert.deepEqual((await told({}, desired))[0], ids);
    const [left, ignored] = await told({ [key]: fields }, desired);
    assert.deepEqual([left, ignored?.map((line) => line.split(': ')[1])], [[], Array<string>(3).fill(`argocd-cm ${key}`)]);
    assert.deepEqual((await told({ [key]: fields }, widget('2', '24h', '0.5')))[0], ['spec.size']);
    // What is there to tell the watch what to look at says nothing of differences.
    const updates = {
      'resource.customizations.ignoreResourceUpdates.all': 'jsonPointers: [/spec]',
      'resource.ignoreResourceUpdatesEnabled': 'true',
    };
    assert.deepEqual((await told(updates, desired))[0], ids);
    await world.argoConfig({});
  });

  test('Argo CD: what admission changes counts where the Application says so, and compares on the server', async (t) => {
    const bench = await world.open(t);
    const desired: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'hooked',
        namespace: 'shop',
        labels: { hooked: 'yes' },
        annotations: { [TRACKING]: 'hooked:/ConfigMap:shop/hooked' },
      },
      data: { a: '1' },
    };
    await applyAs(world.plane, 'argocd-controller', [desired]);
    await world.plane.apply(policy);
    const probe = { ...desired, metadata: { name: 'probe', namespace: 'shop', labels: { hooked: 'yes' } } };
    const isMutated = async (): Promise<boolean> => {
      const { body } = await world.plane.request('/api/v1/namespaces/shop/configmaps?dryRun=All', { method: 'POST', body: probe });
      return body.includes('injected');
    };
    await until('the policy works', isMutated, 60_000);
    const cases: [options: string, onServer: string | undefined, expected: readonly string[]][] = [
      ['', 'true', ['synced']],
      ['IncludeMutationWebhook=true', undefined, ['synced']],
      ['ServerSideDiff=true', undefined, ['synced']],
      ['ServerSideDiff=true, IncludeMutationWebhook=true', undefined, ['differs', 'differs removed data.injected']],
      ['IncludeMutationWebhook=true', 'true', ['differs', 'differs removed data.injected']],
      ['IncludeMutationWebhook=true,ServerSideDiff=false', 'true', ['synced']],
    ];
    for (const [options, onServer, expected] of cases) {
      const argo = application('hooked', {});
      await world.apply(
        { ...argo, metadata: { ...argo.metadata, annotations: { [OPTIONS]: options } } },
        settings('argocd-cmd-params-cm', onServer === undefined ? {} : { 'controller.diff.server.side': onServer }),
      );
      const { verdict, fields } = await bench.judge(desired);
      assert.deepEqual([verdict.state, ...fields], expected, `${options} ${onServer ?? ''}`);
    }
    await world.plane.kubectl(['delete', 'mutatingadmissionpolicybinding,mutatingadmissionpolicy', 'injector']);
  });

  test('Argo CD: rules of aggregated roles are none of its business, whatever ignoreAggregatedRoles says', async (t) => {
    const bench = await world.open(t);
    const role = (rules: readonly JsonObject[]): KubeObject => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'aggregated', annotations: { [TRACKING]: 'roles:rbac.authorization.k8s.io/ClusterRole:shop/aggregated' } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] },
      rules: [...rules],
    });
    await world.apply(application('roles', {}));
    await applyAs(world.plane, 'argocd-controller', [role([])]);
    await applyAs(world.plane, 'clusterrole-aggregation-controller', [role([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])]);
    for (const value of ['true', 'false']) {
      await world.argoConfig({ 'resource.compareoptions': `ignoreAggregatedRoles: ${value}\n` });
      assert.equal((await bench.judge(role([]))).verdict.state, 'synced');
    }
    await world.argoConfig({});
  });
}

function settings(name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'argocd' }, data };
}
