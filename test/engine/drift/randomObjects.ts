import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { gadget } from './gadgets.ts';
import type { Draft } from './generator.ts';
import { manifests } from './objects.ts';
import type { SeededRandom } from './randomEdits.ts';
import { clusterKinds } from './randomKinds.ts';
import { PodGenerator } from './randomPods.ts';
import { widget } from './widgets.ts';

/** What there is beside Pods: access, networks, limits, and custom resources with every kind of schema. */
class SpecGenerator extends PodGenerator {
  widgetSpec(): JsonObject {
    const made: Draft = {};
    this.put(made, 'size', 3, 4, 0);
    this.put(made, 'memory', '1024Mi', '1Gi', 1073741824);
    this.put(made, 'port', 80, 'http');
    this.put(made, 'hosts', ['a', 'b'], ['c'], []);
    this.put(made, 'routes', [{ path: '/' }, { path: '/', kind: 'exact', weight: 5 }], [{ path: '/a', weight: 0 }], []);
    this.put(made, 'steps', [{ run: 'x' }], [{ run: 'x', retries: 0 }, { run: 'y' }], []);
    this.put(made, 'extra', { any: [1, { b: true }], deep: { x: { y: '' } } }, {});
    this.put(made, 'note', 'n', '', null);
    return made;
  }

  gadgetSpec(): JsonObject {
    const made: Draft = {};
    this.put(made, 'mode', 'auto', 'on');
    this.put(made, 'policy', {}, { retries: 0 }, { strict: false, limits: { a: '1', b: '' } }, { retries: 3, strict: true });
    this.put(made, 'whole', { a: '1' }, { a: '1', b: '2' }, {});
    this.put(made, 'settings', { a: '1' }, { a: '', b: 'x' }, {});
    this.put(made, 'numbers', [1, 2, 2], [0], []);
    this.put(made, 'levels', [1, 2], [0], []);
    this.put(made, 'tags', ['base'], ['a', 'b'], []);
    if (this.maybe()) made['zones'] = this.some('a', 'b', 'c').map((name) => this.zone(name));
    this.put(made, 'ratio', 0.5, 1, 0, 1e-3);
    this.put(made, 'big', 9007199254740991, 0, -1);
    this.put(made, 'when', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z', '2026-01-02T04:04:05+01:00');
    this.put(made, 'blob', 'YWJj', '');
    this.put(made, 'flag', false, true);
    this.put(made, 'percent', '25%', 25, '25', 0);
    this.put(made, 'maybe', null, {}, { a: 'x' });
    this.put(made, 'template', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'inner' }, data: { a: 'b' } });
    this.put(made, 'free', { list: [{ a: 1 }, { a: 2 }], none: {}, zero: 0 }, 'text', 7, [1, 'a'], false);
    return made;
  }

  zone(name: string): JsonObject {
    const made: Draft = { name };
    this.put(made, 'weight', 0, 1, 5);
    if (this.maybe()) {
      made['racks'] = this.some(1, 2, 3).map((id) => {
        const rack: Draft = { id };
        this.put(rack, 'label', '', 'left');
        this.put(rack, 'spare', false, true);
        return rack;
      });
    }
    return made;
  }

  serviceSpec(): JsonObject {
    return this.one<JsonObject>(
      {},
      { sessionAffinity: 'ClientIP' },
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
      { type: 'NodePort', externalTrafficPolicy: 'Local' },
      { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '10.1.0.0/16'], allocateLoadBalancerNodePorts: false },
      { type: 'ClusterIP', clusterIP: 'None', publishNotReadyAddresses: true },
      { type: '', externalIPs: ['10.9.0.1'] },
      { ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Local' },
    );
  }

  setSpec(): JsonObject {
    return this.one<JsonObject>(
      {},
      { updateStrategy: { rollingUpdate: { partition: 0 } } },
      { updateStrategy: { type: 'OnDelete' }, ordinals: { start: 1 } },
      { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' }, minReadySeconds: 0 },
    );
  }

  ingressSpec(): JsonObject {
    const path = (at: string): JsonObject => ({
      path: at,
      pathType: this.one('Prefix', 'Exact'),
      backend: { service: { name: 'web', port: this.one<JsonObject>({ name: 'http' }, { number: 80 }) } },
    });
    const made: Draft = { rules: [{ host: 'web.example', http: { paths: ['/', ...this.some('/a', '/b')].map((at) => path(at)) } }] };
    this.put(made, 'tls', [{ hosts: ['web.example'], secretName: 'tls' }], [{ hosts: ['a.example', 'b.example'] }], []);
    this.put(made, 'ingressClassName', 'nginx', 'traefik');
    this.put(made, 'defaultBackend', { service: { name: 'fallback', port: { number: 8080 } } });
    return made;
  }

  networkPolicySpec(): JsonObject {
    const made: Draft = { podSelector: this.one<JsonObject>({}, { matchLabels: { app: 'web' } }) };
    const ports = [
      { port: this.one<JsonValue>(8080, 'http') },
      ...this.some<JsonValue>({ port: 53, protocol: 'UDP' }, { port: 1000, endPort: 2000 }),
    ];
    this.put(made, 'ingress', [{}], [], [{ from: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { team: 'a' } } }], ports }]);
    this.put(made, 'egress', [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } }] }], [{ ports }]);
    this.put(made, 'policyTypes', ['Ingress'], ['Ingress', 'Egress']);
    return made;
  }

  rules(): JsonValue {
    return [
      { apiGroups: [''], resources: ['configmaps', ...this.some('pods', 'secrets')], verbs: ['get', ...this.some('list', 'update')] },
      ...this.some<JsonValue>(
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'], verbs: ['get'] },
        { apiGroups: ['', 'batch'], resources: ['jobs'], verbs: ['*'] },
      ),
    ];
  }

  metrics(): JsonValue {
    return [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ...this.some<JsonValue>(
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: this.one('1024Mi', '1Gi', '0.5Gi') } },
        },
        {
          type: 'Pods',
          pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: this.one<JsonValue>('1000m', 1, '1k') } },
        },
      ),
    ];
  }
}

