import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctPlaces } from '../../../src/engine/compare/ignore.ts';
import { Ignores } from '../../../src/engine/ignores.ts';
import type { Application, IgnoreRule } from '../../../src/engine/model/application.ts';
import type { IgnoredField } from '../../../src/engine/model/states.ts';
import { tracked } from '../cli/comparisons.ts';

const rule = (declaredBy: string, ...paths: string[]): IgnoreRule => ({ declaredBy, paths });

/** The list of an application with one object. */
function listOf(
  ignore: readonly IgnoreRule[],
  view: readonly IgnoreRule[],
  ignored: readonly IgnoredField[],
): ReturnType<Ignores['ignored']> {
  const object = tracked('Deployment', 'web', 'synced', { ignored });
  const seen = { owner: 'argocd', name: 'Application argocd/shop', rules: view, places: [], problems: [] } as const;
  const revert = { mode: 'never', reason: { code: 'x', details: {} } } as const;
  const application = { ignore } as unknown as Application;
  const session = { application, objects: [{ ...object, view: { ...seen, revert } }] };
  return new Ignores(() => ({ session, workspace: { repo: { found: { rules: [] } } } })).ignored('any');
}

test('rules of the application and of its owner are listed once, with their places and what each leaves out', () => {
  const jq = 'Application argocd/shop ignoreDifferences[0]';
  const { rules, fields } = listOf(
    [rule('plumbline.yaml:12', '/spec/replicas'), rule('plumbline.yaml:14', '/spec/paused')],
    [rule(jq, '.spec.template'), rule(jq, '.spec.template', '/a')],
    [
      { id: 'spec.replicas', by: 'plumbline.yaml:12' },
      { id: 'spec.template', by: `${jq} jq .spec.template` },
      { id: 'data', by: 'autoscaler HorizontalPodAutoscaler/web' },
    ],
  );
  assert.deepEqual(
    [
      rules.map(({ by, paths, fieldCount, sources }) => [by, paths, fieldCount, sources?.[0]?.startLine]),
      fields.map(({ object }) => object),
    ],
    [
      [
        ['plumbline.yaml:12', ['/spec/replicas'], 1, 11],
        ['plumbline.yaml:14', ['/spec/paused'], 0, 13],
        [jq, ['.spec.template', '/a'], 1, undefined],
        ['autoscaler HorizontalPodAutoscaler/web', [], 1, undefined],
      ],
      ['Deployment/web', 'Deployment/web', 'Deployment/web'],
    ],
  );
  assert.deepEqual(new Ignores(() => undefined).ignored('none'), { fields: [], rules: [] });
});

test('a field that several expressions name is left out once, by the first', () => {
  const path = [{ field: 'spec' }];
  const places = [
    { path, by: 'jq .spec' },
    { path, by: 'jq .spec' },
    { path, by: 'manager x' },
  ];
  assert.deepEqual(distinctPlaces(places), [{ path, by: 'jq .spec' }]);
});
