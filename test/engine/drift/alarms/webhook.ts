import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../../src/engine/model/objects.ts';
import type { World } from './world.ts';

/** What admission does to the `data` of marked ConfigMaps, by a webhook or by a policy: `injected` comes in, `image` gets a mirror. */
export const INJECTED = { injected: 'yes' } as const;

const REVIEW_RULES: JsonValue = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }];

/** A ConfigMap that the case's webhook or policy changes. */
export function hooked(world: World, data: JsonObject): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'hooked', namespace: world.namespace, labels: { hooked: world.namespace } },
    data,
  };
}

/** Installs a mutating webhook, answered by an HTTPS server of this process until the case ends, and waits until the API server calls it. */
export async function installWebhook(world: World): Promise<void> {
  const folder = world.path('certs');
  const [cert, key] = await Promise.all([readFile(`${folder}/apiserver.crt`), readFile(`${folder}/apiserver.key`)]);
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answerTo(JSON.parse(Buffer.concat(chunks).toString()) as JsonObject)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  await configureWebhook(world, { url: `https://127.0.0.1:${port}/`, caBundle: cert.toString('base64') });
  await untilMutated(world);
}

/** Registers a webhook for the case's ConfigMaps; it goes with the case. */
export async function configureWebhook(world: World, clientConfig: JsonObject): Promise<void> {
  const name = `injector-${world.namespace}`;
  const configuration: KubeObject = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'injector.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig,
        rules: REVIEW_RULES,
        objectSelector: { matchLabels: { hooked: world.namespace } },
      },
    ],
  };
  await world.apply(configuration, 'server-side');
  world.cleanups.push(() => world.kubectl('delete', 'mutatingwebhookconfiguration', name));
}

function answerTo(review: JsonObject): JsonObject {
  const data = objectAt(review, 'request', 'object', 'data');
  const image = stringAt(data, 'image');
  const patch = [
    { op: 'add', path: '/data/injected', value: INJECTED.injected },
    ...(image === undefined ? [] : [{ op: 'replace', path: '/data/image', value: `mirror/${image.replace('mirror/', '')}` }]),
  ];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: objectAt(review, 'request')['uid'],
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    },
  };
}

/** Installs a MutatingAdmissionPolicy that does the same inside the API server. */
export async function installPolicy(world: World): Promise<void> {
  const name = `injector-${world.namespace}`;
  const group = 'admissionregistration.k8s.io/v1';
  const policy: KubeObject = {
    apiVersion: group,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: REVIEW_RULES, objectSelector: { matchLabels: { hooked: world.namespace } } },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        { patchType: 'ApplyConfiguration', applyConfiguration: { expression: `Object{data: {'injected': '${INJECTED.injected}'}}` } },
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: `has(object.data.image) ? [JSONPatch{op: 'replace', path: '/data/image', value: 'mirror/' + object.data.image.replace('mirror/', '')}] : []`,
          },
        },
      ],
    },
  };
  await world.apply(policy, 'server-side');
  const binding: KubeObject = { apiVersion: group, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name } };
  await world.apply(binding, 'server-side');
  world.cleanups.push(() => world.kubectl('delete', 'mutatingadmissionpolicybinding,mutatingadmissionpolicy', name));
  await untilMutated(world);
}

/** The API server learns of new configurations by watching: asks by dry-runs until it does. */
async function untilMutated(world: World): Promise<void> {
  const path = `/api/v1/namespaces/${world.namespace}/configmaps?dryRun=All`;
  const object = hooked(world, { a: 'b' });
  const probe = { ...object, metadata: { ...object.metadata, name: 'probe' } };
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const { body } = await world.fixture.admin.call('POST', path, probe);
    if (isJsonObject(body) && objectAt(body, 'data')['injected'] !== undefined) return;
    await delay(50);
  }
  throw new Error('admission never changed the probe');
}
