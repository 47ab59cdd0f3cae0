import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../../../src/engine/model/json.ts';
import { type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import type { Verdict } from '../../../src/engine/model/states.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';
import { installWidgets, widget, widgetSpec } from './widgets.ts';

// The sources of false alarms of reference/engine.md §1.4, by their numbers there; 1, 5, 6, 8, 14, 15 and 22 are in the neighbouring files.
let fixture: Fixture;
let count = 0;

before(async () => {
  fixture = await startFixture();
  await installWidgets(fixture);
});

after(async () => {
  await fixture.stop();
});

const SERVER_SIDE = ['apply', '--server-side', '-f', '-'];
const CLIENT_SIDE = ['apply', '-f', '-'];

async function newNamespace(): Promise<string> {
  count += 1;
  await fixture.plane.kubectl(['create', 'namespace', `alarm-${count}`]);
  return `alarm-${count}`;
}

async function apply(object: KubeObject, args: readonly string[] = SERVER_SIDE): Promise<void> {
  await fixture.plane.kubectl(args, JSON.stringify(object));
}

function summary(verdict: Verdict): unknown {
  return [verdict.state, ...lines(verdict)];
}

for (const [way, args] of [
  ['server-side', SERVER_SIDE],
  ['client-side', CLIENT_SIDE],
] as const) {
  test(`${way}: a custom resource with defaults of its schema is in sync`, async () => {
    const namespace = await newNamespace();
    const object = widget(namespace, widgetSpec);
    await apply(object, args);
    const verdict = await fixture.judge(object);
    assert.deepEqual([summary(verdict), verdict.proof], [['synced'], 'local']);
  });

  test(`${way}: edits of a custom resource are exact`, async () => {
    const namespace = await newNamespace();
    const object = widget(namespace, widgetSpec);
    await apply(object, args);
    const patch = [
      { op: 'replace', path: '/spec/port', value: '80' },
      { op: 'add', path: '/spec/hosts/-', value: 'c' },
      { op: 'replace', path: '/spec/routes/1/weight', value: 9 },
      { op: 'replace', path: '/spec/steps/0/run', value: 'y' },
      { op: 'add', path: '/spec/extra/more', value: 'z' },
      { op: 'replace', path: '/spec/size', value: 4 },
    ];
    await fixture.plane.kubectl(['-n', namespace, 'patch', 'widget', 'w', '--type=json', '-p', JSON.stringify(patch)]);
    assert.deepEqual(summary(await fixture.judge(object)), [
      'drifted',
      'drifted added spec.extra.more: - -> "z" by kubectl-patch',
      'drifted added spec.hosts[="c"]: - -> "c" by kubectl-patch',
      'drifted added spec.size: - -> 4 by kubectl-patch',
      'drifted changed spec.port: 80 -> "80" by kubectl-patch',
      'drifted changed spec.routes[kind=exact,path=/].weight: 5 -> 9 by kubectl-patch',
      'drifted changed spec.steps[0].run: "x" -> "y" by kubectl-patch',
    ]);
  });

  test(`${way}: #2, #23 a quantity of a custom resource in another spelling is cosmetic`, async () => {
    const namespace = await newNamespace();
    await apply(widget(namespace, widgetSpec), args);
    const verdict = await fixture.judge(widget(namespace, { ...widgetSpec, memory: '1Gi' }));
    assert.deepEqual(
      [verdict.state, lines(verdict).map((line) => line.includes('spec.memory') && line.endsWith('cosmetic'))],
      ['synced', [true]],
    );
  });

  test(`${way}: #13 nulls, empty lists and maps, zero values`, async () => {
    const namespace = await newNamespace();
    const base = manifests(namespace)['deployment'] as KubeObject;
    const spec = objectAt(base, 'spec');
    const template = objectAt(spec, 'template');
    const pod = objectAt(template, 'spec');
    const [container] = pod['containers'] as readonly JsonObject[];
    const object: KubeObject = {
      ...base,
      metadata: { ...base.metadata, annotations: {}, creationTimestamp: null },
      spec: {
        ...spec,
        strategy: {},
        paused: false,
        minReadySeconds: 0,
        template: {
          metadata: { ...objectAt(template, 'metadata'), creationTimestamp: null },
          spec: {
            ...pod,
            hostNetwork: false,
            nodeSelector: {},
            tolerations: [],
            affinity: null,
            initContainers: [],
            containers: [{ ...container, command: [], stdin: false, workingDir: '', lifecycle: null, resources: {} }],
          },
        },
      },
      status: {},
    };
    await apply(object, args);
    assert.deepEqual(summary(await fixture.judge(object)), ['synced']);
  });

  test(`${way}: #11, #12 an exported object with status and server metadata`, async () => {
    const namespace = await newNamespace();
    const object = manifests(namespace)['service'] as KubeObject;
    await apply(object, args);
    const exported = await fixture.live(object);
    assert.ok(exported !== undefined);
    assert.deepEqual(summary(await fixture.judge(exported)), ['synced']);
  });

  test(`${way}: #16 a field that the server does not know`, async () => {
    const namespace = await newNamespace();
    const object = manifests(namespace)['service'] as KubeObject;
    await apply(object, args);
    const verdict = await fixture.judge({ ...object, spec: { ...objectAt(object, 'spec'), colour: 'red' } });
    assert.deepEqual(
      [verdict.state, verdict.reason?.code],
      way === 'server-side' ? ['cannot compare', 'target-rejected'] : ['synced', undefined],
    );
  });
}

test('#4 the order of variables counts, since they expand each other', async () => {
  const namespace = await newNamespace();
  const object = manifests(namespace)['deployment'] as KubeObject;
  await apply(object, CLIENT_SIDE);
  const patch = [{ op: 'move', from: '/spec/template/spec/containers/0/env/2', path: '/spec/template/spec/containers/0/env/0' }];
  await fixture.plane.kubectl(['-n', namespace, 'patch', 'deployment', 'web', '--type=json', '-p', JSON.stringify(patch)]);
  const verdict = await fixture.judge(object);
  assert.deepEqual([verdict.state, verdict.fields.map((field) => field.id)], ['drifted', ['spec.template.spec.containers[name=web].env']]);
});

test('#7 duplicate variables: in sync as client-side apply left them, refused by server-side apply', async () => {
  const namespace = await newNamespace();
  const object = manifests(namespace)['deployment'] as KubeObject;
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  const copy = structuredClone(object) as unknown as { spec: { template: { spec: { containers: { env: JsonValue }[] } } } };
  for (const container of copy.spec.template.spec.containers) container.env = env;
  const desired = copy as unknown as KubeObject;
  await apply(desired, CLIENT_SIDE);
  const asUpdate = summary(await fixture.judge(desired));
  const other = await newNamespace();
  await apply(manifests(other)['deployment'] as KubeObject);
  const moved = { ...desired, metadata: { ...desired.metadata, namespace: other } };
  const asApply = await fixture.judge(moved);
  assert.deepEqual([asUpdate, asApply.state], [['synced'], 'cannot compare']);
});

test('#10 a certificate authority that a controller injects', async () => {
  const hook = (caBundle?: string): KubeObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: `hook-${caBundle === undefined ? 'without' : 'with'}` },
    webhooks: [
      {
        name: 'a.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: 'https://127.0.0.1:1/', ...(caBundle === undefined ? {} : { caBundle }) },
        rules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
      },
    ],
  });
  const ca = (await readFile(fixture.plane.caPath)).toString('base64');
  const states: unknown[] = [];
  for (const object of [hook(), hook(Buffer.from('-----').toString('base64'))]) {
    // A place-holder is no certificate, so the server takes it by nobody: it is applied without.
    await apply(hook().metadata['name'] === object.metadata['name'] ? object : { ...hook(), metadata: object.metadata });
    const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${nameOf(object)}?fieldManager=cert-manager-cainjector`;
    const body = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: ca }];
    assert.equal((await fixture.admin.call('PATCH', path, body, 'application/json-patch+json')).status, 200);
    const verdict = await fixture.judge(object);
    states.push([summary(verdict), verdict.ignored.map((field) => field.by)]);
  }
  assert.deepEqual(states, [
    [['synced'], []],
    [['synced'], ['certificate injection (cert-manager-cainjector)']],
  ]);
});

test('#17, #18 managedFields of another version of the kind', async () => {
  const namespace = await newNamespace();
  const metadata = { name: 'web', namespace };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await apply({
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 70 },
  });
  const desired: KubeObject = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: target,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    },
  };
  assert.deepEqual(summary(await fixture.judge(desired)), ['synced']);
});

test('#19 rules of an aggregated ClusterRole', async () => {
  const object: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'aggregated' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'example.com/aggregate': 'true' } }] },
    rules: [],
  };
  await apply(object);
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/aggregated?fieldManager=kube-controller-manager';
  const body = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
  assert.equal((await fixture.admin.call('PATCH', path, body, 'application/merge-patch+json')).status, 200);
  assert.deepEqual(summary(await fixture.judge(object)), ['synced']);
});

test('#9 what a mutating webhook adds is no drift; one with side effects makes the verdict unverified', async (t) => {
  const folder = join(fixture.plane.dir, 'certs');
  const [cert, key] = await Promise.all([readFile(join(folder, 'apiserver.crt')), readFile(join(folder, 'apiserver.key'))]);
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject;
      const object = objectAt(review, 'request', 'object');
      const data = isJsonObject(object['data']) ? object['data'] : {};
      const patch = [
        { op: 'add', path: '/data/injected', value: 'yes' },
        ...(data['image'] === undefined
          ? []
          : [{ op: 'replace', path: '/data/image', value: `mirror/${(stringAt(data, 'image') ?? '').replace('mirror/', '')}` }]),
      ];
      const answer = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid: objectAt(review, 'request')['uid'],
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
        },
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const hook = (sideEffects: string): KubeObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'injector' },
    webhooks: [
      {
        name: 'injector.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects,
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: cert.toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        objectSelector: { matchLabels: { hooked: 'yes' } },
      },
    ],
  });
  await apply(hook('None'));
  t.after(() => fixture.plane.kubectl(['delete', 'mutatingwebhookconfiguration', 'injector']));
  const namespace = await newNamespace();
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'hooked', namespace, labels: { hooked: 'yes' } },
    data: { image: 'web:1', other: 'a' },
  };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await apply(object);
    if (objectAt(await fixture.live(object), 'data')['injected'] !== undefined) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const untouched = await fixture.judge(object);
  await fixture.plane.kubectl(['-n', namespace, 'patch', 'configmap', 'hooked', '-p', '{"data":{"other":"b"}}']);
  const edited = await fixture.judge(object);
  assert.deepEqual(
    [summary(untouched), untouched.proof, summary(edited)],
    [['synced'], 'dry-run', ['drifted', 'drifted changed data.other: "a" -> "b" by kubectl-patch']],
  );

  // v1 allows only None and NoneOnDryRun: a webhook with side effects can be there only from v1beta1, so the refusal itself is replayed.
  const { judge, context } = fixture.newJudge({
    get: (gvk, objectKey) => fixture.admin.get(gvk, objectKey),
    patch: () => Promise.reject(new AppError('dry-run-unsupported', { message: 'admission webhook "x" does not support dry run' })),
  });
  const verdict = await judge.judge(await fixture.input(object), context);
  assert.deepEqual([verdict.state, verdict.reason?.code], ['drifted (not confirmed)', 'dry-run-unsupported']);
});
