import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JudgeInput } from '../../../src/engine/drift/judgement.ts';
import { arrayAt, type JsonObject, stringAt, valueAt } from '../../../src/engine/model/json.ts';
import { gvkOf, keyOf, type KubeObject, nameOf, namespaceOf } from '../../../src/engine/model/objects.ts';
import { resourcePath } from '../../../src/engine/model/resourceInfo.ts';
import { helm } from '../../tools/binaries.ts';
import { assertSoundForViewer, type Fixture, lines, startFixture } from './fixture.ts';
import { otherEdit } from './otherEdits.ts';
import { otherValue, type RandomEdit, randomEdit, SeededRandom } from './randomEdits.ts';
import { randomObject } from './randomObjects.ts';
import { releaseObjects } from './releases.ts';
import { installGadgets } from './gadgets.ts';
import { SyncWay } from './syncWay.ts';
import { installWidgets } from './widgets.ts';
import { releaseBaseline } from '../../../src/engine/drift/helmRelease.ts';

// Random objects, applied in every way, with random edits through the API, against what a verdict says: it names exactly the edited fields,
// and an untouched object is in sync. `npm run oracle -- --cases 2000 --seed 7` for a long run.
const cases = Number(process.env['ORACLE_CASES'] ?? '100');
const seed = Number(process.env['ORACLE_SEED'] ?? '2756');
const BATCH = 25;

type Way = 'server-side' | 'client-side' | 'our sync' | 'helm 4' | 'helm 3';
const WAYS: readonly Way[] = ['server-side', 'client-side', 'our sync', 'helm 4', 'helm 3', 'our sync', 'client-side'];
const EDITORS = ['kubectl-edit', 'kubectl-patch', 'k9s', 'deployer'];

interface Case {
  readonly index: number;
  readonly namespace: string;
  readonly way: Way;
  readonly git: KubeObject;
}

let fixture: Fixture;
let syncWay: SyncWay;

before(async () => {
  fixture = await startFixture();
  await installWidgets(fixture);
  await installGadgets(fixture);
  syncWay = await SyncWay.create(fixture.plane);
});

after(async () => {
  await syncWay.stop();
  await fixture.stop();
});

/** A random object that the server accepts. */
async function validObject(namespace: string, random: SeededRandom): Promise<KubeObject> {
  for (;;) {
    const git = randomObject(namespace, random);
    const resource = await fixture.admin.resource(gvkOf(git));
    assert.ok(resource !== undefined);
    const { status } = await fixture.admin.call('POST', `${resourcePath(resource, namespaceOf(git))}?dryRun=All`, git);
    if (status < 300) return git;
  }
}

async function applyAll(batch: readonly Case[]): Promise<void> {
  const list = (way: Way): string | undefined => {
    const items = batch.filter((each) => each.way === way).map((each) => each.git);
    return items.length === 0 ? undefined : JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  };
  const kubectl = async (way: Way, ...args: readonly string[]): Promise<void> => {
    const objects = list(way);
    if (objects !== undefined) await fixture.plane.kubectl(['apply', ...args, '-f', '-'], objects);
  };
  await kubectl('server-side', '--server-side');
  await kubectl('client-side');
  await syncWay.apply(batch.filter(({ way }) => way === 'our sync').map(({ git }) => git));
  for (const way of ['helm 4', 'helm 3'] as const) {
    const own = batch.filter((each) => each.way === way);
    const [first] = own;
    if (first === undefined) continue;
    const folder = join(fixture.plane.dir, `chart-${first.index}`);
    await mkdir(join(folder, 'templates'), { recursive: true });
    await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
    const text = own.map(({ git }) => `---\n${JSON.stringify(git)}\n`).join('');
    await writeFile(join(folder, 'templates', 'all.yaml'), text);
    await helm(['install', releaseOf(first), folder, '-n', 'default', `--server-side=${way === 'helm 4'}`], {
      kubeconfig: fixture.plane.kubeconfigPath,
    });
    await rm(folder, { recursive: true });
  }
}

const releaseOf = ({ index, way }: Case): string => `r${index}-${way === 'helm 4' ? 'four' : 'three'}`;