function withSpec(object: KubeObject | undefined, over: JsonObject): KubeObject {
  return { ...object, spec: { ...((object?.['spec'] ?? {}) as JsonObject), ...over } } as KubeObject;
}

/** A random object of a common kind, or a custom resource, in a namespace: what people write, and what generators leave in. */
export function randomObject(namespace: string, random: SeededRandom): KubeObject {
  const made = new SpecGenerator(random);
  const base = manifests(namespace);
  const kinds: readonly (() => KubeObject | undefined)[] = [
    () =>
      withSpec(base['deployment'], {
        template: made.template(),
        ...(made.maybe()
          ? { strategy: made.one<JsonValue>({}, { type: 'Recreate' }, { rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' } }) }
          : {}),
        minReadySeconds: made.one(0, 5),
      }),
    () =>
      withSpec(base['statefulSet'], {
        template: made.template(),
        podManagementPolicy: made.one('Parallel', 'OrderedReady'),
        ...made.setSpec(),
      }),
    () => withSpec(base['daemonSet'], { template: made.template(), updateStrategy: made.one<JsonValue>({}, { type: 'OnDelete' }) }),
    () =>
      withSpec(base['cronJob'], {
        suspend: made.maybe(),
        ...(made.maybe() ? { timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' } : {}),
        jobTemplate: { spec: { template: made.template('OnFailure') } },
      }),
    () =>
      withSpec(base['service'], {
        ...made.serviceSpec(),
        ports: [
          { name: 'http', port: 80, targetPort: made.one<JsonValue>('http', 8080) },
          ...made.some<JsonValue>(
            { name: 'dns', port: 53, protocol: 'UDP' },
            // The same port once more: what tells them apart is the protocol alone.
            { name: 'dns-tcp', port: 53 },
            { name: 'tls', port: 443, appProtocol: 'https' },
          ),
        ],
      }),
    () =>
      ({
        ...base['configMap'],
        data: { a: '1', yes: 'yes', octal: '0777', ...(made.maybe() ? { b: '', c: 'x\ny\n' } : {}) },
      }) as KubeObject,
    () => base['secret'],
    () => ({ ...base['serviceAccount'], imagePullSecrets: made.one<JsonValue>([], [{ name: 'p' }]) }) as KubeObject,
    () => ({ ...base['role'], rules: made.rules() }) as KubeObject,
    () => base['roleBinding'],
    () => withSpec(base['ingress'], made.ingressSpec()),
    () => withSpec(base['networkPolicy'], made.networkPolicySpec()),
    () =>
      withSpec(base['job'], {
        parallelism: made.one(1, 2),
        ...(made.maybe() ? { backoffLimit: 0, ttlSecondsAfterFinished: 0 } : {}),
        template: made.template('Never'),
        ...(made.maybe() ? { suspend: true } : {}),
      }),
    () => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'alone', namespace, labels: { app: 'web' } }, spec: made.podSpec() }),
    () => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: namespace, labels: { app: 'web' } },
      rules: made.rules(),
    }),
    () => ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: namespace },
      provisioner: 'example.com/disk',
      ...(made.maybe() ? { parameters: { type: 'ssd', zones: '' } } : {}),
      ...(made.maybe() ? { mountOptions: ['noatime', 'ro'], allowVolumeExpansion: made.maybe() } : {}),
    }),
    () => ({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: namespace },
      value: 1000,
      ...(made.maybe() ? { globalDefault: false, description: made.one('', 'high') } : {}),
    }),
    () => ({ ...base['secret'], type: made.one('Opaque', 'example.com/own'), ...(made.maybe() ? { immutable: false } : {}) }) as KubeObject,
    () =>
      withSpec(base['autoscaler'], {
        minReplicas: made.one(1, 2),
        metrics: made.metrics(),
        ...(made.maybe() ? { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } : {}),
      }),
    () => withSpec(base['disruptionBudget'], { minAvailable: made.one<JsonValue>('50%', 1, '1') }),
    () => base['claim'],
    () =>
      withSpec(base['quota'], {
        limits: [{ type: 'Container', default: made.quantities(), max: { memory: made.one<JsonValue>('4096Mi', '4Gi', 4294967296) } }],
      }),
    () => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace },
      spec: { hard: { pods: made.one<JsonValue>('10000', 10000, '10k'), ...made.quantities() } },
    }),
    ...clusterKinds(made, namespace),
    () => gadget(namespace, made.gadgetSpec()),
    () => gadget(namespace, made.gadgetSpec()),
    () => gadget(namespace, made.gadgetSpec()),
    () => widget(namespace, made.widgetSpec()),
    () => widget(namespace, made.widgetSpec()),
  ];
  const object = random.pick(kinds)?.() ?? widget(namespace, made.widgetSpec());
  const metadata: Draft = { ...(object.metadata as Draft) };
  made.put(metadata, 'annotations', { note: 'a', 'example.io/owner': 'team' }, {});
  made.put(metadata, 'creationTimestamp', null);
  made.put(metadata, 'finalizers', ['example.io/a'], []);
  return { ...object, metadata };
}
