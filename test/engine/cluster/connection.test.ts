import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { tunnelProxy } from '../../unit/cluster/support.ts';
import { makeClientCertificate } from './clientCertificate.ts';
import { CONFIG_MAP, configMap, DEPLOYMENT, keyOfConfigMap, kubeconfigText, SECRET, testConnection, testPool, until } from './support.ts';

const client = makeClientCertificate('by-certificate', 'system:masters');
let folder: string;
let controlPlane: ControlPlane;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'));
  await writeFile(join(folder, 'client.crt'), client.certificate);
  await writeFile(join(folder, 'client.key'), client.key);
  const apiServerArgs = [`--client-ca-file=${join(folder, 'client.crt')}`];
  controlPlane = await startControlPlane({ users: { deployer: [] }, apiServerArgs });
  await controlPlane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    configMap('settings', { color: 'red' }),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'deployer', namespace: 'team' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'deployer', namespace: 'team' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'deployer' }],
    },
  ]);
});

after(async () => {
  await controlPlane.stop();
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(controlPlane.dir, name);
  await writeFile(path, text);
  return path;
}

/** The code and the named details of what a call fails with. */
async function failure(call: Promise<unknown>, ...names: readonly string[]): Promise<Record<string, unknown>> {
  try {
    await call;
    return { code: 'no failure' };
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    return { code: error.code, ...Object.fromEntries(names.map((name) => [name, error.details[name]])) };
  }
}

/** A credential plugin that counts its runs and prints a token. */
async function plugin(name: string, body: string): Promise<string> {
  const path = await file(name, `#!/bin/sh\necho run >> '${join(controlPlane.dir, `${name}.runs`)}'\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

async function runs(name: string): Promise<number> {
  const text = await readFile(join(controlPlane.dir, `${name}.runs`), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

function credential(token: string, expires = '2099-01-01T00:00:00Z'): string {
  return `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s","expirationTimestamp":"${expires}"}}' "${token}"`;
}

function execUser(command: string, more: object = {}): object {
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'IfAvailable', ...more } };
}

/** Whom the API server takes the connection's user for. */
async function whoAmI(connection: ClusterConnection): Promise<{ username: string; groups: string[] }> {
  const review = await connection.create({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} });
  return (review.object['status'] as unknown as { userInfo: { username: string; groups: string[] } }).userInfo;
}

async function connectAs(t: Parameters<typeof testConnection>[0], name: string, user: object, cluster = {}): Promise<ClusterConnection> {
  return testConnection(t, await file(name, await kubeconfigText(controlPlane, user, cluster)), controlPlane.name);
}

test('connects with a token and reads, writes and deletes raw objects', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  await connection.ready();
  const created = await connection.create(configMap('raw', { a: '1' }), { fieldManager: 'test' });
  const patched = await connection.patch(CONFIG_MAP, keyOfConfigMap('raw'), { data: { a: '2' } }, { type: 'merge', fieldManager: 'test' });
  const dry = await connection.patch(
    CONFIG_MAP,
    keyOfConfigMap('raw'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'raw', namespace: 'default' }, data: { a: '3' } },
    { type: 'apply', fieldManager: 'other', force: true, dryRun: true, fieldValidation: 'Strict' },
  );
  const tested = await connection.patch(
    CONFIG_MAP,
    keyOfConfigMap('raw'),
    [
      { op: 'test', path: '/data/a', value: '2' },
      { op: 'replace', path: '/data/a', value: '4' },
    ],
    { type: 'json' },
  );
  const uid = stringAt(created.object.metadata, 'uid') ?? '';
  const wrongUid = await failure(connection.delete(CONFIG_MAP, keyOfConfigMap('raw'), { uid: 'another' }));
  await connection.delete(CONFIG_MAP, keyOfConfigMap('raw'), { uid, propagation: 'Background' });
  const gone = await failure(connection.get(CONFIG_MAP, keyOfConfigMap('raw')), 'resource', 'name', 'namespace');
  assert.deepEqual(
    {
      version: connection.version,
      status: connection.state.status,
      data: [patched, dry, tested].map(({ object }) => object['data']),
      wrongUid,
      gone,
      counters: { dryRuns: connection.counters.dryRuns, writes: connection.counters.writes },
    },
    {
      version: 'v1.36.3',
      status: 'connected',
      data: [{ a: '2' }, { a: '3' }, { a: '4' }],
      wrongUid: { code: 'conflict' },
      gone: { code: 'not-found', resource: 'configmaps', name: 'raw', namespace: 'default' },
      counters: { dryRuns: 1, writes: 5 },
    },
  );
});

