import { readFile } from 'node:fs/promises';
import { type JsonValue, objectAt } from '../../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject, nameOf } from '../../../../src/engine/model/objects.ts';
import { changed } from '../changed.ts';
import { manifests } from '../objects.ts';
import { widget, widgetSpec } from '../widgets.ts';
import { hooked, installPolicy, installWebhook } from './webhook.ts';
import type { AlarmCase, Made, World } from './world.ts';

const ADMISSION = 'API server (defaults, admission)';

/** An object as it lay in the cluster, with all that the server added, as people export it; the server has counted on since. */
async function exported(world: World, object: KubeObject): Promise<Made> {
  const live = await world.fixture.live(object);
  if (live === undefined) throw new Error(`not live: ${object.kind}`);
  await world.write(object, 'shop-operator', { metadata: { annotations: { 'shop.example/seen': 'yes' } } });
  return { git: live };
}

/** A configuration into which a controller injects the authority of the control plane. */
async function injected(world: World, object: KubeObject, patch: (ca: string) => JsonValue): Promise<void> {
  const ca = (await readFile(world.fixture.plane.caPath)).toString('base64');
  await world.write(object, 'cert-manager-cainjector', patch(ca));
}

function hookConfiguration(world: World, kind: string, caBundle?: string): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: `${kind.slice(0, 3).toLowerCase()}-${world.namespace}` },
    webhooks: [
      {
        name: 'a.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: 'https://127.0.0.1:1/', ...(caBundle === undefined ? {} : { caBundle }) },
        rules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
      },
    ],
  };
}

const injectCases = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].flatMap((kind): readonly AlarmCase[] => {
  const inject = async (world: World): Promise<void> => {
    const object = hookConfiguration(world, kind);
    await world.apply(object);
    await injected(world, object, (ca) => [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: ca }]);
    world.cleanups.push(() => world.kubectl('delete', kind, nameOf(object)));
  };
  return [
    {
      sources: [10],
      name: `an authority injected into a ${kind} that has none in Git`,
      setUp: async (world) => {
        await inject(world);
        return { git: hookConfiguration(world, kind) };
      },
      expected: { state: 'synced', proof: 'local' },
    },
    {
      sources: [10],
      name: `an authority injected in place of what Git has in a ${kind}`,
      setUp: async (world) => {
        await inject(world);
        return { git: hookConfiguration(world, kind, Buffer.from('-----').toString('base64')) };
      },
      expected: {
        state: 'synced',
        ignored: [
          'webhooks[name=a.example.com].clientConfig.caBundle certificate injection (cert-manager-cainjector): ignored-certificate',
        ],
      },
    },
  ];
});

