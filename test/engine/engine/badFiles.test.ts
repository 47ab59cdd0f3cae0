import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { describe } from '../../../src/engine/model/describe.ts';
import { kubectl } from '../../tools/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../tools/controlPlane.ts';
import { configOfPaths } from '../../tools/manifests.ts';
import { git, rowOf, settingsFor, startEngine, testRepo, until } from './support.ts';

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const manifest = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n${more}  colour: green # now\n`;
const long = `  text: |\n${'    one more line\n'.repeat(10_000)}`;
const bytes = {
  utf16: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(manifest('utf16'), 'utf16le')]),
  latin1: Buffer.from(manifest('latin1').replace('# now', '# g\u00fcn'), 'latin1'),
};

/**
 * The line of the mark, what the Problems say with its line, and what becomes of *Adopt Live Value*: the edited line with what else it
 * changes (which is asked about), or the refusal.
 */
type Answer = readonly [mark: number | undefined, problem: readonly [number, RegExp] | undefined, adopted: string | RegExp | undefined];

/** By name of the folder: its manifest, what else of it is live, and what is said of it. */
const cases: Readonly<Record<string, readonly [text: string, more: string, answer: Answer]>> = {
  plain: [manifest('plain'), '', [5, undefined, 'line 5']],
  'does-not-parse': [
    manifest('does-not-parse').replace('data:', 'data: ['),
    '',
    [undefined, [3, /does-not-parse\/cm\.yaml:4 is not valid YAML/], undefined],
  ],
  tabs: [
    manifest('tabs').replace('  colour', '\tcolour'),
    '',
    [undefined, [5, /tabs\/cm\.yaml:6 is not valid YAML.*cannot start any token/], undefined],
  ],
  crlf: [manifest('crlf').replaceAll('\n', '\r\n'), '', [5, undefined, 'line 5']],
  bom: [`\uFEFF${manifest('bom')}`, '', [5, undefined, 'line 5']],
  utf16: [manifest('utf16'), '', [5, [0, /^utf16\/cm\.yaml is not UTF-8, so/], /^utf16\/cm\.yaml is not UTF-8, so/]],
  latin1: [manifest('latin1'), '', [undefined, [0, /^latin1\/cm\.yaml:1 is not valid YAML: invalid leading UTF-8/], undefined]],
  'five-mb': [
    `${`# ${'x'.repeat(198)}\n`.repeat(25_000)}${manifest('five-mb')}`,
    '',
    // The object's first line, which needs no look into the file.
    [25_000, [0, /^five-mb\/cm\.yaml is larger than 2 MB, so/], /^five-mb\/cm\.yaml is larger than 2 MB, so/],
  ],
  'long-value': [manifest('long-value', long), long, [10_006, undefined, 'line 10006']],
  anchors: [
    manifest('anchors', '  base: &c green\n').replace('colour: green', 'colour: *c'),
    '  base: green\n',
    [5, undefined, 'line 5 and /data/base'],
  ],
  merge: [
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: merge\n  annotations: &a\n    colour: green\ndata:\n  <<: *a\n',
    '',
    [5, undefined, 'line 5 and /metadata/annotations/colour'],
  ],
  twice: [
    manifest('twice', '  colour: blue\n'),
    '',
    [0, [6, /^twice\/cm\.yaml:7 has a key twice/], /has the key colour twice, so no edit is certain\./],
  ],
  stray: [manifest('stray'), '', [5, undefined, /^stray\/stranger\.yaml refers to a file outside what it may read/]],
  link: [manifest('link'), '', [5, undefined, /^link\/cm\.yaml is reached through a link/]],
  template: [
    `{{- if true }}\n${manifest('template').replace('green', '{{ "green" }}')}{{- end }}\n`,
    '',
    [6, undefined, /^The template template\/templates\/cm\.yaml sets this field itself/],
  ],
};
const names = Object.keys(cases);

/** Where the manifest of a case stands. */
const fileOf = (name: string): string => `${name}/${name === 'template' ? 'templates/' : ''}cm.yaml`;

