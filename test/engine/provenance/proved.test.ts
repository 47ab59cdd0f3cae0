import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { decodeText } from '../../../src/engine/git/textEncoding.ts';
import type { FieldPath } from '../../../src/engine/model/fieldPath.ts';
import { inputsOf, type RenderInputs } from '../../../src/engine/provenance/inputs.ts';
import { leavesOf, MarkerSet } from '../../../src/engine/provenance/markers.ts';
import { Prover } from '../../../src/engine/provenance/prover.ts';
import { SourceLines } from '../../../src/engine/provenance/sourceLines.ts';
import type { RenderResult } from '../../../src/engine/model/render.ts';
import { valueAt } from '../../../src/engine/model/json.ts';
import { substitute } from '../../../src/engine/render/envsubst.ts';
import { yamlValues } from '../../../src/engine/writeback/yamlEdit.ts';
import { openDiskTree } from '../../../src/engine/render/diskTree.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { temporaryFolder } from '../../tools/processes.mjs';
import { flat, makeService, native } from '../render/support.ts';
import { probeOf, type ProvenanceCase, provenanceCases } from './features.ts';

const signal = AbortSignal.timeout(600_000);
/** leaves of one source that are checked by editing their line and rendering natively */
const CHECKED = 6;

describe('lines of rendered fields, proved by changing the inputs', () => {
  let renders: RenderService;
  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  async function onDisk(t: TestContext, { files }: ProvenanceCase): Promise<string> {
    const { path: folder, remove } = await temporaryFolder('provenance-');
    t.after(remove);
    if (typeof files === 'string') await cp(files, folder, { recursive: true });
    else {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    }
    return folder;
  }

  async function nativeLeaves(each: ProvenanceCase, folder: string): Promise<ReadonlyMap<string, unknown>> {
    const text = await fluxText(each, folder, await native(each.spec, folder));
    const documents = await renders.parse('native', Buffer.from(text), { signal });
    const objects = documents.flatMap(({ value }) => flat(value)).map((object) => ({ object }));
    return leavesOf(objects as unknown as RenderResult['objects']);
  }

  /** What Flux makes of a build: variables are replaced in the YAML text of each object. */
  async function fluxText({ spec }: ProvenanceCase, folder: string, text: string): Promise<string> {
    if (spec.postBuild === undefined) return text;
    const variables: Record<string, string> = {};
    for (const { file } of [...spec.postBuild.sources, spec.postBuild]) {
      if (file === undefined) continue;
      const [value] = yamlValues(await readFile(join(folder, file), 'utf8'));
      Object.assign(variables, valueAt(value, 'data') ?? valueAt(value, 'spec', 'postBuild', 'substitute'));
    }
    const isOff = (each: string): boolean => each.includes('substitute: disabled');
    return text
      .split('---\n')
      .map((each) => (isOff(each) ? each : substitute(each, (name) => variables[name])))
      .join('---\n');
  }

  /** Leaves that do not follow the piece that is said to set them. */
  async function wrongLeaves(each: ProvenanceCase, folder: string, inputs: RenderInputs, prover: Prover): Promise<string[]> {
    const asked = [...prover.proved].filter(([, parts]) => parts.length > 0);
    const step = Math.max(1, Math.floor(asked.length / CHECKED));
    const wrong: string[] = [];
    for (const [id, parts] of asked.filter((_leaf, index) => index % step === 0)) {
      const index = parts.at(-1) ?? 0;
      const candidate = inputs.candidates[index];
      if (candidate === undefined) continue;
      const markers = new MarkerSet(inputs.candidates, 20);
      const changed = markers.mark(inputs.texts, [index])[candidate.file] ?? '';
      const isSaid = candidate.file === each.said?.file;
      const spec = isSaid ? each.said.specOf(changed) : each.spec;
      if (!isSaid) await writeFile(join(folder, candidate.file), changed);
      const value = (await nativeLeaves({ ...each, spec: spec ?? each.spec }, folder)).get(id);
      if (!isSaid) await writeFile(join(folder, candidate.file), inputs.texts.get(candidate.file) ?? '');
      const isMoved =
        candidate.kind === 'boolean'
          ? String(value) !== String(prover.leaves.get(id))
          : markers.found(prover.leaves.get(id), value as string).includes(index);
      if (!isMoved) wrong.push(`${id} = ${String(value)} does not follow ${candidate.file}:${String(candidate.range.startLine + 1)}`);
    }
    return wrong;
  }

  // Plain manifests have no native renderer; locate.test.ts changes them line by line.
  for (const each of provenanceCases.filter(({ spec }) => spec.type !== 'directory')) {
    it(`${each.name}: at least 85 % of the leaves, each following its line natively`, async (t) => {
      const folder = await onDisk(t, each);
      const tree = await openDiskTree(folder);
      const render = await renders.render(each.spec, tree, { signal });
      assert.deepEqual(render.errors, []);
      const inputs = await inputsOf(each.spec, tree, render, each.said);
      const prover = new Prover(inputs, render, probeOf(each, tree, renders));
      await prover.run(signal);
      // Kinds name the object rather than set a field of it.
      const leaves = [...prover.leaves.keys()].filter((id) => !/^\d+\/(kind|apiVersion)$/.test(id));
      const proved = leaves.filter((id) => prover.proved.has(id));
      const missing = leaves.filter((id) => !prover.proved.has(id));
      assert.ok(
        proved.length >= leaves.length * 0.85,
        `${String(proved.length)} of ${String(leaves.length)}; without: ${missing.join(', ')}`,
      );
      assert.deepEqual(await wrongLeaves(each, folder, inputs, prover), []);
    });
  }

  it('names the file that decides: overlay, patch, generator, values and template', async () => {
    const container: FieldPath = [
      { field: 'spec' },
      { field: 'template' },
      { field: 'spec' },
      { field: 'containers' },
      { keys: { name: 'web' } },
    ];
    const asked: readonly (readonly [string, string, FieldPath, string])[] = [
      ['overlay with every feature', 'Deployment', [{ field: 'spec' }, { field: 'replicas' }], 'prod/kustomization.yaml:    count: 3'],
      ['overlay with every feature', 'Deployment', [...container, { field: 'image' }], 'prod/kustomization.yaml:    newTag: "1.4"'],
      ['overlay with every feature', 'Deployment', [{ field: 'spec' }, { field: 'paused' }], 'base/web.yaml:  paused: false'],
      [
        'overlay with every feature',
        'Deployment',
        [{ field: 'spec' }, { field: 'minReadySeconds' }],
        'prod/kustomization.yaml:        minReadySeconds: 7',
      ],
      ['overlay with every feature', 'ConfigMap', [{ field: 'data' }, { field: 'COLOR' }], 'prod/kustomization.yaml:      - COLOR=red'],
      ['overlay with every feature', 'ConfigMap', [{ field: 'data' }, { field: 'motd.txt' }], 'base/motd.txt:welcome to the market'],
      ['chart with every feature', 'Deployment', [{ field: 'spec' }, { field: 'replicas' }], 'chart/values-prod.yaml:replicas: 5'],
      ['chart with every feature', 'Deployment', [...container, { field: 'image' }], 'chart/values-prod.yaml:  tag: "2.1"'],
      [
        'chart with every feature',
        'Deployment',
        [{ field: 'spec' }, { field: 'revisionHistoryLimit' }],
        'chart/templates/deployment.yaml:  revisionHistoryLimit: 4',
      ],
      [
        'chart with values in plumbline.yaml',
        'Deployment',
        [{ field: 'spec' }, { field: 'replicas' }],
        'plumbline.yaml:        replicas: 7',
      ],
      [
        'overlay with every feature',
        'Service',
        [{ field: 'spec' }, { field: 'ports' }, { index: 0 }, { field: 'port' }],
        'prod/ports.yaml:  value: 8081',
      ],
      [
        'overlay with Flux substitution',
        'Deployment',
        [{ field: 'spec' }, { field: 'replicas' }],
        'clusters/prod/shop.yaml:      replicas: "3" # of prod',
      ],
      [
        'overlay with Flux substitution',
        'Deployment',
        [...container, { field: 'resources' }, { field: 'limits' }, { field: 'memory' }],
        'clusters/prod/vars.yaml:  memory: 256Mi',
      ],
      [
        'overlay with Flux substitution',
        'Deployment',
        [{ field: 'spec' }, { field: 'minReadySeconds' }],
        'shop/web.yaml:  minReadySeconds: 4',
      ],
      ['overlay with every feature', 'ConfigMap', [{ field: 'data' }, { field: 'MOTTO' }], 'base/app.env:MOTTO=all you need'],
      ['overlay with every feature', 'Secret', [{ field: 'data' }, { field: 'USER' }], 'base/kustomization.yaml:    literals: [USER=shop]'],
      [
        'chart with every feature',
        'PersistentVolumeClaim',
        [{ field: 'spec' }, { field: 'resources' }, { field: 'requests' }, { field: 'storage' }],
        'chart/values.yaml:  size: 10Gi',
      ],
    ];
    const answers: string[] = [];
    for (const name of new Set(asked.map(([source]) => source))) {
      const each = provenanceCases.find((one) => one.name === name);
      if (each === undefined || typeof each.files === 'string') continue;
      const tree = new MemoryTree(each.files);
      const render = await renders.render(each.spec, tree, { signal });
      const lines = new SourceLines(() => probeOf(each, tree, renders));
      for (const [, kind, path] of asked.filter(([source]) => source === name)) {
        const object = render.objects.find((one) => one.object.kind === kind);
        assert.ok(object);
        const [found] = await lines.locate({ spec: each.spec, tree, render, said: each.said }, [{ object, path }], signal);
        assert.equal(found?.certainty, 'proved', kind);
        const text =
          each.said?.file === found.range.file ? each.said.text : decodeText((await tree.read(found.range.file)) ?? new Uint8Array());
        answers.push(`${found.range.file}:${text.split('\n')[found.range.startLine] ?? ''}`);
      }
    }
    assert.deepEqual(answers.toSorted(), asked.map(([, , , line]) => line).toSorted());
  });
});
