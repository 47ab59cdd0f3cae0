import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RenderResult, SourceSpec } from '../../../src/engine/model/render.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from './support.ts';

const signal = AbortSignal.timeout(600_000);
const options = { signal, timeoutMs: 60_000 };

const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n';
const FILES: Readonly<Record<string, string>> = {
  'base/kustomization.yaml': 'resources: [a.yaml]\n',
  'base/a.yaml': CONFIG_MAP,
  'base/unused.yaml': CONFIG_MAP,
  'prod/kustomization.yaml': 'resources: [../base]\nnamePrefix: prod-\n',
  'chart/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
  'chart/README.md': 'words\n',
  'chart/values.yaml': 'x: 1\n',
  'chart/extra.yaml': 'x: 2\n',
  'chart/templates/a.yaml': CONFIG_MAP + 'data: {x: {{ .Values.x | quote }}}\n',
  'chart/templates/_h.tpl': '{{ define "h" }}{{ end }}',
  'files/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
  'files/notes.txt': 'words\n',
  'files/templates/a.yaml': CONFIG_MAP + 'data: {x: {{ .Files.Get "notes.txt" | quote }}}\n',
  'dir/a.yaml': CONFIG_MAP,
  'dir/readme.md': 'words\n',
  'secret/s.yaml': SECRET,
};
const KUSTOMIZE: SourceSpec = { type: 'kustomize', path: 'prod' };
const CHART: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n' } };
const FILE_CHART: SourceSpec = { ...CHART, path: 'files' };
const DIRECTORY: SourceSpec = { type: 'directory', path: 'dir' };

interface Row {
  readonly what: string;
  readonly spec: SourceSpec;
  readonly change: Readonly<Record<string, string | undefined>>;
  readonly hit: boolean;
}

const ROWS: readonly Row[] = [
  { what: 'nothing', spec: KUSTOMIZE, change: {}, hit: true },
  { what: 'a file beside the base', spec: KUSTOMIZE, change: { 'base/unused.yaml': 'x: 1\n', 'other.yaml': 'x: 1\n' }, hit: true },
  { what: 'the base', spec: KUSTOMIZE, change: { 'base/a.yaml': `${CONFIG_MAP}data: {a: b}\n` }, hit: false },
  { what: 'the overlay', spec: KUSTOMIZE, change: { 'prod/kustomization.yaml': 'resources: [../base]\n' }, hit: false },
  { what: 'a kustomization.yml that was absent', spec: KUSTOMIZE, change: { 'base/kustomization.yml': 'resources: []\n' }, hit: false },
  { what: 'a resource is gone', spec: KUSTOMIZE, change: { 'base/a.yaml': undefined }, hit: false },
  { what: 'a template', spec: CHART, change: { 'chart/templates/a.yaml': CONFIG_MAP }, hit: false },
  { what: 'the default values', spec: CHART, change: { 'chart/values.yaml': 'x: 3\n' }, hit: false },
  { what: 'a README that no template can see', spec: CHART, change: { 'chart/README.md': 'other\n' }, hit: true },
  { what: 'values that are not used', spec: CHART, change: { 'chart/extra.yaml': 'x: 4\n' }, hit: true },
  { what: 'a .helmignore that was absent', spec: CHART, change: { 'chart/.helmignore': 'templates/a.yaml\n' }, hit: false },
  { what: 'a new template', spec: CHART, change: { 'chart/templates/b.yaml': CONFIG_MAP.replace('a}', 'b}') }, hit: false },
  { what: 'a file that .Files can see', spec: FILE_CHART, change: { 'files/notes.txt': 'other\n' }, hit: false },
  { what: 'a file that is no manifest', spec: DIRECTORY, change: { 'dir/readme.md': 'other\n' }, hit: true },
  { what: 'a manifest', spec: DIRECTORY, change: { 'dir/a.yaml': CONFIG_MAP.replace('a}', 'b}') }, hit: false },
  { what: 'a new manifest', spec: DIRECTORY, change: { 'dir/sub/b.yaml': CONFIG_MAP.replace('a}', 'b}') }, hit: false },
];

