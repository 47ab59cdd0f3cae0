import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbidden } from '../../tools/importTable.mjs';

const cases: readonly (readonly [file: string, specifier: string, allowed: boolean])[] = [
  ['base/async.ts', './errors.ts', true],
  ['base/async.ts', '../engine/model/json.ts', false],
  ['engine/model/states.ts', './json.ts', true],
  ['engine/model/states.ts', '../compare/compare.ts', false],
  ['engine/model/states.ts', 'node:crypto', false],
  ['engine/compare/compare.ts', '../model/json.ts', true],
  ['engine/compare/compare.ts', 'node:fs', false],
  ['engine/git/repository.ts', '../cluster/pool.ts', false],
  ['engine/cluster/pool.ts', '../git/repository.ts', false],
  ['engine/cluster/pool.ts', '@kubernetes/client-node', true],
  ['engine/drift/judge.ts', '@kubernetes/client-node', false],
  ['engine/drift/judge.ts', '../cluster/pool.ts', true],
  ['engine/drift/judge.ts', '../sync/plan.ts', false],
  ['engine/apps/argocd/application.ts', '../../render/render.ts', true],
  ['engine/apps/argocd/application.ts', '../../drift/judge.ts', false],
  ['engine/engine.ts', './sync/plan.ts', true],
  ['engine/git/repository.ts', '../engine.ts', false],
  ['server/main.ts', '../engine/engine.ts', true],
  ['extension/extension.ts', '../engine/model/states.ts', true],
  ['extension/extension.ts', '../engine/engine.ts', false],
  ['extension/extension.ts', 'vscode', true],
  ['server/hover.ts', 'vscode', false],
  ['protocol/messages.ts', '../engine/model/snapshot.ts', true],
  ['protocol/messages.ts', '../server/main.ts', false],
  ['cli/main.ts', '../../test/tools/sample.ts', false],
];

test('the import table allows exactly the imports of design.md §4', () => {
  assert.deepEqual(
    cases.map(([file, specifier]) => [file, specifier, forbidden('/project/src', `/project/src/${file}`, specifier) === undefined]),
    cases,
  );
});
