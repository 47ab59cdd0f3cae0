import { silentLogger } from '../../src/base/log.ts';
import { SourceLines } from '../../src/engine/provenance/sourceLines.ts';
import type { FieldPath } from '../../src/engine/model/fieldPath.ts';
import { openDiskTree } from '../engine/render/diskTree.ts';
import { MemoryTree } from '../../src/engine/render/memoryTree.ts';
import { RenderService } from '../../src/engine/render/renderService.ts';
import { deployedCases } from '../engine/provenance/deployed.ts';
import { probeOf, provenanceCases } from '../engine/provenance/features.ts';
import { buildWasm } from '../tools/wasm.mjs';
import { type Measurement, timed } from './report.ts';

const signal = new AbortController().signal;
/** fields of a source that are asked for singly */
const ASKED = 5;

/** How many rendered leaves are proved to come from a line, how long all of a source and one field take. */
export async function benchProvenance(): Promise<readonly Measurement[]> {
  const renders = new RenderService({ wasmFile: await buildWasm(), logger: silentLogger, limits: { memoryCacheBytes: 0 } });
  const measurements: Measurement[] = [];
  try {
    await renders.warmUp(signal);
    let [allLeaves, allProved] = [0, 0];
    for (const each of [...provenanceCases, ...deployedCases]) {
      const { name, spec, files, said } = each;
      const tree = typeof files === 'string' ? await openDiskTree(files) : new MemoryTree(files);
      const render = await renders.render(spec, tree, { signal });
      const lines = new SourceLines(() => probeOf(each, tree, renders));
      const source = { spec, tree, render, said };
      const elapsed = await timed(() => lines.answers(source, signal));
      const { prover } = await lines.answers(source, signal);
      // Kinds name the object rather than set a field of it.
      const leaves = [...prover.leaves.keys()].filter((id) => !/^\d+\/(kind|apiVersion)$/.test(id));
      const proved = leaves.filter((id) => prover.proved.has(id)).length;
      const without = leaves
        .filter((id) => !prover.proved.has(id))
        .map((id) => `${render.objects[Number.parseInt(id)]?.object.kind ?? ''} ${id.slice(id.indexOf('/') + 1)}`);
      const told = without.length === 0 ? '' : `; without: ${without.join(', ')}`;
      allLeaves += leaves.length;
      allProved += proved;
      measurements.push({
        what: `${name}: leaves proved`,
        value: (100 * proved) / leaves.length,
        unit: '%',
        bar: { limit: 85, is: 'min' },
        note: `${String(proved)} of ${String(leaves.length)}, ${String(prover.probes)} renders, ${elapsed.toFixed(0)} ms in the background${told}`,
      });
      // The first question about a field, in the background where it drifts, confirms its line by changing it alone, once: two other markers have arrived there before.
      const path: FieldPath = [{ field: 'metadata' }, { field: 'name' }];
      const objects = render.objects.slice(0, ASKED);
      const ask = async (): Promise<number> => {
        const times: number[] = [];
        for (const object of objects) times.push(await timed(() => lines.locate(source, [{ object, path }], signal)));
        return Math.max(...times);
      };
      const before = prover.probes;
      const first = await ask();
      const asked = prover.probes - before;
      measurements.push({
        what: `${name}: one field, warm, slowest of ${String(objects.length)}`,
        value: await ask(),
        unit: 'ms',
        bar: { limit: 200, is: 'max' },
        note: `${first.toFixed(0)} ms when it is asked for the first time (${String(asked)} renders for all)`,
      });
    }
    measurements.push({ what: 'all leaves proved', value: (100 * allProved) / allLeaves, unit: '%', bar: { limit: 85, is: 'min' } });
  } finally {
    renders.dispose();
  }
  return measurements;
}
