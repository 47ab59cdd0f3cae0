import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { tunnelProxy } from '../../unit/cluster/support.ts';
import { makeClientCertificate } from './clientCertificate.ts';
import { CONFIG_MAP, failure, kubeconfigText, testConnection, testPool } from './support.ts';

const client = makeClientCertificate('by-certificate', 'system:masters');
let folder: string;
let controlPlane: ControlPlane;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  await writeFile(join(folder, 'client.crt'), client.certificate);
  await writeFile(join(folder, 'client.key'), client.key);
  controlPlane = await startControlPlane({ apiServerArgs: [`--client-ca-file=${join(folder, 'client.crt')}`] });
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