/** Whether one place lies in the other, or both in one atomic list: two edits of such a list are one change of it as a whole. */
function isSamePlace(id: string, other: string): boolean {
  const listOf = (place: string): string => place.replace(/\[\d+\].*$/, '');
  const isIndexed = listOf(id) !== id || listOf(other) !== other;
  return id.startsWith(other) || other.startsWith(id) || (isIndexed && listOf(id) === listOf(other));
}

interface Edited {
  /** the ids of the fields that a verdict has to name; undefined: nobody can say, the case says nothing */
  readonly expected: ReadonlySet<string> | undefined;
  readonly edits: readonly string[];
}

/** Sends an edit; the object afterwards, or undefined where the server refused it or took it for the same: that is no edit. */
async function send(
  path: string,
  edit: RandomEdit,
  manager: string,
  isBuiltin: boolean,
  live: KubeObject,
): Promise<KubeObject | undefined> {
  const { patch, subresource } = edit;
  const type = Array.isArray(patch) ? 'json-patch' : isBuiltin ? 'strategic-merge-patch' : 'merge-patch';
  const place = `${path}${subresource === undefined ? '' : `/${subresource}`}?fieldManager=${manager}`;
  const { status } = await fixture.admin.call('PATCH', place, patch, `application/${type}+json`);
  if (status !== 200) return undefined;
  const after = await fixture.live(live);
  return stringAt(after, 'metadata', 'resourceVersion') === stringAt(live, 'metadata', 'resourceVersion') ? undefined : after;
}

const pointerSteps = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => (/^\d+$/.test(token) ? Number(token) : token.replaceAll('~1', '/').replaceAll('~0', '~')));

/** Another value in the place of an edit, or the one from before it. */
function editOfTheSame(edit: RandomEdit, before: KubeObject, random: SeededRandom): (RandomEdit & { isUndone: boolean }) | undefined {
  const { patch, ids } = edit;
  const [first] = Array.isArray(patch) ? (patch as readonly JsonObject[]) : [];
  const { op, path, value } = first ?? {};
  if (op !== 'replace' || typeof path !== 'string' || value === undefined || ids.length !== 1) return undefined;
  const original = valueAt(before, ...pointerSteps(path));
  const now = random.below(2) === 0 ? original : otherValue(value);
  const isUndone = now === original;
  if (now === undefined || (isUndone && edit.isUntoldDefault === true)) return undefined;
  return { patch: [{ op, path, value: now }], ids, isUndone };
}

/** Edits an object up to three times, by one manager or several, now and then in the same place; some edits are taken back by another. */
async function editRandomly({ git }: Case, random: SeededRandom): Promise<Edited> {
  const [resource, schema] = await Promise.all([fixture.admin.resource(gvkOf(git)), fixture.admin.schemaOf(gvkOf(git))]);
  assert.ok(resource !== undefined && schema !== undefined);
  const path = resourcePath(resource, namespaceOf(git), nameOf(git));
  const expected = new Set<string>();
  const edits: string[] = [];
  let live = await fixture.live(git);
  for (let [count, tries] = [random.below(4), 12]; count > 0 && tries > 0 && live !== undefined; tries -= 1) {
    const edit = random.below(2) === 0 ? otherEdit(git, live, schema, random) : randomEdit(git, live, schema, random);
    const manager = random.pick(EDITORS) ?? '';
    if (edit === undefined) continue;
    const known = typeof edit.ids === 'function' ? [edit.place ?? ''] : edit.ids;
    if (known.some((id) => [...expected].some((other) => isSamePlace(id, other)))) continue;
    const after = await send(path, edit, manager, resource.servedBy === 'builtin', live);
    if (after === undefined) continue;
    const ids = typeof edit.ids === 'function' ? edit.ids(after) : edit.ids;
    edits.push(`${manager} ${edit.subresource ?? ''} ${JSON.stringify(edit.patch)}`);
    if (ids === undefined || ids.some((id) => [...expected].some((other) => isSamePlace(id, other)))) return { expected: undefined, edits };
    for (const id of ids) expected.add(id);
    // Scaled back to what Git says.
    if (edit.subresource === 'scale' && ids.length === 0) expected.delete('spec.replicas');
    count -= 1;
    const again: ReturnType<typeof editOfTheSame> = random.below(5) === 0 ? editOfTheSame(edit, live, random) : undefined;
    live = after;
    const other = random.pick(EDITORS) ?? '';
    const afterAgain = again === undefined ? undefined : await send(path, again, other, resource.servedBy === 'builtin', after);
    if (again === undefined || afterAgain === undefined) continue;
    live = afterAgain;
    edits.push(`${other} ${JSON.stringify(again.patch)}`);
    if (again.isUndone) for (const id of ids) expected.delete(id);
  }
  return { expected: live !== undefined && isOwnerForgotten(live) ? undefined : expected, edits };
}

