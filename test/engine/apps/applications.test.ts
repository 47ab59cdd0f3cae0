import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ApplicationFinder } from '../../../src/engine/apps/applications.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { WorkingTree } from '../../../src/engine/git/workingTree.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { commit, git, makeRepo, open, temporaryFolder, write } from '../git/sampleRepo.ts';

const object = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n';
const config = (path: string): string =>
  `apiVersion: plumbline.dev/v1alpha1\nkind: Config\nenvironments: {prod: {context: kind}}\napplications:\n- {name: web, environment: prod, path: ${path}}\n`;

async function rows(t: TestContext, finder: ApplicationFinder, tree: SourceTree, changed?: readonly string[]): Promise<string[]> {
  const { applications, problems } = await finder.find(tree, {}, changed, t.signal);
  return [...applications.map(({ id, source }) => `${id} ${source.type} ${source.path}`), ...problems.map(({ code }) => code)];
}

test('commits, the disk and unsaved buffers each have their own applications', async (t) => {
  const repo = makeRepo(t, { 'plumbline.yaml': config('web'), 'web/a.yaml': object, 'rest/a.yaml': object });
  const repository = await open(t, repo);
  const first = git(repo, 'rev-parse', 'HEAD');
  commit(repo, { 'web/kustomization.yaml': 'resources: [a.yaml]\n' });
  const layout = await findLayout(repo);
  assert.ok(layout);
  const disk = new WorkingTree(layout);
  const finder = new ApplicationFinder(repo);
  const seen: string[][] = [];
  seen.push(await rows(t, new ApplicationFinder(repo), await repository.tree(first, t.signal)));
  seen.push(await rows(t, finder, disk));
  disk.setBuffer('plumbline.yaml', config('rest'));
  seen.push(await rows(t, finder, disk, ['plumbline.yaml']));
  disk.setBuffer('plumbline.yaml', 'a: [\n');
  seen.push(await rows(t, finder, disk, ['plumbline.yaml']));
  disk.setBuffer('plumbline.yaml', undefined);
  rmSync(join(repo, 'web'), { recursive: true });
  write(repo, { 'more/deep/b.yaml': object });
  seen.push(await rows(t, finder, disk, ['web', 'more', 'plumbline.yaml']));
  assert.deepEqual(seen, [
    ['prod/web directory web', '-/rest directory rest'],
    ['prod/web kustomize web', '-/rest directory rest'],
    ['prod/web directory rest', '-/web kustomize web'],
    ['prod/web directory rest', '-/web kustomize web', 'config-invalid-yaml-kept'],
    ['-/more-deep directory more/deep', '-/rest directory rest', 'config-path-missing'],
  ]);
});

test('links out of the repo and submodules are no sources', async (t) => {
  const outside = temporaryFolder(t);
  write(outside, { 'a.yaml': object });
  const library = makeRepo(t, { 'a.yaml': object });
  const repo = makeRepo(t, { 'plumbline.yaml': config('out'), 'inside/a.yaml': object });
  symlinkSync(outside, join(repo, 'out'));
  symlinkSync('inside', join(repo, 'again'));
  git(repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  const layout = await findLayout(repo);
  assert.ok(layout);
  const id = commit(repo, {});
  const trees: readonly SourceTree[] = [new WorkingTree(layout), await (await open(t, repo)).tree(id, t.signal)];
  for (const tree of trees) {
    assert.deepEqual(await rows(t, new ApplicationFinder(repo), tree), ['-/inside directory inside', 'config-path-escapes']);
  }
  commit(repo, { 'plumbline.yaml': config('lib') });
  assert.deepEqual(await rows(t, new ApplicationFinder(repo), new WorkingTree(layout)), [
    '-/inside directory inside',
    'config-path-submodule',
  ]);
});
