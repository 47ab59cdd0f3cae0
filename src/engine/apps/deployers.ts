import { isMap, LineCounter, parseAllDocuments } from 'yaml';
import type { FileRange } from '../model/application.ts';
import { arrayAt, isJsonObject, type JsonObject, objectAt, stringAt } from '../model/json.ts';
import type { DeployerSpec, ValuesObject } from '../model/render.ts';
import { resolvePath } from '../model/treePath.ts';
import { folderSourceOf } from '../render/applicationParameters.ts';
import { type DocumentText, documentTexts } from './manifestTexts.ts';
import { rangeOf } from './yamlNodes.ts';

/** A HelmRelease of Flux or an Application of Argo CD. */
export interface Deployer extends Omit<DeployerSpec, 'sources'> {
  /** the folder, relative to the repo's root; undefined: it names none, as a patch of another one */
  readonly path: string | undefined;
  /** it has `${variables}` */
  readonly hasVariables: boolean;
  /** ConfigMaps and Secrets that it takes values from */
  readonly from: readonly ValuesObject[];
  /** its first line */
  readonly declaredAt: FileRange;
}

/** The HelmReleases and Applications in a text of manifests. Cheap for texts that have none. */
export function deployersIn(file: string, text: string): readonly Deployer[] {
  const hasRelease = text.includes('helm.toolkit.fluxcd.io/') && text.includes('HelmRelease');
  if (!hasRelease && !(text.includes('argoproj.io/') && /\bApplication\b/.test(text))) return [];
  try {
    return documentTexts(text, KINDS).flatMap((document) => deployersOf(file, document));
  } catch {
    // What does not parse deploys nothing.
    return [];
  }
}

const KINDS: ReadonlySet<string> = new Set(['HelmRelease', 'Application']);

function deployersOf(file: string, { text, firstLine }: DocumentText): readonly Deployer[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, uniqueKeys: false, logLevel: 'silent' });
  return ('empty' in documents ? [] : documents).flatMap((document) => {
    // While somebody types, a text has errors for moments: what can be read of it deploys on.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const root = document.contents;
    if (!isJsonObject(value) || !isMap(root)) return [];
    const [start] = root.range;
    const { startLine, endLine, ...columns } = rangeOf(file, lines, start, start + text.slice(start).search(/\r?\n|$/));
    return deployerOf(file, value, { ...columns, startLine: startLine + firstLine, endLine: endLine + firstLine });
  });
}

function deployerOf(file: string, value: JsonObject, declaredAt: FileRange): readonly Deployer[] {
  const name = stringAt(value, 'metadata', 'name');
  const kind = stringAt(value, 'kind');
  const apiVersion = stringAt(value, 'apiVersion') ?? '';
  if (name === undefined) return [];
  const namespace = stringAt(value, 'metadata', 'namespace') ?? '';
  const common = { file, name, namespace, declaredAt, hasVariables: JSON.stringify(value).includes('${') };
  if (kind === 'HelmRelease' && apiVersion.startsWith('helm.toolkit.fluxcd.io/')) {
    const chart = objectAt(value, 'spec', 'chart', 'spec');
    const isFolder = ['GitRepository', 'Bucket'].includes(stringAt(chart, 'sourceRef', 'kind') ?? '');
    const path = isFolder ? resolvePath('', stringAt(chart, 'chart') ?? '') : undefined;
    return [{ ...common, kind, path, from: arrayAt(value, 'spec', 'valuesFrom').flatMap(sourceOf) }];
  }
  if (kind !== 'Application' || !apiVersion.startsWith('argoproj.io/')) return [];
  return [{ ...common, kind, path: resolvePath('', stringAt(folderSourceOf(value), 'path') ?? '/'), from: [] }];
}

function sourceOf(reference: Parameters<typeof stringAt>[0]): readonly ValuesObject[] {
  const kind = stringAt(reference, 'kind');
  const name = stringAt(reference, 'name');
  if ((kind !== 'ConfigMap' && kind !== 'Secret') || name === undefined) return [];
  return [{ kind, name, isOptional: objectAt(reference)['optional'] === true }];
}
