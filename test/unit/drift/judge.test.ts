import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { comparisonCauses } from '../../../src/engine/drift/causes.ts';
import { refusalOf } from '../../../src/engine/drift/refusals.ts';
import { driftMessages } from '../../../src/engine/model/messages/drift.ts';
import { messageTemplates } from '../../../src/engine/model/messageTemplates.ts';
import { refusalCases } from './refusalCases.ts';
import { deployments, desiredObject, inputOf, judgeWith, liveObject } from './support.ts';

const git = desiredObject({ replicas: 2 });
const scaled = liveObject({ replicas: 5 }, { other: 'kubectl-edit' });

test('a proof needs no call', async () => {
  const { judge, context, sent } = judgeWith(() => Promise.reject(new Error('not expected')));
  const verdict = await judge.judge(inputOf(git, liveObject({ replicas: 2 })), context);
  assert.deepEqual([verdict.state, verdict.proof, verdict.resourceVersion, sent.length], ['synced', 'local', '1', 0]);
});

test('every refusal of a dry-run is an answer, and none is cached', async () => {
  const found: unknown[] = [];
  for (const { code, details = {} } of refusalCases) {
    const { judge, context, cache } = judgeWith(() => Promise.reject(new AppError(code, details)));
    const { state, reason } = await judge.judge(inputOf(git, scaled), context);
    found.push([code, state, reason?.code]);
    assert.equal(cache.size, 0);
  }
  assert.deepEqual(
    found,
    refusalCases.map(({ code, state, cause }) => [code, state, cause]),
  );
});

test('a name that every render makes anew is no object to look for', async () => {
  const { judge, context } = judgeWith(() => Promise.reject(new Error('not expected')));
  const verdicts = [undefined, scaled].map((live) => judge.judge(inputOf(git, live, { isNameVolatile: true }), context));
  assert.deepEqual(
    (await Promise.all(verdicts)).map(({ state, reason }) => [state, reason?.code]),
    [
      ['cannot compare', 'name-volatile'],
      ['cannot compare', 'name-volatile'],
    ],
  );
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

test('every cause of this room has words', () => {
  const codes = [...Object.keys(comparisonCauses), ...Object.keys(driftMessages)];
  assert.deepEqual(
    codes.filter((code) => messageTemplates[code] === undefined),
    [],
  );
});
