import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { Judge } from '../../../src/engine/drift/judge.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { git, settingsFor, startEngine, testRepo } from './support.ts';

const APPLICATIONS = 12;
const OBJECTS = 10;
/** Kinds, in three calls, and the index of schemas. */
const LOOK = 4;

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const name = (index: number): string => `app-${index}`;
const fileOf = (index: number): string => `apps/${name(index)}/all.yaml`;
const configMap = (application: number, index: number): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-${index}\n  namespace: ${name(application)}\ndata:\n  level: info\n`;

/** Applications of ten objects, each in a namespace of its own, applied and in sync; nothing of them is compared yet. */
async function fleet(t: TestContext): Promise<{ readonly repo: string; readonly engine: Engine; readonly ids: readonly string[] }> {
  const indexes = Array.from({ length: APPLICATIONS }, (_, index) => index);
  const files = indexes.map((index): readonly [string, string] => [
    fileOf(index),
    Array.from({ length: OBJECTS }, (_, at) => configMap(index, at)).join('---\n'),
  ]);
  const uid = await plane.uid();
  const lines = indexes.map(
    (index) => `  - {name: ${name(index)}, environment: prod, path: apps/${name(index)}, namespace: ${name(index)}}`,
  );
  const repo = await testRepo(t, {
    ...Object.fromEntries(files),
    'plumbline.yaml': [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      `environments: {prod: {context: ${plane.name}, clusterUid: ${uid}}}`,
      'applications:',
      ...lines,
      '',
    ].join('\n'),
  });
  await plane.apply(indexes.map((index) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: name(index) } })));
  await plane.apply(files.map(([, text]) => text).join('---\n'));
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  return { repo, engine, ids: indexes.map((index) => `prod/${name(index)}`) };
}

interface Cost {
  readonly calls: number;
  readonly dryRuns: number;
  readonly rendered: number;
  readonly judged: number;
}

test('what a comparison costs follows what changed: calls, renders and verdicts are counted', async (t) => {
  const { repo, engine, ids } = await fleet(t);
  const judging = t.mock.method(Judge.prototype, 'judgeLocally');
  const rendered = (): ReadonlySet<unknown> =>
    new Set(ids.flatMap((id) => engine.session(id)?.objects ?? []).map((object) => object.rendered));
  const costOf = async (action: () => Promise<void>): Promise<Cost> => {
    const [objects, judged, before] = [rendered(), judging.mock.callCount(), engine.counters()[0]];
    await action();
    const now = engine.counters()[0];
    return {
      calls: (now?.requests ?? 0) - (before?.requests ?? 0),
      dryRuns: (now?.dryRuns ?? 0) - (before?.dryRuns ?? 0),
      rendered: [...rendered()].filter((object) => !objects.has(object)).length,
      judged: judging.mock.callCount() - judged,
    };
  };
  const refresh = (): Promise<void> => engine.refresh(undefined, { fetch: false }, new AbortController().signal);

  const first = await costOf(() => engine.check(ids));
  assert.deepEqual(
    engine.applications().map(({ state }) => state),
    ids.map(() => 'synced'),
  );
  // Each kind is listed and watched once for all applications, whose number makes no difference.
  const { calls, ...rest } = first;
  assert.deepEqual(rest, { dryRuns: 0, rendered: APPLICATIONS * OBJECTS, judged: APPLICATIONS * OBJECTS });
  assert.ok(calls <= 20, `${calls} calls`);
  assert.deepEqual(await costOf(refresh), { calls: LOOK, dryRuns: 0, rendered: 0, judged: 0 });

  for (const [files, objects] of [
    [1, 1],
    [5, 1],
    [4, 5],
  ] as const) {
    for (let index = 0; index < files; index += 1) {
      const file = join(repo, fileOf(index));
      const parts = (await readFile(file, 'utf8')).split('---\n');
      const level = `level-${files}-${objects}`;
      await writeFile(file, parts.map((part, at) => (at < objects ? part.replace(/level: .*/, `level: ${level}`) : part)).join('---\n'));
    }
    await git(repo, 'commit', '-q', '-a', '-m', `Change ${objects} objects in ${files} files`);
    const cost = await costOf(refresh);
    const changed = files * objects;
    // A changed file is read as a whole; of its objects only those are judged that came out different, and each by one dry-run.
    assert.deepEqual({ ...cost, calls: 0 }, { calls: 0, dryRuns: changed, rendered: files * OBJECTS, judged: changed });
    // Beside the dry-runs the right to them is asked for, once for each namespace.
    assert.ok(cost.calls <= LOOK + changed + files, `${cost.calls} calls for ${changed} objects`);
  }
});
