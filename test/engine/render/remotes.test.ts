import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AddressInfo } from 'node:net';
import { sha256 } from '../../../src/base/hash.ts';
import type { RenderResult, SourceSpec } from '../../../src/engine/model/render.ts';
import { fetchRemoteFile } from '../../../src/engine/sources/remoteFetch.ts';
import { CachedRemoteSources } from '../../../src/engine/render/cachedRemotes.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { helm } from '../../tools/binaries.ts';
import { makeService } from './support.ts';

const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };
const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: remote}\n';
const KUSTOMIZE: SourceSpec = { type: 'kustomize', path: 'k' };
const CHART: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n' } };

describe('remote sources that the user allows', () => {
  let folder: string;
  let server: Server;
  let base: string;
  let renders: RenderService;
  let remote: CachedRemoteSources;
  let isAllowed = true;
  const served = new Map<string, string | Buffer>();
  const asked: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-remotes-'));
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const found = served.get(request.url ?? '');
      response.writeHead(found === undefined ? 404 : 200).end(found);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    remote = new CachedRemoteSources({
      isAllowed: () => isAllowed,
      fetchBytes: (url, signal) => fetchRemoteFile(url, signal, { environment: {} }),
      fetchTree: (url) =>
        Promise.resolve({
          kind: 'tree',
          tree: new MemoryTree({
            'deploy/kustomization.yaml': 'resources: [../common, own.yaml]\n',
            'deploy/own.yaml': CONFIG_MAP,
            'common/kustomization.yaml': 'resources: [c.yaml]\n',
            'common/c.yaml': CONFIG_MAP.replace('remote', 'common'),
          }),
          path: 'deploy',
          digest: sha256(url),
        }),
      folder: join(folder, 'remotes'),
    });
    renders = await makeService({ remote });
    served.set('/a.yaml', CONFIG_MAP);
  });
  after(async () => {
    renders.dispose();
    server.close();
    await rm(folder, { recursive: true });
  });

  const outcome = ({ objects, errors }: RenderResult): unknown => [
    ...objects.map(({ object, remote: from }) => [object.metadata['name'], from]),
    ...errors.map(({ code }) => code),
  ];

  it('a remote file is fetched once and kept by its digest', async () => {
    const tree = new MemoryTree({ 'k/kustomization.yaml': `resources: [${base}/a.yaml]\nnamePrefix: x-\n` });
    const first = await renders.render(KUSTOMIZE, tree, options);
    assert.deepEqual(outcome(first), [['x-remote', `${base}/a.yaml`]]);
    const changed = new MemoryTree({ 'k/kustomization.yaml': `resources: [${base}/a.yaml]\nnamePrefix: y-\n` });
    assert.deepEqual(outcome(await renders.render(KUSTOMIZE, changed, options)), [['y-remote', `${base}/a.yaml`]]);
    assert.equal((await renders.render(KUSTOMIZE, tree, options)).isFromCache, true);
    assert.deepEqual(
      asked.filter((url) => url === '/a.yaml'),
      ['/a.yaml'],
    );
    assert.equal(await readFile(join(folder, 'remotes', sha256(CONFIG_MAP)), 'utf8'), CONFIG_MAP);
  });

  it('what is on disk is not trusted when it was changed', async () => {
    await writeFile(join(folder, 'remotes', sha256(CONFIG_MAP)), 'apiVersion: v1\nkind: Secret\nmetadata: {name: evil}\n');
    const tree = new MemoryTree({ 'k/kustomization.yaml': `resources: [${base}/a.yaml]\nnamePrefix: z-\n` });
    assert.deepEqual(outcome(await renders.render(KUSTOMIZE, tree, options)), [['z-remote', `${base}/a.yaml`]]);
  });

  it('a withdrawn permission counts at once, also for what is cached', async () => {
    const tree = new MemoryTree({ 'k/kustomization.yaml': `resources: [${base}/a.yaml]\nnamePrefix: x-\n` });
    isAllowed = false;
    assert.deepEqual(outcome(await renders.render(KUSTOMIZE, tree, options)), ['remote-base']);
    isAllowed = true;
    assert.deepEqual(outcome(await renders.render(KUSTOMIZE, tree, options)), [['x-remote', `${base}/a.yaml`]]);
  });

  it('a file that is not there', async () => {
    const tree = new MemoryTree({ 'k/kustomization.yaml': `resources:\n- ${base}/none.yaml\n` });
    const result = await renders.render(KUSTOMIZE, tree, options);
    assert.deepEqual(
      result.errors.map(({ code, file, line, details }) => ({ code, file, line, url: details?.['url'] })),
      [{ code: 'remote-failed', file: 'k/kustomization.yaml', line: 2, url: `${base}/none.yaml` }],
    );
  });

  it('a Git base is built from the tree that was fetched, with its own bases', async () => {
    const url = 'https://github.com/org/repo//deploy?ref=v1';
    const tree = new MemoryTree({ 'k/kustomization.yaml': `resources:\n  - ${url}\nnamePrefix: g-\n` });
    assert.deepEqual(outcome(await renders.render(KUSTOMIZE, tree, options)), [
      ['g-common', url],
      ['g-remote', url],
    ]);
  });

  describe('chart dependencies', () => {
    const parent = (repository: string, version = '^1.0.0'): MemoryTree =>
      new MemoryTree({
        'chart/Chart.yaml': `apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n  - {name: child, version: "${version}", repository: "${repository}"}\n`,
        'chart/templates/p.yaml': CONFIG_MAP.replace('remote', 'parent'),
        'library/child/Chart.yaml': 'apiVersion: v2\nname: child\nversion: 1.5.0\n',
        'library/child/templates/c.yaml': CONFIG_MAP.replace('remote', 'local-child'),
      });
    const names = ({ objects, errors }: RenderResult): unknown => [
      ...objects.map(({ object }) => object.metadata['name']),
      ...errors.map(({ code, details }) => [code, details?.['problem']]),
    ];

    before(async () => {
      const entries: string[] = [];
      for (const version of ['1.0.0', '1.2.0', '2.0.0']) {
        const source = join(folder, `child-${version}`);
        await mkdir(join(source, 'templates'), { recursive: true });
        await writeFile(join(source, 'Chart.yaml'), `apiVersion: v2\nname: child\nversion: ${version}\n`);
        await writeFile(join(source, 'templates', 'c.yaml'), CONFIG_MAP.replace('remote', `child-${version}`));
        await helm(['package', source, '--destination', folder]);
        const archive = await readFile(join(folder, `child-${version}.tgz`));
        served.set(`/charts/child-${version}.tgz`, archive);
        entries.push(`  - {name: child, version: ${version}, digest: ${sha256(archive)}, urls: [child-${version}.tgz]}\n`);
      }
      served.set('/charts/index.yaml', `apiVersion: v1\nentries:\n  child:\n${entries.join('')}`);
      served.set(
        '/bad/index.yaml',
        `apiVersion: v1\nentries:\n  child:\n  - {version: 1.0.0, digest: ${'f'.repeat(64)}, urls: ["../charts/child-1.0.0.tgz"]}\n`,
      );
    });

    it('the newest version in the range is taken from the repository', async () => {
      assert.deepEqual(names(await renders.render(CHART, parent(`${base}/charts`), options)), ['child-1.2.0', 'parent']);
      assert.deepEqual(names(await renders.render(CHART, parent(`${base}/charts`, '1.0.0'), options)), ['child-1.0.0', 'parent']);
    });

    it('a version that does not exist', async () => {
      assert.deepEqual(names(await renders.render(CHART, parent(`${base}/charts`, '9.x'), options)), [
        ['dependency-missing', "no version 9.x of child in the repository's index"],
      ]);
    });

    it('an archive with another digest than the index says is refused', async () => {
      const [error] = (await renders.render(CHART, parent(`${base}/bad`), options)).errors;
      assert.equal(error?.code, 'dependency-missing');
      assert.match(error.message, /has digest [0-9a-f]{64}, but the repository's index says f{64}/);
    });

    it('a file:// repository is read from the tree, without any permission', async () => {
      const closed = await makeService();
      assert.deepEqual(names(await closed.render(CHART, parent('file://../library/child'), options)), ['local-child', 'parent']);
      const [error] = (await closed.render(CHART, parent('file://../../../etc'), options)).errors;
      assert.equal(error?.code, 'dependency-missing');
      closed.dispose();
    });

    it('a missing dependency names chart, version, repository and the cure', async () => {
      const closed = await makeService();
      const [error] = (await closed.render(CHART, parent('https://charts.example.org'), options)).errors;
      closed.dispose();
      const { code, file, line, details } = error ?? {};
      assert.deepEqual(
        { code, file, line, ...details, problem: undefined },
        {
          code: 'dependency-missing',
          file: 'chart/Chart.yaml',
          line: 5,
          name: 'child',
          version: '^1.0.0',
          repository: 'https://charts.example.org',
          command: 'helm dependency build chart',
          problem: undefined,
        },
      );
    });
  });
});