test('a reader is told which right is missing, an unknown user that nothing is allowed', async (t) => {
  const viewer = await testConnection(t, await controlPlane.kubeconfig('viewer'), controlPlane.name);
  const nobody = await testConnection(t, await controlPlane.kubeconfig('nobody'), controlPlane.name);
  const names = ['verb', 'group', 'resource', 'namespace'] as const;
  const deployments = { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'default' };
  assert.deepEqual(
    {
      read: (await viewer.get(CONFIG_MAP, keyOfConfigMap('settings')))['data'],
      write: await failure(viewer.patch(CONFIG_MAP, keyOfConfigMap('settings'), { data: {} }, { type: 'merge', dryRun: true }), ...names),
      secret: await failure(viewer.list(SECRET, { namespace: 'default' }), ...names),
      nobody: await failure(nobody.list(CONFIG_MAP, { namespace: 'default' }), ...names),
      may: await Promise.all([viewer, nobody].map((connection) => connection.canI({ ...deployments, verb: 'get' }))),
      mayPatch: await viewer.canI(deployments),
      states: [viewer.state.status, nobody.state.status],
    },
    {
      read: { color: 'red' },
      write: { code: 'forbidden', verb: 'patch', group: '', resource: 'configmaps', namespace: 'default' },
      secret: { code: 'forbidden', verb: 'list', group: '', resource: 'secrets', namespace: 'default' },
      nobody: { code: 'forbidden', verb: 'list', group: '', resource: 'configmaps', namespace: 'default' },
      may: [true, false],
      mayPatch: false,
      states: ['connected', 'connected'],
    },
  );
});

test('refusals are told apart: validation, immutable fields, missing namespaces, unknown kinds, quota, masked Secrets', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const selector = { matchLabels: { app: 'x' } };
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await controlPlane.apply([
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: 'default' }, spec: { selector, template } },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace: 'team' }, spec: { hard: { pods: '0' } } },
  ]);
  const deploymentKey = { group: 'apps', kind: 'Deployment', namespace: 'default', name: 'x' };
  const merge = { type: 'merge', dryRun: true } as const;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' }, spec: template.spec };
  // No controller runs here that would compute it.
  const status = { status: { hard: { pods: '0' }, used: { pods: '0' } } };
  const quotaPath = '/api/v1/namespaces/team/resourcequotas/none/status';
  await controlPlane.request(quotaPath, { method: 'PATCH', body: status, contentType: 'application/merge-patch+json' });
  await until('the quota counts', async () => (await failure(connection.create(pod, { dryRun: true })))['code'] !== 'no failure');
  const secretValue = 'dG9wLXNlY3JldA';
  let secretWords = '';
  await connection
    .create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': secretValue },
    })
    .catch((error: unknown) => {
      secretWords = JSON.stringify(error) + String(error);
    });
  assert.deepEqual(
    {
      negative: await failure(connection.patch(DEPLOYMENT, deploymentKey, { spec: { replicas: -1 } }, merge), 'fields', 'isImmutable'),
      immutable: await failure(
        connection.patch(DEPLOYMENT, deploymentKey, { spec: { selector: { matchLabels: { app: 'x', b: 'c' } } } }, merge),
        'isImmutable',
      ),
      namespace: await failure(connection.create(configMap('a', {}, 'nowhere')), 'namespace'),
      kind: await failure(connection.list({ group: 'shop.example', version: 'v1', kind: 'Order' }), 'group', 'version', 'kind'),
      quota: await failure(connection.create(pod, { dryRun: true }), 'quota', 'namespace'),
      conflict: await failure(
        connection.patch(
          DEPLOYMENT,
          deploymentKey,
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'x' },
            spec: { template: { spec: { containers: [{ name: 'c', image: 'j' }] } } },
          },
          { type: 'apply', fieldManager: 'other', dryRun: true },
        ),
        'managers',
      ),
      exists: await failure(connection.create(configMap('settings', {}))),
      secretIsRefused: secretWords.includes('bad-request'),
      secretIsQuoted: secretWords.includes(secretValue),
    },
    {
      negative: { code: 'invalid', fields: ['spec.replicas'], isImmutable: false },
      immutable: { code: 'invalid', isImmutable: true },
      namespace: { code: 'namespace-missing', namespace: 'nowhere' },
      kind: { code: 'unknown-kind', group: 'shop.example', version: 'v1', kind: 'Order' },
      quota: { code: 'quota-exceeded', quota: 'none', namespace: 'team' },
      conflict: { code: 'field-conflict', managers: ['kubectl'] },
      exists: { code: 'already-exists' },
      secretIsRefused: true,
      secretIsQuoted: false,
    },
  );
});

