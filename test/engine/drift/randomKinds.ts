import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import type { PodGenerator } from './randomPods.ts';

type Make = () => KubeObject;

/** Kinds that come with operators and platforms rather than with services. */
export function clusterKinds(made: PodGenerator, namespace: string): readonly Make[] {
  const named = (apiVersion: string, kind: string, body: JsonObject): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: namespace },
    ...body,
  });
  const placed = (apiVersion: string, kind: string, body: JsonObject): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: 'web', namespace, labels: { app: 'web' } },
    ...body,
  });
  // The server gives such an object the labels of its template.
  const unlabelled: typeof placed = (...of) => ({ ...placed(...of), metadata: { name: 'web', namespace } });
  const selector = { matchLabels: { app: 'web' } };
  return [
    () => placed('apps/v1', 'ReplicaSet', { spec: { replicas: made.one(0, 2), selector, template: made.template() } }),
    () => unlabelled('v1', 'ReplicationController', { spec: { selector: { app: 'web' }, template: made.template() } }),
    () => placed('v1', 'PodTemplate', { template: made.template() }),
    () => placed('v1', 'Endpoints', { subsets: endpoints(made) }),
    () => placed('discovery.k8s.io/v1', 'EndpointSlice', slice(made)),
    () =>
      placed('coordination.k8s.io/v1', 'Lease', {
        spec: { holderIdentity: 'a', renewTime: made.one('2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000Z') },
      }),
    () =>
      placed('policy/v1', 'PodDisruptionBudget', {
        spec: {
          maxUnavailable: made.one<JsonValue>(1, '1', '10%'),
          selector: made.one<JsonValue>({}, selector, { matchExpressions: [{ key: 'app', operator: 'Exists' }] }),
        },
      }),
    () =>
      named('networking.k8s.io/v1', 'IngressClass', {
        spec: {
          controller: 'example.com/ingress',
          ...(made.maybe() ? { parameters: { kind: 'P', name: 'p', apiGroup: 'example.com', scope: 'Cluster' } } : {}),
        },
      }),
    () =>
      named('v1', 'PersistentVolume', {
        spec: {
          capacity: { storage: made.one<JsonValue>('1024Mi', '1Gi', 1073741824) },
          accessModes: ['ReadWriteOnce'],
          hostPath: { path: '/x' },
          ...(made.maybe() ? { claimRef: { namespace, name: 'data' } } : {}),
        },
      }),
    () =>
      named('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
        subjects: subjects(made, namespace),
      }),
    () =>
      named('rbac.authorization.k8s.io/v1', 'ClusterRole', {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`aggregate-${namespace}`]: 'yes' } }] },
        ...(made.maybe() ? { rules: [] } : {}),
      }),
    () =>
      named('node.k8s.io/v1', 'RuntimeClass', { handler: 'runc', ...(made.maybe() ? { overhead: { podFixed: made.quantities() } } : {}) }),
    () =>
      named('storage.k8s.io/v1', 'CSIDriver', {
        spec: made.one<JsonObject>(
          {},
          { attachRequired: false },
          { volumeLifecycleModes: ['Persistent', 'Ephemeral'], podInfoOnMount: true },
        ),
      }),
    () => named('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { webhooks: hooks(made) }),
    () => named('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { webhooks: hooks(made) }),
    () => named('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', { spec: policy(made) }),
    () =>
      named('flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', {
        spec: {
          type: 'Limited',
          limited: made.one<JsonValue>({}, { nominalConcurrencyShares: 0 }, { limitResponse: { type: 'Queue', queuing: { queues: 8 } } }),
        },
      }),
    () => ({ ...definition(made, namespace) }),
  ];
}

function endpoints(made: PodGenerator): JsonValue {
  return [
    {
      addresses: [{ ip: '10.0.0.2' }, ...made.some<JsonValue>({ ip: '10.0.0.1', hostname: 'a' })],
      ports: [{ port: 80 }, ...made.some<JsonValue>({ name: 'dns', port: 53, protocol: 'UDP' })].map((port, index) => ({
        name: `p${index}`,
        ...(port as JsonObject),
      })),
    },
  ];
}

function slice(made: PodGenerator): JsonObject {
  return {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], ...(made.maybe() ? { conditions: { ready: true } } : {}) }],
    ports: made.one<JsonValue>([{ port: 80 }], [{ name: 'a', port: 80, protocol: 'UDP' }], []),
  };
}

function subjects(made: PodGenerator, namespace: string): JsonValue {
  return [
    { kind: 'ServiceAccount', name: 'web', namespace },
    ...made.some<JsonValue>(
      { kind: 'User', name: 'ann' },
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'ops' },
      { apiGroup: '', kind: 'ServiceAccount', name: 'b', namespace },
    ),
  ];
}

/** Webhooks that no object of the tests meets. */
function hooks(made: PodGenerator): JsonValue {
  return ['a', ...made.some('b')].map((name) => ({
    name: `${name}.example.com`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: made.one<JsonValue>({ url: 'https://127.0.0.1:1/' }, { service: { name: 'none', namespace: 'none' } }),
    rules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
    ...(made.maybe() ? { namespaceSelector: {}, timeoutSeconds: 5 } : {}),
  }));
}

function policy(made: PodGenerator): JsonObject {
  return {
    matchConstraints: {
      resourceRules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
    },
    validations: [{ expression: 'true' }, ...made.some<JsonValue>({ expression: 'true', message: 'x', reason: 'Invalid' })],
    ...(made.maybe() ? { variables: [{ name: 'a', expression: '1' }], failurePolicy: 'Ignore' } : {}),
  };
}

/** A CustomResourceDefinition as an object of an application. */
function definition(made: PodGenerator, namespace: string): KubeObject {
  const group = `${namespace}.example.com`;
  const field = made.one<JsonObject>(
    { type: 'string', default: '' },
    { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
  );
  const version = (name: string, storage: boolean): JsonObject => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: field } } } } },
    ...(made.maybe() ? { subresources: { status: {} } } : {}),
    ...(made.maybe() ? { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a', priority: 0 }] } : {}),
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${group}` },
    spec: {
      group,
      names: { kind: 'Thing', plural: 'things', ...(made.maybe() ? { shortNames: ['th'], categories: [] } : {}) },
      scope: made.one('Namespaced', 'Cluster'),
      ...(made.maybe() ? { conversion: { strategy: 'None' }, preserveUnknownFields: false } : {}),
      versions: [version('v1', true), ...(made.maybe() ? [version('v1beta1', false)] : [])],
    },
  };
}
