import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFinder, type FoundApplications, suggestionKey } from '../../../src/engine/apps/applications.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';

const object = (kind: string): string => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: x\n`;
const kustomization = (...resources: string[]): string => `resources: [${resources.join(', ')}]\n`;

/** `id type path values` of each. */
function rows({ applications }: FoundApplications): string[] {
  return applications.map(({ id, source }) => [id, source.type, suggestionKey(source)].join(' '));
}

/** A tree that counts what is listed and read. */
class CountingTree extends MemoryTree {
  readonly seen: string[] = [];
  override list(folder: string): ReturnType<SourceTree['list']> {
    this.seen.push(`${folder}/`);
    return super.list(folder);
  }
  override read(path: string): ReturnType<SourceTree['read']> {
    this.seen.push(path);
    return super.read(path);
  }
}

test('a change reads what it touches, and an unchanged result is the same object', async (t) => {
  const files: Record<string, string | undefined> = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`apps/a${String(index)}/x.yaml`, object('ConfigMap')]),
  );
  const finder = new ApplicationFinder('/r');
  const first = await finder.find(new MemoryTree(files), {}, undefined, t.signal);
  const touched = new CountingTree({ ...files, 'apps/a7/x.yaml': `${object('ConfigMap')}data: {}\n` });
  const second = await finder.find(touched, {}, ['apps/a7/x.yaml', '.hidden/y.yaml'], t.signal);
  assert.deepEqual([second === first, touched.seen], [true, ['apps/a7/', 'apps/a7/x.yaml', 'plumbline.yaml']]);

  const removed = await finder.find(new MemoryTree({ ...files, 'apps/a7/x.yaml': undefined }), {}, ['apps/a7'], t.signal);
  assert.deepEqual([removed.applications.length, rows(removed).includes('-/a7 directory apps/a7')], [49, false]);
  const added = await finder.find(
    new MemoryTree({ ...files, 'new/deep/b.yaml': object('Secret') }),
    {},
    ['new', 'apps/a7/x.yaml'],
    t.signal,
  );
  assert.deepEqual([added.applications.length, rows(added).at(-1)], [51, '-/new-deep directory new/deep']);
  const chart = await finder.find(
    new MemoryTree({ ...files, 'apps/a7/Chart.yaml': 'name: x\n' }),
    {},
    ['apps/a7/Chart.yaml', 'new'],
    t.signal,
  );
  assert.ok(rows(chart).includes('-/a7 helm apps/a7'));
});

test('a changed file costs a look at that file, not at those beside it', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`plain/${String(index)}.yaml`, object('ConfigMap')]));
  const before = new MemoryTree(files);
  const after = new MemoryTree({ ...files, 'plain/7.yaml': 'no: object\n', 'plain/new.yaml': object('Secret') });
  const finder = new ApplicationFinder('/config');
  await finder.find(before, {}, undefined, t.signal);
  const reading = t.mock.method(after, 'read');
  const changed = await finder.find(after, {}, ['plain/7.yaml', 'plain/new.yaml'], t.signal);
  assert.deepEqual(
    reading.mock.calls.map(({ arguments: [path] }) => path).filter((path) => path.startsWith('plain/')),
    ['plain/7.yaml', 'plain/new.yaml'],
  );
  assert.deepEqual(changed, await new ApplicationFinder('/config').find(after, {}, undefined, t.signal));
});

test('what files name each other is read once, and again of what changed', async (t) => {
  const names = Array.from({ length: 20 }, (_, index) => `apps/${String(index)}/kustomization.yaml`);
  const files = { ...Object.fromEntries(names.map((name) => [name, kustomization('../../base')])), 'base/kustomization.yaml': '{}\n' };
  const before = new MemoryTree(files);
  const after = new MemoryTree({ ...files, 'apps/7/kustomization.yaml': kustomization('x.yaml'), 'apps/8/kustomization.yaml': undefined });
  const finder = new ApplicationFinder('/config');
  const found = async (tree: SourceTree): Promise<readonly string[]> =>
    [...(await finder.links(tree))].flatMap(([file, links]) => links.map(({ target }) => `${file} ${target}`));
  await finder.find(before, {}, undefined, t.signal);
  const first = await found(before);
  assert.deepEqual(first.toSorted(), names.map((name) => `${name} base`).toSorted());
  const readings = [t.mock.method(before, 'read'), t.mock.method(after, 'read')];
  assert.deepEqual(await found(before), first);
  await finder.find(after, {}, ['apps/7/kustomization.yaml', 'apps/8/kustomization.yaml'], t.signal);
  const [, ofAfter] = readings;
  ofAfter?.mock.resetCalls();
  const second = await found(after);
  assert.deepEqual(
    [first.filter((link) => !second.includes(link)), second.filter((link) => !first.includes(link))],
    [['apps/7/kustomization.yaml base', 'apps/8/kustomization.yaml base'], ['apps/7/kustomization.yaml apps/7/x.yaml']],
  );
  assert.deepEqual(
    readings.flatMap(({ mock }) => mock.calls.map(({ arguments: [path] }) => path)),
    ['apps/7/kustomization.yaml'],
  );
});
