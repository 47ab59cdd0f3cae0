import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { settingsFor, startEngine, testRepo, until } from '../engine/support.ts';
import { manifests } from './objects.ts';

let plane: ControlPlane;
let proxy: ChaosProxy;

before(async () => {
  plane = await startControlPlane();
  proxy = await ChaosProxy.start(plane);
});
after(async () => {
  await proxy.stop();
  await plane.stop();
});

const NAMESPACES = ['east', 'west'];
const REVIEW = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Three Deployments, two Services, a ConfigMap and a Secret in each namespace. */
function objects(): readonly KubeObject[] {
  return NAMESPACES.flatMap((namespace) => [
    ...['one', 'two', 'three'].map((name) => manifests(namespace, name)['deployment']),
    ...['one', 'two'].map((name) => manifests(namespace, name)['service']),
    manifests(namespace, 'one')['configMap'],
    manifests(namespace, 'one')['secret'],
  ]).flatMap((object) => object ?? []);
}

test('who may only read is told what the objects prove, at one access review per kind and namespace', async (t) => {
  const uid = await plane.uid();
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'apps', namespace: 'east' }], { clusterUid: uid }),
    'apps/all.yaml': objects()
      .map((object) => JSON.stringify(object))
      .join('\n---\n'),
  });
  for (const namespace of NAMESPACES) await plane.kubectl(['create', 'namespace', namespace]);
  await plane.apply(objects());
  for (const namespace of NAMESPACES) {
    const run = (...args: readonly string[]): Promise<string> => plane.kubectl(['-n', namespace, ...args]);
    await run('scale', 'deployment/one', 'deployment/two', '--replicas=5');
    await run('set', 'env', 'deployment/three', 'MODE-');
    await run('label', 'service/one', 'team=ops');
    await run('label', 'service/two', 'app=other', '--overwrite');
  }
  const kubeconfig = await proxy.kubeconfig(await plane.kubeconfig('viewer'));
  const { engine } = await startEngine(t, repo, settingsFor(kubeconfig));
  await engine.check(undefined);
  const [id = ''] = engine.applicationIds();
  const states = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      engine
        .objects(id)
        .filter(({ namespace }) => namespace === 'west')
        .map(({ kind, name, state, reason }) => [`${kind}/${name}`, reason === undefined ? state : `${state}: ${reason.code}`]),
    );
  assert.deepEqual(states(), {
    'Deployment/one': 'drifted (not confirmed): dry-run-forbidden',
    'Deployment/two': 'drifted (not confirmed): dry-run-forbidden',
    'Deployment/three': 'unverified: dry-run-forbidden',
    'Service/one': 'drifted',
    'Service/two': 'drifted (not confirmed): dry-run-forbidden',
    'ConfigMap/one-config': 'synced',
    'Secret/one-secret': 'cannot compare: forbidden',
  });
  const counts = (): unknown => ({
    reviews: proxy.seen.filter((request) => request === REVIEW).length,
    writes: proxy.seen.filter((request) => !request.startsWith('GET ') && request !== REVIEW),
  });
  // Deployments and Services of two namespaces; ConfigMaps need none. One more tells whether anything may be written in the default one.
  const expected = { reviews: 2 * NAMESPACES.length + 1, writes: [] };
  assert.deepEqual(counts(), expected);

  await plane.kubectl(['-n', 'west', 'scale', 'deployment/one', '--replicas=6']);
  await until(engine, 'the new edit shows', () => engine.objects(id).some(({ fields }) => fields.some(({ live }) => live === '6')));
  await engine.check(undefined);
  assert.deepEqual(counts(), expected, 'answers are kept');
});
