import { isUtf8 } from 'node:buffer';
import { chartName, kustomizationNames } from '../apps/fileFacts.ts';
import { decodeText } from '../git/textEncoding.ts';
import type { RenderResult, SourceSpec } from '../model/render.ts';
import type { Reason } from '../model/states.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import {
  type Candidate,
  MAX_TEXT,
  environmentCandidates,
  scalarsOf,
  templateCandidates,
  wholeFileCandidate,
  yamlCandidates,
} from './candidates.ts';
import { deployerCandidates, deployerFiles } from './deployerInputs.ts';
import { withReferences } from './nameReferences.ts';
import { nestedCandidates } from './nestedCandidates.ts';

/** The texts that a render read, and what of them may set fields. */
export interface RenderInputs {
  /** by path, without byte-order marks */
  readonly texts: ReadonlyMap<string, string>;
  readonly candidates: readonly Candidate[];
  /** files that are not looked into, and why */
  readonly off: ReadonlyMap<string, Reason>;
}

type Path = readonly (string | number)[];

/** Parameters of a render that stand in a file which the render itself does not read, as values in plumbline.yaml. */
export interface SpecInput {
  readonly file: string;
  /** without a byte-order mark */
  readonly text: string;
  /** whether what stands at a path of the file is one of them */
  accepts(path: Path): boolean;
  /** the parameters by another text of the file; undefined when it has none any more */
  specOf(text: string): SourceSpec | undefined;
}

/**
 * Reads the inputs of a render again.
 * @param tree that it was rendered from
 * @param said parameters that stand in a file of their own
 */
export async function inputsOf(
  spec: SourceSpec,
  tree: SourceTree,
  render: Pick<RenderResult, 'reads'>,
  said?: SpecInput,
): Promise<RenderInputs> {
  const texts = new Map<string, string>();
  const off = new Map<string, Reason>();
  for (const { path, kind, hash } of render.reads) {
    if (kind !== 'file' || hash === 'absent') continue;
    const bytes = await tree.read(path).catch(() => undefined);
    if (bytes === undefined) continue;
    const problem = inexactReason(path, bytes);
    if (problem === undefined) texts.set(path, decodeText(bytes));
    else off.set(path, problem);
  }
  const candidates = candidatesOf(spec, texts);
  if (said === undefined) return { texts, candidates, off };
  const own = yamlCandidates(said.file, said.text, 'values', (path) => said.accepts(path));
  return { texts: new Map([...texts, [said.file, said.text]]), candidates: [...candidates, ...own], off };
}

/** Why the lines of a file are not looked into: it is a packed chart, it would take seconds, or its bytes are no text that tools write back as it was. */
export function inexactReason(file: string, bytes: Uint8Array): Reason | undefined {
  if (file.endsWith('.tgz')) return { code: 'lines-packed', details: { file } };
  if (bytes.length > MAX_TEXT) return { code: 'lines-too-large', details: { file, limit: `${String(MAX_TEXT / 1_000_000)} MB` } };
  return isUtf8(bytes) ? undefined : { code: 'lines-encoding', details: { file } };
}

function candidatesOf({ deployedBy, ...spec }: SourceSpec, all: ReadonlyMap<string, string>): readonly Candidate[] {
  if (deployedBy === undefined) return builtCandidates(spec, all);
  const files = deployerFiles(deployedBy);
  const own = [...all].filter(([file]) => files.has(file));
  const others = [...all].filter(([file]) => !files.has(file));
  return [...builtCandidates(spec, new Map(others)), ...own.flatMap(([file, text]) => deployerCandidates(file, text))];
}

function builtCandidates({ postBuild, ...spec }: SourceSpec, all: ReadonlyMap<string, string>): readonly Candidate[] {
  if (postBuild === undefined) return sourceCandidates(spec, all);
  const variableFiles = new Set([postBuild.file, ...postBuild.sources.map(({ file }) => file)]);
  const texts = [...all].filter(([file]) => !variableFiles.has(file));
  const isVariable = (path: Path): boolean =>
    path[0] === 'data' || path[0] === 'stringData' || (path[1] === 'postBuild' && path[2] === 'substitute');
  const variables = [...all].filter(([file]) => variableFiles.has(file));
  return [
    ...sourceCandidates(spec, new Map(texts)),
    ...variables.flatMap(([file, text]) => yamlCandidates(file, text, 'values', isVariable)),
  ];
}

function sourceCandidates(spec: SourceSpec, texts: ReadonlyMap<string, string>): readonly Candidate[] {
  switch (spec.type) {
    case 'directory':
      return [...texts].flatMap(([file, text]) => yamlCandidates(file, text, 'manifest'));
    case 'kustomize':
      return kustomizeCandidates(texts);
    case 'helm':
      return [...texts].flatMap(([file, text]) => chartCandidates(file, text, spec));
  }
}

