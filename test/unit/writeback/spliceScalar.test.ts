import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { scalarPlaces, type ScalarValue, spliceScalar, valueOfScalar } from '../../../src/engine/writeback/spliceScalar.ts';

/** A repeatable source of chance (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A YAML text of random style: indentation, quotes, blocks, flow, comments, blank lines, anchors, line ends, byte-order mark. */
function randomText(random: () => number): string {
  const pick = <T>(options: readonly T[]): T => options[Math.floor(random() * options.length)] as T;
  const step = ' '.repeat(pick([2, 2, 4]));
  const scalar = (): string =>
    pick([
      '3',
      'true',
      'off',
      '0777',
      'nginx:1.25',
      '"2.0"',
      "'it''s'",
      '1.5Gi',
      '~',
      '"a\\tb"',
      'a b c',
      '&x 7',
      '!!str 5',
      '- x'.slice(2),
    ]);
  const comment = (): string => pick(['', '', ' # why', '   # 1: two']);
  const block = (indent: string): string =>
    pick([`|\n${indent}one\n${indent}  two`, `>-\n${indent}folded\n${indent}text`, `|-\n${indent}only`]);
  const lines: string[] = [];
  const map = (indent: string, depth: number): void => {
    const count = 1 + Math.floor(random() * 4);
    for (let index = 0; index < count; index += 1) {
      const key = pick([`key${String(index)}`, `"q${String(index)}"`, `a.b/c${String(index)}`]);
      const kind = depth > 2 ? 0 : Math.floor(random() * 7);
      if (random() < 0.1) lines.push('');
      if (random() < 0.1) lines.push(`${indent}# note`);
      if (kind <= 2) lines.push(`${indent}${key}: ${scalar()}${comment()}`);
      else if (kind === 3) lines.push(`${indent}${key}: ${block(indent + step)}`);
      else if (kind === 4) lines.push(`${indent}${key}: {one: 1, two: "2", three: [a, 'b']}${comment()}`);
      else if (kind === 5) {
        lines.push(`${indent}${key}:`);
        map(indent + step, depth + 1);
      } else {
        lines.push(`${indent}${key}:`);
        const dash = pick(['', step]);
        for (let item = 0; item < 2; item += 1) lines.push(`${indent}${dash}- ${pick(['x', '8080', '"y"'])}${comment()}`);
      }
    }
  };
  for (let document = 0; document < pick([1, 1, 2]); document += 1) {
    if (document > 0) lines.push('---');
    map('', 0);
  }
  const eol = pick(['\n', '\n', '\r\n']);
  return lines.join(eol).replaceAll(/\r?\n/g, eol) + pick(['', eol]);
}

const values: readonly ScalarValue[] = [
  5,
  true,
  false,
  'plain',
  '',
  'yes',
  '0123',
  'two words',
  'a: b',
  "it's",
  'x #y',
  '*star',
  'é→',
  'l1\nl2\n',
  '-',
  '1e3',
];

describe('spliceScalar', () => {
  it('changes only that leaf, in 1,200 texts of all styles', () => {
    const random = chance(42);
    let edits = 0;
    for (let round = 0; round < 1_200; round += 1) {
      const text = randomText(random);
      const places = scalarPlaces(text);
      const place = places[Math.floor(random() * places.length)];
      const value = values[Math.floor(random() * values.length)] ?? null;
      if (place === undefined) continue;
      let splice;
      try {
        splice = spliceScalar(text, place, value);
      } catch (error) {
        // A tag says the type: another one cannot be written beside it.
        assert.ok(isAppError(error) && error.code === 'edit-not-exact' && text.includes('!!str'), text);
        continue;
      }
      edits += 1;
      const [start, end] = place.node.range ?? [0, 0];
      assert.ok(splice.start === start && splice.end <= end, 'the edit is the leaf');
      const after = scalarPlaces(text.slice(0, splice.start) + splice.newText + text.slice(splice.end));
      const said = after.map(({ path, node }) => [path.join('/'), valueOfScalar(node)]);
      const meant = places.map(({ path, node }) => [path.join('/'), path === place.path ? value : valueOfScalar(node)]);
      assert.deepEqual(said, meant, text);
      const added = splice.newText.replaceAll('\r\n', '');
      assert.ok(!text.includes('\r\n') || !added.includes('\n'), 'line ends stay');
    }
    assert.ok(edits > 1_000, String(edits));
  });

  it('keeps quotes, anchors and comments', () => {
    const edit = (text: string, value: ScalarValue): string => {
      const [place] = scalarPlaces(text);
      assert.ok(place);
      const { start, end, newText } = spliceScalar(text, place, value);
      return text.slice(0, start) + newText + text.slice(end);
    };
    assert.deepEqual(
      [
        edit("image: 'nginx:1.25' # pinned\n", 'nginx:1.27'),
        edit('image: "a"\r\nb: 1\r\n', 'c'),
        edit('n: &count 3   # three\nm: *count\n', 4),
        edit('flag: yes\n', false),
        edit('port: 80\n', '80'),
        edit('text: |\n    one\n    two\nnext: 1\n', 'one\nthree\n'),
        edit('{a: 1, b: [2]}\n', 'x, y'),
        edit('\uFEFFa: 1\n', 2),
      ],
      [
        "image: 'nginx:1.27' # pinned\n",
        'image: "c"\r\nb: 1\r\n',
        'n: &count 4   # three\nm: *count\n',
        'flag: false\n',
        'port: "80"\n',
        'text: |\n    one\n    three\nnext: 1\n',
        '{a: "x, y", b: [2]}\n',
        '\uFEFFa: 2\n',
      ],
    );
  });

  it('refuses what it cannot edit exactly, and says why', () => {
    const codeOf = (text: string): string => {
      try {
        scalarPlaces(text);
        return '';
      } catch (error) {
        return isAppError(error) ? error.code : String(error);
      }
    };
    assert.deepEqual(
      [
        codeOf('a: {{ .Values.b }}\n{{ if }}\n'),
        codeOf('a:\n\tb: 1\n'),
        codeOf('a: 1\na: 2\n'),
        codeOf('a: ENC[x]\nsops:\n  version: 3\n'),
        codeOf(`a: ${'x'.repeat(6_000_001)}\n`),
        codeOf(`a: |\n${'  line\n'.repeat(10_000)}`),
      ],
      ['edit-not-yaml', 'edit-not-yaml', 'edit-duplicate-key', 'edit-encrypted', 'edit-too-large', ''],
    );
  });
});
