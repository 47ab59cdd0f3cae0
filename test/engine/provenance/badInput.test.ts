import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describe } from '../../../src/engine/model/describe.ts';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import { Locator } from '../../../src/engine/provenance/locate.ts';
import { SourceLines } from '../../../src/engine/provenance/sourceLines.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { makeService } from '../render/support.ts';

let renders: RenderService;
before(async () => {
  renders = await makeService();
});
after(() => {
  renders.dispose();
});

const path: FieldPath = [{ field: 'data' }, { field: 'colour' }];
const configMap = (before: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n${before}  colour: green # now\n`;
const long = `  text: |\n${'    one more line\n'.repeat(10_000)}`;
const huge = `  text: |\n${`    ${'x'.repeat(200)}\n`.repeat(25_000)}`;

/** How sure the line of `data.colour` is, which one it is, and why nothing more is known. */
async function found(text: string | Uint8Array): Promise<unknown> {
  const signal = AbortSignal.timeout(600_000);
  const tree = new MemoryTree({ 'app/kustomization.yaml': 'resources: [config.yaml]\n', 'app/config.yaml': text });
  const spec = { type: 'kustomize', path: 'app' } as const;
  const render = await renders.render(spec, tree, { signal, timeoutMs: 120_000 });
  const [object] = render.objects;
  if (object === undefined) return render.errors[0]?.code;
  const lines = new SourceLines(() => (changed) => renders.render(spec, new MemoryTree(changed, tree), { signal, timeoutMs: 120_000 }));
  const [answer] = await lines.locate({ spec, tree, render }, [{ object, path }], signal);
  return [answer?.certainty, answer?.range.startLine, answer?.reason?.code];
}

test('a field has its very line, or none with the reason', async () => {
  const crlf = configMap('').replaceAll('\n', '\r\n');
  const anchors = configMap('  base: &c green\n').replace('colour: green', 'colour: *c');
  assert.deepEqual(
    [
      await found(configMap('')),
      await found(crlf),
      await found(`\uFEFF${configMap('')}`),
      await found(anchors),
      await found(configMap(long)),
      await found(configMap(huge)),
    ],
    [
      ['proved', 5, undefined],
      ['proved', 5, undefined],
      ['proved', 5, undefined],
      ['proved', 5, undefined],
      ['proved', 10_006, undefined],
      ['object', 0, 'lines-too-large'],
    ],
  );
  assert.match(describe('lines-too-large', { file: 'a.yaml', limit: '2 MB' }), /^a\.yaml is larger than 2 MB, so/);
});

test('a file of 5 MB is not looked into', () => {
  const locator = new Locator();
  const identity = { apiVersion: 'v1', kind: 'ConfigMap', name: 'settings', namespace: '' };
  const place = locator.locateField({ file: 'a.yaml', kind: 'directory' }, configMap(huge), 'hash', identity, { path, change: 'changed' });
  assert.equal(place, undefined);
});
