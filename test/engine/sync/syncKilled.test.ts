import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { ChaosProxy, type SeenRequest } from '../../tools/chaosProxy.ts';
import { type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, stepsOf, syncUser, type SyncUser } from './syncSupport.ts';
import type { SyncProcessInput } from './syncProcess.ts';

const script = fileURLToPath(new URL('syncProcess.ts', import.meta.url));
let fixture: RevertFixture;
let proxy: ChaosProxy;
let kubeconfig: string;
before(async () => {
  fixture = await startRevertFixture();
  proxy = await ChaosProxy.start(fixture.plane);
  kubeconfig = await proxy.kubeconfig();
});
after(async () => {
  await proxy.stop();
  await fixture.stop();
});

const data = (object: KubeObject | undefined): unknown => object?.['data'];
const isWrite = ({ method, path }: SeenRequest): boolean =>
  method !== 'GET' && !path.includes('dryRun=All') && path.includes('/configmaps');
const isTo = ({ path }: SeenRequest, name: string): boolean =>
  path.includes(`/configmaps/${name}?`) || path.endsWith(`/configmaps/${name}`);

/** Runs a sync in a process of its own that is killed when the proxy sees a write; with `isServed` the server has carried it out before. */
async function killedAt(
  input: SyncProcessInput,
  matches: (request: SeenRequest) => boolean,
  isServed?: () => Promise<boolean>,
): Promise<void> {
  const child = spawn(process.execPath, [script, JSON.stringify(input)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close');
  const seen = { isStruck: false };
  proxy.decide = (request) => {
    if (seen.isStruck || !isWrite(request) || !matches(request)) return undefined;
    seen.isStruck = true;
    if (isServed !== undefined) return { kind: 'stall', afterBytes: 0 };
    child.kill('SIGKILL');
    return { kind: 'cut' };
  };
  if (isServed !== undefined) {
    const ended = closed.then(() => true);
    // The answer is held back: the process does not know what the server did.
    while (!(seen.isStruck && (await isServed())))
      if (await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20, false))])) break;
    child.kill('SIGKILL');
  }
  const [, signal] = (await closed) as [number | null, string | null];
  proxy.calm();
  assert.deepEqual([seen.isStruck, signal, output], [true, 'SIGKILL', '']);
}

interface Point {
  readonly name: string;
  readonly matches: (request: SeenRequest, parent: string) => boolean;
  /** the server has done it, and the process did not hear of it */
  readonly isServed?: (user: SyncUser, namespace: string) => Promise<boolean>;
  /** nothing was begun: there is no unfinished sync to tell of */
  readonly isBeforeRecord?: boolean;
}

const value = async (user: SyncUser, namespace: string, name: string): Promise<unknown> =>
  data(await user.live(configMap(namespace, name)));
const isA2 = async (user: SyncUser, namespace: string): Promise<boolean> =>
  JSON.stringify(await value(user, namespace, 'a')) === '{"a":"2"}';

/** the running record was written: what is deleted from now on is no dry-run */
let hasRecord = false;
let hasPruned = false;
const isPrune = (request: SeenRequest, parent: string): boolean => {
  hasRecord ||= request.method === 'PATCH' && isTo(request, parent);
  return hasRecord && request.method === 'DELETE';
};
const points: readonly Point[] = [
  { name: 'before the running record', matches: (request, parent) => isTo(request, parent), isBeforeRecord: true },
  { name: 'after the record, before the first object', matches: (request) => isTo(request, 'a') },
  { name: 'when an object was applied and the answer is on its way', matches: (request) => isTo(request, 'a'), isServed: isA2 },
  { name: 'between two objects', matches: (request) => isTo(request, 'c') },
  {
    name: 'in the move of ownership, before the apply',
    matches: (request) => isTo(request, 'b') && request.path.includes('fieldManager') && request.path.includes('force'),
  },
  { name: 'before the prune', matches: isPrune },
  {
    name: 'when an object was pruned and the answer is on its way',
    matches: isPrune,
    isServed: async (user, namespace) => (await value(user, namespace, 'gone')) === undefined,
  },
  {
    name: 'before the ledger is closed',
    matches: (request, parent) => {
      hasPruned ||= isPrune(request, parent);
      return hasPruned && isTo(request, parent);
    },
  },
];

for (const [index, { name, matches, isServed, isBeforeRecord }] of points.entries()) {
  test(`SIGKILL ${name}: the next sync finishes, at once`, async () => {
    const namespace = `k${String(index)}`;
    [hasRecord, hasPruned] = [false, false];
    await fixture.plane.kubectl(['create', 'namespace', namespace]);
    const user = syncUser(fixture.admin.connection, namespace);
    await user.sync([configMap(namespace, 'a'), configMap(namespace, 'gone')]);
    await fixture.plane.kubectl(['apply', '-f', '-'], JSON.stringify(configMap(namespace, 'b', { a: '1', old: 'x' })));
    const wanted = [configMap(namespace, 'a', { a: '2' }), configMap(namespace, 'b', { a: '2' }), configMap(namespace, 'c')];
    const input = { kubeconfig, context: fixture.plane.name, namespace, objects: wanted };
    const parent = `plumbline-${namespace}`;
    await killedAt(input, (request) => matches(request, parent), isServed === undefined ? undefined : () => isServed(user, namespace));
    const { unfinished, running } = await user.history();
    assert.deepEqual([unfinished === undefined, running], [isBeforeRecord === true, undefined]);
    // What is left is planned anew from what is live: nothing is applied twice with other content.
    assert.equal((await user.sync(wanted, { prune: true })).outcome, 'done');
    const names = ['a', 'b', 'c', 'gone'];
    assert.deepEqual(await Promise.all(names.map((each) => value(user, namespace, each))), [{ a: '2' }, { a: '2' }, { a: '1' }, undefined]);
    const history = await user.history();
    assert.deepEqual(
      [history.unfinished, history.entries.map(({ outcome }) => outcome)],
      [undefined, isBeforeRecord === true ? ['done', 'done'] : ['done', 'failed', 'done']],
    );
    assert(stepsOf(await user.plan(wanted, { prune: true })).every((step) => step.startsWith('unchanged ')));
  });
}

