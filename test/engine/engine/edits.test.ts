import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import type { LineFacts } from '../../../src/engine/model/lineFacts.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths, deploymentYaml } from '../../tools/manifests.ts';
import { refuseEdits } from './editRefusals.ts';
import { git, settingsFor, startEngine, testRepo, until } from './support.ts';

let plane: ControlPlane;
const run = (...args: readonly string[]): Promise<string> => kubectl(args, { kubeconfig: plane.kubeconfigPath });

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const deployment = deploymentYaml();

async function opened(
  t: TestContext,
  namespace: string,
  files: Readonly<Record<string, string>>,
  flag: string,
  paths: readonly string[],
): Promise<{ engine: Engine; repo: string }> {
  const repo = await testRepo(t, { 'plumbline.yaml': configOfPaths(namespace, ...paths), ...files });
  await run('create', 'namespace', namespace);
  for (const path of paths) await run('apply', '--server-side', '-n', namespace, flag, join(repo, path));
  const { engine } = await startEngine(t, repo, settingsFor(plane.kubeconfigPath));
  await engine.check(undefined);
  return { engine, repo };
}

const marks = (engine: Engine, file: string): unknown =>
  engine.marks(file).map(({ kind, fieldId, range, git: inGit, working, live }) => [kind, fieldId, range.startLine, inGit, working, live]);

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

test('typing in a manifest shows at once what live has, and the server is asked after a pause', async (t) => {
  const { engine, repo } = await opened(t, 'typing', { 'shop/web.yaml': deployment }, '-f', ['shop']);
  const file = join(repo, 'shop/web.yaml');
  const type = (from: string, to: string): void => {
    engine.setBuffer(file, deployment.replace(from, to));
  };
  assert.deepEqual(marks(engine, file), []);

  type('replicas: 2', 'replicas: 4');
  const edited = [['edited', 'spec.replicas', 5, '2', '4', '2']];
  await until(engine, 'the edited field is marked', () => isSame(marks(engine, file), edited));

  // Broken text keeps what was known, and says on which line it is broken.
  type('replicas: 2', 'replicas: 4\n  selector: {');
  await until(engine, 'a problem', () => engine.problems(file).some(({ severity }) => severity === 'error'));
  assert.deepEqual(marks(engine, file), edited);

  await run('scale', 'deployment/web', '-n', 'typing', '--replicas=4');
  type('replicas: 2', 'replicas: 4');
  const adopted = [['changed', 'spec.replicas', 5, '2', '4', '4']];
  await until(engine, 'the drift knows the edit', () => isSame(marks(engine, file), adopted));
  await until(engine, 'no problem is left', () => engine.problems(file).length === 0);

  type('replicas: 2', 'replicaz: 2');
  await until(engine, 'the server does not know the field', () =>
    engine.problems(file).some(({ reason, range }) => reason.code.startsWith('server-') && range.startLine === 5),
  );
  engine.setBuffer(file, deployment.replaceAll('app: web', 'app: other'));
  await until(engine, 'the server says that the field is immutable', () =>
    engine.problems(file).some(({ reason, range }) => reason.code === 'server-refuses-field' && range.startLine === 6),
  );

  engine.setBuffer(file, undefined);
  await until(engine, 'the drift alone is left', () => isSame(marks(engine, file), [['changed', 'spec.replicas', 5, '2', undefined, '4']]));
  assert.deepEqual(engine.problems(file), []);
});

