import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../../src/base/errors.ts';
import { isJsonArray, isJsonObject, type JsonValue, valueAt } from '../../../src/engine/model/json.ts';
import { TextDraft } from '../../../src/engine/writeback/textDraft.ts';
import { applySplice, editYaml, type YamlChange, type YamlPath, yamlValues } from '../../../src/engine/writeback/yamlEdit.ts';
import { chance, randomText } from './randomYaml.ts';

function edited(text: string, change: YamlChange): string {
  try {
    return applySplice(text, editYaml(text, change));
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

const cases: readonly (readonly [string, YamlChange, string])[] = [
  ['a: 1\n', { path: ['b', 'c'], value: 2 }, 'a: 1\nb:\n  c: 2\n'],
  [
    'spec:\n  x: 1 # hi\n\n# end\nother: 2\n',
    { path: ['spec', 'z'], value: { a: [1, { b: 'on' }] } },
    'spec:\n  x: 1 # hi\n  z:\n    a:\n      - 1\n      - b: "on"\n\n# end\nother: 2\n',
  ],
  ['list:\n- a\n- b # c\nz: 1\n', { path: ['list', 2], value: { k: 'v' } }, 'list:\n- a\n- b # c\n- k: v\nz: 1\n'],
  ['list: [a, b] # two\n', { path: ['list', 2], value: 'x' }, 'list: [a, b, x] # two\n'],
  ['rules: # none yet\nz: 1\n', { path: ['rules', 0], value: { a: 1 } }, 'rules: # none yet\n  - a: 1\nz: 1\n'],
  ['a:\r\n  b: 1\r\nc: 2\r\n', { path: ['a', 'd'], value: { x: 1 } }, 'a:\r\n  b: 1\r\n  d:\r\n    x: 1\r\nc: 2\r\n'],
  ['a: 1\n---\nb: 1\n', { document: 0, path: ['c'], value: 1 }, 'a: 1\nc: 1\n---\nb: 1\n'],
  ['a:\n  b: 1\n  c:\n    d: 1\n  # of e\n  e: 5\n', { path: ['a', 'c'], value: undefined }, 'a:\n  b: 1\n  # of e\n  e: 5\n'],
  ['a:\n  - n: 1\n    v: 2\n  - n: 3\n', { path: ['a', 0, 'n'], value: undefined }, 'a:\n  - v: 2\n  - n: 3\n'],
  ['a:\n  - n: 1\n    v: 2\n  - n: 3\n', { path: ['a', 0], value: undefined }, 'a:\n  - n: 3\n'],
  ['a: {b: 1, c: 2}\n', { path: ['a', 'c'], value: undefined }, 'a: {b: 1}\n'],
  ['a:\n  c: 1\nb: 1\n', { path: ['a', 'c'], value: undefined }, 'a: {}\nb: 1\n'],
  // Of lists and mappings that become others, what stays the same stays as it is written.
  [
    'args:\n- serve\n- --port=8080 # p\n- "--quiet"\nz: 1\n',
    { path: ['args'], value: ['serve', '--port=9090', '--quiet', '--loud'] },
    'args:\n- serve\n- --port=9090 # p\n- "--quiet"\n- --loud\nz: 1\n',
  ],
  ['l:\n  - a # 1\n  # of c\n  - c # 3\n', { path: ['l'], value: ['a', 'b', 'c'] }, 'l:\n  - a # 1\n  # of c\n  - b\n  - c # 3\n'],
  ['l:\r\n- a # 1\r\n- "b"\r\n- c\r\n', { path: ['l'], value: ['a', 'c'] }, 'l:\r\n- a # 1\r\n- c\r\n'],
  ['l:\n- a\n- b\n- "c"\n', { path: ['l'], value: ['c', 'd', 'e'] }, 'l:\n- "c"\n- d\n- e\n'],
  ['l: [a, "b", c] # x\n', { path: ['l'], value: ['m', 'a', 'x', 'b'] }, 'l: [m, a, x, "b"] # x\n'],
  ['n:\n  a: 1 # one\n  b: "2"\n', { path: ['n'], value: { a: 1, c: { d: 3 } } }, 'n:\n  a: 1 # one\n  c:\n    d: 3\n'],
  [
    't:\n- key: a # which\n  effect: "NoSchedule"\n- {key: b}\nz: 1\n',
    { path: ['t'], value: [{ key: 'a', effect: 'NoExecute' }, { key: 'new' }, { key: 'b', operator: 'Exists' }] },
    't:\n- key: a # which\n  effect: "NoExecute"\n- {key: new}\n- key: b\n  operator: Exists\nz: 1\n',
  ],
  ['t:\n- key: a\nz: 1\n', { path: ['t'], value: [{ key: 'x' }, { key: 'a' }] }, 't:\n- key: x\n- key: a\nz: 1\n'],
  ['l:\n- &x a\n- *x\n- b\n', { path: ['l'], value: ['a', 'm', 'b', 'c'] }, 'l:\n- a\n- m\n- b\n- c\n'],
  ['a: &x {b: 1}\nc: *x\n', { path: ['c', 'd'], value: 1 }, 'edit-not-exact'],
  ['a: 1\na: 2\n', { path: ['b'], value: 1 }, 'edit-duplicate-key'],
  ['a: ENC[x]\nsops: {version: "3"}\n', { path: ['b'], value: 1 }, 'edit-encrypted'],
];

/** Every way to a value of a document. */
function ways(value: JsonValue | undefined, path: YamlPath = []): readonly YamlPath[] {
  if (isJsonArray(value)) return [path, ...value.flatMap((item, index) => ways(item, [...path, index]))];
  if (isJsonObject(value)) return [path, ...Object.entries(value).flatMap(([key, item]) => ways(item, [...path, key]))];
  return [path];
}

describe('editYaml', () => {
  it('puts in, replaces and cuts, and leaves the rest', () => {
    assert.deepEqual(
      cases.map(([text, change]) => edited(text, change)),
      cases.map(([, , after]) => after),
    );
  });

  it('in 1,000 texts of all styles the text says just the change, and no comment or other line is lost', () => {
    const random = chance(7);
    const pick = <T>(options: readonly T[]): T | undefined => options[Math.floor(random() * options.length)];
    const counts = { done: 0, refused: 0 };
    for (let round = 0; round < 1_000; round += 1) {
      const text = randomText(random);
      const [said] = yamlValues(text);
      const path = pick(ways(said)) ?? [];
      const target = valueAt(said, ...path);
      const value = pick<JsonValue>(['x', 5, true, [1, 'a'], { k: 'v', l: ['m'] }]) ?? null;
      const isAdd = isJsonArray(target) || isJsonObject(target);
      const change: YamlChange = isJsonArray(target)
        ? { path: [...path, target.length], value }
        : isAdd
          ? { path: [...path, 'added-key'], value }
          : { path, value: random() < 0.3 ? undefined : value };
      if (change.path.length === 0) continue;
      const after = edited(text, change);
      if (after.startsWith('edit-')) {
        counts.refused += 1;
        continue;
      }
      counts.done += 1;
      const comments = (each: string): number => (isAdd ? (each.match(/# note/g)?.length ?? 0) : 0);
      assert.equal(comments(after), comments(text), text);
      if (isAdd) {
        const lines = after.split(/\r?\n/);
        const lost = text.split(/\r?\n/).filter((line) => !lines.includes(line) && !/[{[]|:\s*$/.test(line));
        assert.deepEqual(lost, [], `${text}\n=>\n${after}`);
      }
      // The edits sent to the editor lead to the same text.
      const edits = new TextDraft().with('f', text, editYaml(text, change)).edits();
      let result = text;
      for (const { range, newText } of edits.toReversed()) {
        const at = (line: number, column: number): number =>
          text.split('\n').slice(0, line).join('\n').length + (line > 0 ? 1 : 0) + column;
        result = result.slice(0, at(range.startLine, range.startColumn)) + newText + result.slice(at(range.endLine, range.endColumn));
      }
      assert.equal(result, after);
    }
    assert.ok(counts.done > 850, JSON.stringify(counts));
  });
});