test('a pinned cluster is verified; another cluster behind the context gets nothing but the question who it is', async (t) => {
  const open = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  await open.ready();
  const right = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { expectedUid: String(open.uid) });
  const wrong = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { expectedUid: 'other-uid' });
  await right.ready();
  const refused = await failure(wrong.ready(), 'context', 'uid', 'expectedUid');
  const list = await failure(wrong.list(CONFIG_MAP));
  const [watch] = await wrong.watches.ensureWatched([{ gvk: CONFIG_MAP, namespace: 'default' }]);
  assert.deepEqual(
    { right: right.state.status, refused, list, watch: watch?.reason?.code, status: wrong.state.status, requests: wrong.counters.requests },
    {
      right: 'connected',
      refused: { code: 'wrong-cluster', context: controlPlane.name, uid: open.uid, expectedUid: 'other-uid' },
      list: { code: 'wrong-cluster' },
      watch: 'wrong-cluster',
      status: 'refused',
      requests: 2,
    },
  );
});

test('who may not read kube-system reads and dry-runs a pinned cluster, and does not write to it', async (t) => {
  const path = await controlPlane.kubeconfig('deployer', 'team');
  const pinned = await testConnection(t, path, controlPlane.name, { expectedUid: 'cannot-be-seen' });
  const free = await testConnection(t, path, controlPlane.name);
  const object = configMap('mine', { a: 'b' }, 'team');
  assert.deepEqual(
    {
      uid: (await pinned.ready(), pinned.uid),
      read: (await pinned.list(CONFIG_MAP, { namespace: 'team' })).length,
      dryRun: await failure(pinned.create(object, { dryRun: true })),
      write: await failure(pinned.create(object)),
      unpinned: await failure(free.create(object)),
    },
    { uid: undefined, read: 0, dryRun: { code: 'no failure' }, write: { code: 'cluster-not-verified' }, unpinned: { code: 'no failure' } },
  );
});

test('a credential plugin runs once for many calls, with its environment and the cluster it is for', async (t) => {
  const seen = join(controlPlane.dir, 'seen.json');
  const command = await plugin('plugin-ok', `printf '%s' "$KUBERNETES_EXEC_INFO" > '${seen}'\n${credential('$TOKEN')}`);
  const connection = await connectAs(
    t,
    'exec.kubeconfig',
    execUser(command, { env: [{ name: 'TOKEN', value: controlPlane.token('admin') }], provideClusterInfo: true }),
  );
  await Promise.all([1, 2, 3].map(() => connection.list(CONFIG_MAP, { namespace: 'default' })));
  const info = JSON.parse(await readFile(seen, 'utf8')) as { spec: { interactive: boolean; cluster: { server: string } } };
  assert.deepEqual(
    { runs: await runs('plugin-ok'), interactive: info.spec.interactive, server: info.spec.cluster.server },
    { runs: 1, interactive: false, server: controlPlane.serverUrl },
  );
});

