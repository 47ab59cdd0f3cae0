import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openDiskTree } from './diskTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { cases, flat, makeService, native } from './support.ts';

const all = await cases();
const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };

describe('renders equal those of the native programs', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  for (const { name, folder, spec, fails } of all.filter((one) => one.fails === undefined)) {
    it(name, async () => {
      assert.equal(fails, undefined);
      const text = await native(spec, folder);
      const result = await renders.render(spec, await openDiskTree(folder), options);
      assert.deepEqual(result.errors, []);
      const expected = await renders.parse(name, new TextEncoder().encode(text), options);
      assert.deepEqual(
        result.objects.map(({ object }) => object),
        expected.flatMap(({ value }) => flat(value)),
      );
      if (spec.type === 'helm') {
        const sources = [...text.matchAll(/^# Source: (.*)$/gm)].map(([, path]) => path);
        assert.deepEqual(new Set(result.objects.map(({ template }) => template)), new Set(sources));
      }
      const unplaced = result.objects.filter(({ file }) => file === undefined).map(({ object }) => object.metadata['name']);
      assert.deepEqual(unplaced, [], 'every object has a file');
    });
  }
});

describe('what fails natively fails here too, with code, file and line', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  for (const { name, folder, spec, fails, file, line } of all.filter((one) => one.fails !== undefined)) {
    it(name, async () => {
      await assert.rejects(native(spec, folder));
      const { errors, objects } = await renders.render(spec, await openDiskTree(folder), options);
      const [error] = errors;
      assert.deepEqual(
        { code: error?.code, file: error?.file, line: line === undefined ? undefined : error?.line },
        { code: fails, file, line },
        JSON.stringify(errors),
      );
      assert.ok(!JSON.stringify(errors).includes('/tree'), 'paths are those of the repository');
      if (fails !== 'template-output-invalid') assert.deepEqual(objects, []);
    });
  }
});
