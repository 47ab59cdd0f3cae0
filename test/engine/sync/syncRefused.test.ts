import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import { executeSync } from '../../../src/engine/sync/execute/executeSync.ts';
import { planSync } from '../../../src/engine/sync/plan/planSync.ts';
import type { SyncPlanning } from '../../../src/engine/sync/syncTypes.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { manifests } from '../drift/objects.ts';
import { type RevertFixture, startRevertFixture } from './support.ts';
import { configMap, freshNamespaces, stepsOf, syncUser } from './syncSupport.ts';

let fixture: RevertFixture;
before(async () => {
  fixture = await startRevertFixture();
});
after(async () => {
  await fixture.stop();
});

const fresh = freshNamespaces('r', () => fixture);

/** The server learns of policies and rights by its own watches. */
async function planUntil(plan: () => Promise<SyncPlanning>, isReached: (steps: readonly string[]) => boolean): Promise<SyncPlanning> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const planning = await plan();
    if (isReached(stepsOf(planning)) || Date.now() > deadline) return planning;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const words = (planning: SyncPlanning, name: string): string => {
  const reason = planning.prepared[0]?.plan.steps.find(({ key }) => key.name === name)?.reason;
  return reason === undefined ? '' : describe(reason.code, reason.details);
};

async function applyPolicy(namespace: string): Promise<void> {
  await fixture.plane.apply([
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: `no-debug-${namespace}` },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        },
        validations: [{ expression: "!has(object.data) || !('debug' in object.data)", message: 'debug settings are not allowed here' }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: `no-debug-${namespace}` },
      spec: {
        policyName: `no-debug-${namespace}`,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    },
  ]);
}

test('a policy refuses one object: the plan says which and why, the rest is done, and nothing is pruned', async () => {
  const { namespace, user } = await fresh();
  await user.sync([configMap(namespace, 'ok'), configMap(namespace, 'gone')]);
  const wanted = [configMap(namespace, 'bad', { debug: 'true' }), configMap(namespace, 'ok', { a: '2' })];
  const early = await user.plan(wanted, { prune: true });
  assert.deepEqual(stepsOf(early), ['create ConfigMap/bad', 'configure ConfigMap/ok', 'prune ConfigMap/gone']);
  await applyPolicy(namespace);
  const planning = await planUntil(
    () => user.plan(wanted, { prune: true }),
    ([first]) => first?.startsWith('skipped') === true,
  );
  assert.deepEqual(stepsOf(planning), ['skipped ConfigMap/bad refused-by-server', 'configure ConfigMap/ok', 'prune ConfigMap/gone']);
  assert.match(
    words(planning, 'bad'),
    /^The cluster refuses the change of ConfigMap\/bad: .*no-debug-.*debug settings are not allowed here/,
  );
  // The policy came after this plan was made: the same answer, then.
  const result = await user.execute(early);
  assert.deepEqual(
    [result.outcome, result.results.map(({ outcome, reason }) => `${outcome} ${reason?.code ?? ''}`)],
    ['partly', ['refused refused-by-server', 'done ', 'skipped not-pruned']],
  );
  assert.equal((await user.sync([configMap(namespace, 'bad'), wanted[1] ?? configMap('', '')], { prune: true })).outcome, 'done');
  assert.equal(await user.live(configMap(namespace, 'gone')), undefined);
});

