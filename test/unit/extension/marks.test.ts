import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditTrail } from '../../../src/extension/decorations/editTrail.ts';
import { lineNotes, moveMarks, noteText } from '../../../src/extension/decorations/markLines.ts';
import { ago, clockTime } from '../../../src/extension/words/time.ts';
import { summarize } from '../../../src/extension/status/summary.ts';
import { application, at, cluster, l10n, lineMark, nowMs, words } from './support.ts';

test('notes at the end of a line', () => {
  const { manager: _manager, time: _time, ...anonymous } = lineMark(1, { kind: 'missing' });
  const cases = [
    lineMark(1),
    lineMark(1, { time: at(14, 2, 1), isEdited: true }),
    lineMark(1, { kind: 'added', fieldId: 'metadata.labels["a.b/debug"]', live: 'true', manager: 'kubectl-edit' }),
    lineMark(1, {
      kind: 'added',
      fieldId: 'spec.template.spec.containers[name=proxy]',
      live: '{"image":"proxy:1","name":"proxy","resources":{}}',
    }),
    lineMark(1, { kind: 'removed' }),
    anonymous,
    lineMark(1, { kind: 'out-of-sync' }),
    lineMark(1, { kind: 'differs' }),
    lineMark(1, { git: 'registry.example.com/shop/web:1.1', live: 'registry.example.com/shop/web:1.2-hotfix' }),
    lineMark(1, { git: '/a/b', live: '/a/c' }),
  ];
  assert.deepEqual(
    cases.map((mark) => noteText(mark, words)),
    [
      'live: 5 · kubectl-scale 11:02',
      'live: 5, Git: 2 · kubectl-scale 13 Mar 14:02',
      'only live: ["a.b/debug"]: true · kubectl-edit 11:02',
      'only live: [name=proxy]: {"image":"proxy:1","name":"proxy","resources":{}} · kubectl-scale 11:02',
      'removed live · kubectl-scale 11:02',
      'not in the cluster',
      'not applied yet, live: 5 · kubectl-scale 11:02',
      'differs, live: 5 · kubectl-scale 11:02',
      'live: …/web:1.2-hotfix · kubectl-scale 11:02',
      'live: /a/c · kubectl-scale 11:02',
    ],
  );
});

test('one line, several marks: the worst decides, applications are told apart, the rest is counted', () => {
  const marks = [
    lineMark(4, { kind: 'out-of-sync', environment: 'dev', applicationId: 'dev/shop', time: 'never' }),
    lineMark(4),
    lineMark(4, { environment: 'staging', applicationId: 'staging/shop', live: '7' }),
    lineMark(2, { kind: 'added', fieldId: 'metadata.labels.x', live: 'y' }),
  ];
  assert.deepEqual(lineNotes(marks, words), [
    { line: 2, kind: 'added', text: 'only live: x: y · kubectl-scale 11:02' },
    { line: 4, kind: 'changed', text: 'prod: live: 5 · kubectl-scale 11:02  |  staging: live: 7 · kubectl-scale 11:02  |  +1 more' },
  ]);
  const [prod, staging, dev] = ['prod', 'staging', 'dev'].map((environment) => ({ environment, applicationId: `${environment}/shop` }));
  assert.deepEqual(
    lineNotes([lineMark(4, prod), lineMark(4, { ...staging, live: '4' }), lineMark(4, dev)], words).map(({ text }) => text),
    ['live: 5 in prod, dev, 4 in staging'],
  );
  assert.deepEqual(
    [
      lineMark(1, { kind: 'edited', working: '4', live: '2' }),
      lineMark(1, { kind: 'edited', working: '2', live: '2' }),
      lineMark(1, { working: '5', isEdited: true }),
      lineMark(1, { synced: '1' }),
    ].map((mark) => noteText(mark, words).split(' · ')[0]),
    ['live: 2', 'as live', 'as live, Git: 2', 'live: 5, synced: 1'],
  );
});

