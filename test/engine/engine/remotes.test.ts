import assert from 'node:assert/strict';
import { mkdir, readFile, rename } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { fetchRemoteFile } from '../../../src/engine/sources/remoteFetch.ts';
import { helm, kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { atEnd, git, objectOf, reasonTexts, rowOf, settingsFor, startEngine, testFolder, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;

before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
  for (const name of ['from-git', 'from-file', 'from-chart']) {
    await kubectl(['apply', '--server-side', '-f', '-'], { kubeconfig: plane.kubeconfigPath, input: configMap(name) });
  }
});
after(() => plane.stop());

function configMap(name: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\ndata:\n  colour: blue\n`;
}

const config = (...paths: readonly string[]): string =>
  configYaml(
    paths.map((path) => ({ name: path, path, namespace: 'default' })),
    { clusterUid: uid, environment: 'test' },
  );

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a port of its own of 127.0.0.1, which goes with the test. */
async function serve(t: TestContext, handler: Handler): Promise<{ url: string; stop: () => void }> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  atEnd(t, stop);
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, stop };
}

/** A repo whose applications need a Git base, a file and a chart from elsewhere. */
async function remoteRepo(t: TestContext): Promise<{ repo: string; base: string; gitUrl: string; url: string; stop: () => void }> {
  const folder = await testFolder(t);
  const base = join(folder, 'base');
  await writeFiles(base, { 'deploy/kustomization.yaml': 'resources: [cm.yaml]\n', 'deploy/cm.yaml': configMap('from-git') });
  await git(base, 'init', '-q', '-b', 'main');
  await git(base, 'add', '-A');
  await git(base, 'commit', '-q', '-m', 'base');
  await git(base, 'tag', 'v1');
  await git(folder, 'clone', '-q', '--bare', base, `${base}.git`);
  const chart = join(folder, 'child');
  await writeFiles(chart, { 'Chart.yaml': 'apiVersion: v2\nname: child\nversion: 1.0.0\n', 'templates/cm.yaml': configMap('from-chart') });
  await mkdir(join(folder, 'packed'));
  await helm(['package', chart, '--destination', join(folder, 'packed')]);
  const archive = await readFile(join(folder, 'packed', 'child-1.0.0.tgz'));
  const server = await serve(t, (request, response) => {
    if (request.url === '/cm.yaml') response.end(configMap('from-file'));
    else if (request.url === '/charts/index.yaml') {
      response.end('apiVersion: v1\nentries:\n  child:\n  - {name: child, version: 1.0.0, urls: [/archives/child.tgz]}\n');
    } else if (request.url === '/archives/child.tgz') {
      // Longer than a render waits: it must be repeated when the archive is there.
      setTimeout(() => response.end(archive), 1_500);
    } else response.writeHead(404).end();
  });
  const gitUrl = `file://${base}.git//deploy?ref=v1`;
  const repo = await testRepo(t, {
    'plumbline.yaml': config('base', 'file', 'chart'),
    'base/kustomization.yaml': `resources:\n  - ${gitUrl}\n`,
    'file/kustomization.yaml': `resources:\n  - ${server.url}/cm.yaml\n`,
    'chart/Chart.yaml': `apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n  - {name: child, version: ^1, repository: "${server.url}/charts"}\n`,
  });
  return { repo, base: `${base}.git`, gitUrl, url: server.url, stop: server.stop };
}

const ids = ['test/base', 'test/file', 'test/chart'] as const;

