import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { type ExecRun, runExecPlugin } from '../../../src/engine/cluster/execPlugin.ts';
import type { ExecConfig } from '../../../src/engine/cluster/kubeconfig.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugin-'));
});

after(() => rm(folder, { recursive: true }));

const V1 = 'client.authentication.k8s.io/v1';

/** A run of a shell script. */
async function run(body: string, exec: Partial<ExecConfig> = {}, more: Partial<ExecRun> = {}): Promise<unknown> {
  const name = `plugin-${Math.random().toString(36).slice(2)}`;
  await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder, name), 0o755);
  const config: ExecConfig = {
    apiVersion: V1,
    command: `./${name}`,
    args: [],
    env: {},
    interactiveMode: 'IfAvailable',
    provideClusterInfo: false,
    installHint: undefined,
    ...exec,
  };
  const whole: ExecRun = {
    exec: config,
    folder,
    environment: process.env,
    clusterInfo: undefined,
    isInteractive: false,
    context: 'dev',
    ...more,
  };
  try {
    return await runExecPlugin(whole, AbortSignal.timeout(10_000));
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return [error.code, error.details['message']];
  }
}

function answer(status: object, apiVersion = V1): string {
  return `cat <<'END'\n${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}\nEND`;
}

test('a credential is read: token, certificate, expiry; v1beta1 too', async () => {
  const expirationTimestamp = '2030-01-01T00:00:00Z';
  assert.deepEqual(
    [
      await run(answer({ token: 't', expirationTimestamp })),
      await run(answer({ clientCertificateData: 'c', clientKeyData: 'k' })),
      await run(answer({ token: 't' }, 'client.authentication.k8s.io/v1beta1'), { apiVersion: 'client.authentication.k8s.io/v1beta1' }),
    ],
    [
      { token: 't', certificate: undefined, key: undefined, expiresAtMs: Date.parse(expirationTimestamp) },
      { token: undefined, certificate: 'c', key: 'k', expiresAtMs: undefined },
      { token: 't', certificate: undefined, key: undefined, expiresAtMs: undefined },
    ],
  );
});

test('what a plugin gets: its environment over the shell’s, no display in the background, what it is for', async () => {
  const out = join(folder, 'env');
  const body = `printf '%s|%s|%s|%s' "$A" "$B" "$DISPLAY" "$KUBERNETES_EXEC_INFO" > '${out}'\n${answer({ token: 't' })}`;
  const environment = { PATH: process.env['PATH'], A: 'shell', B: 'shell', DISPLAY: ':0' };
  const seen = async (isInteractive: boolean): Promise<string> => {
    await run(body, { env: { A: 'own' } }, { environment, isInteractive, clusterInfo: { server: 'https://s' } });
    return readFile(out, 'utf8');
  };
  const info = JSON.stringify({ apiVersion: V1, kind: 'ExecCredential', spec: { cluster: { server: 'https://s' }, interactive: false } });
  assert.deepEqual([await seen(false), await seen(true)], [`own|shell||${info}`, `own|shell|:0|${info}`]);
});

test('a plugin on the PATH of the given environment is found', async () => {
  await writeFile(join(folder, 'on-path'), `#!/bin/sh\n${answer({ token: 'found' })}\n`);
  await chmod(join(folder, 'on-path'), 0o755);
  const environment = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  assert.equal((await run('', { command: 'on-path' }, { environment })) !== undefined, true);
  assert.deepEqual(await run('', { command: 'not-on-path', installHint: 'get it' }), ['credential-plugin-missing', undefined]);
});

test('failures are told apart, and tokens in them masked', async () => {
  const token = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.abcdefghijklmnop';
  assert.deepEqual(
    {
      sso: await run('echo "Error loading SSO Token: Token for dev has expired" >&2; exit 255'),
      crash: await run(`echo "boom ${token}" >&2; exit 3`),
      silent: await run('exit 4'),
      noJson: await run('echo hello'),
      otherKind: await run('echo "{}"'),
      otherVersion: await run(answer({ token: 't' }, 'client.authentication.k8s.io/v1beta1')),
      empty: await run(answer({})),
      half: await run(answer({ clientCertificateData: 'c' })),
      oldVersion: await run('', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
      terminal: await run(answer({ token: 't' }), { interactiveMode: 'Always' }),
      noCommand: await run('', { command: '' }),
    },
    {
      sso: ['sign-in-needed', 'Error loading SSO Token: Token for dev has expired'],
      crash: ['credential-plugin-failed', 'boom ***'],
      silent: ['credential-plugin-failed', 'exit 4'],
      noJson: ['credential-plugin-invalid', 'its answer is not JSON'],
      otherKind: ['credential-plugin-invalid', 'its answer is no ExecCredential'],
      otherVersion: ['credential-plugin-invalid', `its answer is not of API version ${V1}`],
      empty: ['credential-plugin-invalid', 'its answer has neither token nor certificate'],
      half: ['credential-plugin-invalid', 'its answer has only one of certificate and key'],
      oldVersion: ['credential-plugin-invalid', "its API version 'client.authentication.k8s.io/v1alpha1' is not supported"],
      terminal: ['sign-in-needed', 'it asks for a terminal'],
      noCommand: ['credential-plugin-invalid', 'no command is given'],
    },
  );
});

test('plugins that open browsers by themselves are told not to in the background', async () => {
  const out = join(folder, 'args');
  await writeFile(join(folder, 'oidc-login'), `#!/bin/sh\necho "$@" > '${out}'\n${answer({ token: 't' })}\n`);
  await chmod(join(folder, 'oidc-login'), 0o755);
  const args = ['get-token', '--oidc-issuer-url=https://i'];
  await run('', { command: './oidc-login', args });
  const background = await readFile(out, 'utf8');
  await run('', { command: './oidc-login', args }, { isInteractive: true });
  assert.deepEqual(
    [background.trim(), (await readFile(out, 'utf8')).trim()],
    ['get-token --oidc-issuer-url=https://i --skip-open-browser', 'get-token --oidc-issuer-url=https://i'],
  );
});
