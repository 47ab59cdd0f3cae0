import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import type { RenderErrorCode, SourceSpec } from '../../../src/engine/model/render.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { openDiskTree } from './diskTree.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from './support.ts';

const signal = AbortSignal.timeout(600_000);
const options = { signal, timeoutMs: 60_000 };
const CHART: SourceSpec = { type: 'helm', path: '', helm: { releaseName: 'r', namespace: 'n' } };
const SMALL: SourceSpec = { type: 'directory', path: 'small' };
const SMALL_FILES = { 'small/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' };
/** What needs the worker. */
const BUILT: SourceSpec = { type: 'kustomize', path: 'small' };
const BUILT_FILES = { ...SMALL_FILES, 'small/kustomization.yaml': 'resources: [a.yaml]\n' };
const ENDLESS = '{{ range until 100000 }}{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}{{ end }}';

function chart(template: string): MemoryTree {
  return new MemoryTree({ 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n', 'templates/a.yaml': template });
}

describe('limits of a render', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService({ limits: { maxOutputBytes: 2 << 20, maxFileBytes: 100_000 } });
  });
  after(() => {
    renders.dispose();
  });

  async function codes(spec: SourceSpec, tree: SourceTree, timeoutMs = 60_000): Promise<readonly RenderErrorCode[]> {
    const { errors, objects } = await renders.render(spec, tree, { signal, timeoutMs });
    assert.deepEqual(objects, []);
    return errors.map(({ code }) => code);
  }
  async function works(): Promise<void> {
    const { objects } = await renders.render(SMALL, new MemoryTree(SMALL_FILES), options);
    assert.equal(objects.length, 1);
  }

  it('an endless template ends at the time limit, and the next render works', async () => {
    assert.deepEqual(await codes(CHART, chart(ENDLESS), 300), ['render-timeout']);
    await works();
  });

  it('a template that eats memory ends at the memory limit, and the next render works', async () => {
    const template = '{{ $x := "0123456789abcdef" }}{{ range until 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}a: {{ $x }}';
    assert.deepEqual(await codes(CHART, chart(template)), ['render-out-of-memory']);
    await works();
  });

  it('too much output', async () => {
    const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: {{ repeat 3000000 "x" }}}\n';
    assert.deepEqual(await codes(CHART, chart(template)), ['output-too-large']);
    await works();
  });

  it('a file that is too large', async () => {
    assert.deepEqual(await codes(SMALL, new MemoryTree({ 'small/a.yaml': `# ${'x'.repeat(200_000)}\n` })), ['file-too-large']);
  });

  it('YAML aliases that multiply without bound', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1)
      lines.push(
        `a${level}: &a${level} [${Array<string>(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    const tree = new MemoryTree({ 'small/a.yaml': `${lines.join('\n')}\n`, 'k/kustomization.yaml': 'resources: [../small/a.yaml]\n' });
    assert.deepEqual(await codes(SMALL, tree), ['yaml-invalid']);
    // Kustomize has no bound of its own: time or memory ends it.
    const spec: SourceSpec = { type: 'kustomize', path: 'k', kustomize: { loadRestrictor: 'none' } };
    const [code] = await codes(spec, tree, 3_000);
    assert.ok(code === 'render-timeout' || code === 'render-out-of-memory', code);
    await works();
  });

  it('a tree that cannot be read is a failed read, not a missing file', async () => {
    const broken: SourceTree = {
      id: 'broken',
      read: () => Promise.reject(new AppError('git-object-missing', { file: 'small/a.yaml' })),
      list: (folder) => new MemoryTree(SMALL_FILES).list(folder),
      kindOf: (path) => new MemoryTree(SMALL_FILES).kindOf(path),
      hashOf: () => Promise.resolve(undefined),
    };
    assert.deepEqual(await codes(SMALL, broken), ['read-failed']);
  });

  it('a renderer that is not there says so', async () => {
    const nowhere = await makeService({ wasmFile: '/no/such/renderer.wasm' });
    await assert.rejects(nowhere.render(SMALL, new MemoryTree(SMALL_FILES), options), { code: 'renderer-failed' });
    nowhere.dispose();
  });
});

describe('cancellation and order', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
    await renders.warmUp(signal);
  });
  after(() => {
    renders.dispose();
  });

  it('a cancelled render rejects at once and frees the worker', async () => {
    const abort = new AbortController();
    const running = renders.render(CHART, chart(ENDLESS), { signal: abort.signal, timeoutMs: 120_000 });
    const next = renders.render(BUILT, new MemoryTree(BUILT_FILES), options);
    const startedAt = performance.now();
    abort.abort();
    await assert.rejects(running, { name: 'AbortError' });
    assert.equal((await next).objects.length, 1);
    assert.ok(performance.now() - startedAt < 60_000);
  });

  it('a render that waits for a read is cancelled without losing the worker', async (t) => {
    const patient = await makeService({ limits: { cancelGraceMs: 60_000 } });
    t.after(() => {
      patient.dispose();
    });
    const abort = new AbortController();
    const tree = new MemoryTree({ ...BUILT_FILES, 'small/kustomization.yaml': 'resources: [a.yaml] # slow\n' });
    const slow: SourceTree = {
      id: 'slow',
      list: (folder) => tree.list(folder),
      kindOf: (path) => tree.kindOf(path),
      hashOf: (path) => tree.hashOf(path),
      read: async (path) => {
        abort.abort();
        return tree.read(path);
      },
    };
    await patient.warmUp(signal);
    let started = 0;
    const count = (): void => void (started += 1);
    process.on('worker', count);
    t.after(() => process.off('worker', count));
    await assert.rejects(patient.render(BUILT, slow, { signal: abort.signal }), { name: 'AbortError' });
    assert.equal(
      (
        await patient.render(
          BUILT,
          new MemoryTree({ ...BUILT_FILES, 'small/kustomization.yaml': 'resources: [a.yaml] # other\n' }),
          options,
        )
      ).objects.length,
      1,
    );
    assert.equal(started, 0, 'the worker is still the same');
  });

  it('interactive renders go before waiting background ones', async () => {
    const done: string[] = [];
    const start = (name: string, interactive: boolean): Promise<unknown> => {
      const tree = new MemoryTree({ ...BUILT_FILES, 'small/kustomization.yaml': `resources: [a.yaml] # ${name}\n` });
      return renders.render(BUILT, tree, { ...options, interactive }).then(() => done.push(name));
    };
    await Promise.all([start('first', false), start('background', false), start('interactive', true)]);
    assert.deepEqual(done, ['first', 'interactive', 'background']);
  });

  it('what was cancelled before its turn never runs', async () => {
    await assert.rejects(renders.render(SMALL, new MemoryTree(SMALL_FILES), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});

describe('the sandbox', () => {
  let renders: RenderService;
  let outside: string;
  let root: string;
  before(async () => {
    renders = await makeService();
    outside = await mkdtemp(join(tmpdir(), 'plumbline-sandbox-'));
    root = join(outside, 'repo');
    await mkdir(join(root, 'k'), { recursive: true });
    await mkdir(join(root, 'chart', 'templates'), { recursive: true });
    await mkdir(join(root, 'dir'), { recursive: true });
    const secret = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n';
    await writeFile(join(outside, 'stolen.yaml'), secret);
    await writeFile(join(root, 'inside.yaml'), secret.replace('stolen', 'inside'));
    await writeFile(join(root, 'chart', 'Chart.yaml'), 'apiVersion: v2\nname: c\nversion: 1.0.0\n');
    await symlink('../../../stolen.yaml', join(root, 'chart', 'templates', 'link.yaml'));
    await symlink('../../stolen.yaml', join(root, 'dir', 'link.yaml'));
    await symlink('../inside.yaml', join(root, 'dir', 'good.yaml'));
    await symlink('../..', join(root, 'k', 'up'));
  });
  after(async () => {
    renders.dispose();
    await rm(outside, { recursive: true });
  });

  async function outcome(spec: SourceSpec, files: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { objects, errors } = await renders.render(spec, new MemoryTree(files, await openDiskTree(root)), options);
    assert.ok(!JSON.stringify(objects).includes('stolen'));
    return [...objects.map(({ object }) => object.metadata['name']), ...errors.map(({ code }) => code)];
  }
  const kustomize: SourceSpec = { type: 'kustomize', path: 'k', kustomize: { loadRestrictor: 'none' } };

  it('paths out of the repository do not exist', async () => {
    for (const path of ['../../stolen.yaml', '../../../../../../etc/passwd', 'up/stolen.yaml', 'up']) {
      assert.deepEqual(await outcome(kustomize, { 'k/kustomization.yaml': `resources: [${path}]\n` }), ['resource-missing'], path);
    }
    assert.deepEqual(
      await outcome(kustomize, { 'k/kustomization.yaml': 'configMapGenerator: [{name: c, files: [../../stolen.yaml]}]\n' }),
      ['resource-missing'],
    );
    for (const path of ['/etc/passwd', `${outside}/stolen.yaml`]) {
      const [code] = (await outcome(kustomize, { 'k/kustomization.yaml': `resources: [${path}]\n` })) as string[];
      assert.ok(code === 'resource-missing' || code === 'kustomize-failed', code);
    }
    for (const file of ['../../stolen.yaml', '/etc/passwd']) {
      const spec: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n', valueFiles: [file] } };
      assert.deepEqual(await outcome(spec), ['outside-root'], file);
    }
    assert.deepEqual(await outcome({ type: 'directory', path: '..' }), ['source-missing']);
  });

  it('links that lead out are refused, links inside are followed', async () => {
    assert.deepEqual(await outcome({ type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n' } }), ['outside-root']);
    assert.deepEqual(await outcome({ type: 'directory', path: 'dir' }), ['inside', 'outside-root']);
  });

  it('nothing runs and nothing is fetched', async () => {
    const cases: readonly (readonly [string, RenderErrorCode])[] = [
      ['resources: ["https://example.invalid/a.yaml"]\n', 'remote-base'],
      ['resources: ["https://github.com/org/repo//base?ref=v1"]\n', 'remote-base'],
      ['resources: ["git@github.com:org/repo.git//base"]\n', 'remote-base'],
      ['resources: ["github.com/org/repo/base?ref=v1"]\n', 'remote-base'],
      ['components: ["ssh://git@example.invalid/repo.git"]\n', 'remote-base'],
      ['generators: [exec.yaml]\n', 'kustomize-failed'],
    ];
    const exec =
      'apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: "exec: {path: ./run.sh}"\n';
    for (const [text, code] of cases) {
      assert.deepEqual(await outcome(kustomize, { 'k/kustomization.yaml': text, 'k/exec.yaml': exec }), [code], text);
    }
    const { errors } = await renders.render(
      kustomize,
      new MemoryTree({ 'k/kustomization.yaml': 'namePrefix: a-\nresources:\n- https://example.invalid/a.yaml\n' }),
      options,
    );
    assert.deepEqual(
      errors.map(({ file, line, details }) => ({ file, line, url: details?.['url'] })),
      [{ file: 'k/kustomization.yaml', line: 3, url: 'https://example.invalid/a.yaml' }],
    );
  });
});
