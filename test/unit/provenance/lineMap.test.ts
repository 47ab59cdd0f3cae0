import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineMap } from '../../../src/engine/provenance/lineMap.ts';

const from = ['kind: Deployment', 'spec:', '  replicas: 2', '  paused: true', '  args:', '  - --one', '  - --two', 'end: 1', ''];

/** Where a 0-based line of `from` is in an edited text: its text, `edited` or `gone`. */
function follow(to: readonly string[], line: number, eol = '\n'): string {
  const text = from[line] ?? '';
  const startColumn = text.length - text.trimStart().length;
  const mapped = new LineMap(from.join('\n'), to.join(eol)).map({
    file: 'f',
    startLine: line,
    startColumn,
    endLine: line,
    endColumn: text.length,
  });
  if (mapped === undefined) return 'gone';
  const { range, isEdited } = mapped;
  assert.equal(range.startLine, range.endLine);
  return `${String(range.startLine)} ${(to[range.startLine] ?? '').slice(range.startColumn, range.endColumn)}${isEdited ? ' edited' : ''}`;
}

test('lines are followed through edits of the text', () => {
  const replaced = (line: number, ...texts: readonly string[]): string[] => from.toSpliced(line, 1, ...texts);
  const cases: Record<string, [readonly string[], number, string]> = {
    same: [from, 2, '2 replicas: 2'],
    'lines before it came': [['# new', '# new', ...from], 2, '4 replicas: 2'],
    'lines before it went': [from.slice(1), 2, '1 replicas: 2'],
    'its value was edited': [replaced(2, '  replicas: 5 # more'), 2, '2 replicas: 5 # more edited'],
    'a neighbour was edited too': [from.toSpliced(2, 2, '  paused: false', '  replicas: 5'), 2, '3 replicas: 5 edited'],
    'it was deleted': [from.toSpliced(2, 1), 2, 'gone'],
    'another key took its place': [replaced(2, '  minReadySeconds: 3'), 2, 'gone'],
    'it moved below another parent': [replaced(2, '    replicas: 2'), 2, 'gone'],
    'an item was edited': [replaced(5, '  - --1'), 5, '5 --1 edited'],
    'items were merged': [from.toSpliced(5, 2, '  - --1'), 5, 'gone'],
    'edited and moved by a comment': [replaced(2, '  # why', '  replicas: 5'), 2, '3 replicas: 5 edited'],
    'what comes after an edit': [replaced(2, '  a: 1', '  b: 2', '  c: 3'), 7, '9 end: 1'],
    'everything is new': [['other'], 2, 'gone'],
    'the text is empty': [[''], 2, 'gone'],
  };
  const seen = Object.fromEntries(Object.entries(cases).map(([name, [to, line]]) => [name, follow(to, line)]));
  assert.deepEqual(seen, Object.fromEntries(Object.entries(cases).map(([name, [, , expected]]) => [name, expected])));
  assert.equal(follow(from, 2, '\r\n'), '2 replicas: 2');
});

test('two texts that have little in common are mapped in bounded time', () => {
  const lines = (seed: number): string =>
    Array.from({ length: 20_000 }, (_, index) => `k${String(index)}: ${String(index * seed)}`).join('\n');
  const before = process.cpuUsage();
  const map = new LineMap(lines(3), lines(7));
  map.map({ file: 'f', startLine: 9_000, startColumn: 0, endLine: 9_000, endColumn: 5 });
  // Of its own: what else the machine does is no matter.
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
