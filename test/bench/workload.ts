import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { customDefinition } from '../tools/definitions.ts';
import { git } from '../tools/sample.ts';

type Manifest = Record<string, unknown>;

const group = 'bench.example.com';

function pod(name: string): Manifest {
  return {
    metadata: { labels: { app: name } },
    spec: {
      containers: [
        {
          name: 'main',
          image: `registry.example/${name}:1.4.2`,
          args: ['--listen', ':8080'],
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [
            { name: 'MODE', value: 'prod' },
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'SELF', value: '$(POD_IP):8080' },
          ],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        },
      ],
    },
  };
}

/** Kinds with how many of 1,000 objects they are; each makes the object number `index`. */
const kinds: readonly { readonly share: number; readonly make: (name: string, index: number) => Manifest }[] = [
  {
    share: 150,
    make: (name) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 2, selector: { matchLabels: { app: name } }, template: pod(name) },
    }),
  },
  {
    share: 50,
    make: (name) => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: pod(name),
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    }),
  },
  {
    share: 200,
    make: (name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    }),
  },
  {
    share: 200,
    make: (_name, index) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { 'app.properties': `index=${index}\nmode=prod\n`, level: 'info' },
    }),
  },
  { share: 100, make: (_name, index) => ({ apiVersion: 'v1', kind: 'Secret', stringData: { token: `not-a-secret-${index}` } }) },
  {
    share: 50,
    make: (name) => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name },
        minReplicas: 1,
        maxReplicas: 4,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      },
    }),
  },
  {
    share: 100,
    make: (name) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'bench' }],
    }),
  },
  {
    share: 50,
    make: (name) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: { podSelector: { matchLabels: { app: name } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] },
    }),
  },
  {
    share: 50,
    make: (name) => ({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        schedule: '*/10 * * * *',
        jobTemplate: { spec: { template: { spec: { ...(pod(name)['spec'] as object), restartPolicy: 'Never' } } } },
      },
    }),
  },
  {
    share: 50,
    make: (_name, index) => ({ apiVersion: `${group}/v1`, kind: 'Gadget', spec: { size: index, limit: '1.5Gi', tags: ['a', 'b'] } }),
  },
];

/** The CustomResourceDefinition of the custom resources. */
export const definition: Manifest = customDefinition({
  group: group,
  kind: 'Gadget',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        limit: { type: 'string' },
        mode: { type: 'string', default: 'auto' },
        tags: { type: 'array', items: { type: 'string' } },
      },
    },
  },
  hasStatus: false,
});

/** Objects of every kind of the set, in the shares of 1,000. @param count about how many */
export function workload(namespace: string, count: number): readonly Manifest[] {
  return kinds.flatMap(({ share, make }) =>
    Array.from({ length: Math.max(1, Math.round((share * count) / 1000)) }, (_, index) => {
      const name = `app-${index}`;
      return { ...make(name, index), metadata: { name, namespace, labels: { app: name, 'app.kubernetes.io/part-of': 'bench' } } };
    }),
  );
}

/** A config repo with an application of every kind once (`warm`) and one of 1,000 objects (`bench`), 25 documents a file. */
export async function benchRepo(folder: string, context: string, clusterUid: string): Promise<void> {
  const files: Record<string, string> = {
    'plumbline.yaml': [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      'environments:',
      `  test: {context: ${context}, clusterUid: ${clusterUid}, branch: main}`,
      'applications:',
      '  - {name: warm, environment: test, path: warm, namespace: warm}',
      '  - {name: bench, environment: test, path: bench, namespace: bench}',
      '',
    ].join('\n'),
  };
  for (const [name, count] of [
    ['warm', 10],
    ['bench', 1000],
  ] as const) {
    const objects = workload(name, count);
    for (let start = 0; start < objects.length; start += 25) {
      files[`${name}/part-${String(start / 25).padStart(2, '0')}.yaml`] = objects
        .slice(start, start + 25)
        .map((object) => yamlOf(object))
        .join('---\n');
    }
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  await git(folder, ['add', '.']);
  await git(folder, ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', 'commit', '--quiet', '-m', 'Add the set']);
}

/** Block-style YAML as people write it, so that lines can be found. */
export function yamlOf(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => `${indent}- ${yamlOf(item, `${indent}  `).slice(indent.length + 2)}`).join('');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${JSON.stringify(value)}\n`;
  return Object.entries(value)
    .map(([key, item]: [string, unknown]) => {
      const name = `${indent}${/^[\w.-]+$/.test(key) && !/^(y|n|yes|no|on|off|true|false)$/i.test(key) ? key : JSON.stringify(key)}:`;
      if (typeof item !== 'object' || item === null) return `${name} ${JSON.stringify(item)}\n`;
      return Object.keys(item).length === 0 ? `${name} ${JSON.stringify(item)}\n` : `${name}\n${yamlOf(item, `${indent}  `)}`;
    })
    .join('');
}
