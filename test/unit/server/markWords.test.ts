import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LineMark } from '../../../src/engine/model/snapshot.ts';
import { lineNotes } from '../../../src/extension/decorations/markLines.ts';
import { toDiagnostics } from '../../../src/server/diagnostics.ts';
import { hoverOf } from '../../../src/server/hover.ts';
import { lineMark, words } from '../extension/support.ts';

const { fieldId: _fieldId, git: _git, live: _live, ...whole } = lineMark(1);

/** One mark of each kind: a new kind does not compile until it stands here. */
const marks: Readonly<Record<LineMark['kind'], LineMark>> = {
  changed: lineMark(1),
  added: lineMark(1, { kind: 'added' }),
  removed: lineMark(1, { kind: 'removed' }),
  missing: { ...whole, kind: 'missing' },
  'out-of-sync': lineMark(1, { kind: 'out-of-sync' }),
  differs: lineMark(1, { kind: 'differs' }),
  edited: lineMark(1, { kind: 'edited', working: '3', isEdited: true }),
  'cannot-compare': { ...whole, kind: 'cannot-compare', live: 'the source is not available' },
};

const problemsOf = (mark: LineMark): readonly string[] => toDiagnostics([mark], []).map(({ message }) => JSON.stringify(message));
/** Markdown escapes the brackets of `shop (prod)`. */
const isNamed = (text: string): boolean => /Deployment\/web.*shop \\*\(prod/.test(text);
const kinds = Object.keys(marks) as LineMark['kind'][];

test('every kind of mark is text, too: a note, a hover that names object and place, and an entry in the Problems', () => {
  const silent = kinds.flatMap((kind) => {
    const mark = marks[kind];
    const [note] = lineNotes([mark], words);
    const hover = JSON.stringify(hoverOf([mark], 1)?.contents ?? '');
    const problems = problemsOf(mark);
    return [
      ...(note?.text === undefined || note.text === '' ? [`${kind}: no note`] : []),
      ...(isNamed(hover) ? [] : [`${kind}: hover ${hover}`]),
      // An edit is no finding: the CodeLens of its file counts it instead.
      ...(kind === 'edited' || problems.some(isNamed) ? [] : [`${kind}: problems ${problems.join()}`]),
    ];
  });
  assert.deepEqual(silent, []);
});

test('no two kinds of mark read alike in the Problems', () => {
  const sentences = kinds.filter((kind) => kind !== 'edited').map((kind) => problemsOf(marks[kind])[0]);
  assert.equal(new Set(sentences).size, kinds.length - 1);
});
