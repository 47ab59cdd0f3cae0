import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { stringAt } from '../../../src/engine/model/json.ts';
import { kubectl } from '../../tools/binaries.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import { startControlPlane } from '../../tools/controlPlane.ts';
import { allowed } from '../../tools/rights.ts';
import { until as eventually } from '../cluster/support.ts';
import { git, objectOf, rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from '../engine/support.ts';

const plane = await startControlPlane({
  components: ['controller-manager', 'scheduler', 'kwok'],
  users: { deaf: ['readers'], polling: ['readers'] },
});
const proxy = await ChaosProxy.start(plane);
after(async () => {
  await proxy.stop();
  await plane.stop();
});
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

const container = { name: 'web', image: 'registry.example.com/web:1' };

function workload(kind: string, name: string, simulate: string, { spec = {}, pod = {} }: { spec?: object; pod?: object } = {}): object {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { app: name }, annotations: { 'plumbline.dev/simulate': simulate } },
        spec: { containers: [container], ...pod },
      },
      ...spec,
    },
  };
}

const deployment = (name: string, simulate = 'none', over: { spec?: object; pod?: object } = {}): object =>
  workload('Deployment', name, simulate, { ...over, spec: { replicas: 1, ...over.spec } });

function service(name: string, app: string): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app }, ports: [{ name: 'http', port: 80 }] } };
}

function ingress(name: string, backend: string, port: object): object {
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service: { name: backend, port } } }];
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name }, spec: { rules: [{ http: { paths } }] } };
}

function claim(name: string): object {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec };
}

const volume = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
const waiting = 'degraded: 0 of 1 updated replicas available; ';
const notReady = 'progressing: 0 of 1 updated replicas available; ';

/** Troubles in the namespace `shop`: what goes wrong, and the line that tells it; names of Pods end in `*`. */
const troubles: Readonly<Record<string, readonly [object: object, expected: string]>> = {
  'Deployment/fine': [deployment('fine'), 'healthy: '],
  'Deployment/paused': [deployment('paused', 'none', { spec: { paused: true } }), 'suspended: the rollout is paused'],
  'Job/once': [workload('Job', 'once', 'none', { pod: { restartPolicy: 'Never' } }), 'healthy: '],
  'DaemonSet/agent': [workload('DaemonSet', 'agent', 'none'), 'healthy: '],
  'StatefulSet/store': [workload('StatefulSet', 'store', 'none', { spec: { replicas: 2 } }), 'healthy: '],
  'Deployment/looping': [
    deployment('looping', 'crash-loop'),
    `${waiting}Pod looping-*: container web crash-loops (exit code 1, 5 restarts)`,
  ],
  'Deployment/hungry': [
    deployment('hungry', 'out-of-memory'),
    `${waiting}Pod hungry-*: container web crash-loops (exit code 137, out of memory (OOMKilled), 5 restarts)`,
  ],
  'Deployment/unpullable': [
    deployment('unpullable', 'image-pull-error'),
    `${waiting}Pod unpullable-*: container web cannot pull registry.example.com/web:1 (ImagePullBackOff: Back-off pulling image registry.example.com/web:1)`,
  ],
  'Deployment/huge': [
    deployment('huge', 'none', { pod: { containers: [{ ...container, resources: { requests: { cpu: '100k' } } }] } }),
    `${waiting}Pod huge-*: no node fits: 0/2 nodes are available: 2 Insufficient cpu`,
  ],
  'Deployment/unmounted': [
    deployment('unmounted', 'mount-error'),
    `${notReady}Pod unmounted-*: cannot mount a volume: MountVolume.SetUp failed for volume "config" : configmap "web-config" not found`,
  ],
  'Deployment/unready': [
    deployment('unready', 'probe-error'),
    `${notReady}Pod unready-*: Readiness probe failed: HTTP probe failed with statuscode: 503`,
  ],
  'Deployment/late': [
    deployment('late', 'probe-error', { spec: { progressDeadlineSeconds: 1 } }),
    'degraded: the rollout missed its deadline of 1 s; Pod late-*: Readiness probe failed: HTTP probe failed with statuscode: 503',
  ],
  'PersistentVolumeClaim/data': [
    claim('data'),
    'progressing: not bound, phase Pending; no volume fits: no persistent volumes available for this claim and no storage class is set',
  ],
  'Deployment/claiming': [
    deployment('claiming', 'none', { pod: volume }),
    `${waiting}Pod claiming-*: no node fits: 0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims`,
  ],
  'Job/failing': [
    workload('Job', 'failing', 'exit', { spec: { backoffLimit: 0 }, pod: { restartPolicy: 'Never' } }),
    'degraded: BackoffLimitExceeded: Job has reached the specified backoff limit; Pod failing-*: container web ended (exit code 3)',
  ],
  'Service/fine': [service('fine', 'fine'), 'healthy: '],
  'Service/unready': [service('unready', 'unready'), 'healthy: its only Pod is not ready'],
  'Service/mistyped': [service('mistyped', 'fnie'), 'degraded: its selector app=fnie fits the Pods of no workload'],
  'Deployment/asleep': [deployment('asleep', 'none', { spec: { replicas: 0 } }), 'healthy: '],
  'Service/asleep': [service('asleep', 'asleep'), 'healthy: no Pod is there for its selector app=asleep'],
  'Ingress/lost': [ingress('lost', 'nowhere', { number: 80 }), 'degraded: its Service nowhere does not exist'],
  'Ingress/no-port': [ingress('no-port', 'fine', { name: 'grpc' }), 'degraded: its Service fine has no port grpc'],
  'Ingress/unready': [
    ingress('unready', 'unready', { number: 80 }),
    'progressing: no load balancer address yet; Service unready: its only Pod is not ready',
  ],
  'ConfigMap/held': [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', finalizers: ['shop.example.com/backup'] } },
    'progressing: being deleted since *, held by the finalizer shop.example.com/backup',
  ],
};