test('remote sources are named while the setting is off, rendered when it is turned on, and there offline', async (t) => {
  const { repo, base, gitUrl, url, stop } = await remoteRepo(t);
  const storage = join(await testFolder(t), 'storage');
  const settings = settingsFor(plane.kubeconfigPath);
  const { engine, errors } = await startEngine(t, repo, settings, storage);
  const states = (): unknown => ids.map((id) => rowOf(engine, id).state);
  const codes = (): unknown => ids.map((id) => rowOf(engine, id).reasons.map(({ code }) => code));
  const refused = [['remote-base'], ['remote-base'], ['dependency-missing']];
  await engine.check(undefined);
  assert.deepEqual([states(), codes()], [ids.map(() => 'cannot compare'), refused]);
  const says = ids.map((id) => reasonTexts(rowOf(engine, id)).join('\n'));
  for (const [index, place] of [
    ['base/kustomization.yaml:2', gitUrl],
    ['file/kustomization.yaml:2', `${url}/cm.yaml`],
    ['chart/Chart.yaml', `${url}/charts`],
  ].entries()) {
    for (const part of [...place, 'plumbline.remoteSources.enabled'])
      assert.ok(says[index]?.includes(part), `${part}: ${says[index] ?? ''}`);
  }

  engine.updateSettings({ ...settings, allowRemoteSources: true });
  await until(engine, 'all rendered', () => ids.every((id) => rowOf(engine, id).state === 'synced'));
  assert.equal(objectOf(engine, 'test/base', 'ConfigMap/from-git').state, 'synced');

  engine.updateSettings({ ...settings, allowRemoteSources: true, isTrusted: false });
  engine.updateSettings(settings);
  await until(engine, 'refused again', () => ids.every((id) => rowOf(engine, id).state === 'cannot compare'));
  assert.deepEqual(codes(), refused);
  engine.dispose();

  stop();
  await rename(base, `${base}.away`);
  const { engine: later } = await startEngine(t, repo, { ...settings, allowRemoteSources: true }, storage);
  await later.check(undefined);
  assert.deepEqual(
    ids.map((id) => [rowOf(later, id).state, reasonTexts(rowOf(later, id))]),
    ids.map(() => ['synced', []]),
  );
  assert.deepEqual(errors, []);
});

test('a source that is not there says so, and the next try finds it', async (t) => {
  let isThere = false;
  const server = await serve(t, (_request, response) => {
    response.writeHead(isThere ? 200 : 503).end(configMap('from-file'));
  });
  const repo = await testRepo(t, {
    'plumbline.yaml': config('file'),
    'file/kustomization.yaml': `resources:\n  - ${server.url}/cm.yaml\n`,
  });
  const settings = { ...settingsFor(plane.kubeconfigPath), allowRemoteSources: true };
  const { engine } = await startEngine(t, repo, settings);
  await engine.check(undefined);
  assert.match(reasonTexts(rowOf(engine, 'test/file')).join('\n'), /file\/kustomization\.yaml:2.*cm\.yaml.*status 503/);
  isThere = true;
  engine.updateSettings({ ...settings, allowRemoteSources: false });
  await until(engine, 'refused', () => rowOf(engine, 'test/file').reasons.some(({ code }) => code === 'remote-base'));
  engine.updateSettings(settings);
  await until(engine, 'rendered', () => rowOf(engine, 'test/file').state === 'synced');
});

test('a file over http: redirects, size, time, other schemes, users and proxies', async (t) => {
  const seen: string[] = [];
  const server = await serve(t, (request, response) => {
    seen.push(`${request.url ?? ''} ${request.headers.authorization ?? '-'}`);
    const { url = '' } = request;
    if (url === '/to-file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (url === '/moved') response.writeHead(301, { location: '/x' }).end();
    else if (url === '/large') response.end(Buffer.alloc(3 << 20));
    else if (url !== '/slow') response.end(`body of ${url}`);
  });
  const proxied: string[] = [];
  const proxy = await serve(t, (request, response) => {
    proxied.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? '-'}`);
    response.end('through the proxy');
  });
  const host = server.url.slice('http://'.length);
  const get = async (url: string, environment: Record<string, string> = {}): Promise<string> => {
    try {
      const timeoutMs = url.endsWith('/slow') ? 1_000 : 60_000;
      const bytes = await fetchRemoteFile(url, t.signal, { environment, maxBytes: 2 << 20, timeoutMs });
      return new TextDecoder().decode(bytes);
    } catch (error) {
      assert.ok(isAppError(error, 'remote-failed'), String(error));
      return String(error.details['problem']);
    }
  };
  const HTTP_PROXY = proxy.url.replace('//', '//me:secret@');
  assert.deepEqual(
    [
      await get(`http://user:pass@${host}/moved`),
      await get(`${server.url}/to-file`),
      await get(`${server.url}/loop`),
      await get(`${server.url}/large`),
      await get(`${server.url}/slow`),
      await get('http://charts.example/a.yaml', { HTTP_PROXY }),
      await get('https://charts.example/a.yaml', { HTTPS_PROXY: proxy.url }),
      await get(`${server.url}/x`, { HTTP_PROXY }),
    ],
    [
      'body of /x',
      'file: is neither http nor https',
      'more than 10 redirects',
      'it is larger than 2 MB',
      'no answer in 1 s',
      'through the proxy',
      'socket hang up',
      'body of /x',
    ],
  );
  const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;
  assert.deepEqual(seen.slice(0, 2), [`/moved ${basic}`, '/x -']);
  assert.deepEqual(proxied, [`http://charts.example/a.yaml Basic ${Buffer.from('me:secret').toString('base64')}`]);
});
