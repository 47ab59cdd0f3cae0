import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } }],
  },
});

/** Applies a Pod, and changes it through one of its subresources as a person's command does. */
async function through(subresource: string, manager: string, body: JsonValue): Promise<KubeObject> {
  const git = pod(subresource);
  await fixture.plane.kubectl(['create', 'serviceaccount', 'default', '-n', 'default']).catch(() => '');
  await fixture.plane.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(git));
  const path = `/api/v1/namespaces/default/pods/${subresource}/${subresource}?fieldManager=${manager}`;
  const { status, body: answer } = await fixture.admin.call('PATCH', path, body, 'application/strategic-merge-patch+json');
  assert.equal(status, 200, JSON.stringify(answer));
  return git;
}

test('a container that kubectl debug put into a Pod is drift', async () => {
  const git = await through('ephemeralcontainers', 'kubectl-debug', {
    spec: { ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] },
  });
  const verdict = await fixture.judgeBoth(git);
  assert.deepEqual(
    [verdict.state, verdict.proof, lines(verdict).map((line) => line.replace(/: - -> .* by/, ' by'))],
    ['drifted', 'local', ['drifted added spec.ephemeralContainers[name=debugger] by kubectl-debug/ephemeralcontainers']],
  );
});

test('a Pod that was resized in place is drift, though an apply could not take it back', async () => {
  const git = await through('resize', 'kubectl-patch', {
    spec: { containers: [{ name: 'web', resources: { requests: { cpu: '150m' }, limits: { cpu: '300m' } } }] },
  });
  const verdict = await fixture.judgeBoth(git);
  assert.deepEqual(
    [verdict.state, verdict.needsRecreate, verdict.fields.map(({ id, direction }) => `${direction} ${id}`).sort()],
    ['drifted', true, ['limits', 'requests'].map((name) => `drifted spec.containers[name=web].resources.${name}.cpu`)],
  );
});