/** Keys of a kustomization whose values reach objects; names of files, targets and selectors do not. */
function reachesObjects(path: Path): boolean {
  const [first] = path;
  const last = path.at(-1);
  switch (first) {
    case 'namePrefix':
    case 'nameSuffix':
    case 'namespace':
    case 'commonLabels':
    case 'commonAnnotations':
      return true;
    case 'labels':
      return path[2] === 'pairs';
    case 'images':
      return last === 'newName' || last === 'newTag' || last === 'digest' || last === 'tagSuffix';
    case 'replicas':
      return last === 'count';
    case 'configMapGenerator':
    case 'secretGenerator':
      return path[2] === 'literals' || last === 'name' || last === 'namespace' || path[2] === 'options' || last === 'type';
    case 'generatorOptions':
      return path[1] === 'labels' || path[1] === 'annotations';
    default:
      return false;
  }
}

function kustomizeCandidates(texts: ReadonlyMap<string, string>): readonly Candidate[] {
  const generated = generatorFiles(texts);
  const kustomizations = new Map<string, string>();
  const patchFiles = new Set<string>();
  const isKustomization = (file: string): boolean => kustomizationNames.includes(file.slice(file.lastIndexOf('/') + 1));
  const candidates = [...texts].flatMap(([file, text]): readonly Candidate[] => {
    if (isKustomization(file)) {
      kustomizations.set(file, text);
      for (const each of patchFilesOf(file, text)) patchFiles.add(each);
      const isPatch = ([first]: Path): boolean => first === 'patches' || first === 'patchesStrategicMerge' || first === 'patchesJson6902';
      return [...yamlCandidates(file, text, 'kustomization', reachesObjects), ...nestedCandidates(file, text, isPatch, 'patch')];
    }
    const use = generated.get(file);
    if (use === 'environment') return environmentCandidates(file, text);
    if (use !== undefined) return [wholeFileCandidate(file, text, file.slice(file.lastIndexOf('/') + 1))];
    const { scalars } = scalarsOf(text);
    if (scalars.some(({ path }) => path[1] === 'op')) return yamlCandidates(file, text, 'patch', (path) => path[1] === 'value');
    const has = (key: string): boolean => scalars.some(({ path }) => path[0] === key || path[2] === key);
    if (has('apiVersion') && has('kind')) return yamlCandidates(file, text, 'manifest');
    if (!has('source') || !has('targets')) return yamlCandidates(file, text, 'patch');
    kustomizations.set(file, text);
    return [];
  });
  return withReferences(candidates, kustomizations, patchFiles);
}

/** Files that a kustomization names as patches. */
function patchFilesOf(file: string, text: string): readonly string[] {
  const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
  return scalarsOf(text).scalars.flatMap(({ path, node }) => {
    const [list, , key] = path;
    const isPath =
      list === 'patchesStrategicMerge' ? path.length === 2 : (list === 'patches' || list === 'patchesJson6902') && key === 'path';
    return isPath && typeof node.value === 'string' && !node.value.includes('\n') ? [joined(folder, node.value)] : [];
  });
}

/** Files that generators read: as one value, or as an environment file. */
function generatorFiles(texts: ReadonlyMap<string, string>): ReadonlyMap<string, 'file' | 'environment'> {
  const found = new Map<string, 'file' | 'environment'>();
  for (const [file, text] of texts) {
    const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
    for (const { path, node } of kustomizationNames.some((name) => file.endsWith(name)) ? scalarsOf(text).scalars : []) {
      if (path[0] !== 'configMapGenerator' && path[0] !== 'secretGenerator') continue;
      const written = typeof node.value === 'string' ? node.value : '';
      const name = path[2] === 'files' ? written.slice(written.indexOf('=') + 1) : written;
      if (path[2] === 'files' || path[2] === 'envs' || path[2] === 'env') {
        found.set(joined(folder, name), path[2] === 'files' ? 'file' : 'environment');
      }
    }
  }
  return found;
}

/** `a/b` and `../c` → `a/c`. */
function joined(folder: string, name: string): string {
  const steps = folder === '' ? [] : folder.split('/');
  for (const step of name.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  return steps.join('/');
}

/** A chart's versions take another number at their end: with letters they are none, and the chart, or what compares them, fails. */
function versionCandidate(candidate: Candidate): Candidate {
  const { kind, start, value } = candidate;
  const patch = kind === 'text' ? /^v?\d+\.\d+\.(\d+)$/.exec(value)?.[1] : undefined;
  return patch === undefined ? candidate : { ...candidate, kind: 'number', start: start - patch.length, value: patch, whole: value };
}

function chartCandidates(file: string, text: string, spec: SourceSpec): readonly Candidate[] {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const isValues = spec.helm?.valueFiles?.some((each) => joined(spec.path, each) === file) === true;
  if (isValues || name === 'values.yaml') return yamlCandidates(file, text, 'values');
  if (name === chartName) {
    const versions = ['version', 'appVersion', 'name'];
    return yamlCandidates(file, text, 'chart', (path) => path.length === 1 && versions.includes(String(path[0]))).map(versionCandidate);
  }
  if (file.includes('/templates/')) return name === 'NOTES.txt' ? [] : templateCandidates(file, text);
  if (file.includes('/crds/')) return yamlCandidates(file, text, 'manifest');
  return /^(Chart\.lock|values\.schema\.json|\.helmignore|requirements\..*)$/.test(name) ? [] : [wholeFileCandidate(file, text, name)];
}