const CASES: readonly AlarmCase[] = [
  ...Object.keys(manifests('any'))
    .filter((kind) => kind !== 'secret')
    .map((kind): AlarmCase => ({
      sources: [1],
      name: `a ${kind} without what the server fills in`,
      setUp: async (world) => ({ git: await world.common(kind) }),
      expected: { state: 'synced' },
    })),
  {
    sources: [1],
    name: 'a custom resource with defaults of its schema',
    setUp: async (world) => {
      const git = widget(world.namespace, widgetSpec);
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  ...[
    { by: 'webhook', install: installWebhook },
    { by: 'policy', install: installPolicy },
  ].flatMap(({ by, install }): readonly AlarmCase[] => [
    {
      sources: [9],
      name: `what a mutating ${by} adds and rewrites`,
      setUp: async (world) => {
        await install(world);
        const git = hooked(world, { image: 'web:1', other: 'a' });
        await world.apply(git);
        return { git };
      },
      expected: { state: 'synced', ignored: [`data.image ${ADMISSION}: ignored-admission`], proof: 'dry-run' },
    },
    {
      sources: [9],
      name: `an edit beside what a mutating ${by} does`,
      setUp: async (world) => {
        await install(world);
        const git = hooked(world, { image: 'web:1', other: 'a' });
        await world.apply(git);
        await world.write(git, 'kubectl-edit', { data: { other: 'b' } });
        return { git };
      },
      expected: {
        state: 'drifted',
        fields: ['drifted changed data.other: "a" -> "b" by kubectl-edit'],
        ignored: [`data.image ${ADMISSION}: ignored-admission`],
      },
    },
    {
      sources: [9],
      name: `what a mutating ${by} that came later would add and rewrite`,
      ways: ['server-side'],
      setUp: async (world) => {
        const git = hooked(world, { image: 'web:1', other: 'a' });
        await world.apply(git);
        await install(world);
        const { data } = changed(git, ['data', 'other'], 'c');
        return { git: { ...git, data: data ?? {} } };
      },
      expected: {
        state: 'out of sync',
        fields: ['out of sync changed data.other: "c" -> "a" by kubectl'],
        ignored: [`data.image ${ADMISSION}: ignored-admission`, `data.injected ${ADMISSION}: ignored-admission`],
      },
    },
  ]),
  ...injectCases,
  {
    sources: [11, 12],
    reports: [2],
    name: 'an exported object with status and server metadata',
    setUp: async (world) => exported(world, await world.common('service')),
    expected: { state: 'synced' },
  },
  {
    sources: [11],
    reports: [2],
    name: 'status in Git of a custom resource with that subresource, which a controller writes',
    setUp: async (world) => {
      const git: KubeObject = { ...widget(world.namespace, widgetSpec), status: { phase: 'New' } };
      await world.apply(git);
      await world.write(git, 'widget-controller', { status: { phase: 'Ready' } }, '/status');
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [11],
    name: 'status of a kind without that subresource is data like any other',
    setUp: async (world) => {
      const git: KubeObject = {
        apiVersion: 'shop.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g', namespace: world.namespace },
        status: { phase: 'New' },
      };
      await world.apply(git);
      await world.write(git, 'kubectl-edit', { status: { phase: 'Ready' } });
      return { git };
    },
    expected: { state: 'drifted', fields: ['drifted changed status.phase: "New" -> "Ready" by kubectl-edit'] },
  },
  {
    sources: [12],
    name: 'a creationTimestamp of null in every template',
    setUp: async (world) => {
      const plain = manifests(world.namespace)['cronJob'] as KubeObject;
      const at = (object: KubeObject, ...path: string[]): KubeObject => changed(object, [...path, 'creationTimestamp'], null);
      const inner = changed(plain, ['spec', 'jobTemplate', 'metadata'], { creationTimestamp: null });
      const git = at(changed(inner, ['spec', 'jobTemplate', 'spec', 'template', 'metadata'], { creationTimestamp: null }), 'metadata');
      await world.apply(git);
      return { git };
    },
    expected: { state: 'synced', proof: 'local' },
  },
  {
    sources: [16],
    name: 'a field that the server does not know',
    setUp: async (world) => {
      const object = await world.common('service');
      return { git: { ...object, spec: { ...objectAt(object, 'spec'), colour: 'red' } } };
    },
    expected: { 'server-side': { state: 'cannot compare', code: 'target-rejected' }, 'client-side': { state: 'synced' } },
  },
  {
    sources: [16],
    name: 'a field that the schema of a custom resource does not have, which the server drops',
    setUp: async (world) => {
      const git = widget(world.namespace, { ...widgetSpec, colour: 'red' });
      await world.apply(widget(world.namespace, widgetSpec));
      return { git };
    },
    expected: { 'server-side': { state: 'cannot compare', code: 'target-rejected' }, 'client-side': { state: 'synced' } },
  },
  {
    sources: [17],
    name: 'live watched at another version than Git names',
    setUp: async (world) => {
      const git = await world.common('autoscaler');
      const other = { ...gvkOf(git), version: 'v1' };
      return { git, options: { live: await world.fixture.admin.get(other, keyOf(git)) } };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [17, 18],
    name: 'managedFields of another version of the kind',
    setUp: async (world) => {
      const metadata = { name: 'web', namespace: world.namespace };
      const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 3 };
      const git: KubeObject = {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata,
        spec: {
          ...spec,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
        },
      };
      await world.apply({ ...git, apiVersion: 'autoscaling/v1', spec: { ...spec, targetCPUUtilizationPercentage: 70 } });
      return { git };
    },
    expected: { state: 'synced' },
  },
  {
    sources: [19],
    name: 'rules of an aggregated ClusterRole',
    setUp: async (world) => {
      const git: KubeObject = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: `aggregated-${world.namespace}` },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'example.com/aggregate': 'true' } }] },
        rules: [],
      };
      await world.apply(git);
      await world.write(git, 'kube-controller-manager', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] });
      return { git };
    },
    expected: { state: 'synced' },
  },
];

/** What the server makes of an object by itself: defaults, admission, status, versions. */
export function serverCases(): readonly AlarmCase[] {
  return CASES;
}
