import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type FieldPath, toJsonPointer } from '../../../src/engine/model/fieldPath.ts';
import { leafId, leavesOf, MarkerSet } from '../../../src/engine/provenance/markers.ts';
import { type Answers, SourceLines } from '../../../src/engine/provenance/sourceLines.ts';
import type { RenderResult, SourceSpec } from '../../../src/engine/model/render.ts';
import { stringAt, valueAt } from '../../../src/engine/model/json.ts';
import { substitute } from '../../../src/engine/render/envsubst.ts';
import { yamlValues } from '../../../src/engine/writeback/yamlEdit.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import { openDiskTree } from '../render/diskTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { temporaryFolder } from '../../tools/processes.mjs';
import { flat, makeService, native } from '../render/support.ts';
import { deployedCases, nativeDeployed } from './deployed.ts';
import { featureLines } from './featureLines.ts';
import { probeOf, type ProvenanceCase, provenanceCases } from './features.ts';

const signal = AbortSignal.timeout(600_000);
/** leaves of one source that are checked by editing their line and rendering natively, besides those of the features */
const CHECKED = 2;

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
    const built = each.spec.deployedBy === undefined ? native(each.spec, folder) : nativeDeployed(each.spec, folder);
    const text = await fluxText(each, folder, await built);
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

  /** Leaves that do not follow the piece that is said to set them, when its line is edited and rendered natively. */
  async function wrongLeaves(
    each: ProvenanceCase,
    folder: string,
    { inputs, prover }: Answers,
    asked: readonly (readonly [id: string, index: number])[],
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const [id, index] of asked) {
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

  it('one field of many costs two renders or so, also where a hundred others have its value', async () => {
    const count = 40;
    const object = (index: number): string =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: pod-${String(index)}}\nspec:\n  containers:\n    - name: main\n      image: registry.example/main:1\n` +
      '      securityContext: {privileged: false, readOnlyRootFilesystem: true}\n    - name: side\n      image: registry.example/side:1\n' +
      '      securityContext: {privileged: false, readOnlyRootFilesystem: true}\n';
    const all = Array.from({ length: count }, (_none, index) => object(index)).join('---\n');
    const tree = new MemoryTree({
      'app/kustomization.yaml': 'resources: [all.yaml]\npatches: [{path: patch.yaml}]\n',
      'app/all.yaml': all,
      'app/patch.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: pod-3}\nspec: {activeDeadlineSeconds: 7}\n',
    });
    const spec: SourceSpec = { type: 'kustomize', path: 'app' };
    const render = await renders.render(spec, tree, { signal });
    const asked = [
      [30, `containers 1 securityContext readOnlyRootFilesystem`, 'app/all.yaml', 30 * 12 + 10],
      [37, `containers 0 image`, 'app/all.yaml', 37 * 12 + 6],
      [3, 'activeDeadlineSeconds', 'app/patch.yaml', 3],
    ] as const;
    for (const [index, path, file, line] of asked) {
      let probes = 0;
      const lines = new SourceLines(({ tree: before }) => (changed) => {
        probes += 1;
        return renders.render(spec, new MemoryTree(changed, before), { signal });
      });
      const object = render.objects.find(({ object: { metadata } }) => metadata['name'] === `pod-${String(index)}`);
      assert.ok(object);
      const [place] = await lines.locate({ spec, tree, render }, [{ object, path: pathOf(`spec ${path}`) }], signal);
      assert.deepEqual([place?.certainty, place?.range.file, place?.range.startLine], ['proved', file, line]);
      assert.ok(probes <= 3, `${String(probes)} renders for ${path}`);
    }
  });

  it('a default behind an empty value, the version of a chart, and directives of patches hide and break nothing', async () => {
    const chart = {
      'c/Chart.yaml': 'apiVersion: v2\nname: market\nversion: 1.2.3\nappVersion: "7.1.0"\n',
      'c/values.yaml': 'image:\n  repository: registry.example/market\n  tag: ""\nsuffix: ""\n',
      'c/templates/pod.yaml':
        'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    chart: {{ .Chart.Name }}-{{ .Chart.Version }}\n' +
        'spec:\n  hostname: {{ .Values.suffix | quote }}\n  hostNetwork: {{ semverCompare "<1" .Chart.AppVersion }}\n  containers:\n    - name: web\n' +
        '      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"\n',
    };
    const overlay = {
      'c/kustomization.yaml': 'resources: [all.yaml]\npatches: [{path: patch.yaml}]\n',
      'c/all.yaml':
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  nodeName: one\n  containers: [{name: web}, {name: side}]\n  volumes: [{name: x}]\n',
      'c/patch.yaml':
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostname: here\n  containers: [{name: side, $patch: delete}]\n  $setElementOrder/volumes: [{name: x}]\n',
    };
    const chains: unknown[] = [];
    const ask = async (spec: SourceSpec, files: Record<string, string>, paths: readonly string[]): Promise<void> => {
      const tree = new MemoryTree(files);
      const render = await renders.render(spec, tree, { signal });
      const [object] = render.objects;
      assert.ok(object);
      const failures: string[] = [];
      let probes = 0;
      const lines = new SourceLines(() => async (changed) => {
        const result = await renders.render(spec, new MemoryTree(changed, tree), { signal });
        failures.push(...result.errors.map(({ message }) => message));
        probes += 1;
        return result;
      });
      const places = await lines.locate(
        { spec, tree, render },
        paths.map((path) => ({ object, path: pathOf(path) })),
        signal,
      );
      if (paths.length === 1) assert.ok(probes <= 3, `${String(probes)} renders`);
      chains.push(
        ...places.map((place) => place?.chain.map(({ range }) => `${range.file}:${String(range.startLine + 1)}`).join(' ')),
        ...failures,
      );
    };
    const image = 'spec containers name=web image';
    await ask({ type: 'helm', path: 'c', helm: { releaseName: 'r', namespace: 'n' } }, chart, [
      ...[image, image, image],
      ...[image, 'metadata labels chart', 'spec hostname'],
    ]);
    await ask({ type: 'helm', path: 'c', helm: { releaseName: 'r', namespace: 'n' } }, chart, [image]);
    await ask({ type: 'kustomize', path: 'c' }, overlay, [
      'spec hostname',
      'spec nodeName',
      'spec hostname',
      'spec hostname',
      'spec hostname',
    ]);
    const chartImage = 'c/values.yaml:2 c/Chart.yaml:4';
    assert.deepEqual(chains, [
      ...[chartImage, chartImage, chartImage, chartImage, 'c/Chart.yaml:3', 'c/values.yaml:4', chartImage],
      ...['c/patch.yaml:5', 'c/all.yaml:5', 'c/patch.yaml:5', 'c/patch.yaml:5', 'c/patch.yaml:5'],
    ]);
  });

  it('a name that patches, replicas and replacements refer to follows its line when they are changed with it', async () => {
    const object = (kind: string, name: string, more = ''): string => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;
    const files = {
      'top/kustomization.yaml':
        'resources: [../mid]\npatches:\n- path: patch.yaml\n- patch: |-\n    apiVersion: v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {paused: true}\n' +
        '- target: {kind: Service, name: web}\n  patch: \'[{"op": "add", "path": "/spec/type", "value": "LoadBalancer"}]\'\nreplicas:\n- {name: web, count: 4}\n' +
        'configMapGenerator:\n- name: settings\n  behavior: merge\n  literals: [B=2]\n',
      'top/patch.yaml': object('Deployment', 'mid-web', 'spec: {minReadySeconds: 7}\n'),
      'mid/kustomization.yaml':
        'resources: [../base]\nnamePrefix: mid-\nreplacements:\n- source: {kind: Service, name: web, fieldPath: metadata.name}\n' +
        '  targets:\n  - select: {kind: Pod, name: probe}\n    fieldPaths: [spec.hostname]\n',
      'base/kustomization.yaml':
        'resources: [all.yaml]\npatchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: Service\n  metadata: {name: plain}\n  spec: {type: NodePort}\n' +
        'configMapGenerator:\n- name: settings\n  literals: [A=1]\n',
      'base/all.yaml': [
        object('Deployment', 'web', 'spec: {paused: false}\n'),
        object('Service', 'web', 'spec: {clusterIP: None}\n'),
        object('Service', 'plain'),
        object('Pod', 'probe', 'spec: {hostname: x}\n'),
      ].join('---\n'),
    };
    const linesOfNames = async (path: string): Promise<readonly string[]> => {
      const spec: SourceSpec = { type: 'kustomize', path };
      const tree = new MemoryTree(files);
      const render = await renders.render(spec, tree, { signal });
      assert.deepEqual(render.errors, []);
      const lines = new SourceLines(() => (changed) => renders.render(spec, new MemoryTree(changed, tree), { signal }));
      const asked = render.objects.map((each) => ({ object: each, path: pathOf('metadata name') }));
      const found = await lines.locate({ spec, tree, render }, asked, signal);
      return found.map((each, index) => {
        const { kind = '', ...object } = render.objects[index]?.object ?? {};
        const chain = each?.chain.map(({ range }) => `${range.file}:${String(range.startLine + 1)}`).join(' ') ?? '';
        return `${kind} ${stringAt(object, 'metadata', 'name') ?? ''}: ${each?.certainty ?? ''} ${chain}`;
      });
    };
    assert.deepEqual(await linesOfNames('base'), [
      'ConfigMap settings-89g4tffbfk: proved base/kustomization.yaml:9',
      'Service plain: proved base/all.yaml:16',
      'Service web: proved base/all.yaml:10',
      'Deployment web: proved base/all.yaml:4',
      'Pod probe: proved base/all.yaml:21',
    ]);
    assert.deepEqual(await linesOfNames('top'), [
      'ConfigMap mid-settings-66h9cbh964: proved base/kustomization.yaml:9',
      'Service mid-plain: proved base/all.yaml:16',
      'Service mid-web: proved base/all.yaml:10',
      'Deployment mid-web: proved base/all.yaml:4',
      'Pod mid-probe: proved base/all.yaml:21',
    ]);
  });

  // Plain manifests have no native renderer; locate.test.ts changes them line by line.
  for (const each of [...provenanceCases, ...deployedCases].filter(({ spec }) => spec.type !== 'directory')) {
    it(`${each.name}: at least 85 % of the leaves, the very line of each feature, each followed natively`, async (t) => {
      const folder = await onDisk(t, each);
      const tree = await openDiskTree(folder);
      const render = await renders.render(each.spec, tree, { signal });
      assert.deepEqual(render.errors, []);
      const lines = new SourceLines(() => probeOf(each, tree, renders));
      const source = { spec: each.spec, tree, render, said: each.said };
      const answers = await lines.answers(source, signal);
      const { inputs, prover } = answers;
      if (each.spec.deployedBy !== undefined) assert.deepEqual(await nativeLeaves(each, folder), prover.leaves);
      // Kinds name the object rather than set a field of it.
      const leaves = [...prover.leaves.keys()].filter((id) => !/^\d+\/(kind|apiVersion)$/.test(id));
      const proved = leaves.filter((id) => prover.proved.has(id));
      const missing = leaves.filter((id) => !prover.proved.has(id));
      assert.ok(
        proved.length >= leaves.length * 0.85,
        `${String(proved.length)} of ${String(leaves.length)}; without: ${missing.join(', ')}`,
      );
      const checked: [string, number][] = [];
      const found: string[] = [];
      const asked = featureLines[each.name] ?? [];
      for (const [feature, kind, path] of asked) {
        const object = render.objects.find((one) => one.object.kind === kind);
        assert.ok(object);
        const [place] = await lines.locate(source, [{ object, path: pathOf(path) }], signal);
        const text = inputs.texts.get(place?.range.file ?? '')?.split('\n')[place?.range.startLine ?? 0];
        const inexact = place?.reason === undefined ? '' : ` (${place.reason.code})`;
        found.push(`${feature}: ${place?.certainty ?? ''}${inexact} ${place?.range.file ?? ''}: ${text?.trim() ?? ''}`);
        const pointer = toJsonPointer(object.object, pathOf(path));
        const id = leafId(render.objects.indexOf(object), pointer ?? '');
        const index = inputs.candidates.findIndex(({ range }) => range === place?.range);
        checked.push([id, index]);
      }
      assert.deepEqual(
        found,
        asked.map(([feature, , , line]) => `${feature}: proved ${line}`),
      );
      const others = [...prover.proved].flatMap(([id, parts]): [string, number][] => (parts.length === 0 ? [] : [[id, parts.at(-1) ?? 0]]));
      const step = Math.max(1, Math.floor(others.length / CHECKED));
      checked.push(...others.filter((_leaf, index) => index % step === 0).slice(0, CHECKED));
      assert.deepEqual(await wrongLeaves(each, folder, answers, checked), []);
    });
  }
});

/** A path as {@link featureLines} write it: keys with spaces between, an item by its index or (`name=web`) by its name. */
function pathOf(path: string): FieldPath {
  return path.split(' ').map((step) => {
    if (/^\d+$/.test(step)) return { index: Number(step) };
    return step.startsWith('name=') ? { keys: { name: step.slice('name='.length) } } : { field: step };
  });
}
