import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import type { SourceSpec } from '../../../src/engine/model/render.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import { readPlainYaml } from '../../../src/engine/render/plainYaml.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from './support.ts';

const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };
const folders = ['./cases/', '../../sample/', '../../../src/upstream/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Pieces that a line may be made of: everything that YAML 1.1 reads in ways of its own, and much that is plain. */
const scalars =
  `a true True yes y no on null ~ Null 1 0 -1 01 0x1f 0o7 0b1 1_000 1e3 1.5 1.50 -0.0 .5 . .inf -.inf .a ./x .. + +1 - -- --a -a -1h = << <a
  100m 128Mi 1.25.3 10.0.0.1 1:30 80:81 12:30:45 2020-01-01 2020-01-01T00:00:00Z 1.5Gi 9007199254740993 123456789012345678 1E 1e+3 1.0 00
  "a" "a\\nb" "a\\x41" "\\u00e4" 'it''s' 'a' "" '' "a: b" "#" a#b a:b a: *a &a !a @a %a \`a [a] [a, b] [] {} {a: b} {a:b} [a,b] [1, "x", {k: v}] [a, ]
  {a: b, a: c} {a} [[1]] | |- |+ > |2 # #a "a" 'a ä € "ä" $(A) /a/b *.example.com a,b a]b {{a}} ? :a a|b ;a ^a`.split(/\s+/);
const keys = [
  'a',
  'b',
  'c',
  '"d"',
  "'e'",
  'app.kubernetes.io/name',
  'true',
  'y',
  '1',
  '1.5',
  '.x',
  'a b',
  '-k',
  '? k',
  '"a\\n"',
  '__proto__',
  '<<',
];

/** Deterministic numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomText(random: () => number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const lines: string[] = [];
  const count = 1 + Math.floor(random() * 8);
  let indent = 0;
  for (let index = 0; index < count; index += 1) {
    const dash = random() < 0.25 ? pick(['- ', '-  ', '- - ', '-']) : '';
    const key = random() < 0.8 ? `${random() < 0.7 ? pick(['a', 'b', 'c', 'd', 'e', 'f']) : pick(keys)}:${random() < 0.95 ? ' ' : ''}` : '';
    const value = random() < 0.7 ? `${pick(scalars)}${random() < 0.1 ? ` ${pick(scalars)}` : ''}` : '';
    const tail = random() < 0.08 ? pick([' # note', '  ', ' #', '\t', '\r']) : '';
    lines.push(`${' '.repeat(indent)}${dash}${key}${value}${tail}`);
    if (random() < 0.06) lines.push(pick(['', '   ', '# note', '   # note', '---', '--- # x', '...', 'text', '    text']));
    const move = random();
    if (move < 0.3) indent += pick([1, 2, 2, 2, 4]);
    else if (move < 0.55) indent = Math.max(0, indent - pick([1, 2, 2, 4]));
  }
  return lines.join('\n') + (random() < 0.97 ? '\n' : '');
}

describe('plain YAML is read as the module reads it, or not at all', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  async function compare(text: string): Promise<boolean> {
    const plain = readPlainYaml(text);
    if (plain === undefined) return false;
    const expected = await renders.parse('a.yaml', new TextEncoder().encode(text), options);
    const known = expected.map(({ value, index, startLine, error }) => ({
      value,
      index,
      startLine,
      ...(error === undefined ? {} : { error }),
    }));
    assert.deepEqual(JSON.stringify(plain), JSON.stringify(known.map(({ value, ...rest }) => ({ value, ...rest }))), text);
    return true;
  }

  const count = Number(process.env['PLUMBLINE_YAML_TEXTS'] ?? 500);
  const seed = Number(process.env['PLUMBLINE_YAML_SEED'] ?? 7);
  it(`${count} random texts that it takes for plain (seed ${seed})`, async () => {
    const random = randomOf(seed);
    for (let read = 0; read < count;) if (await compare(randomText(random))) read += 1;
  });

  it('every YAML file of the tests', async () => {
    let read = 0;
    let all = 0;
    for (const folder of folders) {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!/\.ya?ml$/.test(name)) continue;
        all += 1;
        if (await compare(await readFile(join(folder, name), 'utf8'))) read += 1;
      }
    }
    assert.ok(read > all / 2, `only ${read} of ${all} were plain`);
  });

  it('a folder gives what the module gives for it', async () => {
    const object = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
    const tree = new MemoryTree({
      'm/a.yaml': object('a'),
      'm/b.yml': `# words\n---\n${object('b')}---\nkind: None\n---\n${object('a')}`,
      'm/c.json': '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}]}',
      'm/d.yaml': 'a: [\n',
      'm/e.yaml': `${object('e')}kind: Twice\n`,
      'm/sub/f.yaml': `${object('f')}data: {x: *no}\n`,
      'm/sub/g.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  namespace: n\n',
      'm/.hidden/h.yaml': object('h'),
      'm/kustomization.yaml': 'resources: []\n',
    });
    const spec: SourceSpec = { type: 'directory', path: 'm' };
    const direct = await renders.render(spec, tree, options);
    // Whoever names a file that only Go's JSON reads gets the module's reading of the whole folder.
    const odd = new MemoryTree({ 'm/z.yaml': 'apiVersion: v1\nKind: x\nkind: ConfigMap\nmetadata:\n  name: z\n' }, tree);
    const whole = await renders.render(spec, odd, options);
    const isOther = (file: string | undefined): boolean => file !== 'm/z.yaml';
    assert.deepEqual(
      { objects: direct.objects, errors: direct.errors, reads: direct.reads.filter(({ kind }) => kind === 'file') },
      {
        objects: whole.objects.filter(({ file }) => isOther(file)),
        errors: whole.errors.filter(({ file }) => isOther(file)),
        reads: whole.reads.filter(({ kind, path }) => kind === 'file' && isOther(path)),
      },
    );
    assert.equal(direct.errors.length > 3, true);
  });

  it('after a change only the file that changed comes out as other objects', async () => {
    const file = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
    const before = new MemoryTree({ 'd/a.yaml': file('a'), 'd/b.yaml': file('b') });
    const spec: SourceSpec = { type: 'directory', path: 'd' };
    const first = await renders.render(spec, before, options);
    const second = await renders.render(spec, new MemoryTree({ 'd/b.yaml': `${file('b')}data: {x: "1"}\n` }, before), options);
    assert.deepEqual(
      [second.objects[0] === first.objects[0], second.objects[1] === first.objects[1], second.objects[1]?.object['data']],
      [true, false, { x: '1' }],
    );
  });
});
