import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { kubeconfigFiles, listContexts, loadKubeconfig, parseKubeconfig, resolveContext } from '../../../src/engine/cluster/kubeconfig.ts';
import { describe as inWords } from '../../../src/engine/model/describe.ts';

const CONFIG = `apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: one
  cluster: {server: "https://one.example:6443/", certificate-authority: ca.crt}
- name: bad
  cluster: {server: not-a-url}
users:
- name: me
  user: {tokenFile: secrets/token, client-certificate: /abs/cert.pem}
contexts:
- name: dev
  context: {cluster: one, user: me, namespace: shop}
- name: lost
  context: {cluster: nowhere, user: me}
- name: stranger
  context: {cluster: one, user: who}
- name: broken
  context: {cluster: bad, user: me}
`;

function thrown(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? ({ code: error.code, ...error.details } satisfies Record<string, unknown>) : error;
  }
}

test('the files are those that kubectl reads', () => {
  const cases: [Record<string, string>, string | undefined][] = [
    [{ KUBECONFIG: '/a::/b:/a', HOME: '/h' }, undefined],
    [{ HOME: '/h' }, undefined],
    [{ KUBECONFIG: '/a', HOME: '/h' }, '~/mine'],
  ];
  assert.deepEqual(
    cases.map(([environment, explicit]) => kubeconfigFiles(environment, explicit)),
    [
      { files: ['/a', '/b'], isExplicit: false },
      { files: ['/h/.kube/config'], isExplicit: false },
      { files: ['/h/mine'], isExplicit: true },
    ],
  );
});

test('a context is resolved with its paths and its place', () => {
  const config = parseKubeconfig(CONFIG, '/k/config');
  const { user, cluster, server, namespace, userFolder } = resolveContext(config, 'dev');
  assert.deepEqual(
    { user, cluster, server, namespace, userFolder, listed: listContexts(config)[0] },
    {
      user: { tokenFile: '/k/secrets/token', 'client-certificate': '/abs/cert.pem' },
      cluster: { server: 'https://one.example:6443/', 'certificate-authority': '/k/ca.crt' },
      server: 'https://one.example:6443',
      namespace: 'shop',
      userFolder: '/k',
      listed: {
        name: 'dev',
        cluster: 'one',
        user: 'me',
        namespace: 'shop',
        server: 'https://one.example:6443/',
        isCurrent: true,
        file: '/k/config',
        line: 12,
      },
    },
  );
});

test('what is wrong is named with file and line', () => {
  const config = parseKubeconfig(CONFIG, '/k/config');
  const cases: Record<string, unknown> = {
    context: thrown(() => resolveContext(config, 'prod')),
    cluster: thrown(() => resolveContext(config, 'lost')),
    user: thrown(() => resolveContext(config, 'stranger')),
    server: thrown(() => resolveContext(config, 'broken')),
    noName: thrown(() => parseKubeconfig('contexts:\n- context: {}\n', '/k/x')),
    noList: thrown(() => parseKubeconfig('clusters:\n  a: b\n', '/k/x')),
    text: thrown(() => parseKubeconfig('just text', '/k/x')),
    empty: thrown(() => parseKubeconfig('', '/k/x')),
  };
  assert.deepEqual(cases, {
    context: { code: 'unknown-context', context: 'prod', known: ['dev', 'lost', 'stranger', 'broken'] },
    cluster: { code: 'unknown-cluster', context: 'lost', cluster: 'nowhere', file: '/k/config', line: 15 },
    user: { code: 'unknown-user', context: 'stranger', user: 'who', file: '/k/config', line: 17 },
    server: { code: 'kubeconfig-invalid', file: '/k/config', line: 7, message: 'cluster bad has no usable server URL' },
    noName: { code: 'kubeconfig-invalid', file: '/k/x', line: 2, message: 'contexts[0] has no name' },
    noList: { code: 'kubeconfig-invalid', file: '/k/x', line: 2, message: 'clusters is not a list' },
    text: { code: 'kubeconfig-invalid', file: '/k/x', line: 1, message: 'the file is not a mapping' },
    empty: undefined,
  });
});

test('broken YAML is named by its line, in words with a cure', () => {
  const error = thrown(() => parseKubeconfig('a: 1\nb: [1, 2\nc: 3\n', '/k/x')) as { code: string; line: number; message: string };
  assert.deepEqual([error.code, error.line >= 2 && error.line <= 4], ['kubeconfig-invalid', true]);
  assert.match(inWords(error.code, { file: '/k/x', line: error.line, message: error.message }), /\/k\/x is broken at line \d.*Correct/);
});

test('files are merged, the first one wins, missing ones are passed over unless named explicitly', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  t.after(() => rm(folder, { recursive: true }));
  const first = join(folder, 'first');
  const second = join(folder, 'second');
  await writeFile(first, 'contexts: [{name: a, context: {cluster: one, user: me}}]\n');
  await writeFile(second, `${CONFIG}\n`);
  const files = [join(folder, 'none'), first, second];
  const merged = await loadKubeconfig({ files, isExplicit: false });
  const missing = async (isExplicit: boolean, list: string[]): Promise<unknown> =>
    loadKubeconfig({ files: list, isExplicit }).catch((error: unknown) => (error as AppError).code);
  assert.deepEqual(
    {
      contexts: [...merged.contexts.keys()],
      current: merged.currentContext,
      server: resolveContext(merged, 'a').server,
      all: await missing(false, [files[0] ?? '']),
      explicit: await missing(true, files),
      folder: await missing(true, [folder]),
    },
    {
      contexts: ['a', 'dev', 'lost', 'stranger', 'broken'],
      current: 'dev',
      server: 'https://one.example:6443',
      all: 'kubeconfig-missing',
      explicit: 'kubeconfig-missing',
      folder: 'kubeconfig-unreadable',
    },
  );
});