const asLive = (colour: string): string =>
  Object.entries(cases)
    .map(([name, [, more]]) => (name === 'merge' ? (cases['merge']?.[0] ?? '').replace('<<: *a', 'colour: green') : manifest(name, more)))
    .map((text) => text.replace(/ {2}colour: green(?! *\n *data)( # now)?\n$/, `  colour: ${colour}\n`))
    .join('---\n');

async function answerOf(engine: Engine, repo: string, name: string): Promise<unknown> {
  const file = join(repo, fileOf(name));
  const [object] = engine.objects(`prod/${name}`);
  const [first] = [...engine.problems(file), ...(await engine.editor.limits(file))];
  const mark = engine.marks(file).find(({ fieldId }) => fieldId === 'data.colour');
  const problem = first === undefined ? undefined : [first.range.startLine, describe(first.reason.code, first.reason.details)];
  if (object === undefined) return [mark?.range.startLine, problem, undefined];
  const target = { applicationId: `prod/${name}`, key: object.key, fieldId: 'data.colour' };
  const { edits, refused, affected } = await engine.writebacks.plan({ targets: [target] }, AbortSignal.timeout(120_000));
  const [refusal] = refused;
  const others = affected.filter(({ kind }) => kind === 'other').flatMap(({ paths }) => paths);
  const edited = [`line ${String(edits[0]?.range.startLine)}`, ...others].join(' and ');
  const adopted = refusal === undefined ? edited : describe(refusal.reason.code, refusal.reason.details);
  return [mark?.range.startLine, problem, adopted];
}

/** An expected pattern in place of the text that it matches, so that one comparison shows all that is wrong. */
function matched(found: unknown, expected: unknown): unknown {
  if (expected instanceof RegExp) return typeof found === 'string' && expected.test(found) ? expected : found;
  return Array.isArray(found) && Array.isArray(expected) ? found.map((each, index) => matched(each, expected[index])) : found;
}

test('files that cannot be read exactly: the very line or none, features that are off say why, and the others go on', async (t) => {
  const texts = Object.fromEntries(Object.entries(cases).map(([name, [text]]) => [fileOf(name), text]));
  const repo = await testRepo(t, {
    'plumbline.yaml': `${configOfPaths('bad', ...names)}  - {name: elsewhere, environment: prod, path: ../elsewhere, namespace: bad}\n`,
    ...texts,
    'shared/cm.yaml': texts['link/cm.yaml'] ?? '',
    'template/Chart.yaml': 'apiVersion: v2\nname: template\nversion: 1.0.0\n',
  });
  for (const [name, content] of Object.entries(bytes)) await writeFile(join(repo, fileOf(name)), content);
  await rm(join(repo, 'link/cm.yaml'));
  await symlink('../shared/cm.yaml', join(repo, 'link/cm.yaml'));
  await writeFile(join(repo, '../stranger.yaml'), manifest('stranger'));
  await symlink('../../stranger.yaml', join(repo, 'stray/stranger.yaml'));
  await git(repo, 'add', '-A');
  await git(repo, 'commit', '-qm', 'more');
  const { kubeconfigPath: kubeconfig } = plane;
  const apply = (colour: string, ...flags: readonly string[]): Promise<string> =>
    kubectl(['apply', '--server-side', ...flags, '-n', 'bad', '-f', '-'], { kubeconfig, input: asLive(colour) });
  await kubectl(['create', 'namespace', 'bad'], { kubeconfig });
  await apply('green');
  await apply('red', '--field-manager=by-hand', '--force-conflicts');
  const { engine, errors } = await startEngine(t, repo, settingsFor(kubeconfig));
  await engine.check(undefined);
  const isMarked = (name: string): boolean => {
    const line = cases[name]?.[2][0];
    return line === undefined || engine.marks(join(repo, fileOf(name))).some(({ range }) => range.startLine === line);
  };
  await until(engine, 'marks', () => names.every(isMarked));
  for (const [name, [, , expected]] of Object.entries(cases)) {
    const found = await answerOf(engine, repo, name);
    assert.deepEqual(matched(found, expected), expected, name);
  }
  assert.deepEqual(
    names.filter((name) => rowOf(engine, `prod/${name}`).state === 'cannot compare'),
    ['does-not-parse', 'tabs', 'latin1', 'stray'],
  );

  // Where the text is no YAML a hover knows what the line is marked for, and else nothing.
  const { signal } = new AbortController();
  const sides = async (name: string, line: number): Promise<unknown> =>
    (await engine.editor.lineFacts(join(repo, fileOf(name)), line, signal)).sides.map(({ git: inGit, live }) => [inGit, live]);
  assert.deepEqual(
    [await sides('plain', 5), await sides('template', 6), await sides('template', 2), await sides('does-not-parse', 5)],
    [[['green', 'red']], [['green', 'red']], [], []],
  );

  // Who opens the file behind a link is told where its lines are marked.
  const behind = await engine.editor.limits(join(repo, 'shared/cm.yaml'));
  assert.deepEqual(
    behind.map(({ reason }) => describe(reason.code, reason.details)),
    ['shared/cm.yaml is read as link/cm.yaml, through a symbolic link: its lines are marked there.'],
  );

  // Outside of the repo nothing is read, shown or written.
  const stranger = join(repo, '../stranger.yaml');
  assert.deepEqual(
    [engine.marks(stranger), engine.problems(stranger), await engine.editor.limits(stranger), engine.uses(stranger).rows],
    [[], [], [], []],
  );
  assert.ok(!engine.objects('prod/stray').some((row) => row.name === 'stranger'));
  assert.match(
    engine
      .problems(join(repo, 'plumbline.yaml'))
      .map(({ reason }) => describe(reason.code, reason.details))
      .join(),
    /"\.\.\/elsewhere".*leads out of the repo/,
  );
  assert.deepEqual(errors, []);
});