test('SIGKILL between two objects of a take over: each is as before or as after, and the next one takes the rest', async () => {
  const namespace = 'ktake';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const wanted = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => configMap(namespace, name));
  await fixture.plane.kubectl(['apply', '-f', '-'], wanted.map((object) => JSON.stringify(object)).join('\n---\n'));
  const user = syncUser(fixture.admin.connection, namespace);
  const input = { kubeconfig, context: fixture.plane.name, namespace, objects: wanted, isTakeOver: true };
  await killedAt(input, (request) => isTo(request, 'e'));
  const left = stepsOf(await user.plan(wanted, {}, 'take-over'));
  assert(left.includes('take-over ConfigMap/e') && left.includes('unchanged ConfigMap/a'), left.join());
  assert.equal((await user.execute(await user.plan(wanted, {}, 'take-over'))).outcome, 'done');
  const next = await user.plan(wanted);
  assert.deepEqual(
    next.prepared[0]?.plan.steps.flatMap(({ fields, takesFrom = [] }) => [...fields, ...takesFrom]),
    [],
  );
  assert.equal((await user.execute(next)).outcome, 'done');
  assert(stepsOf(await user.plan(wanted)).every((step) => step.startsWith('unchanged ')));
});

test('429 with Retry-After: planning and syncing wait as they are asked to, and come to their end', async () => {
  const namespace = 'busy';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const user = syncUser(await fixture.connect(kubeconfig), namespace);
  const names = ['a', 'b', 'c', 'd'];
  const wanted = names.map((name) => configMap(namespace, name));
  proxy.strike(({ path }) => path.includes('dryRun=All'), { kind: 'refuse', status: 429, retryAfterSeconds: 1 }, 3);
  const began = Date.now();
  const planning = await user.plan(wanted);
  assert.deepEqual([stepsOf(planning).every((step) => step.startsWith('create ')), Date.now() - began >= 1000], [true, true]);
  proxy.strike(isWrite, { kind: 'refuse', status: 429, retryAfterSeconds: 1 }, 3);
  assert.equal((await user.execute(planning)).outcome, 'done');
  // A server that stays busy is told of, and costs nothing: the next sync does what is left.
  const changed = names.map((name) => configMap(namespace, name, { a: '2' }));
  const next = await user.plan(changed);
  proxy.strike((request) => isWrite(request) && isTo(request, 'c'), { kind: 'refuse', status: 429, retryAfterSeconds: 0 }, 1000);
  const result = await user.execute(next);
  proxy.calm();
  assert.deepEqual(
    [result.outcome, result.results.map(({ outcome, reason }) => `${outcome} ${reason?.code ?? ''}`)],
    ['partly', ['done ', 'done ', 'failed too-many-requests', 'done ']],
  );
  assert.equal((await user.sync(changed)).outcome, 'done');
});

test('409, a broken connection and an answer that never comes: each object says so, and a new plan finishes', async () => {
  const namespace = 'broken';
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const connection = await fixture.connect(kubeconfig);
  const user = syncUser(connection, namespace);
  const wanted = ['a', 'b', 'c'].map((name) => configMap(namespace, name));
  const planning = await user.plan(wanted);
  proxy.strike((request) => isWrite(request) && isTo(request, 'b'), { kind: 'refuse', status: 409 }, 1);
  const conflict = await user.execute(planning);
  assert.deepEqual(
    [conflict.outcome, conflict.results.map(({ outcome, reason }) => `${outcome} ${reason?.code ?? ''}`)],
    ['partly', ['done ', 'refused moved-since-plan', 'done ']],
  );
  const next = await user.plan([...wanted, configMap(namespace, 'd')]);
  proxy.strike((request) => isWrite(request) && isTo(request, 'd'), { kind: 'cut', afterBytes: 0 }, 1);
  const broken = connection.onDidChangeState(({ status }) => {
    if (status === 'unreachable') connection.lookAgain().catch(() => undefined);
  });
  const cut = await user.execute(next, { closingSeconds: 30 });
  broken.dispose();
  assert.equal(cut.outcome, 'failed', JSON.stringify(cut.results));
  assert(
    cut.results.some(({ reason }) => reason?.code === 'unreachable'),
    JSON.stringify(cut.results),
  );
  // The ledger was closed when the connection was back.
  assert.equal((await user.history()).entries[0]?.outcome, 'failed');
  const last = await user.sync([...wanted, configMap(namespace, 'd')]);
  assert.equal(last.outcome, 'done', JSON.stringify(last.results));
  assert(stepsOf(await user.plan([...wanted, configMap(namespace, 'd')])).every((step) => step.startsWith('unchanged ')));
});
