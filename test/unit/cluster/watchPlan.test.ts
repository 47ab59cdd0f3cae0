import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, planWatches, type ResolvedInterest, specId } from '../../../src/engine/cluster/watchPlan.ts';
import type { ResourceInfo } from '../../../src/engine/model/resourceInfo.ts';

function info(group: string, kind: string, more: Partial<ResourceInfo> = {}): ResourceInfo {
  return {
    group,
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    isNamespaced: true,
    verbs: ['list', 'watch'],
    hasStatus: false,
    hasScale: false,
    servedBy: 'builtin',
    isPreferred: true,
    ...more,
  };
}

const DEPLOYMENT = info('apps', 'Deployment');

function interest(of: ResourceInfo, namespace: string, isChildOnly = false): ResolvedInterest {
  return { info: of, namespace, isChildOnly };
}

function plan(interests: ResolvedInterest[], forbidden: string[] = [], running: string[] = [], max = 300): string[] {
  const watches = planWatches(interests, new Set(forbidden), new Set(running), max);
  return [...watches].map(([id, spec]) => (spec.isPolled ? `${id} polled` : id));
}

const spread = (of: ResourceInfo, count: number): ResolvedInterest[] =>
  Array.from({ length: count }, (_, index) => interest(of, `n${index}`));

test('what is watched follows from what is wanted and allowed', () => {
  const all = 'apps/v1/deployments||full';
  const narrow = (count: number): string[] => Array.from({ length: count }, (_, index) => `apps/v1/deployments|n${index}|full`);
  assert.deepEqual(
    {
      five: plan(spread(DEPLOYMENT, 5)),
      six: plan(spread(DEPLOYMENT, 6)),
      sixForbidden: plan(spread(DEPLOYMENT, 6), ['apps/v1/deployments']),
      all: plan([interest(DEPLOYMENT, ''), interest(DEPLOYMENT, 'n0')]),
      allForbidden: plan([interest(DEPLOYMENT, ''), interest(DEPLOYMENT, 'n0')], ['apps/v1/deployments']),
      clusterScoped: plan([interest(info('', 'Node', { isNamespaced: false }), 'ignored')]),
      secrets: plan([interest(info('', 'Secret'), 'n0')]),
      children: plan([interest(info('', 'Pod'), 'n0', true), interest(info('apps', 'ControllerRevision'), 'n0', true)]),
      childAndManaged: plan([interest(DEPLOYMENT, 'n0', true), interest(DEPLOYMENT, 'n0')]),
      limited: plan(spread(DEPLOYMENT, 3), [], ['apps/v1/deployments|n2|full'], 2),
      unwatchable: plan([interest(info('x', 'Y', { verbs: ['list'] }), 'n0')]),
    },
    {
      five: narrow(5),
      six: [all],
      sixForbidden: narrow(6),
      all: [all],
      allForbidden: [all, 'apps/v1/deployments|n0|full'],
      clusterScoped: ['/v1/nodes||full'],
      secrets: ['/v1/secrets|n0|metadata'],
      children: ['/v1/pods|n0|full', 'apps/v1/controllerrevisions|n0|metadata'],
      childAndManaged: ['apps/v1/deployments|n0|full'],
      limited: ['apps/v1/deployments|n2|full', 'apps/v1/deployments|n0|full', 'apps/v1/deployments|n1|full polled'],
      unwatchable: ['x/v1/ys|n0|full polled'],
    },
  );
});

test('a wide watch covers each namespace, a narrow one its own', () => {
  const spec = (namespace: string): Parameters<typeof covers>[0] => ({ info: DEPLOYMENT, namespace });
  const other = interest(info('apps', 'StatefulSet'), 'a');
  assert.deepEqual(
    [
      covers(spec(''), interest(DEPLOYMENT, 'a')),
      covers(spec('a'), interest(DEPLOYMENT, 'a')),
      covers(spec('b'), interest(DEPLOYMENT, 'a')),
      covers(spec('a'), interest(DEPLOYMENT, '')),
      covers(spec(''), other),
      specId({ info: DEPLOYMENT, namespace: 'a', isMetadataOnly: true }),
    ],
    [true, true, false, false, false, 'apps/v1/deployments|a|metadata'],
  );
});
