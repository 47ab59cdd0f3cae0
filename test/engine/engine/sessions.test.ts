import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { deploymentYaml } from '../../tools/manifests.ts';
import { rowOf, settingsFor, startEngine, testRepo, until, writeFiles } from './support.ts';

let plane: ControlPlane;
let uid: string;
before(async () => {
  plane = await startControlPlane();
  uid = await plane.uid();
});
after(() => plane.stop());

const deployment = deploymentYaml();

const config = (namespace: string, far = ''): string => `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  prod: {context: plumbline-dev, clusterUid: ${uid}}
${far === '' ? '' : '  far: {context: nowhere}\n'}applications:
  - {name: shop, environment: prod, path: shop, namespace: ${namespace}}
${far}`;

/** An engine on a repo with one application, applied and compared. */
async function opened(
  t: TestContext,
  namespace: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly engine: Engine; readonly repo: string }> {
  const repo = await testRepo(t, { 'plumbline.yaml': config(namespace), ...files });
  await plane.kubectl(['create', 'namespace', namespace]);
  await plane.kubectl(['apply', '--server-side', '-n', namespace, '-f', join(repo, 'shop')]);
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  return { engine, repo };
}

test('while other objects of the application change without end the server is asked about an edit, and nobody is told of what looks as before', async (t) => {
  const other = deployment.replaceAll('web', 'busy');
  const { engine, repo } = await opened(t, 'busy', { 'shop/web.yaml': deployment, 'shop/busy.yaml': other });
  const file = join(repo, 'shop/web.yaml');
  const told = { rows: 0, marks: 0, documents: 0 };
  const subscriptions = [
    engine.onDidChangeRows(() => (told.rows += 1)),
    engine.onDidChangeMarks(() => (told.marks += 1)),
    engine.onDidChangeDocuments(() => (told.documents += 1)),
  ];
  t.after(() => {
    for (const subscription of subscriptions) subscription.dispose();
  });
  const stop = new AbortController();
  const churn = async (): Promise<void> => {
    for (let index = 1; !stop.signal.aborted; index += 1) {
      const { status } = await plane.request('/apis/apps/v1/namespaces/busy/deployments/busy/status', {
        method: 'PATCH',
        body: { status: { collisionCount: index } },
        contentType: 'application/merge-patch+json',
      });
      assert.equal(status, 200);
    }
  };
  const churning = churn();
  try {
    await until(engine, 'many changes have come', () => told.documents >= 20);
    assert.deepEqual({ rows: told.rows, marks: told.marks }, { rows: 0, marks: 0 });
    engine.setBuffer(file, deployment.replace('replicas: 2', 'replicas: 4'));
    await until(engine, 'the server has answered', () => engine.editor.effects(file).some(({ isConfirmed }) => isConfirmed));
  } finally {
    stop.abort();
    await churning;
  }
});

test('an application whose cluster is unknown is refused with that reason, and keeps no other one from its sync', async (t) => {
  const { engine, repo } = await opened(t, 'near', { 'shop/web.yaml': deployment });
  const { signal } = new AbortController();
  await writeFiles(repo, { 'plumbline.yaml': config('near', '  - {name: shop, environment: far, path: shop, namespace: far}\n') });
  await until(engine, 'the second application is known', () => engine.applicationIds().includes('far/shop'));
  await engine.check(undefined);
  const targets = ['far/shop', 'prod/shop'].map((applicationId) => ({ applicationId }));
  const { plans, refused } = await engine.syncs.plan(targets, { kind: 'sync' }, signal);
  const [reason] = rowOf(engine, 'far/shop').reasons;
  assert.equal(reason?.code, 'unknown-context');
  assert.deepEqual(
    [
      plans.flatMap(({ applications }) => applications.map(({ applicationId }) => applicationId)),
      refused.map((each) => [each.applicationId, each.outcome, each.reason]),
    ],
    [['prod/shop'], [['far/shop', 'refused', reason]]],
  );
});
