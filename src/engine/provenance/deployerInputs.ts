import type { DeployerSpec } from '../model/render.ts';
import { type Candidate, yamlCandidates } from './candidates.ts';
import { nestedCandidates } from './nestedCandidates.ts';

type Path = readonly (string | number)[];

/** Files that the parameters of a deployer stand in: its own, and those of the ConfigMaps and Secrets that it takes values from. */
export function deployerFiles({ file, sources }: DeployerSpec): ReadonlySet<string> {
  return new Set([file, ...sources.flatMap((source) => source.file ?? [])]);
}

/**
 * What the parameters in a HelmRelease, an Application or an object of `valuesFrom` may set. Where they are a YAML text within a scalar,
 * each leaf of that text by itself.
 */
export function deployerCandidates(file: string, text: string): readonly Candidate[] {
  const patches = nestedCandidates(file, text, isPatch, 'patch');
  const nested = nestedCandidates(file, text, isText, 'values');
  const inner = [...patches, ...nested].flatMap(({ scalar }) => (scalar === undefined ? [] : [scalar]));
  const isWhole = ({ start, end }: Candidate): boolean => !inner.some((scalar) => start >= scalar.start && end <= scalar.end);
  const values = yamlCandidates(file, text, 'values', isValue).filter(isWhole);
  return [...values, ...yamlCandidates(file, text, 'kustomization', isOption), ...patches, ...nested];
}

/** The steps below the source of an Application; undefined elsewhere. */
function belowSource([first, second, ...rest]: Path): Path | undefined {
  if (first !== 'spec') return undefined;
  if (second === 'source') return rest;
  return second === 'sources' && typeof rest[0] === 'number' ? rest.slice(1) : undefined;
}

function isValue(path: Path): boolean {
  const [first, second] = path;
  if (first === 'data' || first === 'stringData') return path.length === 2;
  if (first === 'spec' && second === 'values') return path.length > 2;
  if (first === 'spec' && (second === 'releaseName' || second === 'targetNamespace')) return path.length === 2;
  const [tool, key] = belowSource(path) ?? [];
  return tool === 'helm' && (key === 'valuesObject' || key === 'releaseName' || key === 'namespace' || isParameter(path));
}

function isParameter(path: Path): boolean {
  const [, key] = belowSource(path) ?? [];
  return key === 'parameters' && path.at(-1) === 'value';
}

/** Texts of YAML within the manifest. */
function isText(path: Path): boolean {
  const [tool, key] = belowSource(path) ?? [];
  return (path.length === 2 && (path[0] === 'data' || path[0] === 'stringData')) || (tool === 'helm' && key === 'values');
}

/** The steps below a `kustomize` of the postRenderers of a HelmRelease; undefined elsewhere. */
function belowPostRenderer([first, second, , fourth, ...rest]: Path): Path | undefined {
  return first === 'spec' && second === 'postRenderers' && fourth === 'kustomize' ? rest : undefined;
}

function isOption(path: Path): boolean {
  const posted = belowPostRenderer(path);
  if (posted !== undefined) return posted[0] === 'images' && posted.at(-1) !== 'name';
  const [tool, key] = belowSource(path) ?? [];
  if (tool !== 'kustomize') return false;
  if (key === 'replicas') return path.at(-1) === 'count';
  return ['namePrefix', 'nameSuffix', 'namespace', 'images', 'commonLabels', 'commonAnnotations'].includes(String(key));
}

function isPatch(path: Path): boolean {
  if (belowPostRenderer(path)?.[0] === 'patches') return path.at(-1) === 'patch';
  const [tool, key] = belowSource(path) ?? [];
  return tool === 'kustomize' && key === 'patches' && path.at(-1) === 'patch';
}
