import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffectedObject } from '../../../src/engine/model/writeback.ts';
import { choiceQuestion, ignoreQuestion, refusedText, writebackQuestion } from '../../../src/extension/language/writebackWords.ts';
import { l10n, words } from './support.ts';

const affected = (applicationId: string, kind: AffectedObject['kind'], ...paths: readonly string[]): AffectedObject => ({
  applicationId,
  object: 'Deployment/web',
  paths,
  kind,
});
const target = { applicationId: 'prod/shop', key: 'apps/Deployment/shop/web', fieldId: 'spec.replicas' };

test('the question names each edit, new files, what follows, what else moves, and what is refused', () => {
  const question = writebackQuestion(
    [
      { file: 'base/web.yaml', line: 7, before: '  replicas: 2 # two', after: '  replicas: 5 # two' },
      { file: 'base/web.yaml', line: 9, before: '', after: '\n  labels:\n    team: a' },
      { file: 'base/web.yaml', line: 12, before: '  paused: true\n', after: '' },
    ],
    {
      newFiles: [{ file: 'base/job.yaml', text: 'a: 1\nb: 2\n' }],
      affected: [
        affected('prod/shop', 'intended', '/spec/replicas'),
        affected('prod/shop', 'derived', '/metadata/name'),
        affected('dev/shop', 'other', '/spec/replicas'),
      ],
      refused: [{ target, reason: { code: 'adopt-secret', details: {} } }],
    },
    'adopt',
    words,
  );
  assert.deepEqual(
    [question.message, ...question.detail.split('\n')],
    [
      'Edit 2 files?',
      'base/web.yaml:8  replicas: 2 # two → replicas: 5 # two',
      'base/web.yaml:10  + labels: ⏎ team: a',
      'base/web.yaml:13  without paused: true',
      'base/job.yaml: new file, 2 lines',
      '',
      'Follows from it:',
      'prod/shop: Deployment/web /metadata/name',
      '',
      'Also changes:',
      'dev/shop: Deployment/web /spec/replicas',
      '',
      'Not adopted:',
      'spec.replicas: <adopt-secret>',
    ],
  );
});

test('the choice between base and overlay, and an ignore rule with all that it hides', () => {
  const choice = choiceQuestion([affected('dev/shop', 'other', '/spec/replicas'), affected('qa/shop', 'other', '/spec/replicas')], l10n);
  const ignore = ignoreQuestion(
    [{ file: 'plumbline.yaml', line: 9, before: '', after: '\n    ignore:\n      - kind: Deployment' }],
    {
      places: [{ rule: 'plumbline.yaml', file: 'plumbline.yaml' }],
      effects: [
        { applicationId: 'prod/shop', object: 'Deployment/web', fieldId: 'spec.replicas', isIntended: true },
        { applicationId: 'prod/shop', object: 'Deployment/db', fieldId: 'spec.replicas', isIntended: false },
      ],
      refused: [],
    },
    words,
  );
  assert.deepEqual(
    [
      choice.message,
      choice.detail,
      ignore.message,
      ignore.detail.split('\n'),
      refusedText([{ target, reason: { code: 'x', details: {} } }], words),
    ],
    [
      'The line that sets this serves 2 applications. Edit it all the same?',
      'dev/shop: Deployment/web /spec/replicas\nqa/shop: Deployment/web /spec/replicas',
      'Add a rule to plumbline.yaml?',
      [
        'plumbline.yaml:10  + ignore: ⏎ - kind: Deployment',
        '',
        'No longer counts:',
        'prod/shop: Deployment/web spec.replicas',
        '',
        'Also hidden by it:',
        'prod/shop: Deployment/db spec.replicas',
      ],
      '<x>',
    ],
  );
});
