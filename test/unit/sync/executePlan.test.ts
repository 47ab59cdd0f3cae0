import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { executePlan } from '../../../src/engine/sync/execute/executePlan.ts';
import type { PreparedPlan, PreparedStep, RevertConnection } from '../../../src/engine/sync/revertTypes.ts';

const live = (name: string, level: string, resourceVersion = '1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', resourceVersion },
  data: { level },
});

function step(name: string): PreparedStep {
  const path = [{ field: 'data' }, { field: 'level' }];
  return {
    step: {
      applicationId: 'prod/shop',
      key: { group: '', kind: 'ConfigMap', namespace: 'shop', name },
      action: 'configure',
      fields: [],
      resourceVersion: '1',
    },
    gvk: { group: '', version: 'v1', kind: 'ConfigMap' },
    schema: undefined,
    restored: live(name, 'info'),
    live: live(name, 'debug'),
    writes: [{ type: 'patch', manager: 'kubectl-client-side-apply', edits: [{ path, shown: 'debug', wanted: 'info' }], givesUp: false }],
  };
}

function plan(...names: readonly string[]): PreparedPlan {
  const steps = names.map((name) => step(name));
  const plan = {
    id: 'p',
    kind: 'revert',
    context: 'prod',
    clusterUid: 'uid',
    namespaces: ['shop'],
    isProtected: false,
    revision: 'c0ffee',
    revisionIs: 'target',
  } as const;
  return { plan: { ...plan, steps: steps.map((each) => each.step) }, steps };
}

/** Answers that no real API server gives on demand: one per patch, in order; a string is an error code. */
function connection(
  answers: readonly (string | AppError)[],
  uid = 'uid',
  now: KubeObject = live('a', 'debug', '2'),
): RevertConnection & { readonly sent: string[] } {
  const sent: string[] = [];
  const never = (): never => {
    throw new Error('not asked for');
  };
  return {
    sent,
    context: 'prod',
    uid,
    patch: (_gvk, key, body) => {
      const answer = answers[sent.length] ?? 'ok';
      sent.push(`${key.name} ${JSON.stringify(body).slice(0, 74)}`);
      if (answer === 'ok') return Promise.resolve({ object: live(key.name, 'info', '9'), warnings: [] });
      return Promise.reject(answer instanceof AppError ? answer : new AppError(answer, { message: answer }));
    },
    get: () => Promise.resolve(now),
    list: never,
    create: never,
    canI: never,
    get discovery() {
      return never();
    },
    get schemas() {
      return never();
    },
  };
}

async function run(prepared: PreparedPlan, target: RevertConnection, signal = new AbortController().signal): Promise<readonly unknown[]> {
  const results = await executePlan(prepared, target, { signal, logger: silentLogger, actor: 'tester' });
  return results.map(({ key, outcome, reason }) => [key.name, outcome, reason?.code]);
}

test('429 is waited for as the server says, then tried again', async () => {
  const target = connection([new AppError('too-many-requests', { retryAfterSeconds: 0.01 })]);
  assert.deepEqual([await run(plan('a'), target), target.sent.length], [[['a', 'done', undefined]], 2]);
});

test('a cancel ends the wait of a 429; nothing was written', async () => {
  const abort = new AbortController();
  const target = connection([new AppError('too-many-requests', { retryAfterSeconds: 3600 })]);
  const running = run(plan('a', 'b'), target, abort.signal);
  setImmediate(() => {
    abort.abort();
  });
  assert.deepEqual(await running, [
    ['a', 'skipped', 'revert-cancelled'],
    ['b', 'skipped', 'revert-cancelled'],
  ]);
});

test('a conflict by a status alone is tried with the new version, another one is left', async () => {
  const status = connection(['conflict'], 'uid', { ...live('a', 'debug', '2'), status: { x: 1 } });
  assert.deepEqual(await run(plan('a'), status), [['a', 'done', undefined]]);
  assert.match(status.sent[1] ?? '', /resourceVersion","value":"2"/);
  const moved = connection(['conflict'], 'uid', live('a', 'trace', '2'));
  assert.deepEqual([await run(plan('a'), moved), moved.sent.length], [[['a', 'refused', 'moved-since-plan']], 1]);
});

test('one refusal does not stop the others; a cluster that is gone does', async () => {
  assert.deepEqual(await run(plan('a', 'b'), connection(['denied-by-admission'])), [
    ['a', 'refused', 'refused-by-server'],
    ['b', 'done', undefined],
  ]);
  assert.deepEqual(await run(plan('a', 'b'), connection(['unreachable'])), [
    ['a', 'failed', 'unreachable'],
    ['b', 'skipped', 'revert-stopped'],
  ]);
});

test('another cluster than the planned one gets nothing', async () => {
  const target = connection([], 'other');
  assert.deepEqual([await run(plan('a'), target), target.sent], [[['a', 'skipped', 'wrong-cluster']], []]);
});