test('typing in a base marks the line for every overlay that it changes, and names what would change where', async (t) => {
  const kustomization = (name: string): string => `resources: [../base]\nnamePrefix: ${name}-\n`;
  const { engine, repo } = await opened(
    t,
    'blast',
    {
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': deployment,
      'one/kustomization.yaml': kustomization('one'),
      'two/kustomization.yaml': `${kustomization('two')}replicas: [{name: web, count: 7}]\n`,
    },
    '-k',
    ['one', 'two'],
  );
  const file = join(repo, 'base/web.yaml');
  const text = await readFile(file, 'utf8');
  engine.setBuffer(file, text.replace('web:1.0', 'web:1.1'));
  const image = 'spec.template.spec.containers[name=web].image';
  const marked = ['edited', image, 14, 'registry.example/web:1.0', 'registry.example/web:1.1', 'registry.example/web:1.0'];
  await until(engine, 'both overlays', () => isSame(marks(engine, file), [marked, marked]));
  assert.deepEqual(
    engine.editor
      .effects(file)
      .map(({ applicationId, context, objects }) => [applicationId, context, objects.map(({ object, change }) => [object, change])]),
    [
      ['prod/one', 'plumbline-dev', [['Deployment/one-web', 'configure']]],
      ['prod/two', 'plumbline-dev', [['Deployment/two-web', 'configure']]],
    ],
  );
  engine.setBuffer(file, `# one more line\n${text}`);
  await run('scale', 'deployment/two-web', '-n', 'blast', '--replicas=5');
  await until(engine, 'drift in one of them', () => engine.objects('prod/two').some(({ state }) => state === 'drifted'));
  assert.deepEqual(
    (await engine.editor.objectLines(file)).map(({ line, applicationId, object, state, driftedFields }) => [
      line,
      applicationId,
      object,
      state,
      driftedFields,
    ]),
    [
      [1, 'prod/one', 'Deployment/one-web', 'synced', 0],
      [1, 'prod/two', 'Deployment/two-web', 'drifted', 1],
    ],
  );
  await run('scale', 'deployment/two-web', '-n', 'blast', '--replicas=7');
  engine.setBuffer(file, text.replace('replicas: 2', 'replicas: 3'));
  await until(engine, 'only the overlay without replicas of its own', () =>
    isSame(
      engine.marks(file).map(({ applicationId, fieldId, working }) => [applicationId, fieldId, working]),
      [['prod/one', 'spec.replicas', '3']],
    ),
  );
  engine.setBuffer(file, text.replace('replicas: 2', 'replicas: 2\n  replicaz: 3'));
  await until(engine, 'what the server refuses stands on its line of the base', () =>
    isSame(
      engine.problems(file).map(({ reason, range }) => [reason.code, range.startLine]),
      [
        ['server-refuses', 6],
        ['server-refuses', 6],
      ],
    ),
  );
});