describe('a render is reused exactly as long as everything that it read is the same', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  for (const [row, { what, spec, change, hit }] of ROWS.entries()) {
    it(`${spec.path}: ${what} → ${hit ? 'reused' : 'rendered again'}`, async () => {
      await renders.render(spec, new MemoryTree(FILES), options);
      const after = await renders.render(spec, new MemoryTree(change, new MemoryTree(FILES)), options);
      // Another seed has another key, so this is what a fresh render gives.
      const expected = await renders.render({ ...spec, seed: 1000 + row }, new MemoryTree(change, new MemoryTree(FILES)), options);
      assert.deepEqual(
        { isFromCache: after.isFromCache, objects: after.objects, errors: after.errors, isFresh: !expected.isFromCache },
        { isFromCache: hit, objects: expected.objects, errors: expected.errors, isFresh: true },
      );
    });
  }

  it('other parameters are another render', async () => {
    const first = await renders.render(CHART, new MemoryTree(FILES), options);
    const keys = [first.key];
    for (const changed of [
      { ...CHART, kubeVersion: 'v1.30.0' },
      { ...CHART, helm: { releaseName: 'r', namespace: 'n', values: { x: 5 } } },
      { ...CHART, helm: { releaseName: 'r', namespace: 'n', valueFiles: ['extra.yaml'] } },
      { ...CHART, seed: 1 },
    ]) {
      const { key, isFromCache } = await renders.render(changed, new MemoryTree(FILES), options);
      assert.equal(isFromCache, false);
      keys.push(key);
    }
    assert.equal(new Set(keys).size, keys.length);
  });

  it('random values and the clock follow the seed', async () => {
    const tree = new MemoryTree({
      ...FILES,
      'chart/templates/a.yaml': `${CONFIG_MAP}data: {r: {{ randAlphaNum 12 }}, i: "{{ randInt 1 100000 }}", u: {{ uuidv4 }}, t: {{ now | quote }}, s: {{ shuffle "abcdefghij" }}, c: {{ (genSelfSignedCert "a" nil nil 30).Cert | sha256sum }}}\n`,
    });
    const others = [await makeService(), await makeService()];
    const data = async (service: RenderService, seed: number): Promise<unknown> =>
      (await service.render({ ...CHART, seed }, tree, options)).objects[0]?.object['data'];
    const [first, again, other] = [
      await data(renders, 7),
      await data(others[0] as RenderService, 7),
      await data(others[1] as RenderService, 8),
    ];
    for (const service of others) service.dispose();
    assert.deepEqual(again, first);
    const differing = Object.entries(first as object).filter(([key, value]) => (other as Record<string, unknown>)[key] !== value);
    assert.deepEqual(
      differing.map(([key]) => key),
      Object.keys(first as object),
    );
  });
});

describe('the cache on disk', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-renders-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function once(spec: SourceSpec, tree = new MemoryTree(FILES), limits = {}): Promise<RenderResult> {
    const renders = await makeService({ cacheFolder: folder, limits });
    try {
      return await renders.render(spec, tree, options);
    } finally {
      renders.dispose();
    }
  }
  const files = async (): Promise<readonly string[]> =>
    (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));

  it('serves another process, with private modes', async () => {
    const first = await once(KUSTOMIZE);
    const second = await once(KUSTOMIZE);
    assert.deepEqual([first.isFromCache, second.isFromCache], [false, true]);
    assert.deepEqual(second.objects, first.objects);
    const [file = ''] = await files();
    assert.deepEqual([(await stat(file)).mode & 0o777, (await stat(join(file, '..'))).mode & 0o777], [0o600, 0o700]);
    assert.equal((await once(KUSTOMIZE, new MemoryTree({ ...FILES, 'base/a.yaml': `${CONFIG_MAP}data: {n: m}\n` }))).isFromCache, false);
  });

  it('never holds a value of a Secret', async () => {
    const spec: SourceSpec = { type: 'directory', path: 'secret' };
    await once(spec);
    assert.equal((await once(spec)).isFromCache, false);
    for (const file of await files()) assert.ok(!(await readFile(file, 'utf8')).includes('hunter2'));
  });

  it('takes a damaged file for absent', async () => {
    for (const file of await files()) await writeFile(file, '{"format":2,"reads":');
    assert.equal((await once(KUSTOMIZE)).isFromCache, false);
    assert.equal((await once(KUSTOMIZE)).isFromCache, true);
  });

  it('keeps to its size', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await once({ ...CHART, helm: { releaseName: name, namespace: 'n' } }, undefined, { diskCacheBytes: 3000 });
    }
    let total = 0;
    for (const file of await files()) total += (await stat(file)).size;
    assert.ok(total <= 3000, String(total));
  });
});
