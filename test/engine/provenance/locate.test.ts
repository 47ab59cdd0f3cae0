import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FileRange } from '../../../src/engine/model/application.ts';
import { type FieldPath, formatPath, valueAtPath } from '../../../src/engine/model/fieldPath.ts';
import { isJsonArray, isJsonObject, type JsonValue } from '../../../src/engine/model/json.ts';
import { nameOf, namespaceOf } from '../../../src/engine/model/objects.ts';
import type { RenderedObject, SourceSpec } from '../../../src/engine/model/render.ts';
import type { SourceTree } from '../../../src/engine/model/sourceTree.ts';
import { Locator, type ObjectOrigin } from '../../../src/engine/provenance/locate.ts';
import { otherWriterPaths } from '../../../src/engine/provenance/otherWriters.ts';
import { openDiskTree } from '../render/diskTree.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { cases, makeService } from '../render/support.ts';

const SAMPLE = fileURLToPath(new URL('../../sample/tree/', import.meta.url));
const options = { signal: AbortSignal.timeout(600_000), timeoutMs: 60_000 };
const MAX_PROBES_PER_SOURCE = 25;

/** Leaves of a value; list items by name where they have one. */
function* leaves(value: JsonValue, prefix: FieldPath = []): Generator<[FieldPath, JsonValue]> {
  if (isJsonArray(value)) {
    for (const [index, item] of value.entries()) {
      const name = isJsonObject(item) ? item['name'] : undefined;
      yield* leaves(item, [...prefix, typeof name === 'string' ? { keys: { name } } : { index }]);
    }
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) if (item !== undefined) yield* leaves(item, [...prefix, { field: key }]);
  } else yield [prefix, value];
}

/** The text with another plain value in a range, or undefined when the range does not end in one. */
function perturbed(text: string, range: FileRange, value: JsonValue): string | undefined {
  const lines = text.split('\n');
  const line = lines[range.startLine] ?? '';
  const before = line.slice(0, range.endColumn);
  if ((typeof value !== 'string' && typeof value !== 'number') || !before.endsWith(String(value)) || !/^[\w./:-]+$/.test(String(value)))
    return undefined;
  lines[range.startLine] = `${before}${typeof value === 'number' ? '1' : 'x'}${line.slice(range.endColumn)}`;
  return lines.join('\n');
}

describe('lines of rendered fields, proved by changing them', () => {
  let renders: RenderService;
  const locator = new Locator(1_000);
  const counts = { leaves: 0, exact: 0, proved: 0 };

  before(async () => {
    renders = await makeService();
  });
  after(() => {
    renders.dispose();
  });

  /** Objects whose header or exact fields are wrong. */
  async function wrongPlaces(spec: SourceSpec, tree: SourceTree): Promise<string[]> {
    const result = await renders.render(spec, tree, options);
    const writers =
      spec.type === 'kustomize'
        ? await Promise.all(otherWriterPaths(result).map(async (path) => new TextDecoder().decode(await tree.read(path))))
        : [];
    const wrong: string[] = [];
    let probes = 0;
    for (const [index, rendered] of result.objects.entries()) {
      const { object, file, documentIndex, generatedBy } = rendered;
      if (file === undefined || generatedBy !== undefined) continue;
      const text = new TextDecoder().decode(await tree.read(file));
      const hash = (await tree.hashOf(file)) ?? '';
      const origin: ObjectOrigin = { file, kind: spec.type, otherWriters: writers, ...(documentIndex !== undefined && { documentIndex }) };
      const identity = { apiVersion: object.apiVersion, kind: object.kind, name: nameOf(object), namespace: namespaceOf(object) };
      const name = `${spec.path} ${file} ${object.kind}/${identity.name}`;
      const header = locator.locateObject(origin, text, hash, identity);
      const line = header === undefined ? '' : (text.split('\n')[header.range.startLine] ?? '');
      if (!/^[\s-]*["']?(apiVersion|kind|metadata|type)\b|^\{/.test(line)) wrong.push(`${name}: header "${line}"`);
      for (const [path, value] of leaves(object)) {
        counts.leaves += 1;
        const location = locator.locateField(origin, text, hash, identity, { path, change: 'changed', git: value });
        if (location?.isExact !== true) continue;
        counts.exact += 1;
        const next = perturbed(text, location.range, value);
        if (next === undefined || probes >= MAX_PROBES_PER_SOURCE || path.length < 3) continue;
        probes += 1;
        if (await moves(spec, new MemoryTree({ [file]: next }, tree), rendered, index, path, value)) counts.proved += 1;
        else wrong.push(`${name}: ${formatPath(path)} does not follow line ${String(location.range.startLine + 1)}`);
      }
    }
    return wrong;
  }

  /** Whether a field's value is another one in a changed tree. A render that fails tells nothing against it. */
  async function moves(
    spec: SourceSpec,
    tree: SourceTree,
    rendered: RenderedObject,
    index: number,
    path: FieldPath,
    value: JsonValue,
  ): Promise<boolean> {
    const { objects, errors } = await renders.render(spec, tree, options);
    if (errors.some(({ isWarning }) => isWarning !== true)) return true;
    const same =
      objects.find(({ object }) => object.kind === rendered.object.kind && nameOf(object) === nameOf(rendered.object)) ?? objects[index];
    return valueAtPath(same?.object, path) !== value;
  }

  it('plain manifests and overlays of the sample repo', async () => {
    const tree = await openDiskTree(SAMPLE);
    const wrong: string[] = [];
    for (const path of ['platform', 'apps/storefront/dev', 'apps/storefront/prod', 'apps/recommendations/dev']) {
      wrong.push(...(await wrongPlaces({ type: 'directory', path }, tree)));
    }
    assert.ok(
      counts.exact > counts.leaves * 0.95,
      `${String(counts.exact)} of ${String(counts.leaves)} fields of plain manifests have their line`,
    );
    for (const path of ['apps/catalog/overlays/dev', 'apps/catalog/overlays/prod'])
      wrong.push(...(await wrongPlaces({ type: 'kustomize', path }, tree)));
    assert.deepEqual(wrong, []);
  });

  it('every kustomization of the render cases', async () => {
    const wrong: string[] = [];
    for (const { folder, spec, name } of (await cases()).filter(
      ({ spec: { type }, fails }) => type === 'kustomize' && fails === undefined,
    )) {
      wrong.push(...(await wrongPlaces(spec, await openDiskTree(folder))).map((text) => `${name}: ${text}`));
    }
    assert.deepEqual(wrong, []);
    assert.ok(counts.proved > 100, `${String(counts.proved)} fields proved`);
  });
});