test('what a webhook, a policy and a quota refuse stands after a save on the line of the edit', async (t) => {
  const namespace = 'refusals';
  const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: plans}
data:
  weather: good
  day: monday
  hours: "8"
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: ClusterIP
  selector: {app: web}
  ports:
    - port: 80
`;
  const { engine, repo } = await opened(t, namespace, { 'shop/plans.yaml': manifest }, '-f', ['shop']);
  await refuseEdits(t, plane, namespace, 'plans');
  const file = join(repo, 'shop/plans.yaml');
  const cases: readonly (readonly [edit: readonly (readonly [string, string])[], line: number, words: RegExp])[] = [
    [[['weather: good', 'weather: bad']], 4, /^Refused on plumbline-dev by \S*weather\.example\.com\S*: .*stay at home in such weather/],
    [
      [
        ['day: monday', 'day: sunday'],
        ['"8"', '"9"'],
      ],
      5,
      /^Refused on plumbline-dev by \S*days\S*: .*no work on that day/,
    ],
    [[['type: ClusterIP', 'type: NodePort']], 12, /^The quota none of namespace refusals on plumbline-dev does not allow it/],
  ];
  for (const [edits, line, words] of cases) {
    await writeFile(
      file,
      edits.reduce((text, [from, to]) => text.replace(from, to), manifest),
    );
    const said = (): readonly string[] =>
      engine.problems(file).map(({ range, reason }) => `${String(range.startLine)} ${describe(reason.code, reason.details)}`);
    const isSaid = (): boolean =>
      said().some((text) => text.startsWith(`${String(line)} `) && words.test(text.slice(text.indexOf(' ') + 1)));
    await until(engine, String(words), isSaid);
  }
  await writeFile(file, manifest);
  await until(engine, 'nothing is refused any more', () => engine.problems(file).length === 0);
});

test('what a line knows, and where files lead', async (t) => {
  const { engine, repo } = await opened(
    t,
    'facts',
    {
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': deployment,
      'one/kustomization.yaml':
        'resources: [../base]\npatches:\n  - path: patch.yaml\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      spec: {paused: false}\n  - target: {kind: Deployment, name: web}\n    patch: |-\n      - {op: add, path: /spec/minReadySeconds, value: 1}\n',
      'chart/Chart.yaml':
        'apiVersion: v2\nname: chart\nversion: 1.0.0\ndependencies:\n  - name: queue\n    version: 0.1.0\n    alias: jobs\n',
      'chart/values.yaml': 'image:\n  tag: one\nother: 1\njobs:\n  size: 2\nglobal:\n  zone: a\n',
      'chart/templates/x.yaml': 'a: {{ .Values.image.tag }}\nb: {{ toYaml .Values.image }}\nc: {{ .Values.imageTag }}\n',
      'chart/charts/queue/Chart.yaml': 'apiVersion: v2\nname: queue\nversion: 0.1.0\n',
      'chart/charts/queue/templates/y.yaml': 'size: {{ .Values.size }}\nzone: {{ .Values.global.zone }}\n',
      'one/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n',
    },
    '-k',
    ['one'],
  );
  const inRepo = (path: string): string => join(repo, path);
  /** Facts of a line once HEAD is rendered, which a hover waits for but shortly. */
  const factsOf = async (path: string, line: number): Promise<LineFacts> => {
    const { signal } = new AbortController();
    for (const deadline = Date.now() + 60_000; ;) {
      const found = await engine.editor.lineFacts(inRepo(path), line, signal);
      if (found.sides.every(({ head }) => head !== undefined) || Date.now() > deadline) return found;
    }
  };
  const facts = await factsOf('base/web.yaml', 14);
  assert.deepEqual(
    facts.sides.map(({ applicationId, object, fieldId, git: inGit, live }) => [applicationId, object, fieldId, inGit, live]),
    [
      [
        'prod/one',
        'Deployment/web',
        'spec.template.spec.containers[name=web].image',
        'registry.example/web:1.0',
        'registry.example/web:1.0',
      ],
    ],
  );
  const [side] = facts.sides;
  assert.deepEqual([side?.working, side?.head, side?.synced], ['registry.example/web:1.0', 'registry.example/web:1.0', undefined]);
  assert.deepEqual([side?.manager, Number.isNaN(Date.parse(side?.time ?? ''))], ['kubectl', false]);
  assert.match(facts.documentation ?? '', /Container image name/);

  // A line of a patch, marked, knows all of it as well; what is edited and what is committed and not pushed are sides of their own.
  await git(repo, 'init', '-q', '--bare', '-b', 'main', '../origin.git');
  await git(repo, 'remote', 'add', 'origin', '../origin.git');
  await git(repo, 'push', '-q', '-u', 'origin', 'main');
  const patch = await readFile(inRepo('one/patch.yaml'), 'utf8');
  await writeFile(inRepo('one/patch.yaml'), patch.replace('replicas: 3', 'replicas: 4'));
  await git(repo, 'commit', '-qam', 'four');
  await run('scale', 'deployment/web', '-n', 'facts', '--replicas=5');
  engine.setBuffer(inRepo('one/patch.yaml'), patch.replace('replicas: 3', 'replicas: 6'));
  await until(engine, 'drift of an edited field', () =>
    engine.marks(inRepo('one/patch.yaml')).some(({ working, live, git: inGit }) => working === '6' && live === '5' && inGit === '3'),
  );
  const patched = await factsOf('one/patch.yaml', 3);
  assert.deepEqual(
    patched.sides
      .filter(({ fieldId }) => fieldId === 'spec.replicas')
      .map(({ working, head, git: inGit, live }) => [working, head, inGit, live]),
    [['6', '4', '3', '5']],
  );
  engine.setBuffer(inRepo('one/patch.yaml'), undefined);
  assert.deepEqual([facts.commit?.author, facts.commit?.subject], ['T', 'first']);

  const places = async (found: Promise<readonly { file: string; startLine: number }[]>): Promise<unknown> =>
    (await found).map(({ file, startLine }) => [file.slice(repo.length + 1), startLine]);
  assert.deepEqual(
    [
      await places(engine.editor.definition(inRepo('one/kustomization.yaml'), 0, 14)),
      await places(engine.editor.definition(inRepo('one/kustomization.yaml'), 2, 12)),
      await places(engine.editor.definition(inRepo('one/kustomization.yaml'), 7, 8)),
      await places(engine.editor.definition(inRepo('one/kustomization.yaml'), 8, 14)),
      await places(engine.editor.definition(inRepo('chart/Chart.yaml'), 4, 12)),
      await places(engine.editor.definition(inRepo('chart/templates/x.yaml'), 0, 14)),
      await places(engine.editor.references(inRepo('chart/values.yaml'), 1)),
      await places(engine.editor.references(inRepo('one/patch.yaml'), 0)),
      await places(engine.editor.definition(inRepo('one/patch.yaml'), 3, 0)),
      await places(engine.editor.definition(inRepo('plumbline.yaml'), 5, 41)),
      await places(engine.editor.references(inRepo('base/web.yaml'), 0)),
      await places(engine.editor.references(inRepo('base/kustomization.yaml'), 0)),
      await places(engine.editor.references(inRepo('plumbline.yaml'), 3)),
    ],
    [
      [['base/kustomization.yaml', 0]],
      [['one/patch.yaml', 0]],
      [['base/web.yaml', 0]],
      [['base/web.yaml', 0]],
      [['chart/charts/queue/Chart.yaml', 0]],
      [['chart/values.yaml', 1]],
      [
        ['chart/templates/x.yaml', 0],
        ['chart/templates/x.yaml', 1],
      ],
      [
        ['one/kustomization.yaml', 2],
        ['plumbline.yaml', 5],
      ],
      [['base/web.yaml', 0]],
      [['one/kustomization.yaml', 0]],
      [
        ['base/kustomization.yaml', 0],
        ['plumbline.yaml', 5],
        ['one/kustomization.yaml', 3],
        ['one/kustomization.yaml', 8],
        ['one/patch.yaml', 0],
      ],
      [
        ['one/kustomization.yaml', 0],
        ['plumbline.yaml', 5],
      ],
      [['plumbline.yaml', 5]],
    ],
  );
  // Values of a subchart stand under its alias.
  assert.deepEqual(await Promise.all([4, 6].map((line) => places(engine.editor.references(inRepo('chart/values.yaml'), line)))), [
    [['chart/charts/queue/templates/y.yaml', 0]],
    [['chart/charts/queue/templates/y.yaml', 1]],
  ]);
  // What is typed counts at once.
  const other = inRepo('base/kustomization.yaml');
  engine.setBuffer(other, `${await readFile(other, 'utf8')}crds: [../chart/templates/x.yaml]\n`);
  assert.deepEqual(await places(engine.editor.references(inRepo('chart/templates/x.yaml'), 0)), [['base/kustomization.yaml', 1]]);
  engine.setBuffer(other, undefined);
  assert.deepEqual(
    (await engine.editor.completions(inRepo('plumbline.yaml'), 0, 0, [])).map(({ label }) => label),
    ['apiVersion', 'kind', 'environments', 'applications'],
  );
});
