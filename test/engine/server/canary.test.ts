import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { ObjectRow } from '../../../src/engine/model/snapshot.ts';
import { keyString } from '../../../src/engine/model/objects.ts';
import type { Side } from '../../../src/engine/model/sides.ts';
import { type SyncPlan, tickId } from '../../../src/engine/model/sync.ts';
import { helm } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { CliFolder } from '../cli/support.ts';
import { atEnd, git, settingsFor, testFolder, testRepo } from '../engine/support.ts';
import { Canaries } from './canaries.ts';
import { EngineProcess } from './engineProcess.ts';

// Values that are secret are planted wherever Plumbline reads; then everything that it says, prints and writes is searched for them.
const NAMESPACE = 'canary';
const SIDES: readonly Side[] = ['working tree', 'HEAD', 'target', 'synced', 'live'];
const TOLD: readonly string[] = ['hover', 'codeAction'];

let plane: ControlPlane;
const canaries = new Canaries();

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const secret = (name: string, body: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...body }, undefined, 2);
const kubectl = (args: readonly string[], input?: string): Promise<string> => plane.kubectl(['-n', NAMESPACE, ...args], input);

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

/** A repo whose applications hold secrets in every way, applied, then changed live. */
async function planted(t: TestContext): Promise<string> {
  const uid = (await plane.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'])).trim();
  const gitValue = canaries.plant('stringData in Git');
  const gitData = canaries.plant('data in Git');
  const generated = canaries.plant('a generated Secret in Git');
  const charted = canaries.plant('values of a chart in Git');
  const guarded = canaries.plant('a refused Secret in Git');
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev, clusterUid: ${uid}, branch: main}
applications:
  - {name: plain, environment: prod, path: plain, namespace: ${NAMESPACE}, policy: {prune: true}}
  - {name: kust, environment: prod, path: kust, namespace: ${NAMESPACE}}
  - {name: chart, environment: prod, path: chart, namespace: ${NAMESPACE}}
`,
    'plain/changed.yaml': secret('changed', { stringData: { password: gitValue, other: 'x' } }),
    'plain/added.yaml': secret('added', { data: { password: Buffer.from(gitData).toString('base64') } }),
    'plain/applied.yaml': secret('applied', { stringData: { password: gitValue } }),
    'plain/guarded.yaml': secret('guarded', { stringData: { password: guarded } }),
    'plain/missing.yaml': secret('missing', { stringData: { password: gitValue } }),
    'plain/fixed.yaml': secret('fixed', { immutable: true, stringData: { password: gitValue } }),
    'plain/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n',
    'kust/kustomization.yaml': `secretGenerator:\n  - {name: generated, literals: [password=${generated}]}\ngeneratorOptions: {disableNameSuffixHash: true}\n`,
    'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
    'chart/values.yaml': `password: ${charted}\n`,
    'chart/templates/secret.yaml':
      'apiVersion: v1\nkind: Secret\nmetadata: {name: charted}\nstringData: {password: "{{ .Values.password }}"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: charted}\ndata: {sum: "{{ .Values.password | sha256sum | trunc 5 }}", a: b}\n',
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
  await helm(['install', 'chart', join(repo, 'chart'), '-n', NAMESPACE, '--set', `password=${released}`, '--server-side=false'], {
    kubeconfig: plane.kubeconfigPath,
  });
  await kubectl(['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"level":"debug"}}']);
  await kubectl(['patch', 'configmap', 'charted', '--type=merge', '-p', '{"data":{"a":"c"}}']);
  await plane.apply(POLICY);
  canaries.add('the token of the login', plane.token('admin'));
  return repo;
}

/** Asks the engine for everything that an editor can ask for. */
async function askEverything(engine: EngineProcess, repo: string): Promise<void> {
  const ids = (await engine.request('plumbline/snapshot', {})).applications.map(({ id }) => id);
  const files = (await git(repo, 'ls-files'))
    .trim()
    .split('\n')
    .map((path) => join(repo, path));
  for (const file of files) await openFile(engine, file);
  for (const id of ids) {
    const { objects } = await engine.request('plumbline/objects', { applicationId: id });
    for (const row of objects) await askObject(engine, row);
    await plans(engine, id);
    await engine.request('plumbline/syncHistory', { applicationId: id });
    await engine.request('plumbline/manageText', { applicationId: id, environment: 'other' }).catch(() => undefined);
  }
  for (const name of ['unmanaged', 'changed', 'sh.helm.release.v1.chart.v1', 'applied', 'nothing']) {
    const key = `/Secret/${NAMESPACE}/${name}`;
    await engine.request('plumbline/liveYaml', { context: plane.name, apiVersion: 'v1', key }).catch(() => undefined);
    await engine.request('plumbline/events', { context: plane.name, key }).catch(() => undefined);
  }
  await engine.request('plumbline/effects', {});
  await engine.request('plumbline/planCommit', { applicationIds: ids }).catch(() => undefined);
}

async function openFile(engine: EngineProcess, file: string): Promise<void> {
  const [uri, text] = [pathToFileURL(file).href, await readFile(file, 'utf8')];
  await engine.connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  const textDocument = { uri };
  await engine.request('plumbline/marks', { file });
  await engine.connection.sendRequest('textDocument/codeLens', { textDocument });
  for (const [line, { length }] of text.split('\n').entries()) {
    for (const what of TOLD) {
      const range = { start: { line, character: 0 }, end: { line, character: length } };
      const place = what === 'hover' ? { position: { line, character: Math.min(4, length) } } : { range, context: { diagnostics: [] } };
      await engine.connection.sendRequest(`textDocument/${what}`, { textDocument, ...place });
    }
  }
}

async function askObject(engine: EngineProcess, row: ObjectRow): Promise<void> {
  const { applicationId, key } = row;
  for (const side of [...SIDES, 'revision:HEAD' as const]) {
    for (const allFields of [false, true])
      await engine.request('plumbline/sideDocument', { applicationId, key, side, allFields }).catch(() => undefined);
  }
  await engine.request('plumbline/children', { applicationId, key });
  const targets = [{ applicationId, key }, ...row.fields.map(({ id: fieldId }) => ({ applicationId, key, fieldId }))];
  for (const target of targets) {
    for (const action of ['adopt', 'remove'] as const)
      await engine.request('plumbline/planWriteback', { targets: [target], action }).catch(() => undefined);
  }
}

async function plans(engine: EngineProcess, applicationId: string): Promise<void> {
  const { plans: reverts } = await engine.request('plumbline/planRevert', { targets: [{ applicationId }] });
  if (reverts.length > 0) await engine.request('plumbline/execute', { planIds: reverts.map(({ id }) => id) });
  for (const kind of ['take-over', 'sync'] as const) {
    const { plans: found } = await engine.request('plumbline/planSync', { targets: [{ applicationId }], request: { kind } });
    for (const plan of found)
      await engine.request('plumbline/executeSync', { planId: plan.id, options: { ticks: ticksOf(plan), wait: false, timeoutSeconds: 5 } });
  }
}

const ticksOf = (plan: SyncPlan): string[] =>
  plan.steps.flatMap(({ tick, applicationId, key }) => (tick === undefined ? [] : [tickId(applicationId, keyString(key))]));

/** Runs each command of the terminal; what is found in what it prints and leaves behind. */
async function runCli(t: TestContext, repo: string): Promise<readonly string[]> {
  const folder = await CliFolder.create(plane.kubeconfigPath);
  atEnd(t, () => folder.remove());
  const commands = [
    'apps',
    'render --app plain',
    'render --app kust',
    'diff',
    'diff --output json',
    'plan',
    'plan --take-over',
    'revert',
    'sync --output json',
  ];
  const found: string[] = [];
  for (const command of commands) {
    const { out, err } = await folder.run(command.split(' '), undefined, repo);
    found.push(...canaries.find(`plumbline ${command}`, `${out}\n${err}`));
  }
  return [...found, ...(await canaries.findInFolder(folder.dir))];
}

test('what is secret is in no message, print, file or record, in no form', { timeout: 300_000 }, async (t) => {
  const repo = await planted(t);
  const cli = await runCli(t, repo);
  const storagePath = join(await testFolder(t), 'storage');
  const said: string[] = [];
  const engine = await EngineProcess.start(t, {
    folder: repo,
    storagePath,
    settings: settingsFor(plane.kubeconfigPath),
    onOutput: (text) => said.push(text),
  });
  await engine.notify('plumbline/interest', { applicationIds: [], isViewVisible: true });
  await engine.until('everything is compared', async () => {
    const { applications } = await engine.request('plumbline/snapshot', {});
    return applications.length === 3 && applications.every(({ isComparing, state }) => !isComparing && state !== 'pending');
  });
  const before = JSON.stringify((await engine.request('plumbline/objects', { applicationId: 'prod/plain' })).objects);
  await askEverything(engine, repo);
  await engine.connection.sendRequest('shutdown');
  const records = await kubectl(['get', 'configmaps,events,applications.app.k8s.io', '-o', 'yaml', '--ignore-not-found']).catch(() => '');
  const found = [
    ...canaries.find('a message of the engine', said.join('\n')),
    ...(await canaries.findInFolder(storagePath)),
    ...cli,
    ...canaries.find('a record in the cluster', records),
  ];
  t.diagnostic(`searched ${said.length} messages of ${Math.round(said.join('').length / 1024)} kB`);
  // That the run met the secrets at all: drifted, refused and missing ones.
  assert.deepEqual(
    [/"state":"drifted"|"state":"differs"/.test(before), before.includes('denied-by-admission'), before.includes('"missing"'), found],
    [true, true, true, []],
  );
});