/** All that its owner applied is somebody else's by now, one of whom may as well have made the object: nobody can say who added what. */
function isOwnerForgotten({ metadata }: KubeObject): boolean {
  const managers = arrayAt(metadata, 'managedFields').map(
    (entry) => `${stringAt(entry, 'operation') ?? ''} ${stringAt(entry, 'manager') ?? ''}`,
  );
  const isKnown = managers.some((each) => /^Apply |^Update (kubectl-client-side-apply|helm|plumbline)$/.test(each));
  return !isKnown && managers.includes('Update deployer');
}

/** What went wrong with one case, or undefined. */
async function check(
  each: Case,
  options: Partial<JudgeInput>,
  random: SeededRandom,
  count: (edits: number) => void,
): Promise<string | undefined> {
  const { git, way, index } = each;
  const { expected, edits } = await editRandomly(each, random);
  count(edits.length);
  if (expected === undefined) return undefined;
  const verdict = await fixture.judge(git, options);
  // What somebody edited keeps the server from taking what Git says: that has to be told, with what is known all the same.
  const found = verdict.fields.filter((field) => !field.isCosmetic).map((field) => field.id);
  const isRefused = edits.length > 0 && verdict.reason?.code === 'target-invalid' && verdict.state !== 'synced';
  if (isRefused && found.every((id) => expected.has(id))) return undefined;
  const isRightState = expected.size === 0 ? verdict.state === 'synced' : verdict.state === 'drifted' || verdict.state === 'differs';
  let unsound = '';
  try {
    assertSoundForViewer(verdict, await fixture.judgeAsViewer(git, options));
  } catch (error) {
    unsound = String(error);
  }
  if (isRightState && unsound === '' && found.sort().join() === [...expected].sort().join()) return undefined;
  return [
    `case ${index}: ${git.kind}, ${way}: ${verdict.state} ${JSON.stringify(verdict.reason ?? '')} ${unsound}`,
    ...lines(verdict),
    `expected ${[...expected].sort().join(' ')}`,
    ...edits,
    JSON.stringify(git),
  ].join('\n  ');
}

test(`${cases} random cases, seed ${seed}: exactly the edited fields, no false alarm`, async (t) => {
  const random = new SeededRandom(seed);
  const failures: string[] = [];
  let [edits, untouched] = [0, 0];
  for (let start = 0; start < cases; start += BATCH) {
    const batch: Case[] = [];
    for (let index = start; index < Math.min(start + BATCH, cases); index += 1) {
      const namespace = `case-${index}`;
      await fixture.admin.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      batch.push({ index, namespace, way: WAYS[index % WAYS.length] ?? 'server-side', git: await validObject(namespace, random) });
    }
    await applyAll(batch);
    for (const each of batch) {
      const first = batch.find(({ way }) => way === each.way) ?? each;
      const options: Partial<JudgeInput> = each.way.startsWith('helm')
        ? { baseline: releaseBaseline(await releaseObjects(fixture, 'default', releaseOf(first)), keyOf(each.git), 'default') }
        : {};
      const failure = await check(each, options, random, (made) => {
        edits += made;
        if (made === 0) untouched += 1;
      });
      if (failure !== undefined) failures.push(failure);
    }
  }
  t.diagnostic(`${cases} cases, ${untouched} of them untouched, ${edits} edits, ${failures.length} failures`);
  assert.equal(failures.join('\n'), '');
});
