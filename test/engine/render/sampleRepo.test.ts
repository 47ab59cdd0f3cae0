import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { SourceSpec } from '../../../src/engine/model/render.ts';
import { type DiskTree, openDiskTree } from './diskTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { flat, makeService, native } from './support.ts';

const SAMPLE = fileURLToPath(new URL('../../sample/tree/', import.meta.url));
const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };

/** Every source of the sample repository: each kustomization, each chart with each of its values files, each folder of manifests. */
async function sources(): Promise<readonly SourceSpec[]> {
  const found: SourceSpec[] = [];
  const charts: string[] = [];
  const folders = (await readdir(SAMPLE, { recursive: true, withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const folder of folders.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    const path = folder.slice(SAMPLE.length);
    const names = await readdir(folder);
    if (charts.some((chart) => path.startsWith(`${chart}/`))) continue;
    if (names.includes('Chart.yaml')) {
      charts.push(path);
      for (const file of [[], ...names.filter((name) => name.startsWith('values-')).map((name) => [name])]) {
        found.push({ type: 'helm', path, helm: { releaseName: 'checkout', namespace: 'shop', valueFiles: file } });
      }
    } else if (names.includes('kustomization.yaml')) found.push({ type: 'kustomize', path });
    else if (names.some((name) => name.endsWith('.yaml')) && path !== '') found.push({ type: 'directory', path });
  }
  return found;
}

const all = await sources();

describe('the sample repository', () => {
  let renders: RenderService;
  let tree: DiskTree;
  before(async () => {
    renders = await makeService();
    tree = await openDiskTree(SAMPLE);
  });
  after(() => {
    renders.dispose();
  });

  it('has all three types of sources', () => {
    assert.deepEqual(new Set(all.map(({ type }) => type)), new Set(['helm', 'kustomize', 'directory']));
  });

  for (const spec of all) {
    it(`${spec.type} ${spec.path} ${spec.helm?.valueFiles?.join(' ') ?? ''}`, async () => {
      const { objects, errors } = await renders.render(spec, tree, options);
      assert.deepEqual(errors, []);
      assert.ok(objects.length > 0);
      if (spec.type !== 'directory') {
        const expected = await renders.parse('native', new TextEncoder().encode(await native(spec, SAMPLE)), options);
        assert.deepEqual(
          objects.map(({ object }) => object),
          expected.flatMap(({ value }) => flat(value)),
        );
      }
      for (const { object, file = '', documentIndex, generatedBy } of objects) {
        assert.equal(await tree.kindOf(file), 'file', `${object.kind} ${stringAt(object, 'metadata', 'name') ?? ''}`);
        if (spec.type === 'helm' || generatedBy !== undefined) continue;
        const documents = await renders.parse(file, (await tree.read(file)) ?? new Uint8Array(), options);
        assert.equal(stringAt(documents[documentIndex ?? -1]?.value, 'kind'), object.kind, `document ${documentIndex} of ${file}`);
      }
    });
  }
});
