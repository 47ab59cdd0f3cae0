import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobId } from '../../../src/base/hash.ts';
import type { JsonObject } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { isComplete, renderReason } from '../../../src/engine/model/render.ts';
import { describe as words } from '../../../src/engine/model/describe.ts';
import { renderMessages } from '../../../src/engine/model/messages/render.ts';
import { normalPath } from '../../../src/engine/model/treePath.ts';
import { holdsSecretValues } from '../../../src/engine/render/diskCache.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import { ABSENT, listingHash, ReadRecorder, stillHolds } from '../../../src/engine/render/readRecorder.ts';
import { type CachedRender, RenderCache } from '../../../src/engine/render/renderCache.ts';
import { ANSWER, LOOK } from '../../../src/upstream/renderer.ts';

const object = (kind: string, more: JsonObject = {}): KubeObject => ({ apiVersion: 'v1', kind, metadata: { name: 'x' }, ...more });

describe('holdsSecretValues', () => {
  const rows: readonly [string, KubeObject, boolean][] = [
    ['a ConfigMap', object('ConfigMap', { data: { a: 'b' } }), false],
    ['a Secret without data', object('Secret'), false],
    ['a Secret with empty values', object('Secret', { data: { a: '', b: null } }), false],
    ['data', object('Secret', { data: { a: 'YQ==' } }), true],
    ['stringData', object('Secret', { stringData: { a: 'b' } }), true],
    ['another group’s Secret', { ...object('Secret', { data: { a: 'b' } }), apiVersion: 'example.org/v1' }, false],
  ];
  for (const [what, value, expected] of rows) {
    it(what, () => {
      assert.equal(holdsSecretValues([{ object: object('ConfigMap') }, { object: value }]), expected);
    });
  }
});

describe('RenderCache', () => {
  const render = (name: string): CachedRender => ({ reads: [], objects: [{ object: object(name) }], errors: [] });
  const kinds = (cache: RenderCache, key: string): readonly (string | undefined)[] =>
    cache.candidates(key).map(({ objects }) => objects[0]?.object.kind);

  it('gives the newest first and the one last used before others', () => {
    const cache = new RenderCache(1000);
    cache.add('k', render('A'), 10);
    cache.add('k', render('B'), 10);
    assert.deepEqual(kinds(cache, 'k'), ['B', 'A']);
    const [, older] = cache.candidates('k');
    if (older !== undefined) cache.touch('k', older);
    assert.deepEqual(kinds(cache, 'k'), ['A', 'B']);
  });

  it('drops the least recently used beyond its size, never what was just added', () => {
    const cache = new RenderCache(100);
    cache.add('one', render('A'), 60);
    cache.add('two', render('B'), 30);
    const [first] = cache.candidates('one');
    if (first !== undefined) cache.touch('one', first);
    cache.add('three', render('C'), 40);
    assert.deepEqual(
      ['one', 'two', 'three'].map((key) => kinds(cache, key)),
      [['A'], [], ['C']],
    );
    cache.add('huge', render('D'), 500);
    assert.deepEqual(
      ['one', 'three', 'huge'].map((key) => kinds(cache, key)),
      [[], [], ['D']],
    );
  });
});

