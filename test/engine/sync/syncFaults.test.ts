import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { AppError } from '../../../src/base/errors.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { annotationsOf, gvkOf, keyOf } from '../../../src/engine/model/objects.ts';
import type { SyncConnection } from '../../../src/engine/sync/syncTypes.ts';
import { type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, freshNamespaces, stepsOf, syncUser, type SyncUser } from './syncSupport.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

const fresh = freshNamespaces('f', () => fixture);

/** A connection on which something happens before each write, counted from 1; once dead, nothing gets through any more. */
function hooked(
  connection: SyncConnection,
  before: (write: number) => Promise<void> | void,
): SyncConnection & { readonly writes: () => number } {
  let writes = 0;
  let isDead = false;
  const guarded = async <T>(isWrite: boolean, send: () => Promise<T>): Promise<T> => {
    if (isDead) throw new AppError('unreachable', {});
    try {
      if (isWrite) {
        writes += 1;
        await before(writes);
      }
    } catch (error) {
      isDead = true;
      throw error;
    }
    return send();
  };
  return {
    writes: () => writes,
    context: connection.context,
    uid: connection.uid,
    version: connection.version,
    discovery: connection.discovery,
    schemas: connection.schemas,
    canI: (...args) => connection.canI(...args),
    get: (...args) => guarded(false, () => connection.get(...args)),
    list: (...args) => guarded(false, () => connection.list(...args)),
    patch: (gvk, key, body, options) => guarded(options.dryRun !== true, () => connection.patch(gvk, key, body, options)),
    create: (object, options) => guarded(options?.dryRun !== true, () => connection.create(object, options)),
    delete: (gvk, key, options) => guarded(options?.dryRun !== true, () => connection.delete(gvk, key, options)),
  };
}

/** Lets a running record expire, as its time does. */
async function expire(user: SyncUser, namespace: string): Promise<void> {
  const parent = configMap(namespace, `plumbline-${namespace}`);
  const text = annotationsOf((await user.live(parent)) ?? parent)['plumbline.dev/running'];
  if (text === undefined) return;
  const running = { ...(JSON.parse(text) as object), until: '2020-01-01T00:00:00.000Z' };
  const body = { metadata: { annotations: { 'plumbline.dev/running': JSON.stringify(running) } } };
  await user.connection.patch(gvkOf(parent), keyOf(parent), body, { type: 'merge', fieldManager: 'plumbline-applyset' });
}

const data = (object: KubeObject | undefined): unknown => object?.['data'];

test('killed before every single write, a new plan finishes the work and leaves nothing half-recorded', async () => {
  for (let at = 1; at <= 12; at += 1) {
    const { namespace, user } = await fresh();
    await user.sync([configMap(namespace, 'a'), configMap(namespace, 'gone')]);
    await fixture.plane.kubectl(['apply', '-f', '-'], JSON.stringify(configMap(namespace, 'b', { a: '1', old: 'x' })));
    const wanted = [configMap(namespace, 'a', { a: '2' }), configMap(namespace, 'b', { a: '2' }), configMap(namespace, 'c')];
    const dying = hooked(user.connection, (write) => {
      if (write === at) throw new AppError('unreachable', {});
    });
    const killed = syncUser(dying, namespace);
    const planning = await killed.plan(wanted, { prune: true });
    const result = await killed.execute(planning);
    if (dying.writes() < at) {
      assert.equal(result.outcome, 'done');
      assert(at > 6, `${at} writes`);
      return;
    }
    assert.notEqual(result.outcome, 'done');
    await expire(user, namespace);
    assert.equal((await user.sync(wanted, { prune: true })).outcome, 'done');
    const names = ['a', 'b', 'c', 'gone'];
    assert.deepEqual(await Promise.all(names.map(async (name) => data(await user.live(configMap(namespace, name))))), [
      { a: '2' },
      { a: '2' },
      { a: '1' },
      undefined,
    ]);
    const history = await user.history();
    assert.deepEqual([history.unfinished, history.running, history.entries[0]?.outcome], [undefined, undefined, 'done']);
    assert.equal(
      history.entries.some(({ outcome }) => outcome === 'running'),
      false,
    );
    assert(stepsOf(await user.plan(wanted, { prune: true })).every((step) => step.startsWith('unchanged ')));
  }
  assert.fail('a sync of five objects makes fewer writes');
});

