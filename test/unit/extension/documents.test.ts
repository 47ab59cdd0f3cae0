import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedLines, configText } from '../../../src/extension/commands/configText.ts';
import { toRevertTargets, toTarget, toTargets } from '../../../src/extension/commands/target.ts';
import { isAffected, parseAddress, toAddress } from '../../../src/extension/diff/documentUri.ts';
import type { DocumentSubject } from '../../../src/extension/diff/documentUri.ts';
import { diffTitle } from '../../../src/extension/diff/sideNames.ts';
import { RestartPolicy } from '../../../src/extension/engine/restartPolicy.ts';
import { application, l10n } from './support.ts';

const subjects: readonly DocumentSubject[] = [
  { type: 'side', applicationId: 'prod/shop', key: 'apps/Deployment/shop/web', side: 'live' },
  { type: 'side', applicationId: 'prod/shop', key: '/ClusterRole//a:b/c', side: 'revision:4f2c1d0' },
  { type: 'side', applicationId: 'prod/shop', key: 'apps/Deployment/shop/web', side: 'target', pair: 'live ↔ Git' },
  { type: 'live', context: 'arn:aws:eks:eu/x', apiVersion: 'v1', key: '/Pod/shop/web-1' },
  { type: 'events', context: 'prod-eu', key: '/Pod/shop/web-1' },
  { type: 'logs', context: 'prod-eu', namespace: 'shop', pod: 'web-1', container: 'web' },
  { type: 'plan', extension: 'txt', id: '1' },
];

test('addresses of documents: the query identifies, the path ends in what the tab shows', () => {
  assert.deepEqual(
    subjects.map((subject) => toAddress(subject).path),
    [
      '/prod/shop/shop/Deployment/web.yaml',
      '/prod/shop/_/ClusterRole/a:b c.yaml',
      '/prod/shop/shop/Deployment/live ↔ Git/web.yaml',
      '/arn:aws:eks:eu x/shop/Pod/web-1 (live).yaml',
      '/prod-eu/shop/Pod web-1/web-1 events.log',
      '/prod-eu/shop/Pod/web-1/web-1 (web).log',
      '/Plan 1.txt',
    ],
  );
  assert.deepEqual(
    subjects.map((subject) => parseAddress(toAddress(subject).query)),
    subjects,
  );
});

test('both sides of a diff have one path', () => {
  const [left, right] = (['live', 'target'] as const).map((side) =>
    toAddress({ type: 'side', applicationId: 'prod/shop', key: 'apps/Deployment/shop/web', side }),
  );
  assert.equal(left?.path, right?.path);
  assert.notEqual(left?.query, right?.query);
});

test('foreign queries have no document', () => {
  const queries = [
    '',
    '{',
    'null',
    '[]',
    '{"type":"side"}',
    '{"type":"side","applicationId":"a","key":"k","side":"revision:--x y"}',
    '{"type":"x"}',
  ];
  assert.deepEqual(
    queries.map((query) => parseAddress(query)),
    queries.map(() => undefined),
  );
});

test('a change of documents touches the named objects of the application, or all', () => {
  const [side] = subjects;
  const live = subjects.find(({ type }) => type === 'live');
  assert.ok(side !== undefined && live !== undefined);
  assert.deepEqual(
    [
      isAffected(side, 'prod/shop', ['apps/Deployment/shop/web']),
      isAffected(side, 'prod/shop', []),
      isAffected(side, 'prod/shop', ['/Service/shop/web']),
      isAffected(side, 'dev/shop', []),
      isAffected(live, 'prod/shop', []),
    ],
    [true, true, false, false, false],
  );
});

