import { arrayAt, type JsonObject } from '../model/json.ts';
import { isComplete, type RenderedObject, type RenderResult, type SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { MemoryTree } from './memoryTree.ts';

/** Renders a source from a tree. */
type Render = (spec: SourceSpec, tree: SourceTree) => Promise<RenderResult>;

/**
 * What the `postRenderers` of a HelmRelease make of a chart's objects: one build of Kustomize each, over all that are no hooks. Where an
 * object stands in the chart stays known. Source: helm-controller internal/postrender/kustomize.go.
 * @param renderers `spec.postRenderers[].kustomize`
 */
export async function postRendered(render: RenderResult, renderers: readonly JsonObject[], build: Render): Promise<RenderResult> {
  let result = render;
  for (const renderer of renderers) {
    if (!isComplete(result)) return result;
    result = await builtOnce(result, renderer, build);
  }
  return result;
}

async function builtOnce(render: RenderResult, renderer: JsonObject, build: Render): Promise<RenderResult> {
  const files: Record<string, string> = {};
  const byFile = new Map<string, RenderedObject>();
  for (const [index, rendered] of render.objects.entries()) {
    if (rendered.hook !== undefined) continue;
    const name = `object-${String(index)}.json`;
    files[`chart/${name}`] = JSON.stringify(rendered.object);
    byFile.set(`chart/${name}`, rendered);
  }
  if (byFile.size === 0) return render;
  const resources = Object.keys(files).map((path) => path.slice('chart/'.length));
  files['chart/kustomization.yaml'] = JSON.stringify({
    resources,
    patches: arrayAt(renderer, 'patches'),
    images: arrayAt(renderer, 'images'),
  });
  const built = await build({ type: 'kustomize', path: 'chart' }, new MemoryTree(files));
  const objects = built.objects.map((each): RenderedObject => ({ ...byFile.get(each.file ?? ''), object: each.object }));
  const hooks = render.objects.filter(({ hook }) => hook !== undefined);
  // What it says names files that nobody has.
  const errors = built.errors.map(({ file: _file, ...error }) => error);
  return { ...render, objects: [...objects, ...hooks], errors: [...render.errors, ...errors] };
}