/** Troubles in the namespace `small`, where a quota lets no Pod in. */
const refused: typeof troubles = {
  'Deployment/refused': [
    deployment('refused'),
    'degraded: 0 of 1 replicas updated; ReplicaSet refused-*: FailedCreate: pods "refused-*" is forbidden: exceeded quota: none',
  ],
  'StatefulSet/refused': [
    workload('StatefulSet', 'refused', 'none', { spec: { replicas: 1 } }),
    'progressing: 0 of 1 replicas ready; Pods cannot be created: Create Pod refused-0 in StatefulSet refused failed error: pods "refused-0" is forbidden: exceeded quota: none',
  ],
  'DaemonSet/refused': [
    workload('DaemonSet', 'refused', 'none'),
    'progressing: 0 of 2 Pods updated; Pods cannot be created: Error creating: pods "refused-*" is forbidden: exceeded quota: none',
  ],
};

test('a red application names its cause in one line, whatever the trouble', async (t) => {
  const uid = await plane.uid();
  const yaml = (objects: typeof troubles): string =>
    Object.values(objects)
      .map(([object]) => `---\n${JSON.stringify(object)}\n`)
      .join('');
  const repo = await testRepo(t, {
    'plumbline.yaml': `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments: {prod: {context: plumbline-dev, clusterUid: ${uid}}}
applications:
- {name: shop, environment: prod, path: apps/shop, namespace: shop}
- {name: small, environment: prod, path: apps/small, namespace: small}
`,
    'apps/shop/all.yaml': yaml(troubles),
    'apps/small/all.yaml': yaml(refused),
  });
  await run('create', 'namespace', 'shop');
  await run('create', 'namespace', 'small');
  await run('create', 'quota', 'none', '-n', 'small', '--hard=pods=0');
  for (const name of ['shop', 'small']) await run('apply', '--server-side', '-n', name, '-f', join(repo, 'apps', name));
  await run('delete', 'configmap', 'held', '-n', 'shop', '--wait=false');
  t.after(() => run('patch', 'configmap/held', '-n', 'shop', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'));
  const { engine, errors } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);

  // Who may only read is told the same.
  const reader = await startEngine(t, repo, settingsFor(await plane.kubeconfig('viewer')));
  await reader.engine.check(undefined);

  const told = (from: Engine, id: string, objects: typeof troubles): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.keys(objects).map((name) => {
        const { health } = objectOf(from, id, name);
        const line = `${health?.status ?? ''}: ${health?.message ?? ''}`;
        // What controllers choose: ends of names, times; what a quota has used.
        const plain = line
          .replaceAll(/\b([a-z]+)-(?:[a-z0-9]{8,10}-[a-z0-9]{5}|[a-z0-9]{8,10}|[a-z0-9]{5})(?=[:"])/g, '$1-*')
          .replace(/since [\dT:Z-]+/, 'since *')
          .replace(/(, requested: |(?<=Insufficient cpu|PersistentVolumeClaims)\.).*$/, '');
        return [name, plain];
      }),
    );
  const expected = (objects: typeof troubles): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(objects).map(([name, [, line]]) => [name, line]));
  const all = (from: Engine): object => ({ ...told(from, 'prod/shop', troubles), small: told(from, 'prod/small', refused) });
  const wanted = { ...expected(troubles), small: expected(refused) };
  for (const each of [engine, reader.engine]) {
    await until(each, 'every trouble is told', () => JSON.stringify(all(each)) === JSON.stringify(wanted)).catch(() => undefined);
    assert.deepEqual(all(each), wanted);
  }
  const { status, message = '' } = rowOf(engine, 'prod/shop').health ?? {};
  assert.deepEqual([status, /^Deployment\/looping: .*crash-loops/.test(message)], ['degraded', true], message);

  // A Service is looked at again when what stands behind it moves.
  await run('scale', 'deployment/fine', '-n', 'shop', '--replicas=0');
  const healthOf = (name: string): string => objectOf(engine, 'prod/shop', name).health?.message ?? '';
  await until(engine, 'nothing is left behind the Service', () => healthOf('Service/fine') === 'no Pod is there for its selector app=fine');
  assert.deepEqual([errors, reader.errors], [[], []]);
});

const NAMESPACES = ['one', 'two'] as const;

/** A Pod that no scheduler takes: pending, without a reason, and nobody but the test writes its status. */
const pod = (name: string, namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { schedulerName: 'nobody', containers: [container] },
});

const RBAC = 'rbac.authorization.k8s.io';

/** A role for all namespaces, and who has it. */
function role(name: string, kind: 'Group' | 'User', subject: string, resources: readonly string[], verbs: readonly string[]): object[] {
  const rules = [{ apiGroups: [''], resources, verbs }];
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: RBAC, kind, name: subject }],
    },
  ];
}