test('marks follow edits', () => {
  const lines = (...edit: readonly [number, number, number, boolean]): number[] => {
    const [startLine, endLine, insertedLines, startsAtLineStart] = edit;
    return moveMarks([lineMark(2), lineMark(5), lineMark(9)], { startLine, endLine, insertedLines, startsAtLineStart }).map(
      ({ range }) => range.startLine,
    );
  };
  assert.deepEqual(
    {
      'typing within a line': lines(5, 5, 0, false),
      'a new line above': lines(3, 3, 1, false),
      'a new line at the start of the marked line': lines(5, 5, 1, true),
      'a new line at the end of the marked line': lines(5, 5, 1, false),
      'the line above deleted': lines(4, 5, 0, true),
      'the marked line deleted': lines(5, 6, 0, true),
      'three lines with a mark inside replaced by one': lines(4, 7, 1, false),
      'lines pasted below all': lines(12, 12, 4, true),
    },
    {
      'typing within a line': [2, 5, 9],
      'a new line above': [2, 6, 10],
      'a new line at the start of the marked line': [2, 6, 10],
      'a new line at the end of the marked line': [2, 5, 10],
      'the line above deleted': [2, 4, 8],
      'the marked line deleted': [2, 8],
      'three lines with a mark inside replaced by one': [2, 7],
      'lines pasted below all': [2, 5, 9],
    },
  );
});

test('marks that were placed in an older version stand where its lines are now', () => {
  const trail = new EditTrail();
  const insertedAbove = { startLine: 0, endLine: 0, insertedLines: 1, startsAtLineStart: true };
  for (const version of [2, 3, 4]) trail.add(version, [insertedAbove]);
  const lines = (version: number): readonly number[] | undefined =>
    trail.follow([lineMark(2), lineMark(5)], version)?.map(({ range }) => range.startLine);
  assert.deepEqual([lines(4), lines(3), lines(1), lines(0)], [[2, 5], [3, 6], [5, 8], undefined]);
  for (let version = 5; version < 500; version += 1) trail.add(version, []);
  assert.deepEqual([lines(100), lines(499)], [undefined, [2, 5]]);
});

test('times: local, with the day when not today', () => {
  assert.deepEqual(
    [
      clockTime(at(9, 5), nowMs, 'en-GB'),
      clockTime(at(0, 7, 3), nowMs, 'en-GB'),
      clockTime(new Date(2024, 11, 31, 23, 59).toISOString(), nowMs, 'en-GB'),
      clockTime('yesterday', nowMs, 'en-GB'),
      clockTime(undefined, nowMs, 'en-GB'),
    ],
    ['09:05', '11 Mar 00:07', '31 Dec 2024 23:59', undefined, undefined],
  );
  assert.deepEqual(
    [0, 59, 60, 3599, 3600, 86_399, 86_400, 300_000].map((seconds) => ago(nowMs - seconds * 1000, nowMs, l10n)),
    ['just now', 'just now', '1 min ago', '59 min ago', '1 h ago', '23 h ago', '1 day ago', '3 days ago'],
  );
});

test('the status bar item says the worst first', () => {
  const drifted = application({ id: '1', state: 'drifted' });
  const stale = application({ id: '2', staleSinceMs: nowMs });
  const suggestion = application({ id: '3', state: 'no destination' });
  const unreachable = cluster({ status: 'unreachable' });
  const say = (...args: Parameters<typeof summarize> extends [infer A, infer B, unknown] ? [A, B] : never): unknown => {
    const summary = summarize(...args, l10n);
    return summary === undefined ? undefined : [summary.icon, summary.text];
  };
  const untrusted = [{ code: 'workspace-untrusted', details: {} }];
  assert.deepEqual(
    [
      say([suggestion], []),
      say([drifted, stale, application({ id: '4', state: 'drifted' })], [unreachable]),
      say([stale], [unreachable]),
      say([application({ state: 'cannot compare' })], [cluster({ status: 'sign-in' })]),
      say([application(), application({ id: '5', state: 'pending' })], []),
      say([application(), application({ id: '6', health: { status: 'degraded' } })], []),
      say([application({ state: 'out of sync' })], []),
      say([application(), suggestion], [cluster()]),
      say(
        [
          application({ state: 'cannot compare', reasons: untrusted }),
          application({ id: '7', state: 'no destination', reasons: untrusted }),
        ],
        [],
      ),
    ],
    [
      undefined,
      ['diff-modified', '2 drifted'],
      ['debug-disconnect', 'cluster unreachable'],
      ['key', 'sign in needed'],
      ['loading~spin', 'comparing…'],
      ['error', '1 degraded'],
      ['arrow-circle-up', '1 out of sync'],
      ['pass', 'synced'],
      ['shield', 'not compared'],
    ],
  );
});
