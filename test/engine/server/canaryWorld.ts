import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { helm } from '../../tools/binaries.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { git, testRepo } from '../engine/support.ts';
import type { Canaries } from './canaries.ts';

/** Everything lives here. */
export const NAMESPACE = 'canary';

/** A manifest of a Secret. */
export const secret = (name: string, body: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...body }, undefined, 2);

/** A policy that quotes the live value of what it refuses, as careless webhooks do. */
const POLICY = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'quotes' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['secrets'] }] },
      matchConditions: [{ name: 'guarded', expression: "object.metadata.name == 'guarded'" }],
      validations: [{ expression: 'false', messageExpression: "'the value ' + string(oldObject.data['password']) + ' must stay'" }],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'quotes' },
    spec: { policyName: 'quotes', validationActions: ['Deny'] },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'warns' },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['secrets'] }] },
      validations: [{ expression: 'false', messageExpression: "'weak: ' + string(oldObject.data['password'])" }],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'warns' },
    spec: { policyName: 'warns', validationActions: ['Warn'] },
  },
];

/** A repo with an upstream, whose applications hold secrets in every way, applied, then changed live. */
export async function plantSecrets(t: TestContext, plane: ControlPlane, canaries: Canaries): Promise<string> {
  const kubectl = (args: readonly string[], input?: string): Promise<string> => plane.kubectl(['-n', NAMESPACE, ...args], input);
  const uid = await plane.uid();
  const gitValue = canaries.plant('stringData in Git');
  const gitData = canaries.plant('data in Git');
  const generated = canaries.plant('a generated Secret in Git');
  const charted = canaries.plant('values of a chart in Git');
  const encrypted = canaries.plant('data that SOPS encrypted, in Git');
  const envFile = canaries.plant('an env file in Git');
  const guarded = canaries.plant('a refused Secret in Git');
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev, clusterUid: ${uid}, branch: main}
applications:
  - {name: plain, environment: prod, path: plain, namespace: ${NAMESPACE}, policy: {prune: true}}
  - {name: kust, environment: prod, path: kust, namespace: ${NAMESPACE}}
  - {name: chart, environment: prod, path: chart, namespace: ${NAMESPACE}, helm: {valueFiles: [values-prod.yaml]}}
  - {name: sops, environment: prod, path: sops, namespace: ${NAMESPACE}}
`,
    'plain/changed.yaml': secret('changed', { stringData: { password: gitValue, other: 'x' } }),
    'plain/added.yaml': secret('added', { data: { password: Buffer.from(gitData).toString('base64') } }),
    'plain/applied.yaml': secret('applied', { stringData: { password: gitValue } }),
    'plain/guarded.yaml': secret('guarded', { stringData: { password: guarded } }),
    'plain/missing.yaml': secret('missing', { stringData: { password: gitValue } }),
    'plain/fixed.yaml': secret('fixed', { immutable: true, stringData: { password: gitValue } }),
    'plain/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n',
    'kust/kustomization.yaml': `secretGenerator:\n  - {name: generated, literals: [password=${generated}]}\n  - {name: from-file, envs: [secret.env]}\ngeneratorOptions: {disableNameSuffixHash: true}\n`,
    'kust/secret.env': `password=${envFile}\n`,
    'sops/secret.yaml': secret('encrypted', {
      stringData: { password: `ENC[AES256_GCM,data:${encrypted},iv:aaaa,tag:bbbb,type:str]` },
      sops: { mac: `ENC[AES256_GCM,data:${encrypted},iv:aaaa,tag:bbbb,type:str]`, version: '3.9.0' },
    }),
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'chart/values.yaml': `password: ${charted}\n`,
    'chart/values-prod.yaml': `token: ${canaries.plant('values of an environment in Git')}\n`,
    'chart/templates/secret.yaml':
      'apiVersion: v1\nkind: Secret\nmetadata: {name: charted}\nstringData: {password: "{{ .Values.password }}", token: "{{ .Values.token }}"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: charted}\ndata: {sum: "{{ .Values.password | sha256sum | trunc 5 }}", a: b}\n',
  });
  await plane.kubectl(['create', 'namespace', NAMESPACE]);
  const live = (name: string): string => canaries.plant(`${name}, live only`);
  await kubectl(['apply', '--server-side', '-f', join(repo, 'plain', 'added.yaml'), '-f', join(repo, 'plain', 'cm.yaml')]);
  await kubectl([
    'patch',
    'secret',
    'added',
    '--field-manager=kubectl-edit',
    '-p',
    JSON.stringify({ stringData: { more: live('a key added by hand') } }),
  ]);
  await kubectl(
    ['apply', '--server-side', '-f', '-'],
    secret('changed', { stringData: { password: live('a changed value'), other: 'x' } }),
  );
  await kubectl(['apply', '-f', '-'], secret('applied', { stringData: { password: live('last-applied') } }));
  await kubectl(
    ['apply', '--server-side', '-f', '-'],
    secret('fixed', { immutable: true, stringData: { password: live('an immutable Secret') } }),
  );
  await kubectl(['create', '-f', '-'], secret('unmanaged', { stringData: { password: live('a Secret that nobody manages') } }));
  await kubectl(
    ['apply', '--server-side', '-f', '-'],
    secret('guarded', {
      metadata: { name: 'guarded', labels: { a: 'b' } },
      stringData: { password: live('a Secret that a policy quotes') },
    }),
  );
  await kubectl(['apply', '-k', join(repo, 'kust')]);
  const released = live('values of a Helm release');
  await helm(
    ['install', 'chart', join(repo, 'chart'), '-n', NAMESPACE, '--set', `password=${released},token=${released}`, '--server-side=false'],
    {
      kubeconfig: plane.kubeconfigPath,
    },
  );
  await kubectl(['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"debug"}}']);
  await kubectl(['patch', 'configmap', 'charted', '--type=merge', '-p', '{"data":{"a":"c"}}']);
  // Not of Git, and changed by hand as well: what is taken into files as a whole.
  await kubectl(['create', 'configmap', 'by-hand', '--from-literal=a=b']);
  await plane.apply(POLICY);
  await git(repo, 'clone', '-q', '--bare', repo, `${repo}.git`);
  await git(repo, 'remote', 'add', 'origin', `${repo}.git`);
  await git(repo, 'push', '-q', '-u', 'origin', 'main');
  canaries.add('the token of the login', plane.token('admin'));
  return repo;
}
