import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from './support.ts';

const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };

interface Row {
  readonly what: string;
  readonly text: string | Uint8Array;
  /** [value or code, first line, last line] of each document, lines from 0 */
  readonly documents: readonly (readonly [unknown, number, number])[];
}

function utf16(text: string): Uint8Array {
  return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
}

const ROWS: readonly Row[] = [
  { what: 'nothing', text: '', documents: [] },
  { what: 'comments only', text: '# a\n---\n# b\n---\n', documents: [] },
  {
    what: 'several documents',
    text: 'a: 1\n---\nb: 2\n--- # comment\nc: 3\n',
    documents: [
      [{ a: 1 }, 0, 0],
      [{ b: 2 }, 2, 2],
      [{ c: 3 }, 4, 4],
    ],
  },
  {
    what: 'content on the marker line, and document ends',
    text: '--- {a: 1}\n...\n---\nb: 2\n...\n',
    documents: [
      [{ a: 1 }, 0, 0],
      [{ b: 2 }, 3, 3],
    ],
  },
  { what: 'a marker inside a block scalar that is indented', text: 'a: |\n  ---\n  b\n', documents: [[{ a: '---\nb\n' }, 0, 2]] },
  {
    what: 'YAML 1.1 scalars as Kubernetes reads them',
    text: 'a: yes\nb: 0777\nc: "on"\nd: 1e3\ne: 2020-01-01\nf: ~\ng: 0x1f\nh: 1_000\n',
    documents: [[{ a: true, b: 511, c: 'on', d: 1000, e: '2020-01-01', f: null, g: 31, h: 1000 }, 0, 7]],
  },
  { what: 'anchors and merge keys', text: 'a: &x {k: 1}\nb: {<<: *x, l: 2}\n', documents: [[{ a: { k: 1 }, b: { k: 1, l: 2 } }, 0, 1]] },
  {
    what: 'a broken document between good ones',
    text: 'a: 1\n---\nb: [\n---\nc: 1\n',
    documents: [
      [{ a: 1 }, 0, 0],
      ['yaml-invalid 3', 2, 2],
      [{ c: 1 }, 4, 4],
    ],
  },
  {
    what: 'a duplicate key',
    text: 'x: 0\n---\na: 1\na: 2\n',
    documents: [
      [{ x: 0 }, 0, 0],
      ['yaml-duplicate-key 4', 2, 3],
    ],
  },
  { what: 'JSON', text: '{"a": {"b": [1, 2]}}', documents: [[{ a: { b: [1, 2] } }, 0, 0]] },
  {
    what: 'JSON values one after the other',
    text: '{"a": 1}\n{"b":\n 2}\n',
    documents: [
      [{ a: 1 }, 0, 0],
      [{ b: 2 }, 1, 2],
    ],
  },
  { what: 'flow YAML that is no JSON', text: '{a: 1}\n', documents: [[{ a: 1 }, 0, 0]] },
  {
    what: 'UTF-16',
    text: utf16('a: "ü"\n---\nb: 2\n'),
    documents: [
      [{ a: 'ü' }, 0, 0],
      [{ b: 2 }, 2, 2],
    ],
  },
  {
    what: 'a byte order mark and Windows line ends',
    text: '\ufeffa: 1\r\n---\r\nb: 2\r\n',
    documents: [
      [{ a: 1 }, 0, 0],
      [{ b: 2 }, 2, 2],
    ],
  },
];

describe('YAML is read as Kubernetes reads it', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  for (const { what, text, documents } of ROWS) {
    it(what, async () => {
      const found = await renders.parse('f.yaml', typeof text === 'string' ? new TextEncoder().encode(text) : text, options);
      assert.deepEqual(
        found.map(({ value, error, startLine, endLine }) => [
          error === undefined ? value : `${error.code} ${error.line ?? 0}`,
          startLine,
          endLine,
        ]),
        documents,
      );
    });
  }
});

describe('a folder of manifests', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  it('gives every object with its file, document and line, in the order of paths', async () => {
    const { MemoryTree } = await import('../../../src/engine/render/memoryTree.ts');
    const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
    const tree = new MemoryTree({
      'm/b.yaml': `# head\n${map('one')}---\n${map('two')}`,
      'm/a/z.yml': map('three'),
      'm/list.json':
        '{"apiVersion":"v1","kind":"ConfigMapList","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"four"}}]}',
      'm/values.yaml': 'just: values\n',
      'm/kustomization.yaml': 'resources: [b.yaml]\n',
      'm/.hidden/x.yaml': map('hidden'),
      'm/broken.yaml': `${map('five')}---\na: b: c\n`,
      'm/notes.txt': map('text'),
      'm/z-again.yaml': `\n${map('one')}`,
    });
    const { objects, errors } = await renders.render({ type: 'directory', path: 'm' }, tree, options);
    assert.deepEqual(
      objects.map(({ object, file, documentIndex, line }) => [object.metadata['name'], file, documentIndex, line]),
      [
        ['three', 'm/a/z.yml', 0, 0],
        ['one', 'm/b.yaml', 0, 1],
        ['two', 'm/b.yaml', 1, 5],
        ['five', 'm/broken.yaml', 0, 0],
        ['four', 'm/list.json', 0, 0],
        ['one', 'm/z-again.yaml', 0, 1],
      ],
    );
    assert.deepEqual(
      errors.map(({ code, file, line, isWarning, details }) => [code, file, line, isWarning ?? false, details?.['otherFile']]),
      [
        ['yaml-invalid', 'm/broken.yaml', 5, false, undefined],
        ['not-a-manifest', 'm/values.yaml', 1, true, undefined],
        ['duplicate-object', 'm/z-again.yaml', 2, false, 'm/b.yaml'],
      ],
    );
  });
});
