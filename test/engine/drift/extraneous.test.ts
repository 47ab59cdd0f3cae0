import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configYaml } from '../../tools/manifests.ts';
import { settingsFor, startEngine, testRepo, until } from '../engine/support.ts';

let plane: ControlPlane;
const run = (args: readonly string[], input?: string): Promise<string> =>
  kubectl(args, { kubeconfig: plane.kubeconfigPath, ...(input === undefined ? {} : { input }) });

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const SET = 'applyset.kubernetes.io/part-of';
const configMap = (name: string, set?: string, annotations = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', annotations, ...(set === undefined ? {} : { labels: { [SET]: set } }) },
  data: { a: '1' },
});

test('live objects with the marks of an application that Git does not have are extraneous, as they come and go', async (t) => {
  const uid = await plane.uid();
  await run(['create', 'namespace', 'shop']);
  const names = ['keep-6ct58987ht', 'web'];
  const repo = await testRepo(t, {
    'plumbline.yaml': configYaml([{ name: 'shop', path: 'apps/shop', namespace: 'shop' }], { clusterUid: uid }),
    'apps/shop/all.yaml': names.map((name) => JSON.stringify({ ...configMap(name), metadata: { name } })).join('\n---\n'),
  });
  const items = [
    ...names.map((name) => configMap(name, 'applyset-shop-v1')),
    configMap('left-over', 'applyset-shop-v1'),
    configMap('keep-aaaaaaaaaa', 'applyset-shop-v1'),
    configMap('kept', 'applyset-shop-v1', { 'helm.sh/resource-policy': 'keep' }),
    configMap('of-others', 'applyset-other-v1'),
    configMap('nobodys'),
  ];
  await run(['apply', '--server-side', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  const [id = ''] = engine.applicationIds();
  const extraneous = (from: Engine): readonly string[] =>
    from
      .objects(id)
      .filter(({ state }) => state === 'extraneous')
      .map(({ name, reason }) => `${name} ${reason?.code ?? ''}`)
      .sort();
  const expected = ['keep-aaaaaaaaaa renamed-in-git', 'kept kept-not-in-git', 'left-over not-in-git'];
  const { engine: reader } = await startEngine(t, repo, settingsFor(await plane.kubeconfig('viewer')));
  await reader.check(undefined);
  for (const each of [engine, reader]) assert.deepEqual([extraneous(each), each.row(id)?.state], [expected, 'out of sync']);
  await run(['apply', '--server-side', '-f', '-'], JSON.stringify(configMap('by-hand', 'applyset-shop-v1')));
  await until(engine, 'the new one shows', () => extraneous(engine).includes('by-hand not-in-git'));
  await run(['-n', 'shop', 'delete', 'configmap', 'by-hand', 'left-over', 'kept', 'keep-aaaaaaaaaa']);
  await until(engine, 'they are gone', () => extraneous(engine).length === 0 && engine.row(id)?.state === 'synced');
});