test('an expired token is renewed once by its plugin and once by its file; a fixed one asks to sign in', async (t) => {
  const tokenPath = await file('plugin.token', 'expired-token');
  const command = await plugin(
    'plugin-renews',
    `token=$(cat '${tokenPath}'); printf '%s' '${controlPlane.token('admin')}' > '${tokenPath}'\n${credential('$token')}`,
  );
  const byPlugin = await connectAs(t, 'renew.kubeconfig', execUser(command));
  await byPlugin.ready();
  const tokenFile = await file('user.token', `${controlPlane.token('admin')}\n`);
  const byFile = await connectAs(t, 'tokenfile.kubeconfig', { tokenFile, token: 'not used' });
  await byFile.ready();
  const fixed = await connectAs(t, 'expired.kubeconfig', { token: 'expired-token' });
  const refusal = await failure(fixed.ready(), 'context', 'server');
  assert.deepEqual(
    { runs: await runs('plugin-renews'), states: [byPlugin, byFile, fixed].map(({ state }) => state.status), refusal },
    {
      runs: 2,
      states: ['connected', 'connected', 'sign-in'],
      refusal: { code: 'unauthorized', context: controlPlane.name, server: controlPlane.serverUrl },
    },
  );
});

test('a login that needs a person never starts in the background, but on Sign In', async (t) => {
  const command = await plugin('plugin-asks', credential(controlPlane.token('admin')));
  const connection = await connectAs(t, 'asks.kubeconfig', execUser(command, { interactiveMode: 'Always' }));
  const background = await failure(connection.ready(), 'context', 'command');
  const runsBefore = await runs('plugin-asks');
  const status = connection.state.status;
  await connection.signIn();
  assert.deepEqual(
    { background, runsBefore, status, runsAfter: await runs('plugin-asks'), now: connection.state.status },
    {
      background: { code: 'sign-in-needed', context: controlPlane.name, command },
      runsBefore: 0,
      status: 'sign-in',
      runsAfter: 1,
      now: 'connected',
    },
  );
});

test('client certificates from data, files and plugins', async (t) => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const byData = await connectAs(t, 'cert-data.kubeconfig', {
    'client-certificate-data': base64(client.certificate),
    'client-key-data': base64(client.key),
  });
  const byFile = await connectAs(t, 'cert-file.kubeconfig', {
    'client-certificate': join(folder, 'client.crt'),
    'client-key': join(folder, 'client.key'),
  });
  const status = { clientCertificateData: client.certificate, clientKeyData: client.key };
  const credentialText = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });
  const answer = await file('certificate.json', credentialText);
  const byPlugin = await connectAs(t, 'cert-exec.kubeconfig', execUser(await plugin('plugin-certificate', `cat '${answer}'`)));
  const gone = await connectAs(t, 'cert-gone.kubeconfig', { 'client-certificate': 'none.crt', 'client-key': 'none.key' });
  const broken = await connectAs(t, 'cert-broken.kubeconfig', {
    'client-certificate-data': base64('no certificate'),
    'client-key-data': base64(client.key),
  });
  const names = await Promise.all([byData, byFile, byPlugin].map(async (connection) => (await whoAmI(connection)).username));
  assert.deepEqual(
    { names, gone: await failure(gone.ready(), 'file'), broken: (await failure(broken.ready()))['code'] },
    {
      names: ['by-certificate', 'by-certificate', 'by-certificate'],
      gone: { code: 'credential-file-unreadable', file: join(controlPlane.dir, 'none.crt') },
      broken: 'tls-failed',
    },
  );
});

