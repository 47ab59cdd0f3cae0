import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan, PlanStep } from '../../../src/engine/model/plan.ts';
import type { FieldDifference } from '../../../src/engine/model/states.ts';
import { outcomeText, planText } from '../../../src/extension/words/planText.ts';
import { fieldDifference } from '../support/fieldDifference.ts';
import { words } from './support.ts';

const web = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
const service = { group: '', kind: 'Service', namespace: 'shop', name: 'web' };

const difference = (changes: Partial<FieldDifference> = {}): FieldDifference => fieldDifference({ git: 2, live: 5, ...changes });

function step(changes: Partial<PlanStep> = {}): PlanStep {
  return { applicationId: 'prod/shop', key: web, action: 'configure', fields: [difference()], ...changes };
}

function plan(steps: readonly PlanStep[], changes: Partial<Plan> = {}): Plan {
  return {
    id: '1',
    kind: 'revert',
    context: 'prod-eu',
    clusterUid: 'u',
    environment: 'prod',
    namespaces: ['shop'],
    isProtected: false,
    revision: '4f2c1d0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    revisionIs: 'synced',
    steps,
    ...changes,
  };
}

test('the confirmation names cluster, namespace, counts, every field, and what is refused', () => {
  const { git: _git, ...added } = difference({ id: 'metadata.labels.debug', change: 'added', live: 'true' });
  const text = planText(
    [
      plan(
        [
          step({ fields: [difference(), added, difference({ id: 'data.password', isMasked: true, git: 'hidden-a', live: 'hidden-b' })] }),
          step({ key: service, action: 'skipped', fields: [], reason: { code: 'held', details: {} } }),
        ],
        { isProtected: true },
      ),
    ],
    [
      {
        applicationId: 'prod/shop',
        key: { ...service, kind: 'ConfigMap' },
        outcome: 'refused',
        reason: { code: 'forbidden', details: {} },
      },
    ],
    words,
  );
  assert.deepEqual(text, {
    message: 'Revert 3 fields of 1 object in namespace shop on cluster prod-eu?',
    detail: [
      'prod: back to the synced revision 4f2c1d0',
      '• Deployment/web',
      '    spec.replicas: 5 → 2',
      '    metadata.labels.debug: remove true',
      '    data.password: back to the value of Git (masked)',
      '',
      'Left as it is:',
      'Service/web: <held>',
      'ConfigMap/web: <forbidden>',
    ].join('\n'),
    action: 'Revert',
    protectedEnvironments: ['prod'],
    hasWork: true,
  });
});

test('several plans: created and recreated objects, a target instead of a synced revision', () => {
  const text = planText(
    [
      plan([step({ action: 'create', fields: [] }), step({ key: service, action: 'recreate', fields: [] })]),
      plan([step()], { context: 'dev-eu', namespaces: ['dev'], environment: 'dev', revisionIs: 'target' }),
    ],
    [],
    words,
  );
  assert.deepEqual(
    [text.message, text.action, text.protectedEnvironments, text.detail.split('\n')],
    [
      'Revert 1 field of 3 objects in namespaces shop, dev on cluster prod-eu, dev-eu?',
      'Revert and Recreate',
      [],
      [
        'prod: back to the synced revision 4f2c1d0',
        '• Deployment/web: create again',
        '• Service/web: delete and create again (an immutable field differs)',
        'dev: back to the target 4f2c1d0 (no synced revision is recorded)',
        '• Deployment/web',
        '    spec.replicas: 5 → 2',
      ],
    ],
  );
});

test('a long plan is cut, and says by how much', () => {
  const steps = Array.from({ length: 40 }, (_, index) => step({ key: { ...web, name: `web-${String(index)}` } }));
  const { detail, full } = planText([plan(steps)], [], words);
  const lines = detail.split('\n');
  assert.deepEqual([lines.length, lines.at(-1), full?.split('\n').length], [25, '… and 57 more lines', 84]);
});

test('nothing to do is not a question', () => {
  const text = planText([plan([step({ action: 'unchanged' })])], [], words);
  assert.equal(text.hasWork, false);
});

test('outcomes: done, and each failure by name', () => {
  const done = { applicationId: 'a', key: web, outcome: 'done' } as const;
  const failed = { applicationId: 'a', key: service, outcome: 'failed', reason: { code: 'moved', details: {} } } as const;
  assert.deepEqual(
    [outcomeText([done], words), outcomeText([done, done, failed], words), outcomeText([failed], words)],
    [
      { message: '1 object is back to Git.', failures: [] },
      { message: '2 objects are back to Git. 1 was not reverted: Service/web: <moved>', failures: ['Service/web: <moved>'] },
      { message: '1 was not reverted: Service/web: <moved>', failures: ['Service/web: <moved>'] },
    ],
  );
});

test('a path that is longer than a line of the dialog may be broken between its steps', () => {
  const path = 'spec.template.spec.containers[name=web].env[name=MAX_CONNECTIONS].value';
  const { detail } = planText([plan([step({ fields: [difference({ id: path }), difference()] })])], [], words);
  const [, , long, short] = detail.split('\n');
  assert.deepEqual(
    [long?.split('\u200b'), short],
    [
      ['    spec.', 'template.', 'spec.', 'containers[name=web].', 'env[name=MAX_CONNECTIONS].', 'value: 5 → 2'],
      '    spec.replicas: 5 → 2',
    ],
  );
});
