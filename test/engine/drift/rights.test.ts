import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { changed } from './changed.ts';
import { manifests } from './objects.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const CONTAINER = 'spec.template.spec.containers[name=web]';
const web = ['spec', 'template', 'spec', 'containers', 0] as const;
let count = 0;

/** Applies the Deployment to a namespace of its own. */
async function applied(): Promise<{ object: KubeObject; namespace: string }> {
  count += 1;
  const namespace = `rights-${count}`;
  await fixture.plane.kubectl(['create', 'namespace', namespace]);
  const object = manifests(namespace)['deployment'] as KubeObject;
  await fixture.plane.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(object));
  return { object, namespace };
}

test('a reader without the right to dry-run sees what the object proves', async () => {
  const { object, namespace } = await applied();
  const untouched = await fixture.judgeAsViewer(object);
  const moved = await fixture.judgeAsViewer(changed(object, [...web, 'image'], 'registry.example/web:2.0'));
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=5']);
  const scaled = await fixture.judgeAsViewer(object);
  await fixture.plane.kubectl(['-n', namespace, 'label', 'deployment/web', 'team=ops']);
  const labelled = await fixture.judgeAsViewer(changed(object, ['spec', 'replicas'], 5));
  assert.deepEqual(
    [untouched, moved, scaled, labelled].map((verdict) => [verdict.state, verdict.proof, verdict.reason?.code, ...lines(verdict)]),
    [
      ['synced', 'local', undefined],
      [
        'unverified',
        'none',
        'dry-run-forbidden',
        `out of sync changed ${CONTAINER}.image: "registry.example/web:2.0" -> "registry.example/web:1.0" by kubectl unconfirmed`,
      ],
      ['drifted (not confirmed)', 'none', 'dry-run-forbidden', 'drifted changed spec.replicas: 2 -> 5 by kubectl/scale unconfirmed'],
      ['drifted', 'local', undefined, 'drifted added metadata.labels.team: - -> "ops" by kubectl-label'],
    ],
  );
});

test('a right that turns out to be missing is told from admission', async () => {
  const { object, namespace } = await applied();
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=5']);
  const { judge, context } = fixture.newJudge(fixture.viewer);
  const verdict = await judge.judge(await fixture.input(object), context);
  assert.deepEqual([verdict.state, verdict.reason?.code], ['drifted (not confirmed)', 'dry-run-forbidden']);
});

test('a verdict is asked once, survives status churn, and is asked anew after a change', async () => {
  const { object, namespace } = await applied();
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=5']);
  const { judge, context } = fixture.newJudge();
  const calls: number[] = [];
  const ask = async (): Promise<string | undefined> => {
    const input = await fixture.input(object);
    const before = fixture.admin.dryRuns;
    const verdict = await judge.judge(input, context);
    calls.push(fixture.admin.dryRuns - before);
    return verdict.resourceVersion === input.live?.metadata['resourceVersion'] ? lines(verdict)[0] : 'stale';
  };
  const found = [await ask(), await ask()];
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/status`;
  const status = await fixture.admin.call(
    'PATCH',
    path,
    { status: { observedGeneration: 2, replicas: 5 } },
    'application/merge-patch+json',
  );
  assert.equal(status.status, 200);
  found.push(await ask());
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=6']);
  found.push(await ask());
  const drift = (replicas: number): string => `drifted changed spec.replicas: 2 -> ${replicas} by kubectl/scale`;
  assert.deepEqual(
    [found, calls],
    [
      [drift(5), drift(5), drift(5), drift(6)],
      [1, 0, 0, 1],
    ],
  );
});

test('live that moves under the dry-run is judged again', async () => {
  const { object, namespace } = await applied();
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=5']);
  const old = await fixture.input(object);
  await fixture.plane.kubectl(['-n', namespace, 'scale', 'deployment/web', '--replicas=6']);
  const { judge, context } = fixture.newJudge();
  assert.deepEqual(lines(await judge.judge(old, context)), ['drifted changed spec.replicas: 2 -> 6 by kubectl/scale']);
});