/** Two applications of one Pod each; `deaf` may read Pods and no events, `polling` may list events but not watch them. */
async function repoOfPods(t: TestContext): Promise<string> {
  await plane.apply([
    ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...role('readers', 'Group', 'readers', ['pods', 'namespaces'], ['get', 'list', 'watch']),
    ...role('list-events', 'User', 'polling', ['events'], ['list']),
  ]);
  await allowed(plane, 'polling', { verb: 'watch', resource: 'pods' }, { verb: 'list', resource: 'events' });
  await plane.apply(NAMESPACES.map((namespace) => pod('web', namespace)));
  const uid = await plane.uid();
  const files: Record<string, string> = { 'plumbline.yaml': configOf(uid, NAMESPACES) };
  for (const namespace of NAMESPACES) files[`apps/${namespace}/pod.yaml`] = JSON.stringify(pod('web', namespace));
  return testRepo(t, files);
}

function configOf(uid: string, names: readonly string[]): string {
  const applications = names.map((name) => `- {name: ${name}, environment: prod, path: apps/${name}, namespace: ${name}}\n`).join('');
  return `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments: {prod: {context: plumbline-dev, clusterUid: ${uid}}}\napplications:\n${applications}`;
}

/** Writes the status of the Pod `web` so often, failed and without a reason, and waits until the engine has seen the last of it. */
async function churn(engine: Engine, namespace: string, times: number): Promise<void> {
  let version: string | undefined;
  for (let index = 0; index < times; index += 1) {
    const conditions = [{ type: 'ContainersReady', status: 'False', message: `attempt ${String(index)} at ${String(Date.now())}` }];
    const answer = await plane.request(`/api/v1/namespaces/${namespace}/pods/web/status`, {
      method: 'PATCH',
      body: { status: { phase: 'Failed', conditions } },
      contentType: 'application/strategic-merge-patch+json',
    });
    assert.equal(answer.status, 200, answer.body);
    version = stringAt(JSON.parse(answer.body) as never, 'metadata', 'resourceVersion');
  }
  const seen = (): string | undefined => stringAt(engine.session(`prod/${namespace}`)?.objects[0]?.live?.metadata, 'resourceVersion');
  await until(engine, 'the last status is seen', () => seen() === version);
  await engine.settled();
}