test('impersonation, a proxy that is there and one that is not, and certificates that are not trusted', async (t) => {
  const token = controlPlane.token('admin');
  const other = await connectAs(t, 'as.kubeconfig', { token, as: 'someone', 'as-groups': ['one', 'two'] });
  const proxied = await connectAs(t, 'proxy.kubeconfig', { token }, { 'proxy-url': 'http://127.0.0.1:9' });
  const { proxyUrl, seen } = await tunnelProxy(t);
  const tunnelled = await connectAs(t, 'tunnel.kubeconfig', { token }, { 'proxy-url': proxyUrl });
  for (let call = 0; call < 3; call += 1) await tunnelled.list(CONFIG_MAP, { namespace: 'default' });
  const noCa = { 'certificate-authority-data': undefined };
  const untrustedCa = await connectAs(t, 'ca.kubeconfig', { token }, noCa);
  const named = await connectAs(t, 'name.kubeconfig', { token }, { 'tls-server-name': 'elsewhere.example' });
  const insecure = await connectAs(t, 'insecure.kubeconfig', { token }, { ...noCa, 'insecure-skip-tls-verify': true });
  await insecure.ready();
  assert.deepEqual(
    {
      user: await whoAmI(other),
      tunnels: [...new Set(seen)],
      areKept: seen.length <= 3,
      proxied: (await failure(proxied.ready()))['code'],
      untrustedCa: (await failure(untrustedCa.ready()))['code'],
      named: (await failure(named.ready()))['code'],
    },
    {
      user: { username: 'someone', groups: ['one', 'two', 'system:authenticated'] },
      tunnels: [controlPlane.serverUrl.slice('https://'.length)],
      areKept: true,
      proxied: 'unreachable',
      untrustedCa: 'tls-failed',
      named: 'tls-failed',
    },
  );
});

test('an untrusted workspace starts no plugin and opens no connection', async (t) => {
  const command = await plugin('plugin-untrusted', credential('x'));
  let isTrusted = false;
  const path = await file('untrusted.kubeconfig', await kubeconfigText(controlPlane, execUser(command)));
  const pool = testPool(t, path, { host: { isTrusted: () => isTrusted, environment: () => process.env } });
  const contexts = await pool.contexts();
  const { connection } = await pool.acquire(controlPlane.name);
  const refused = [await failure(connection.ready()), await failure(connection.list(CONFIG_MAP)), await failure(connection.signIn())];
  const requests = connection.counters.requests;
  const runsWhileUntrusted = await runs('plugin-untrusted');
  isTrusted = true;
  await failure(connection.ready());
  assert.deepEqual(
    { contexts: contexts.length, refused, requests, runsWhileUntrusted, later: (await runs('plugin-untrusted')) > 0 },
    {
      contexts: 1,
      refused: [{ code: 'workspace-untrusted' }, { code: 'workspace-untrusted' }, { code: 'workspace-untrusted' }],
      requests: 0,
      runsWhileUntrusted: 0,
      later: true,
    },
  );
});

test('schemas come from the disk the second time', async (t) => {
  const cacheFolder = join(controlPlane.dir, 'schemas');
  t.after(() => rm(cacheFolder, { recursive: true, force: true }));
  const first = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { cacheFolder });
  const second = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name, { cacheFolder });
  await Promise.all([first.ready(), second.ready()]);
  const schema = await first.schemas.schemaOf(DEPLOYMENT);
  const before = second.counters.bytesReceived;
  const again = await second.schemas.schemaOf(DEPLOYMENT);
  assert.deepEqual(again, schema);
  assert.ok(second.counters.bytesReceived - before < 50_000, 'only the index is read');
});

test('events of an object come oldest first; logs of a Pod that never ran are empty, of none not found', async (t) => {
  const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
  const event = (name: string, uid: string, lastTimestamp: string): object => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'x', uid },
    reason: name,
    lastTimestamp,
  });
  const spec = { containers: [{ name: 'main', image: 'i' }] };
  await controlPlane.apply([
    event('second', 'u-1', '2026-01-02T00:00:00Z'),
    event('first', 'u-1', '2026-01-01T00:00:00Z'),
    event('other', 'u-2', '2026-01-01T00:00:00Z'),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits', namespace: 'default' }, spec },
  ]);
  const events = await connection.events({ namespace: 'default', uid: 'u-1' });
  const pod = { namespace: 'default', name: 'waits', container: 'main' };
  assert.deepEqual(
    [
      events.map((one) => one['reason']),
      await connection.podLogs(pod, { tailLines: 10 }),
      await failure(connection.podLogs({ ...pod, name: 'none' }, { previous: true }), 'name'),
    ],
    [['first', 'second'], '', { code: 'not-found', name: 'none' }],
  );
});
