import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlPlane } from '../../tools/controlPlane.ts';

const ADMISSION = 'admissionregistration.k8s.io/v1';
const updatesOfConfigMaps = { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] };

/**
 * Lets everything of a cluster that may refuse an edit do so in one namespace, until the test ends: a webhook refuses `weather: bad` and a
 * policy `day: sunday` in the data of ConfigMaps, a quota refuses Services of type NodePort. Returns when all are in force.
 * @param configMap one that is there, to try it on
 */
export async function refuseEdits(t: TestContext, plane: ControlPlane, namespace: string, configMap: string): Promise<void> {
  const hard = { 'services.nodeports': '0' };
  await plane.apply([
    await weatherWebhook(t, plane, namespace),
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace }, spec: { hard } },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'days' },
      spec: {
        matchConstraints: { resourceRules: [updatesOfConfigMaps] },
        validations: [{ expression: "object.data.day != 'sunday'", message: 'no work on that day' }],
      },
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'days' },
      spec: { policyName: 'days', validationActions: ['Deny'] },
    },
  ]);
  const patch = ['patch', '-n', namespace, '--type=merge'];
  const status = JSON.stringify({ status: { hard, used: { 'services.nodeports': '0' } } });
  await plane.kubectl([...patch, 'resourcequota', 'none', '--subresource=status', '-p', status]);
  // The API server learns of new configurations by watching them.
  for (const data of ['{"weather":"bad"}', '{"day":"sunday"}']) {
    const refused = (): Promise<boolean> =>
      plane.kubectl([...patch, 'configmap', configMap, '-p', `{"data":${data}}`, '--dry-run=server']).then(
        () => false,
        () => true,
      );
    while (!(await refused())) continue;
  }
}

/** The configuration of a webhook that answers until the test ends. */
async function weatherWebhook(t: TestContext, plane: ControlPlane, namespace: string): Promise<object> {
  const [cert, key] = await Promise.all([readFile(plane.caPath), readFile(join(plane.dir, 'certs', 'apiserver.key'))]);
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string; object: { data?: { weather?: string } } } };
      const { uid, object } = review.request;
      const allowed = object.data?.weather !== 'bad';
      const answer = { uid, allowed, ...(allowed ? {} : { status: { message: 'stay at home in such weather', code: 403 } }) };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const webhook = {
    name: 'weather.example.com',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: `https://127.0.0.1:${String(port)}/`, caBundle: cert.toString('base64') },
    rules: [updatesOfConfigMaps],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  };
  return { apiVersion: ADMISSION, kind: 'ValidatingWebhookConfiguration', metadata: { name: 'weather' }, webhooks: [webhook] };
}
