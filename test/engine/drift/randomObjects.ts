import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { manifests } from './objects.ts';
import type { SeededRandom } from './randomEdits.ts';
import { gadget } from './gadgets.ts';
import { widget } from './widgets.ts';

type Draft = Record<string, JsonValue>;

/** Draws values; every decision comes from the seed. */
class Generator {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  maybe(): boolean {
    return this.#random.below(2) === 0;
  }

  one<T>(...of: readonly [T, ...T[]]): T {
    return of[this.#random.below(of.length)] ?? of[0];
  }

  some<T>(...of: readonly T[]): T[] {
    return of.filter(() => this.maybe());
  }

  /** A field that is there, empty, null, or absent. */
  put(target: Draft, name: string, ...values: readonly [JsonValue, ...JsonValue[]]): void {
    if (this.maybe()) target[name] = this.one(...values);
  }

  quantities(): JsonObject {
    const found: Draft = {};
    this.put(found, 'cpu', '100m', '1000m', 1, 0.5, '1.5', '2');
    this.put(found, 'memory', '1024Mi', '0.5Gi', '1e3Mi', 1073741824, '3072Mi', '1500000k');
    return found;
  }

  container(name: string): JsonObject {
    const made: Draft = { name, image: `registry.example/${name}:${this.one('1.0', '2.1', 'latest')}` };
    this.put(made, 'args', ['--port', '8080'], ['serve'], [], null);
    this.put(made, 'command', ['run'], ['sh', '-c', 'exec run'], []);
    if (this.maybe()) {
      made['env'] = [
        { name: 'MODE', value: this.one('prod', '', 'yes') },
        ...this.some<JsonValue>(
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'HOST', value: '$(MODE)' },
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'web', key: 'a' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        ),
      ];
    }
    if (this.maybe()) {
      made['ports'] = [
        { name: 'http', containerPort: 8080 },
        ...this.some<JsonValue>({ containerPort: 9090, protocol: 'UDP' }, { name: 'admin', containerPort: 9000, protocol: 'TCP' }),
      ];
    }
    if (this.maybe()) made['resources'] = this.one<JsonValue>({ requests: this.quantities() }, { limits: this.quantities() }, {});
    this.put(
      made,
      'readinessProbe',
      { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
      { tcpSocket: { port: 8080 } },
      { exec: { command: ['true'] }, initialDelaySeconds: 0 },
    );
    this.put(made, 'securityContext', {}, { runAsNonRoot: true }, { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } });
    if (this.maybe())
      made['volumeMounts'] = [{ name: 'config', mountPath: '/etc/web' }, ...this.some<JsonValue>({ name: 'config', mountPath: '/b' })];
    this.put(made, 'workingDir', '', '/work');
    this.put(made, 'stdin', false, true);
    return made;
  }

  podSpec(restartPolicy?: string): JsonObject {
    const names = ['web', ...this.some('side', 'proxy')];
    const made: Draft = {
      containers: names.map((name) => this.container(name)),
      volumes: [
        { name: 'config', configMap: { name: 'web-config' } },
        ...this.some<JsonValue>(
          { name: 'cache', emptyDir: {} },
          { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'a' } }] } },
          { name: 'host', hostPath: { path: '/var/x' } },
        ),
      ],
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    };
    this.put(made, 'nodeSelector', { 'kubernetes.io/os': 'linux' }, { disk: 'ssd', 'kubernetes.io/os': 'linux' }, {});
    this.put(made, 'tolerations', [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], [{ operator: 'Exists' }], []);
    const { readinessProbe: _none, ...init } = this.container('init');
    this.put(made, 'initContainers', [init], [], null);
    this.put(made, 'securityContext', {}, { fsGroup: 1000 }, { runAsUser: 0 });
    this.put(made, 'terminationGracePeriodSeconds', 0, 30, 60);
    this.put(made, 'hostNetwork', false);
    this.put(made, 'imagePullSecrets', [{ name: 'pull' }], []);
    this.put(made, 'topologySpreadConstraints', [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } },
    ]);
    this.put(made, 'affinity', null, {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] }],
        },
      },
    });
    return made;
  }

  template(restartPolicy?: string): JsonObject {
    const metadata: Draft = { labels: { app: 'web', ...(this.maybe() ? { tier: 'front' } : {}) } };
    this.put(metadata, 'annotations', { 'example.io/checksum': 'abc' }, {});
    this.put(metadata, 'creationTimestamp', null);
    return { metadata, spec: this.podSpec(restartPolicy) };
  }

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
}

/** What there is beside Pods: access, networks, limits, and custom resources with every kind of schema. */
class SpecGenerator extends Generator {
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
        ...(made.maybe() ? { strategy: {} } : {}),
        minReadySeconds: made.one(0, 5),
      }),
    () => withSpec(base['statefulSet'], { template: made.template(), podManagementPolicy: made.one('Parallel', 'OrderedReady') }),
    () => withSpec(base['daemonSet'], { template: made.template(), updateStrategy: made.one<JsonValue>({}, { type: 'OnDelete' }) }),
    () => withSpec(base['cronJob'], { suspend: made.maybe(), jobTemplate: { spec: { template: made.template('OnFailure') } } }),
    () =>
      withSpec(base['service'], {
        ...(made.maybe() ? { sessionAffinity: 'ClientIP' } : {}),
        ...(made.maybe() ? { type: made.one('NodePort', 'ClusterIP') } : {}),
        ports: [
          { name: 'http', port: 80, targetPort: made.one<JsonValue>('http', 8080) },
          ...made.some<JsonValue>({ name: 'dns', port: 53, protocol: 'UDP' }, { name: 'tls', port: 443 }),
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
      withSpec(base['job'], { parallelism: made.one(1, 2), template: made.template('Never'), ...(made.maybe() ? { suspend: true } : {}) }),
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
