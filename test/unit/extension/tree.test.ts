import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesFilter, noFilter, parseFilter } from '../../../src/extension/tree/filter.ts';
import { outline } from '../../../src/extension/tree/grouping.ts';
import type { Grouping } from '../../../src/extension/tree/grouping.ts';
import { applicationNodeId, NodeCache } from '../../../src/extension/tree/nodes.ts';
import type { ApplicationNode } from '../../../src/extension/tree/nodes.ts';
import { viewState } from '../../../src/extension/tree/viewState.ts';
import { application, l10n } from './support.ts';

const rows = [
  application({ id: 'prod/web', name: 'web', state: 'drifted', driftedObjects: 1 }),
  application({ id: 'prod/api', name: 'api' }),
  application({ id: 'dev/web', name: 'web', environment: 'dev', context: 'dev-eu', path: 'apps/web/dev', state: 'cannot compare' }),
  application({ id: 'dev/api', name: 'api', environment: 'dev', context: 'dev-eu', owner: 'flux', health: { status: 'degraded' } }),
  application({ id: '-/redis', name: 'redis', state: 'no destination', origin: 'convention' }),
];

test('groups: what needs attention first, worst first, and again in its own place; suggestions last', () => {
  const shape = (grouping: Grouping): unknown => {
    const { groups, ungrouped } = outline(rows, grouping, noFilter, l10n);
    return [groups.map((group) => [group.label, group.applicationIds.join(' '), group.attentionCount]), ungrouped.join(' ')];
  };
  const attention = ['Needs Attention', 'dev/web prod/web dev/api', 3];
  const suggestions = ['Suggestions', '-/redis', 0];
  assert.deepEqual(
    [shape('environment'), shape('cluster'), shape('folder'), shape('owner'), shape('none')],
    [
      [[attention, ['dev', 'dev/api dev/web', 2], ['prod', 'prod/api prod/web', 1], suggestions], ''],
      [[attention, ['dev-eu', 'dev/api dev/web', 2], ['prod-eu', 'prod/api prod/web', 1], suggestions], ''],
      [[attention, ['apps/shop/overlays', 'dev/api prod/api prod/web', 2], ['apps/web', 'dev/web', 1], suggestions], ''],
      [[attention, ['flux', 'dev/api', 1], ['plumbline', 'prod/api dev/web prod/web', 2], suggestions], ''],
      [[attention, suggestions], 'dev/api prod/api dev/web prod/web'],
    ],
  );
});

test('a filter hides rows and leaves the badge as it is', () => {
  const { groups, attentionCount, hiddenCount } = outline(rows, 'environment', parseFilter('env environment:prod'), l10n);
  assert.deepEqual([groups.length, attentionCount, hiddenCount], [0, 3, 5]);
  const prod = outline(rows, 'environment', parseFilter('environment:prod web'), l10n);
  assert.deepEqual(
    [prod.groups.map((group) => group.applicationIds), prod.attentionCount, prod.hiddenCount],
    [[['prod/web'], ['prod/web']], 3, 4],
  );
});

test('filters: words, fields, quotes', () => {
  const row = application({ state: 'out of sync', health: { status: 'degraded' } });
  const cases: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['shop', true],
    ['SHOP prod', true],
    ['shop staging', false],
    ['state:"out of sync"', true],
    ['state:"out of', true],
    ['state:drifted', false],
    ['health:degraded overlays', true],
    ['health:healthy', false],
    ['cluster:prod-eu namespace:shop owner:plumb path:overlays', true],
    ['image:latest', false],
  ];
  assert.deepEqual(
    cases.map(([text]) => [text, matchesFilter(row, parseFilter(text))]),
    cases,
  );
});

test('nodes keep their identity over refreshes, so that selection and expansion survive', () => {
  const cache = new NodeCache();
  const node = (state: 'synced' | 'drifted'): ApplicationNode => ({
    type: 'application',
    id: applicationNodeId(undefined, 'prod/web'),
    parent: undefined,
    applicationId: 'prod/web',
    row: application({ state }),
  });
  const first = cache.intern(node('synced'));
  const second = cache.intern(node('drifted'));
  assert.equal(first, second);
  assert.equal(first.row.state, 'drifted');
  cache.deleteTree(first.id);
  assert.notEqual(cache.intern(node('synced')), first);
});

test('the view knows why it is empty', () => {
  const facts = { engine: 'running', isLoaded: true, applications: new Map(), repos: [], areAllHidden: false } as const;
  const repo = { root: '/repo', problems: [], hasConfig: false };
  const problem = (code: string): { root: string; hasConfig: boolean; problems: { code: string; details: object }[] } => ({
    ...repo,
    problems: [{ code, details: {} }],
  });
  assert.deepEqual(
    [
      viewState({ ...facts, engine: 'failed' }),
      viewState({ ...facts, engine: 'idle', isLoaded: false }),
      viewState({ ...facts, engine: 'starting', isLoaded: false }),
      viewState(facts),
      viewState({ ...facts, repos: [problem('git-not-a-repository') as never] }),
      viewState({ ...facts, repos: [problem('git-missing') as never] }),
      viewState({ ...facts, repos: [problem('config-invalid') as never] }),
      viewState({ ...facts, repos: [repo] }),
      viewState({ ...facts, applications: new Map([['a', application()]]), areAllHidden: true }),
      viewState({ ...facts, applications: new Map([['a', application()]]), engine: 'restarting' }),
    ],
    ['failed', 'idle', 'loading', 'no-repository', 'no-repository', 'git-missing', 'broken-config', 'no-applications', 'no-match', 'ready'],
  );
});