test('titles name both sides', () => {
  const row = application({ targetRevision: '4f2c1d0' });
  const repo = { root: '/repo', head: '9a8b7c6d5e4f3a2b1c0d9a8b7c6d5e4f3a2b1c0d', problems: [], hasConfig: true };
  assert.deepEqual(
    [
      diffTitle('Deployment/web', { left: 'live', right: 'target' }, row, repo, l10n),
      diffTitle('shop', { left: 'HEAD', right: 'working tree' }, row, repo, l10n),
      diffTitle('shop', { left: 'synced', right: 'revision:feature/x' }, row, undefined, l10n),
    ],
    ['Deployment/web: prod-eu live ↔ Git 4f2c1d0', 'shop: HEAD 9a8b7c6 ↔ working tree', 'shop: synced ↔ Git feature/x'],
  );
});

test('targets of commands: what anyone passes is checked', () => {
  assert.deepEqual(
    [
      toTarget(undefined),
      toTarget('prod/shop'),
      toTarget({ applicationId: 3 }),
      toTarget({ applicationId: 'a', key: 'k', fieldId: 'f', more: 1 }),
      toTarget({ applicationId: 'a', fieldId: 'f' }),
      toTargets({ applicationId: 'a' }, []),
      toTargets([{ applicationId: 'a' }, { applicationId: 'b' }], undefined),
      toTargets(undefined, [{ applicationId: 'a' }, 'x', { applicationId: 'b', key: 'k' }]),
    ],
    [
      undefined,
      undefined,
      undefined,
      { applicationId: 'a', key: 'k', fieldId: 'f' },
      { applicationId: 'a' },
      [{ applicationId: 'a' }],
      [{ applicationId: 'a' }, { applicationId: 'b' }],
      [{ applicationId: 'a' }, { applicationId: 'b', key: 'k' }],
    ],
  );
});

test('several rows become one plan: what an application or object covers is not named twice', () => {
  assert.deepEqual(
    toRevertTargets([
      { applicationId: 'a', key: 'k', fieldId: 'f' },
      { applicationId: 'a', key: 'k', fieldId: 'g' },
      { applicationId: 'a', key: 'l', fieldId: 'f' },
      { applicationId: 'a', key: 'l' },
      { applicationId: 'b', key: 'k', fieldId: 'f' },
      { applicationId: 'b' },
    ]),
    [{ applicationId: 'b' }, { applicationId: 'a', object: 'k', fields: ['f', 'g'] }, { applicationId: 'a', object: 'l' }],
  );
});

test('a new plumbline.yaml quotes what YAML would read as something else', () => {
  assert.equal(
    configText('no', 'arn:aws:eks:eu-west-1:1:cluster/x', [{ name: 'shop', path: '', namespace: '123' }]),
    [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      'environments:',
      '  "no":',
      '    context: "arn:aws:eks:eu-west-1:1:cluster/x"',
      'applications:',
      '  - name: shop',
      '    environment: "no"',
      '    path: .',
      '    namespace: "123"',
      '',
    ].join('\n'),
  );
});

test('an edit of a file touches only the lines that differ', () => {
  assert.deepEqual(
    [
      changedLines('a\nb\nc\n', 'a\nx\ny\nb\nc\n'),
      changedLines('a\nb\n', 'a\nb\nc\n'),
      changedLines('a\na\n', 'a\na\na\n'),
      changedLines('a\nb\nc', 'a\nc'),
      changedLines('a\n', 'a\n'),
    ],
    [
      { startLine: 1, endLine: 1, lines: ['x', 'y'] },
      { startLine: 2, endLine: 2, lines: ['c'] },
      { startLine: 2, endLine: 2, lines: ['a'] },
      { startLine: 1, endLine: 2, lines: [] },
      { startLine: 2, endLine: 2, lines: [] },
    ],
  );
});

test('at most 4 restarts in 3 minutes', () => {
  let now = 0;
  const policy = new RestartPolicy(4, 180_000, () => now);
  const answers: boolean[] = [];
  for (const time of [0, 10_000, 20_000, 30_000, 40_000, 179_999, 180_000, 185_000]) {
    now = time;
    answers.push(policy.mayRestart());
  }
  assert.deepEqual(answers, [true, true, true, true, false, false, true, false]);
  policy.reset();
  assert.equal(policy.mayRestart(), true);
});
