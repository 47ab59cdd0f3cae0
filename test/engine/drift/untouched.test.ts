import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../../src/engine/model/objects.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});

after(async () => {
  await fixture.stop();
});

const list = (objects: readonly KubeObject[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

const ways = [
  { name: 'kubectl client-side', args: ['apply', '-f', '-'] },
  { name: 'kubectl server-side', args: ['apply', '--server-side', '-f', '-'] },
  { name: 'kustomize-controller', args: ['apply', '--server-side', '--field-manager=kustomize-controller', '-f', '-'] },
];

for (const [index, way] of ways.entries()) {
  test(`objects applied by ${way.name} and left alone are in sync, nearly all without a dry-run`, async () => {
    const namespace = `untouched-${index}`;
    await fixture.plane.kubectl(['create', 'namespace', namespace]);
    const objects = Object.values(manifests(namespace));
    await fixture.plane.kubectl(way.args, list(objects));
    const before = fixture.admin.dryRuns;
    const states: Record<string, string> = {};
    const asked: string[] = [];
    const unproved: string[] = [];
    for (const object of objects) {
      const sent = fixture.admin.dryRuns;
      const verdict = await fixture.judgeBoth(object);
      states[object.kind] = `${verdict.state}${lines(verdict).join(' | ')}`;
      if (fixture.admin.dryRuns > sent) asked.push(object.kind);
      const viewed = await fixture.judgeAsViewer(object);
      if (viewed.state !== 'synced') unproved.push(object.kind);
    }
    assert.deepEqual(states, Object.fromEntries(objects.map((object) => [object.kind, 'synced'])));
    // Whoever may only read sees the same wherever the proof is local.
    assert.deepEqual(unproved, asked);
    assert.ok(fixture.admin.dryRuns - before <= objects.length * 0.1, `asked the server about ${asked.join(', ')}`);
  });
}