test('an object that somebody changed between plan and apply is not written; the others are, and nothing is pruned', async () => {
  const { namespace, user } = await fresh();
  await user.sync([configMap(namespace, 'a'), configMap(namespace, 'b'), configMap(namespace, 'gone')]);
  const wanted = [configMap(namespace, 'a', { a: '2' }), configMap(namespace, 'b', { a: '2' })];
  const planning = await user.plan(wanted, { prune: true });
  await fixture.plane.kubectl(['patch', 'configmap', 'a', '-n', namespace, '--type=merge', '-p', '{"data":{"a":"hand"}}']);
  const result = await user.execute(planning);
  assert.deepEqual(
    [result.outcome, result.results.map(({ outcome, reason }) => [outcome, reason?.code])],
    [
      'partly',
      [
        ['refused', 'moved-since-plan'],
        ['done', undefined],
        ['skipped', 'not-pruned'],
      ],
    ],
  );
  assert.deepEqual(data(await user.live(configMap(namespace, 'a'))), { a: 'hand' });
  assert.equal((await user.sync(wanted, { prune: true })).outcome, 'done');
});

test('an object that somebody made, or took back into use, between plan and apply is left', async () => {
  const { namespace, user } = await fresh();
  await user.sync([configMap(namespace, 'a'), configMap(namespace, 'gone')]);
  const planning = await user.plan([configMap(namespace, 'a'), configMap(namespace, 'new')], { prune: true });
  await fixture.plane.apply([configMap(namespace, 'new', { a: 'theirs' })]);
  await fixture.plane.kubectl(['annotate', 'configmap', 'gone', '-n', namespace, 'helm.sh/resource-policy=keep']);
  const result = await user.execute(planning);
  assert.deepEqual(
    result.results.map(({ outcome }) => outcome),
    ['done', 'refused', 'skipped'],
  );
  assert.deepEqual(data(await user.live(configMap(namespace, 'new'))), { a: 'theirs' });
  const kept = await user.plan([configMap(namespace, 'a')], { prune: true });
  assert(stepsOf(kept).includes('skipped ConfigMap/gone kept-by-annotation'));
});

test('two people sync one application: the second is told who does', async () => {
  const { namespace, user } = await fresh();
  const wanted = [configMap(namespace, 'a'), configMap(namespace, 'b')];
  let other: Awaited<ReturnType<SyncUser['execute']>> | undefined;
  const theirs = await user.plan(wanted);
  const slow = hooked(user.connection, async (write) => {
    if (write === 3) other = await user.execute(theirs);
  });
  const first = await syncUser(slow, namespace).sync(wanted);
  assert.equal(first.outcome, 'done');
  assert.deepEqual([other?.outcome, other?.results[0]?.reason?.code], ['refused', 'sync-running']);
  assert.equal((await user.history()).entries.length, 1);
});

