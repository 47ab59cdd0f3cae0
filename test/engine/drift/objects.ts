import type { KubeObject } from '../../../src/engine/model/objects.ts';

const pod = (name: string): object => ({
  metadata: { labels: { app: name } },
  spec: {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    containers: [
      {
        name: 'web',
        image: 'registry.example/web:1.0',
        args: ['--port', '8080'],
        ports: [
          { name: 'http', containerPort: 8080 },
          { containerPort: 9090, protocol: 'UDP' },
        ],
        env: [
          { name: 'MODE', value: 'prod' },
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'HOST', value: '$(POD_IP)' },
        ],
        resources: { requests: { cpu: '100m', memory: '0.5Gi' }, limits: { cpu: 1, memory: '1024Mi' } },
        readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
        volumeMounts: [{ name: 'config', mountPath: '/etc/web' }],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: `${name}-config` } },
      { name: 'cache', emptyDir: {} },
    ],
    securityContext: {},
  },
});

/** The manifests that the tests apply and edit: every common kind, none with a default spelled out that people leave out. */
export function manifests(namespace: string, name = 'web'): Readonly<Record<string, KubeObject>> {
  const metadata = (suffix = ''): { name: string; namespace: string; labels: Record<string, string> } => ({
    name: `${name}${suffix}`,
    namespace,
    labels: { app: name, 'app.kubernetes.io/part-of': 'shop' },
  });
  const selector = { matchLabels: { app: name } };
  return {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(),
      spec: { replicas: 2, selector, template: pod(name) as never },
    },
    statefulSet: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata(),
      spec: {
        serviceName: name,
        replicas: 1,
        selector,
        template: pod(name) as never,
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    },
    daemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: metadata(), spec: { selector, template: pod(name) as never } },
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(),
      spec: {
        selector: { app: name },
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'dns', port: 53, protocol: 'UDP' },
        ],
      },
    },
    configMap: { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('-config'), data: { 'app.conf': 'a = 1\nb = 2\n', empty: '' } },
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('-secret'),
      stringData: { password: 'hunter2' },
      data: { token: 'YWJj\nZGVm' },
    },
    serviceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(), automountServiceAccountToken: false },
    role: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: metadata(),
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    },
    roleBinding: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: metadata(),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    ingress: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { ...metadata(), annotations: { 'example.io/rewrite': '/' } },
      spec: {
        rules: [
          {
            host: 'web.example',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { name: 'http' } } } }] },
          },
        ],
      },
    },
    networkPolicy: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(),
      spec: { podSelector: selector, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] },
    },
    autoscaler: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: metadata(),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: 2,
        maxReplicas: 6,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      },
    },
    cronJob: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: metadata(),
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: {
          spec: {
            template: {
              spec: { restartPolicy: 'OnFailure', containers: [{ name: 'job', image: 'registry.example/job:1', command: ['run'] }] },
            },
          },
        },
      },
    },
    job: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: metadata(),
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'registry.example/job:1' }] } } },
    },
    disruptionBudget: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(),
      spec: { minAvailable: '50%', selector },
    },
    claim: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metadata(),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    quota: {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: metadata(),
      spec: { limits: [{ type: 'Container', default: { cpu: '0.5' } }] },
    },
  };
}