test('a quota that is full refuses in the plan, by its name, and between plan and apply', async () => {
  const { namespace, user } = await fresh();
  const secret = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { a: 'b' },
  });
  const early = await user.plan([secret('one'), secret('two')]);
  const hard = { 'count/secrets': '1', 'count/serviceaccounts': '0' };
  await fixture.plane.apply([{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace }, spec: { hard } }]);
  const status = JSON.stringify({ status: { hard, used: { 'count/secrets': '0', 'count/serviceaccounts': '0' } } });
  await fixture.plane.kubectl(['patch', 'resourcequota', 'few', '-n', namespace, '--subresource=status', '--type=merge', '-p', status]);
  // Admission learns of quotas by its own watch; that it refuses the other kind tells that it has.
  const probe = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'probe' } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts?dryRun=All`;
  const known = async (): Promise<boolean> => (await fixture.plane.request(path, { method: 'POST', body: probe })).status === 403;
  for (const endMs = Date.now() + 60_000; !(await known()) && Date.now() < endMs;) await new Promise((resolve) => setTimeout(resolve, 50));
  const result = await user.execute(early);
  assert.deepEqual(
    [result.outcome, result.results.map(({ outcome, reason }) => `${outcome} ${reason?.code ?? ''}`).sort()],
    ['partly', ['done ', 'refused quota-exceeded']],
  );
  const name = result.results.find(({ outcome }) => outcome === 'refused')?.key.name ?? '';
  const planning = await user.plan([secret('one'), secret('two')]);
  assert(stepsOf(planning).includes(`skipped Secret/${name} quota-exceeded`), stepsOf(planning).join());
  assert.match(words(planning, name), /few/);
  await fixture.plane.kubectl(['delete', 'resourcequota', 'few', '-n', namespace]);
  const open = await planUntil(
    () => user.plan([secret('one'), secret('two')]),
    (steps) => !steps.join().includes('skipped'),
  );
  assert.equal((await user.execute(open)).outcome, 'done');
});

test('who may not write sees in the plan which right is missing; who may write but not record is told before anything is written', async () => {
  const { namespace, user } = await fresh();
  const wanted = [configMap(namespace, 'a'), configMap(namespace, 'b')];
  await user.sync([configMap(namespace, 'a')]);
  const viewer = await fixture.user('viewer');
  const limited = syncUser(
    new Proxy(viewer.connection, { get: (target, name) => (name === 'uid' ? fixture.admin.connection.uid : bound(target, name)) }),
    namespace,
  );
  const seen = await limited.plan([configMap(namespace, 'a'), configMap(namespace, 'b')]);
  assert.deepEqual(stepsOf(seen), ['unchanged ConfigMap/a', 'skipped ConfigMap/b forbidden']);
  assert.match(words(seen, 'b'), /patch configmaps in namespace/);
  const only = `--resource-name=${['a', 'b'].join(' --resource-name=')}`.split(' ');
  await fixture.plane.kubectl(['create', 'role', 'some', '-n', namespace, '--verb=patch', '--resource=configmaps', ...only]);
  await fixture.plane.kubectl(['create', 'role', 'make', '-n', namespace, '--verb=create', '--resource=configmaps']);
  for (const role of ['some', 'make'])
    await fixture.plane.kubectl(['create', 'rolebinding', role, '-n', namespace, `--role=${role}`, '--user=viewer']);
  let planning: SyncPlanning | undefined;
  const deadline = Date.now() + 60_000;
  while (planning?.refused.length !== 1 && Date.now() < deadline) planning = await limited.plan(wanted);
  assert.deepEqual(
    planning?.refused.map(({ reason }) => [reason?.code, reason?.details['verb'], reason?.details['resource']]),
    [['cannot-write', 'patch', 'configmaps']],
  );
  assert.equal(await user.live(configMap(namespace, 'b')), undefined);
});

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

test('cancelled in the middle: what was begun is finished, the rest is left and said so, and the next sync does it', async () => {
  const { namespace, user } = await fresh();
  await user.sync([configMap(namespace, 'gone')]);
  const wanted = Array.from({ length: 12 }, (_each, index) => configMap(namespace, `c${String(index).padStart(2, '0')}`));
  const planning = await user.plan(wanted, { prune: true });
  const abort = new AbortController();
  const begun: string[] = [];
  const result = await user.execute(planning, {
    signal: abort.signal,
    onProgress: ({ phase, state, key }) => {
      if (phase === 'apply' && state === 'started') begun.push(key?.name ?? '');
      if (phase === 'apply' && state === 'done' && begun.length >= 3) abort.abort();
    },
  });
  const names = (outcome: string): string[] =>
    result.results
      .filter((each) => each.outcome === outcome)
      .map(({ key }) => key.name)
      .sort();
  const rest = [...wanted.map(nameOf), 'gone'].filter((name) => !begun.includes(name)).sort();
  assert.deepEqual([result.outcome, names('done'), names('skipped')], ['cancelled', begun.sort(), rest]);
  // Several are written side by side, and nothing begins after the end was asked for.
  assert.ok(rest.length >= 5, rest.join());
  const lived = await Promise.all(wanted.map(async (object) => (await user.live(object)) !== undefined));
  assert.equal(lived.filter(Boolean).length, begun.length);
  assert.notEqual(await user.live(configMap(namespace, 'gone')), undefined);
  assert.deepEqual([(await user.history()).entries[0]?.outcome, (await user.history()).unfinished], ['cancelled', undefined]);
  assert.equal((await user.sync(wanted, { prune: true })).outcome, 'done');
  assert.equal(await user.live(configMap(namespace, 'gone')), undefined);
});

test('a wave that does not become healthy in time holds up the next one, and says what it waits for', async () => {
  const { namespace, user } = await fresh();
  const deployment = manifests(namespace)['deployment'];
  assert(deployment !== undefined);
  const late = configMap(namespace, 'late', { a: '1' }, { 'argocd.argoproj.io/sync-wave': '1' });
  const told: string[] = [];
  const result = await user.sync(
    [late, deployment],
    {},
    {
      wait: true,
      timeoutSeconds: 1,
      onProgress: ({ state, key, message }) => {
        if (state === 'waiting') told.push(`${key?.kind ?? ''}/${key?.name ?? ''}: ${message ?? ''}`);
      },
    },
  );
  assert.deepEqual(
    [
      result.outcome,
      result.waiting.map(({ key }) => key.name),
      result.results.map(({ outcome, reason }) => `${outcome} ${reason?.details['cause']?.toString() ?? ''}`),
    ],
    ['timed-out', ['web'], ['done ', 'skipped wave-not-healthy']],
  );
  assert.match(told[0] ?? '', /^Deployment\/web: \S/);
  assert.equal(await user.live(late), undefined);
  assert.equal((await user.sync([late, deployment])).outcome, 'done');
});

test('several applications in one sync: one that fails does not hold up the others, and each has its own record', async () => {
  const users = [await fresh(), await fresh(), await fresh()];
  await applyPolicy(users[1]?.namespace ?? '');
  const { signal } = new AbortController();
  const { connection } = fixture.admin;
  const objectsOf = (namespace: string, debug: boolean): readonly KubeObject[] => [
    configMap(namespace, 'a', debug ? { debug: '1' } : { a: '1' }),
    configMap(namespace, 'b'),
  ];
  const plan = async (): Promise<SyncPlanning> => {
    const items = await Promise.all(users.map(({ user, namespace }, index) => user.item(objectsOf(namespace, index === 1))));
    return planSync(items, 'sync', connection, signal);
  };
  const planning = await planUntil(plan, (steps) => steps.join().includes('refused-by-server'));
  const [prepared, ...others] = planning.prepared;
  assert(prepared !== undefined && others.length === 0);
  assert.deepEqual(
    prepared.plan.applications.map(({ name }) => name),
    users.map(({ namespace }) => namespace),
  );
  const result = await executeSync(prepared, connection, {
    ticks: [],
    wait: false,
    timeoutSeconds: 30,
    signal,
    logger: silentLogger,
    actor: 'tester',
    onProgress: () => undefined,
  });
  assert.deepEqual(
    [result.outcome, result.results.map(({ outcome }) => outcome)],
    ['partly', ['done', 'done', 'refused', 'done', 'done', 'done']],
  );
  const outcomes = await Promise.all(users.map(async ({ user }) => (await user.history()).entries.map(({ outcome }) => outcome)));
  assert.deepEqual(outcomes, [['done'], ['partly'], ['done']]);
});
