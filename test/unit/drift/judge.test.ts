import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { refusalOf } from '../../../src/engine/drift/refusals.ts';
import { driftMessages } from '../../../src/engine/model/messages/drift.ts';
import { messageTemplates } from '../../../src/engine/model/messageTemplates.ts';
import { deployments, desiredObject, inputOf, judgeWith, liveObject } from './support.ts';

const git = desiredObject({ replicas: 2 });
const scaled = liveObject({ replicas: 5 }, { other: 'kubectl-edit' });

test('a proof needs no call', async () => {
  const { judge, context, sent } = judgeWith(() => Promise.reject(new Error('not expected')));
  const verdict = await judge.judge(inputOf(git, liveObject({ replicas: 2 })), context);
  assert.deepEqual([verdict.state, verdict.proof, verdict.resourceVersion, sent.length], ['synced', 'local', '1', 0]);
});

test('every refusal of a dry-run is an answer, and none is cached', async () => {
  const cases: readonly [code: string, details: AppError['details'], state: string, reason: string][] = [
    ['forbidden', {}, 'drifted (not confirmed)', 'dry-run-forbidden'],
    ['dry-run-unsupported', {}, 'drifted (not confirmed)', 'dry-run-unsupported'],
    ['dry-run-not-allowed', {}, 'drifted (not confirmed)', 'dry-run-not-allowed'],
    ['invalid', { isImmutable: true }, 'drifted', 'immutable-field'],
    ['invalid', { isImmutable: false }, 'cannot compare', 'target-invalid'],
    ['quota-exceeded', {}, 'cannot compare', 'quota-exceeded'],
    ['denied-by-admission', {}, 'cannot compare', 'denied-by-admission'],
    ['namespace-terminating', {}, 'cannot compare', 'namespace-terminating'],
    ['server-error', { message: 'failed calling webhook' }, 'cannot compare', 'server-error'],
    ['server-error', { message: '.spec.x: field not declared in schema' }, 'cannot compare', 'target-rejected'],
    ['bad-request', {}, 'cannot compare', 'target-rejected'],
    ['too-many-requests', {}, 'cannot compare', 'too-many-requests'],
    ['not-found', {}, 'missing', 'not-found'],
    ['namespace-missing', {}, 'missing', 'namespace-missing'],
  ];
  const found: unknown[] = [];
  for (const [code, details] of cases) {
    const { judge, context, cache } = judgeWith(() => Promise.reject(new AppError(code, details)));
    const verdict = await judge.judge(inputOf(git, scaled), context);
    found.push([code, details, verdict.state, verdict.reason?.code]);
    assert.equal(cache.size, 0);
  }
  assert.deepEqual(found, cases);
});

test('a lost connection is no verdict', async () => {
  const lost = new AppError('unreachable', {});
  const { judge, context } = judgeWith(() => Promise.reject(lost));
  await assert.rejects(judge.judge(inputOf(git, scaled), context), lost);
  assert.throws(() => refusalOf(new TypeError('a bug')), TypeError);
});

test('an answer of another resourceVersion does not count', async () => {
  let version = 1;
  const { judge, context, sent } = judgeWith(
    () => Promise.resolve(liveObject({ replicas: 2 }, { resourceVersion: '3' })),
    () => {
      version += 1;
      return liveObject({ replicas: 5 }, { other: 'kubectl-edit', resourceVersion: String(version) });
    },
  );
  const verdict = await judge.judge(inputOf(git, scaled), context);
  assert.deepEqual([verdict.state, verdict.resourceVersion, sent.length], ['drifted', '3', 3]);
});

test('an object that never holds still stays pending', async () => {
  let version = 10;
  const { judge, context } = judgeWith(
    () => Promise.resolve(liveObject({ replicas: 2 }, { resourceVersion: String((version += 1)) })),
    () => liveObject({ replicas: 5 }, { resourceVersion: String((version += 1)) }),
  );
  const verdict = await judge.judge(inputOf(git, scaled), context);
  assert.deepEqual([verdict.state, verdict.reason?.code], ['pending', 'live-keeps-changing']);
});

test('aggregated APIs are never dry-run, and neither is anything offline', async () => {
  const { judge, context, sent } = judgeWith(() => Promise.reject(new Error('not expected')));
  const { client: _client, ...offline } = context;
  const aggregated = await judge.judge(inputOf(git, scaled, { resource: { ...deployments, servedBy: 'aggregated' } }), context);
  const alone = await judge.judge(inputOf(git, scaled), offline);
  assert.deepEqual([aggregated.reason?.code, alone.reason?.code, sent.length], ['aggregated-api', 'offline', 0]);
});

test('the dry-run sends what the owner would send', async () => {
  const { judge, context, sent } = judgeWith(() => Promise.resolve(liveObject({ replicas: 2 })));
  const desired = { ...git, metadata: { ...git.metadata, resourceVersion: '7', creationTimestamp: null }, status: { x: 1 } };
  await judge.judge(inputOf(desired, scaled), context);
  assert.deepEqual(sent, [git]);
});

test('every reason of this room has words', () => {
  const codes = [
    'immutable-field',
    'quota-exceeded',
    'denied-by-admission',
    'namespace-terminating',
    'server-error',
    'server-timeout',
    'too-many-requests',
    'field-conflict',
    'too-large',
    'not-found',
    'namespace-missing',
    'unknown-kind',
    ...Object.keys(driftMessages),
  ];
  assert.deepEqual(
    codes.filter((code) => messageTemplates[code] === undefined),
    [],
  );
});
