import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { git, settingsFor, startEngine, testFolder, until, writeFiles } from './support.ts';

const web = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  colour: blue\n';
const config = (name: string): string =>
  'apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments:\n  test:\n    context: nowhere\n' +
  `applications:\n  - name: ${name}\n    environment: test\n    path: web\n    namespace: default\n`;

const codes = (engine: Engine): string[] => engine.repos().flatMap(({ problems }) => problems.map(({ code }) => code));
const names = (engine: Engine): string[] => engine.applications().map(({ name }) => name);

test('a repository that is made, taken away and made again in an open folder is seen each time', async (t) => {
  const folder = join(await testFolder(t), 'repo');
  await writeFiles(folder, { 'web/web.yaml': web, 'plumbline.yaml': config('saved') });
  const { engine, errors } = await startEngine(t, folder, settingsFor(join(folder, 'no-kubeconfig')));
  assert.deepEqual([codes(engine), names(engine)], [['git-not-a-repository'], []]);

  // What is typed before there is a repository counts in it.
  engine.setBuffer(join(folder, 'plumbline.yaml'), config('typed'));
  await git(folder, 'init', '-q', '-b', 'main');
  await until(engine, 'the application of the new repository', () => names(engine).includes('typed'));
  assert.deepEqual([codes(engine).includes('git-not-a-repository'), names(engine)], [false, ['typed']]);
  engine.setBuffer(join(folder, 'plumbline.yaml'), undefined);
  await until(engine, 'what is on disk', () => names(engine).includes('saved'));

  for (const round of ['second', 'third']) {
    await rm(join(folder, '.git'), { recursive: true });
    await until(engine, `the ${round} repository is gone`, () => codes(engine).includes('git-not-a-repository'));
    await git(folder, 'init', '-q', '-b', round);
    await until(engine, `the ${round} repository`, () => engine.repos().some(({ branch }) => branch === round));
    assert.deepEqual([engine.repos().length, names(engine)], [1, ['saved']]);
  }
  // Gone and there again before anybody can look.
  rmSync(join(folder, '.git'), { recursive: true });
  execFileSync('git', ['init', '-q', '-b', 'last', folder]);
  const isWhole = (): boolean => !codes(engine).includes('git-not-a-repository');
  await until(engine, 'the last repository', () => isWhole() && engine.repos().some(({ branch }) => branch === 'last'));
  await git(folder, 'checkout', '-q', '-b', 'later');
  await until(engine, 'what changes in it', () => engine.repos().some(({ branch }) => branch === 'later'));
  assert.deepEqual([engine.repos().length, names(engine)], [1, ['saved']]);
  assert.deepEqual(errors, []);
});

test('a repository is seen when it is whole, however its parts come', async (t) => {
  const dir = await testFolder(t);
  const [folder, made] = [join(dir, 'repo'), join(dir, 'made')];
  await writeFiles(folder, { 'web/web.yaml': web, 'plumbline.yaml': config('saved') });
  await mkdir(made);
  await git(made, 'init', '-q', '-b', 'main');
  const { engine, errors } = await startEngine(t, folder, settingsFor(join(folder, 'no-kubeconfig')));
  mkdirSync(join(folder, '.git'));
  for (const part of ['HEAD', 'config', 'refs', 'objects']) {
    await engine.refresh(undefined, { fetch: false }, t.signal);
    assert.deepEqual(codes(engine), ['git-not-a-repository'], part);
    await rename(join(made, '.git', part), join(folder, '.git', part));
  }
  await until(engine, 'the application', () => names(engine).includes('saved'));

  engine.closeFolder(folder);
  assert.deepEqual([engine.repos(), names(engine)], [[], []]);
  assert.deepEqual(errors, []);
});
