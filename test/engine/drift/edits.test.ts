import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const CONTAINER = 'spec.template.spec.containers[name=web]';

interface Edit {
  readonly name: string;
  readonly of: string;
  readonly kubectl: readonly string[];
  readonly state?: string;
  /** expected differences after server-side and after client-side apply; one list when both are the same */
  readonly fields: readonly string[];
  readonly updateFields?: readonly string[];
  readonly updateState?: string;
}

const patch = (kind: string, type: string, body: unknown, name = 'web'): readonly string[] => [
  'patch',
  kind,
  name,
  `--type=${type}`,
  '-p',
  JSON.stringify(body),
];

/** Edits as people make them by hand; each on fresh objects. */
const edits: readonly Edit[] = [
  {
    name: 'kubectl scale',
    of: 'deployment',
    kubectl: ['scale', 'deployment/web', '--replicas=5'],
    fields: ['drifted changed spec.replicas: 2 -> 5 by kubectl/scale'],
  },
  {
    name: 'kubectl set image',
    of: 'deployment',
    kubectl: ['set', 'image', 'deployment/web', 'web=registry.example/web:hotfix'],
    fields: [`drifted changed ${CONTAINER}.image: "registry.example/web:1.0" -> "registry.example/web:hotfix" by kubectl-set`],
  },
  {
    name: 'kubectl set env adds a variable',
    of: 'deployment',
    kubectl: ['set', 'env', 'deployment/web', 'DEBUG=1'],
    fields: [`drifted added ${CONTAINER}.env[name=DEBUG]: - -> {"name":"DEBUG","value":"1"} by kubectl-set`],
  },
  {
    name: 'kubectl label adds and changes labels',
    of: 'service',
    kubectl: ['label', 'service/web', 'team=ops', 'app=other', '--overwrite'],
    fields: [
      'drifted added metadata.labels.team: - -> "ops" by kubectl-label',
      'drifted changed metadata.labels.app: "web" -> "other" by kubectl-label',
    ],
  },
  {
    name: 'every label of Git overwritten, and one added',
    of: 'service',
    kubectl: ['label', 'service/web', 'team=ops', 'app=other', 'app.kubernetes.io/part-of=x', '--overwrite'],
    fields: [
      'drifted added metadata.labels.team: - -> "ops" by kubectl-label',
      'drifted changed metadata.labels.app: "web" -> "other" by kubectl-label',
      'drifted changed metadata.labels["app.kubernetes.io/part-of"]: "shop" -> "x" by kubectl-label',
    ],
  },
  {
    name: 'kubectl annotate on an object without annotations',
    of: 'configMap',
    kubectl: ['annotate', 'configmap/web-config', 'note=checked'],
    fields: ['drifted added metadata.annotations.note: - -> "checked" by kubectl-annotate'],
  },
  {
    name: 'a changed and an added key of a ConfigMap',
    of: 'configMap',
    kubectl: patch('configmap', 'merge', { data: { 'app.conf': 'a = 2\n', more: 'x' } }, 'web-config'),
    fields: [
      'drifted added data.more: - -> "x" by kubectl-patch',
      'drifted changed data["app.conf"]: "a = 1\\nb = 2\\n" -> "a = 2\\n" by kubectl-patch',
    ],
  },
  {
    name: 'a removed label leaves no trace of who did it',
    of: 'service',
    kubectl: ['label', 'service/web', 'app.kubernetes.io/part-of-'],
    state: 'differs',
    fields: ['differs removed metadata.labels["app.kubernetes.io/part-of"]: "shop" -> -'],
    updateState: 'drifted',
    updateFields: ['drifted removed metadata.labels["app.kubernetes.io/part-of"]: "shop" -> -'],
  },
  {
    name: 'an element of an atomic list',
    of: 'deployment',
    kubectl: patch('deployment', 'json', [{ op: 'replace', path: '/spec/template/spec/containers/0/args/1', value: '8081' }]),
    fields: [`drifted changed ${CONTAINER}.args[1]: "8080" -> "8081" by kubectl-patch`],
  },
  {
    name: 'a probe added, with its defaults, as one item',
    of: 'deployment',
    kubectl: patch('deployment', 'json', [
      { op: 'add', path: '/spec/template/spec/containers/0/livenessProbe', value: { tcpSocket: { port: 8080 } } },
    ]),
    fields: [
      `drifted added ${CONTAINER}.livenessProbe: - -> {"tcpSocket":{"port":8080},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3} by kubectl-patch`,
    ],
  },
  {
    name: 'a side car added as one item',
    of: 'deployment',
    kubectl: patch('deployment', 'json', [
      { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'side', image: 'side:1' } },
    ]),
    fields: [
      'drifted added spec.template.spec.containers[name=side]: - -> {"name":"side","image":"side:1","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"} by kubectl-patch',
    ],
  },
  {
    name: 'a field of a probe and a quantity',
    of: 'deployment',
    kubectl: patch('deployment', 'strategic', {
      spec: {
        template: {
          spec: { containers: [{ name: 'web', readinessProbe: { periodSeconds: 7 }, resources: { limits: { memory: '2Gi' } } }] },
        },
      },
    }),
    fields: [
      `drifted changed ${CONTAINER}.readinessProbe.periodSeconds: 5 -> 7 by kubectl-patch`,
      `drifted changed ${CONTAINER}.resources.limits.memory: "1024Mi" -> "2Gi" by kubectl-patch`,
    ],
  },
  {
    name: 'a quantity in another spelling is no drift',
    of: 'deployment',
    kubectl: patch('deployment', 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'web', resources: { limits: { memory: '1073741824' } } }] } } },
    }),
    state: 'synced',
    fields: [],
  },
  {
    name: 'a port name instead of a number',
    of: 'service',
    kubectl: patch('service', 'json', [{ op: 'replace', path: '/spec/ports/0/targetPort', value: 8080 }]),
    fields: ['drifted changed spec.ports[port=80,protocol=TCP].targetPort: "http" -> 8080 by kubectl-patch'],
  },
  {
    name: 'a Service of another type, with what follows from it',
    of: 'service',
    kubectl: patch('service', 'merge', { spec: { type: 'NodePort' } }),
    fields: ['drifted added spec.type: - -> "NodePort" by kubectl-patch'],
  },
  {
    name: 'rules of a Role',
    of: 'role',
    kubectl: patch('role', 'json', [{ op: 'add', path: '/rules/0/verbs/-', value: 'delete' }]),
    fields: ['drifted added rules[0].verbs[2]: - -> "delete" by kubectl-patch'],
  },
  {
    name: 'a key of an atomic map',
    of: 'deployment',
    kubectl: patch('deployment', 'merge', { spec: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } }),
    fields: ['drifted added spec.template.spec.nodeSelector.disk: - -> "ssd" by kubectl-patch'],
  },
  {
    // Oracle, seed 301: the map of labels is granular, the selector around it is replaced as a whole.
    name: 'a label added to a selector, which is atomic as a whole (oracle seed 301 case 98)',
    of: 'networkPolicy',
    kubectl: patch('networkpolicy', 'merge', { spec: { podSelector: { matchLabels: { tier: 'front' } } } }),
    fields: ['drifted added spec.podSelector.matchLabels.tier: - -> "front" by kubectl-patch'],
  },
  {
    name: 'kubectl rollout restart is cosmetic',
    of: 'deployment',
    kubectl: ['rollout', 'restart', 'deployment/web'],
    state: 'synced',
    fields: ['cosmetic'],
  },
  {
    name: 'the image of a CronJob',
    of: 'cronJob',
    kubectl: ['set', 'image', 'cronjob/web', 'job=registry.example/job:2'],
    fields: [
      'drifted changed spec.jobTemplate.spec.template.spec.containers[name=job].image: "registry.example/job:1" -> "registry.example/job:2" by kubectl-set',
    ],
  },
  {
    name: 'bounds of an autoscaler',
    of: 'autoscaler',
    kubectl: patch('hpa', 'merge', { spec: { maxReplicas: 9 } }),
    fields: ['drifted changed spec.maxReplicas: 6 -> 9 by kubectl-patch'],
  },
  {
    name: 'a target value inside an atomic list',
    of: 'autoscaler',
    kubectl: patch('hpa', 'json', [{ op: 'replace', path: '/spec/metrics/0/resource/target/averageUtilization', value: 50 }]),
    fields: ['drifted changed spec.metrics[0].resource.target.averageUtilization: 80 -> 50 by kubectl-patch'],
  },
  {
    name: 'a Secret: one key changed, one added, values masked',
    of: 'secret',
    kubectl: patch('secret', 'merge', { stringData: { password: 'letmein', extra: 'canary' } }, 'web-secret'),
    fields: [
      'drifted added data.extra: - -> "••••••" by kubectl-patch',
      'drifted changed data.password: "••••••" -> "•••••• (different)" by kubectl-patch',
    ],
  },
];

const ways = [
  { name: 'server-side', args: ['apply', '--server-side', '-f', '-'] },
  { name: 'client-side', args: ['apply', '-f', '-'] },
] as const;

for (const way of ways) {
  for (const [index, edit] of edits.entries()) {
    test(`${way.name}: ${edit.name}`, async () => {
      const namespace = `${way.name}-${index}`;
      await fixture.plane.kubectl(['create', 'namespace', namespace]);
      const object = manifests(namespace)[edit.of] as KubeObject;
      await fixture.plane.kubectl(way.args, JSON.stringify(object));
      await fixture.plane.kubectl(['-n', namespace, ...edit.kubectl]);
      const verdict = await fixture.judgeBoth(object);
      const isUpdate = way.name === 'client-side';
      const found = edit.fields[0] === 'cosmetic' ? lines(verdict).map((line) => line.slice(line.lastIndexOf(' ') + 1)) : lines(verdict);
      assert.deepEqual(
        { state: verdict.state, fields: found },
        {
          state: (isUpdate ? edit.updateState : undefined) ?? edit.state ?? 'drifted',
          fields: (isUpdate ? edit.updateFields : undefined) ?? edit.fields,
        },
      );
    });
  }
}