async function warn(namespace: string, name: string, reason: string, message: string): Promise<void> {
  const uid = await run('get', 'pod', name, '-n', namespace, '-o', 'jsonpath={.metadata.uid}');
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    type: 'Warning',
    reason,
    message,
    firstTimestamp: now,
    lastTimestamp: now,
  };
  const answer = await plane.request(`/api/v1/namespaces/${namespace}/events`, { method: 'POST', body });
  assert.equal(answer.status, 201, answer.body);
}

const requests = (engine: Engine): number => engine.counters().reduce((sum, counters) => sum + counters.requests, 0);
const causeOf = (engine: Engine, namespace: string): string => objectOf(engine, `prod/${namespace}`, 'Pod/web').health?.message ?? '';
/** Namespaces whose events somebody watches now. */
const watchedNow = (): readonly string[] => proxy.watches.flatMap(({ path }) => /namespaces\/(\w+)\/events$/.exec(path)?.[1] ?? []).sort();
const watched = (...namespaces: readonly string[]): Promise<void> =>
  eventually(`events of ${namespaces.join()} are watched`, () => watchedNow().join() === namespaces.join(), 60_000);

test('what is not healthy is watched for its events: churn costs no call, and a warning shows by itself', async (t) => {
  const repo = await repoOfPods(t);
  const { engine, errors } = await startEngine(t, repo, settingsFor(await proxy.kubeconfig()));
  await engine.check(undefined);
  await until(engine, 'both are on their way', () => NAMESPACES.every((name) => causeOf(engine, name) !== ''));
  await watched('one', 'two');

  const before = requests(engine);
  await churn(engine, 'two', 1);
  await churn(engine, 'one', 40);
  await warn('one', 'web', 'FailedMount', 'no such disk');
  await until(engine, 'the warning is told', () => causeOf(engine, 'one').includes('cannot mount a volume: no such disk'));
  assert.equal(causeOf(engine, 'two').includes('disk'), false);
  await churn(engine, 'one', 40);
  assert.deepEqual([requests(engine) - before, causeOf(engine, 'one').includes('no such disk')], [0, true]);

  // Warnings about what no application desires wake none.
  await plane.apply([pod('stranger', 'one')]);
  await engine.settled();
  const fired: string[] = [];
  const subscription = engine.onDidChangeRows((ids) => fired.push(...ids));
  for (let index = 0; index < 20; index += 1) await warn('one', 'stranger', 'FailedMount', `disk ${String(index)}`);
  await warn('two', 'web', 'FailedMount', 'a disk that is full');
  await until(engine, 'the other warning is told', () => causeOf(engine, 'two').includes('full'));
  subscription.dispose();
  assert.deepEqual([...new Set(fired)], ['prod/two']);

  // What a warning told is over when it was not told again for long, though nothing else of the object changes.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 16 * 60_000 });
  await until(engine, 'the warnings are over', () => !causeOf(engine, 'two').includes('full') && !causeOf(engine, 'one').includes('disk'));
  t.mock.timers.reset();
  assert.equal(objectOf(engine, 'prod/two', 'Pod/web').health?.status, 'degraded');

  // An application that is gone needs no events.
  const uid = await plane.uid();
  await writeFiles(repo, { 'plumbline.yaml': configOf(uid, ['two']) });
  await git(repo, 'commit', '-q', '-am', 'one application less');
  await engine.refresh(undefined, { fetch: false }, new AbortController().signal);
  await watched('two');
  engine.dispose();
  await watched();
  assert.deepEqual(errors, []);
});

for (const { user, told, asks } of [
  { user: 'deaf', told: '', asks: ['list'] },
  { user: 'polling', told: 'no such disk', asks: ['list', 'watch', 'list'] },
]) {
  test(`a reader who may not ${asks.at(-2) ?? 'list'} events is told without noise what can be known (${user})`, async (t) => {
    const repo = await repoOfPods(t);
    await warn('one', 'web', 'FailedMount', 'no such disk');
    const first = proxy.seen.length;
    const { engine, errors } = await startEngine(t, repo, settingsFor(await proxy.kubeconfig(await plane.kubeconfig(user))));
    await engine.check(['prod/one']);
    await until(engine, 'it is on its way', () => causeOf(engine, 'one') !== '');
    await churn(engine, 'one', 20);
    const seen = proxy.seen.slice(first).filter((request) => request.includes('/events?'));
    assert.deepEqual(
      seen.map((request) => (request.includes('watch=1') ? 'watch' : 'list')),
      asks,
    );
    assert.deepEqual([causeOf(engine, 'one').includes('disk'), watchedNow(), errors], [told !== '', [], []]);
  });
}
