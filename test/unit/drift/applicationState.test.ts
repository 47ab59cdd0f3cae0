import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApplicationFacts, summarize } from '../../../src/engine/drift/applicationState.ts';
import { stateOfFields } from '../../../src/engine/drift/outcome.ts';
import type { FieldDifference, Health, ObjectState, ObjectStatus, Verdict } from '../../../src/engine/model/states.ts';
import { fieldDifference } from '../support/fieldDifference.ts';

const object = (state: ObjectState, more: Partial<Verdict> = {}): ObjectStatus => ({
  key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: state },
  verdict: { state, fields: [], ignored: [], proof: 'local', needsRecreate: false, ...more },
});
const missing = (code: string): ObjectStatus => object('missing', { reason: { code, details: {} } });
const facts = (objects: readonly ObjectStatus[], more: Partial<ApplicationFacts> = {}): ApplicationFacts => ({
  hasDestination: true,
  renderErrors: [],
  objects,
  isLoaded: true,
  ...more,
});

test('an application is as bad as its worst object', () => {
  const synced = object('synced');
  const broken = { code: 'yaml-invalid', details: {} };
  const cases: readonly [ApplicationFacts, string][] = [
    [facts([synced]), 'synced'],
    [facts([synced, object('unverified')]), 'unverified'],
    [facts([synced, object('unverified'), object('out of sync')]), 'out of sync'],
    [facts([synced, object('extraneous')]), 'out of sync'],
    [facts([object('out of sync'), object('pending')]), 'pending'],
    [facts([object('out of sync'), object('differs')]), 'differs'],
    [facts([object('differs'), object('drifted'), object('pending')]), 'drifted'],
    [facts([synced, object('drifted (not confirmed)')]), 'drifted'],
    [facts([synced, missing('object-not-live')]), 'differs'],
    [facts([synced, missing('object-deleted')]), 'drifted'],
    [facts([synced, missing('object-not-yet-applied')]), 'out of sync'],
    [facts([synced, missing('kind-pending')]), 'out of sync'],
    [facts([missing('object-deleted'), missing('object-not-live')]), 'missing'],
    [facts([missing('object-not-live'), object('extraneous')]), 'missing'],
    [facts([object('drifted'), object('cannot compare')]), 'cannot compare'],
    [facts([synced], { renderErrors: [broken] }), 'cannot compare'],
    [facts([], { clusterProblem: { code: 'unreachable', details: {} } }), 'cannot compare'],
    [facts([], { isLoaded: false }), 'pending'],
    [facts([]), 'cannot compare'],
    [facts([], { hasDestination: false, renderErrors: [broken] }), 'no destination'],
  ];
  assert.deepEqual(
    cases.map(([input]) => summarize(input).state),
    cases.map((item) => item[1]),
  );
});

const field = (direction: FieldDifference['direction'], more: Partial<FieldDifference> = {}): FieldDifference =>
  fieldDifference({ direction, ...more });

test('counts and reasons', () => {
  const denied = { code: 'dry-run-forbidden', details: { verb: 'patch' } };
  const summary = summarize(
    facts([
      object('drifted', { fields: [field('drifted'), field('out of sync'), field('drifted', { isCosmetic: true })] }),
      object('differs', { fields: [field('differs')], reason: denied }),
      object('unverified', { reason: denied }),
      missing('object-deleted'),
      object('synced'),
    ]),
  );
  assert.deepEqual(
    [summary.driftedObjects, summary.driftedFields, summary.counts, summary.reasons],
    [
      3,
      2,
      { drifted: 1, differs: 1, unverified: 1, missing: 1, synced: 1 },
      [
        { code: 'dry-run-forbidden', details: { object: 'ConfigMap/differs', verb: 'patch' } },
        { code: 'object-deleted', details: { object: 'ConfigMap/missing' } },
      ],
    ],
  );
  assert.deepEqual(summarize(facts([])).reasons, [{ code: 'nothing-rendered', details: {} }]);
});

test('an object is as bad as its worst field', () => {
  const unconfirmed = { isConfirmed: false };
  const cases: readonly [readonly FieldDifference[], ObjectState][] = [
    [[], 'synced'],
    [[field('drifted', { isCosmetic: true })], 'synced'],
    [[field('out of sync'), field('differs'), field('drifted')], 'drifted'],
    [[field('out of sync'), field('differs')], 'differs'],
    [[field('out of sync')], 'out of sync'],
    [[field('drifted', unconfirmed)], 'drifted (not confirmed)'],
    [[field('drifted', unconfirmed), field('drifted')], 'drifted'],
    [[field('out of sync', unconfirmed)], 'unverified'],
  ];
  assert.deepEqual(
    cases.map(([fields]) => stateOfFields(fields, 'synced')),
    cases.map((item) => item[1]),
  );
});

test('the worst health is told with the object that it is about', () => {
  const healthOf = (...healths: readonly (Health | undefined)[]): Health | undefined =>
    summarize(
      facts(
        healths.map((health, index) => ({
          ...object('synced'),
          key: { group: '', kind: 'Pod', namespace: 'shop', name: `p${String(index)}` },
          ...(health === undefined ? {} : { health }),
        })),
      ),
    ).health;
  assert.deepEqual(
    [
      healthOf({ status: 'healthy', message: 'no Pod is there' }, { status: 'degraded', message: 'crash loop' }, { status: 'progressing' }),
      healthOf({ status: 'suspended' }, { status: 'healthy' }),
      healthOf({ status: 'healthy', message: 'no Pod is there' }),
      healthOf(undefined),
    ],
    [{ status: 'degraded', message: 'Pod/p1: crash loop' }, { status: 'suspended', message: 'Pod/p0' }, { status: 'healthy' }, undefined],
  );
});
