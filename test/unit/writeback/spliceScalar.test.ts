import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { scalarPlaces, type ScalarValue, spliceScalar, valueOfScalar } from '../../../src/engine/writeback/spliceScalar.ts';
import { chance, randomText } from './randomYaml.ts';

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
