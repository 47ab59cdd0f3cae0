import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stringAt } from '../../../src/engine/model/json.ts';
import { gvkOf, isKubeObject, type KubeObject, nameOf } from '../../../src/engine/model/objects.ts';
import { resourcePath } from '../../../src/engine/model/resourceInfo.ts';
import { type Fixture, lines, startFixture } from './fixture.ts';
import { manifests } from './objects.ts';
import { randomEdit, SeededRandom } from './randomEdits.ts';
import { installWidgets, widget, widgetSpec } from './widgets.ts';

// Random edits through the API against what a verdict says: it names exactly the edited fields, and an untouched object is in sync.
// `ORACLE_CASES=2000 ORACLE_SEED=7` for a long run.
const cases = Number(process.env['ORACLE_CASES'] ?? '60');
const seed = Number(process.env['ORACLE_SEED'] ?? String(Date.now() % 100_000));

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
  await installWidgets(fixture);
});

after(async () => {
  await fixture.stop();
});

/** Applies a random object, edits it up to three times, and compares; what went wrong, or undefined. */
async function runCase(index: number, random: SeededRandom): Promise<string | undefined> {
  const namespace = `case-${index}`;
  await fixture.admin.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const candidates = [...Object.values(manifests(namespace)).filter(({ kind }) => kind !== 'Job'), widget(namespace, widgetSpec)];
  const git = random.pick(candidates) as KubeObject;
  const isServerSide = random.below(2) === 0;
  await fixture.plane.kubectl(['apply', ...(isServerSide ? ['--server-side'] : []), '-f', '-'], JSON.stringify(git));
  const [resource, schema] = await Promise.all([fixture.admin.resource(gvkOf(git)), fixture.admin.schemaOf(gvkOf(git))]);
  assert.ok(resource !== undefined && schema !== undefined);
  const path = resourcePath(resource, namespace, nameOf(git));
  const expected = new Set<string>();
  const edits: string[] = [];
  for (let count = random.below(4); count > 0; count -= 1) {
    const live = await fixture.live(git);
    const edit = live === undefined ? undefined : randomEdit(git, live, schema, random);
    if (edit === undefined || edit.ids.some((id) => expected.has(id))) continue;
    const { status, body } = await fixture.admin.call(
      'PATCH',
      `${path}?fieldManager=kubectl-edit`,
      edit.patch,
      'application/json-patch+json',
    );
    // What the server refuses, or takes for the same, is no edit.
    if (status !== 200 || !isKubeObject(body)) continue;
    if (stringAt(body.metadata, 'resourceVersion') === stringAt(live, 'metadata', 'resourceVersion')) continue;
    for (const id of edit.ids) expected.add(id);
    edits.push(JSON.stringify(edit.patch));
  }
  const verdict = await fixture.judge(git);
  const found = verdict.fields.map((field) => field.id).sort();
  const isRightState = expected.size === 0 ? verdict.state === 'synced' : verdict.state === 'drifted' || verdict.state === 'differs';
  if (isRightState && found.join() === [...expected].sort().join()) return undefined;
  return [
    `case ${index}: ${git.kind}, ${isServerSide ? 'server-side' : 'client-side'}: ${verdict.state} ${verdict.reason?.code ?? ''}`,
    ...lines(verdict),
    `expected ${[...expected].sort().join(' ')}`,
    ...edits,
  ].join('\n  ');
}

test(`${cases} random cases, seed ${seed}: exactly the edited fields, no false alarm`, async () => {
  const random = new SeededRandom(seed);
  const failures: string[] = [];
  for (let index = 0; index < cases; index += 1) {
    const failure = await runCase(index, random);
    if (failure !== undefined) failures.push(failure);
  }
  assert.equal(failures.join('\n'), '');
});
