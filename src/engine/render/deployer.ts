import { sha256 } from '../../base/hash.ts';
import { canonicalJson, type JsonValue } from '../model/json.ts';
import type { DeployerSpec, ReadRecord, RenderError, RenderResult, SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { applicationParameters } from './applicationParameters.ts';
import { helmReleaseParameters } from './helmReleaseParameters.ts';
import { MemoryTree } from './memoryTree.ts';
import { ParameterFiles, type Parameters, ParametersProblem } from './parameterFiles.ts';
import type { Parse } from './postBuild.ts';
import { postRendered } from './postRenderers.ts';

/** Renders a source as it stands, from a tree. */
export type RenderBare = (spec: SourceSpec, tree: SourceTree, hasSecrets: boolean) => Promise<RenderResult>;

/**
 * Renders a source with the parameters that a HelmRelease or Application of the tree has for it. What these are read from counts as read
 * by the render.
 */
export async function renderDeployed(
  spec: SourceSpec,
  by: DeployerSpec,
  tree: SourceTree,
  parse: Parse,
  render: RenderBare,
): Promise<RenderResult> {
  const files = new ParameterFiles(tree, parse);
  const found = await parametersOf(spec, by, files, tree);
  if ('code' in found)
    return joined({ objects: [], errors: [found], reads: [], key: '', isFromCache: false, elapsedMs: 0 }, by, files, tree);
  const { helm, changed, postRenderers = [], ...versions } = found;
  const next: SourceSpec = { ...spec, ...versions };
  const from = changed === undefined ? tree : new MemoryTree(changed, tree);
  const given = helm === undefined || spec.helm === undefined ? next : { ...next, helm: { ...spec.helm, ...helm } };
  const built = await postRendered(await render(given, from, files.hasSecrets), postRenderers, (each, objects) =>
    render(each, objects, files.hasSecrets),
  );
  return joined(built, by, files, tree);
}

async function parametersOf(
  spec: SourceSpec,
  by: DeployerSpec,
  files: ParameterFiles,
  tree: SourceTree,
): Promise<Parameters | RenderError> {
  try {
    const manifest = await files.object(by.file, by.kind, by.name, by.namespace);
    if (manifest === undefined) throw new ParametersProblem(`${by.file} has no ${by.kind} ${by.name}`);
    if (manifest['sops'] !== undefined) throw new ParametersProblem(`${by.file} is encrypted`);
    return by.kind === 'HelmRelease'
      ? await helmReleaseParameters(spec, by, manifest, files)
      : await applicationParameters(spec, manifest, files, tree);
  } catch (error) {
    if (!(error instanceof ParametersProblem)) throw error;
    const details = { place: `${by.kind} ${by.name}`, problem: error.message };
    return { code: 'parameters-missing', message: error.message, file: by.file, details };
  }
}

/** A render with what its parameters were read from; files that were built otherwise count as they stand in the tree. */
async function joined(render: RenderResult, by: DeployerSpec, files: ParameterFiles, tree: SourceTree): Promise<RenderResult> {
  const own = new Map(files.reads.map((read) => [read.path, read]));
  const reads: ReadRecord[] = [...own.values()];
  for (const read of render.reads) {
    if (own.has(read.path) && read.kind === 'file') continue;
    reads.push(read.kind === 'file' && read.hash !== 'absent' ? { ...read, hash: (await tree.hashOf(read.path)) ?? read.hash } : read);
  }
  const key = sha256(`${render.key}\n${canonicalJson({ by: by as unknown as JsonValue, reads: files.reads as unknown as JsonValue })}`);
  return { ...render, reads: reads.toSorted((left, right) => (left.path < right.path ? -1 : 1)), key };
}
