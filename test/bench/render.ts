// Prints how long renders take beside the native programs: `node test/bench/render.ts`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/log.ts';
import type { SourceSpec } from '../../src/engine/model/render.ts';
import { openDiskTree } from '../engine/render/diskTree.ts';
import { MemoryTree } from '../../src/engine/render/memoryTree.ts';
import { RenderService } from '../../src/engine/render/renderService.ts';
import { helmPath, kustomizePath } from '../tools/binaries.ts';
import { buildWasm } from '../tools/wasm.mjs';
import { CASES } from '../engine/render/support.ts';

/** The first half is not counted: V8 compiles what is called often while it runs. */
const ROUNDS = 60;
const signal = new AbortController().signal;

/** One line of the result. */
export interface RenderTiming {
  readonly what: string;
  /** ms */
  readonly plumbline: number;
  /** ms, as a process; undefined where no program does the same */
  readonly native?: number;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}

async function warm(renders: RenderService, spec: SourceSpec, folder: string): Promise<number> {
  const tree = await openDiskTree(folder);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    times.push(await timed(() => renders.render({ ...spec, seed: round }, tree, { signal })));
  }
  return median(times.slice(times.length / 2));
}

function asProcess(program: string, args: readonly string[], cwd: string): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(stderr);
    times.push(performance.now() - startedAt);
  }
  return median(times.slice(times.length / 2));
}

const DOCUMENT = (index: number): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d${index}\n  labels: {app: d${index}}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {app: d${index}}\n  template:\n    metadata:\n      labels: {app: d${index}}\n    spec:\n      containers:\n        - name: main\n          image: nginx:1.25\n          ports:\n            - containerPort: 80\n`;

/** Measures everything once; takes about half a minute. */
export async function benchRenders(): Promise<readonly RenderTiming[]> {
  const wasmFile = await buildWasm();
  const [kustomize, helm] = await Promise.all([kustomizePath(), helmPath()]);
  const make = (): RenderService => new RenderService({ wasmFile, logger: silentLogger });
  const renders = make();
  const folder = join(CASES, 'kustomize-overlay');
  const chart = join(CASES, 'helm-subchart');
  const build: SourceSpec = { type: 'kustomize', path: 'app' };
  const template: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'r', namespace: 'n' } };
  const large = new MemoryTree({ 'a.yaml': Array.from({ length: 1000 }, (_, index) => DOCUMENT(index)).join('---\n') });
  const result: RenderTiming[] = [];
  const cold = await timed(async () => renders.render(build, await openDiskTree(folder), { signal }));
  result.push({ what: 'first answer (compile, start, one overlay)', plumbline: cold });
  const cached = await timed(async () => renders.render(build, await openDiskTree(folder), { signal }));
  result.push({ what: 'the same again, nothing changed', plumbline: cached });
  result.push({
    what: 'warm Kustomize render, 2 objects',
    plumbline: await warm(renders, build, folder),
    native: asProcess(kustomize, ['build', 'app'], folder),
  });
  result.push({
    what: 'warm Helm render, 3 objects, one subchart',
    plumbline: await warm(renders, template, chart),
    native: asProcess(helm, ['template', 'r', 'chart'], chart),
  });
  const text = (await large.read('a.yaml')) ?? new Uint8Array();
  await renders.parse('a.yaml', text, { signal });
  result.push({ what: 'parse 1,000 documents', plumbline: await timed(() => renders.parse('a.yaml', text, { signal })) });
  renders.dispose();
  return result;
}

if (import.meta.main) {
  for (const { what, plumbline, native } of await benchRenders()) {
    const peer =
      native === undefined ? '' : `   native process ${native.toFixed(1).padStart(7)} ms   ratio ${(plumbline / native).toFixed(2)}`;
    console.log(`${what.padEnd(45)} ${plumbline.toFixed(1).padStart(7)} ms${peer}`);
  }
}