test('rights that end half way stop nothing but what they cover, and a new plan names the missing one', async () => {
  const { namespace, user } = await fresh();
  const editor = await fixture.user('viewer');
  await fixture.plane.kubectl(['create', 'role', 'sync', '-n', namespace, '--verb=*', '--resource=configmaps']);
  await fixture.plane.kubectl(['create', 'rolebinding', 'sync', '-n', namespace, '--role=sync', '--user=viewer']);
  // The authorizer learns of bindings by its own watch.
  while (!(await mayPatch(namespace))) await new Promise((resolve) => setImmediate(resolve));
  const hook = hooked(withUid(editor.connection, fixture.admin.connection.uid), async (write) => {
    if (write !== 4) return;
    await fixture.plane.kubectl(['delete', 'rolebinding', 'sync', '-n', namespace]);
    while (await mayPatch(namespace)) await new Promise((resolve) => setImmediate(resolve));
  });
  const wanted = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => configMap(namespace, name));
  const limited = syncUser(hook, namespace);
  const result = await limited.sync(wanted);
  assert.equal(result.outcome, 'partly');
  assert(result.results.some(({ reason }) => reason?.code === 'forbidden'));
  await expire(user, namespace);
  assert.equal((await user.sync(wanted)).outcome, 'done');
});

test('a webhook that does not answer is a refusal of that object, not of the sync', async (t) => {
  const { namespace, user } = await fresh();
  const sockets = new Set<Socket>();
  // Takes connections and never says a word.
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  const planning = await user.plan([configMap(namespace, 'a')]);
  const hook: KubeObject = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'silent' },
    webhooks: [
      {
        name: 'silent.example.io',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 1,
        failurePolicy: 'Fail',
        clientConfig: { url: `https://127.0.0.1:${address.port}/never` },
        objectSelector: { matchLabels: { slow: 'yes' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
      },
    ],
  };
  await fixture.plane.apply([hook]);
  t.after(() => fixture.plane.kubectl(['delete', 'validatingwebhookconfiguration', 'silent']));
  assert.equal((await user.execute(planning)).outcome, 'done');
  const slow = { ...configMap(namespace, 'slow'), metadata: { name: 'slow', namespace, labels: { slow: 'yes' } } };
  let steps: readonly string[] = [];
  const deadline = Date.now() + 60_000;
  // The API server learns of a webhook by its own watch.
  while (!steps.some((step) => step.startsWith('skipped')) && Date.now() < deadline)
    steps = stepsOf(await user.plan([configMap(namespace, 'a'), slow]));
  assert.match(steps.join(), /unchanged ConfigMap\/a,skipped ConfigMap\/slow \S+/);
});

test('the API server restarted in the middle: what is left is done by a new plan', async () => {
  const { namespace, user } = await fresh();
  const wanted = ['a', 'b', 'c', 'd'].map((name) => configMap(namespace, name));
  const planning = await user.plan(wanted);
  let isDown = false;
  const hook = hooked(user.connection, async (write) => {
    if (write !== 4 || isDown) return;
    isDown = true;
    await fixture.plane.stopApiServer('SIGKILL');
  });
  const result = await syncUser(hook, namespace).execute(planning);
  assert(['failed', 'partly'].includes(result.outcome), result.outcome);
  await fixture.plane.startApiServer();
  await fixture.admin.connection.lookAgain();
  await expire(user, namespace);
  assert.equal((await user.sync(wanted)).outcome, 'done');
  assert(stepsOf(await user.plan(wanted)).every((step) => step.startsWith('unchanged ')));
});

test('a full ledger keeps the last twenty', async () => {
  const { namespace, user } = await fresh();
  for (let count = 0; count < 22; count += 1) await user.sync([configMap(namespace, 'a', { a: String(count) })]);
  const { entries } = await user.history();
  assert.deepEqual([entries.length, new Set(entries.map(({ id }) => id)).size], [20, 20]);
});

async function mayPatch(namespace: string): Promise<boolean> {
  const spec = { resourceAttributes: { namespace, verb: 'patch', resource: 'configmaps' } };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  const answer = await fixture.plane.request('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    method: 'POST',
    user: 'viewer',
    body,
  });
  return (JSON.parse(answer.body) as { status: { allowed: boolean } }).status.allowed;
}

/** The viewer may not read the namespace by which clusters are told apart. */
function withUid(connection: SyncConnection, uid: string | undefined): SyncConnection {
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'uid') return uid;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
