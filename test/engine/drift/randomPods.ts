import type { JsonObject, JsonValue } from '../../../src/engine/model/json.ts';
import { type Draft, Generator } from './generator.ts';

/** Draws Pods with everything that people write into them. */
export class PodGenerator extends Generator {
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
    this.rareInContainer(made);
    return made;
  }

  /** What few people write: each of it seldom. */
  rareInContainer(made: Draft): void {
    if (this.maybe()) return;
    this.put(made, 'livenessProbe', { grpc: { port: 8080 } }, { httpGet: { port: 'http', httpHeaders: [{ name: 'A', value: 'b' }] } });
    this.put(made, 'startupProbe', { exec: { command: ['true'] }, failureThreshold: 30 });
    this.put(made, 'lifecycle', { preStop: { exec: { command: ['sleep', '5'] } } }, { postStart: { httpGet: { port: 8080 } } }, {});
    this.put(made, 'envFrom', [{ configMapRef: { name: 'a' } }, { prefix: 'B_', secretRef: { name: 'b', optional: true } }], []);
    this.put(made, 'resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]);
    this.put(made, 'terminationMessagePath', '/dev/log', '');
    this.put(made, 'imagePullPolicy', 'Always', 'Never');
    this.put(made, 'tty', true);
  }

  /** Volumes whose sources have defaults of their own, at any depth. */
  volumes(): readonly JsonValue[] {
    return this.some<JsonValue>(
      { name: 'cache', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: this.one<JsonValue>('1024Mi', '1Gi', 1000) } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'a' } }] } },
      { name: 'host', hostPath: { path: '/var/x' } },
      { name: 'secret', secret: { secretName: 'web', items: [{ key: 'a', path: 'a.txt', mode: 256 }] } },
      { name: 'self', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      {
        name: 'scratch',
        ephemeral: {
          volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } },
        },
      },
      { name: 'disk', csi: { driver: 'disk.example.com', volumeAttributes: { a: '' } } },
      { name: 'block', iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2026-01.example:a', lun: 0 } },
      { name: 'files', nfs: { server: 'nfs.example', path: '/', readOnly: false } },
    );
  }

  /** What few people write into a Pod: each of it seldom. */
  rareInPod(made: Draft): void {
    if (this.maybe()) return;
    this.put(made, 'hostAliases', [{ ip: '10.0.0.1', hostnames: ['a', 'b'] }, { ip: '10.0.0.2' }], []);
    this.put(made, 'dnsConfig', { nameservers: ['10.0.0.53'], options: [{ name: 'ndots', value: '2' }] }, {});
    this.put(made, 'dnsPolicy', 'Default', 'ClusterFirst');
    this.put(made, 'enableServiceLinks', false, true);
    this.put(made, 'shareProcessNamespace', true, false);
    // Another name of serviceAccountName, kept for old manifests: the server writes both.
    this.put(made, 'serviceAccount', 'web');
    this.put(made, 'serviceAccountName', 'web', '');
    this.put(made, 'automountServiceAccountToken', false);
    this.put(made, 'readinessGates', [{ conditionType: 'example.com/ready' }]);
    this.put(made, 'schedulingGates', [{ name: 'example.com/wait' }]);
    this.put(made, 'hostname', 'web');
    this.put(made, 'subdomain', 'inner', '');
  }

  podSpec(restartPolicy?: string): JsonObject {
    const names = ['web', ...this.some('side', 'proxy')];
    const made: Draft = {
      containers: names.map((name) => this.container(name)),
      volumes: [{ name: 'config', configMap: { name: 'web-config' } }, ...this.volumes()],
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    };
    this.put(made, 'nodeSelector', { 'kubernetes.io/os': 'linux' }, { disk: 'ssd', 'kubernetes.io/os': 'linux' }, {});
    this.put(made, 'tolerations', [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], [{ operator: 'Exists' }], []);
    const { readinessProbe: _none, ...init } = this.container('init');
    this.put(made, 'initContainers', [init], [], null);
    this.put(
      made,
      'securityContext',
      {},
      { fsGroup: 1000 },
      { runAsUser: 0 },
      {
        seccompProfile: { type: 'RuntimeDefault' },
        supplementalGroups: [1, 2],
        sysctls: [{ name: 'net.core.somaxconn', value: '1024' }],
      },
    );
    this.put(made, 'terminationGracePeriodSeconds', 0, 30, 60);
    this.put(made, 'hostNetwork', false, true);
    this.rareInPod(made);
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
}