describe('trees and looks', () => {
  it('normalPath', () => {
    assert.deepEqual(
      ['', 'a', 'a/./b', 'a/../b', '../a', 'a/../..', 'a//b/'].map((path) => normalPath(path)),
      ['', 'a', 'a/b', 'b', undefined, undefined, 'a/b'],
    );
  });

  it('blobId is what git hash-object says', () => {
    assert.equal(blobId(new TextEncoder().encode('hello\n')), 'ce013625030ba8dba906f756967f9e9ca394464a');
  });

  it('MemoryTree lays files over another tree and takes files away', async () => {
    const tree = new MemoryTree({ 'a/x': undefined, 'a/z': 'new', 'c/d/e': '1' }, new MemoryTree({ 'a/x': '1', 'a/y': '2', b: '3' }));
    const list = async (folder: string): Promise<unknown> => (await tree.list(folder))?.map(({ name, kind }) => `${kind} ${name}`);
    assert.deepEqual(
      [await list(''), await list('a'), await list('none'), await tree.kindOf('a/x'), await tree.kindOf('c/d'), await tree.read('a/x')],
      [['directory a', 'file b', 'directory c'], ['file y', 'file z'], undefined, undefined, 'directory', undefined],
    );
  });

  it('every look is recorded once, without those that follow from another', async () => {
    const tree = new MemoryTree({ 'a/x': '1' });
    const options = { tree, remote: undefined, maxFileBytes: 100, signal: new AbortController().signal };
    const recorder = new ReadRecorder(options);
    for (const [operation, path] of [
      [LOOK.kind, 'a'],
      [LOOK.kind, 'a/x'],
      [LOOK.read, 'a/x'],
      [LOOK.read, 'a/none'],
      [LOOK.list, 'a'],
      [LOOK.kind, 'b'],
    ] as const) {
      await recorder.answer(operation, path);
    }
    const listing = listingHash([{ name: 'x', kind: 'file', isLink: false }]);
    assert.deepEqual(recorder.records(), [
      { path: 'a', kind: 'dir', hash: listing },
      { path: 'a/none', kind: 'file', hash: ABSENT },
      { path: 'a/x', kind: 'file', hash: blobId(new TextEncoder().encode('1')) },
      { path: 'b', kind: 'kind', hash: ABSENT },
    ]);
    const holds = (other: MemoryTree): Promise<boolean> => stillHolds(recorder.records(), other, undefined, new Map());
    assert.deepEqual(
      [
        await holds(tree),
        await holds(new MemoryTree({ 'a/x': '1', 'c/d': '' })),
        await holds(new MemoryTree({ 'a/x': '2' })),
        await holds(new MemoryTree({ 'a/x': '1', 'a/y': '' })),
        await holds(new MemoryTree({ 'a/x': '1', b: '' })),
      ],
      [true, true, false, false, false],
    );
  });

  it('a refused look is an error answer, never an exception', async () => {
    const recorder = new ReadRecorder({
      tree: new MemoryTree({ a: 'x'.repeat(200) }),
      remote: undefined,
      maxFileBytes: 100,
      signal: new AbortController().signal,
    });
    const answer = async (operation: 1 | 4, text: string): Promise<unknown> => {
      const bytes = await recorder.answer(operation, text);
      assert.equal(bytes[0], ANSWER.error);
      return JSON.parse(new TextDecoder().decode(bytes.subarray(1)));
    };
    assert.deepEqual(await answer(LOOK.read, 'a'), {
      code: 'file-too-large',
      message: 'a has 200 bytes',
      details: { file: 'a', size: 200, limit: 100 },
    });
    assert.deepEqual(await answer(LOOK.remote, 'git https://example.org/x'), {
      code: 'remote-base',
      message: 'fetching remote sources is not allowed',
      details: { url: 'https://example.org/x' },
    });
  });
});

describe('words of render errors', () => {
  it('name the place and the problem', () => {
    const reason = renderReason({
      code: 'template-failed',
      message: 'execution error at (shop/templates/a.yaml:3:5): a name is needed',
      file: 'chart/templates/a.yaml',
      line: 3,
      column: 5,
      details: { problem: 'a name is needed' },
    });
    assert.equal(words(reason.code, reason.details), 'The template failed at chart/templates/a.yaml:3:5: a name is needed');
  });

  it('leave no place open that every error of the code has', () => {
    for (const code of Object.keys(renderMessages)) {
      const text = words(code, { place: 'p', problem: 'q', file: 'f', line: 1, template: 't', limit: 1 });
      assert.ok(!text.startsWith('{'), code);
    }
  });

  it('warnings leave a render complete', () => {
    const base = { objects: [], reads: [], key: '', isFromCache: false, elapsedMs: 0 };
    assert.deepEqual(
      [
        isComplete({ ...base, errors: [] }),
        isComplete({ ...base, errors: [{ code: 'not-a-manifest', message: '', isWarning: true }] }),
        isComplete({ ...base, errors: [{ code: 'yaml-invalid', message: '' }] }),
      ],
      [true, true, false],
    );
  });
});
