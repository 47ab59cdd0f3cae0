import { parseDocument } from 'yaml';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../model/json.ts';
import { kustomizationFiles } from '../model/render.ts';

/** Names of kustomization files. */
export const kustomizationNames: readonly string[] = kustomizationFiles;

/** Name of the file that makes a folder a Helm chart. */
export const chartName = 'Chart.yaml';

/** What a kustomization names, as written. */
export interface KustomizationFacts {
  readonly isComponent: boolean;
  /** files and folders that it reads */
  readonly references: readonly string[];
  /** local charts that it inflates */
  readonly charts: readonly string[];
  /** kinds of deployers that it may change by patches of its own */
  readonly patchedDeployers?: readonly ('HelmRelease' | 'Application')[];
}

/** What a Chart.yaml says. */
export interface ChartFacts {
  readonly isLibrary: boolean;
  /** folders of charts that it takes from next to it (`file://`), as written */
  readonly dependencies: readonly string[];
  /** charts that it depends on, with the keys of its values that are theirs */
  readonly subcharts: readonly { readonly name: string; readonly alias?: string }[];
}

/** API groups whose files are configuration of tools and not objects of a cluster. */
const TOOL_GROUPS =
  /^(kustomize\.config\.k8s\.io|kind\.x-k8s\.io|skaffold|eksctl\.io|kubeadm\.k8s\.io|kubelet\.config\.k8s\.io|k3d\.io|ctlptl\.dev|plumbline\.dev|backstage\.io|apiserver\.config\.k8s\.io|audit\.k8s\.io|sops|v1alpha5)(\/|$)/;

/** Whether a name is that of a file with manifests: YAML or JSON, and none of the files that configure Kustomize or Helm. */
export function isManifestName(name: string): boolean {
  return /\.(yaml|yml|json)$/.test(name) && !name.startsWith('.') && name !== chartName && !kustomizationNames.includes(name);
}

/**
 * Whether a text holds objects of a cluster: apiVersion, kind and metadata (or the items of a List), and no template control lines.
 * Decided by patterns, since every YAML file of a repo is looked at.
 */
export function holdsObjects(text: string): boolean {
  if (/^[ \t]*\{\{-?\s/m.test(text)) return false;
  const isJson = text.trimStart().startsWith('{');
  const apiVersion = isJson ? /"apiVersion"\s*:\s*"([^"]*)"/.exec(text) : /^(?:- )?\s*["']?apiVersion["']?:\s*["']?([^\s"'#]+)/m.exec(text);
  const has = (key: string): boolean => (isJson ? text.includes(`"${key}"`) : new RegExp(`^["']?${key}["']?:`, 'm').test(text));
  return apiVersion !== null && !TOOL_GROUPS.test(apiVersion[1] ?? '') && has('kind') && (has('metadata') || has('items'));
}

/** Reads a kustomization; a broken one names nothing. */
export function kustomizationFacts(text: string): KustomizationFacts {
  const value = toJson(text);
  const strings = (list: readonly JsonValue[]): string[] => list.filter((item) => typeof item === 'string');
  const paths = (list: readonly JsonValue[]): string[] => list.map((item) => stringAt(item, 'path')).filter((path) => path !== undefined);
  const names = ['resources', 'bases', 'components', 'crds', 'configurations', 'transformers', 'generators', 'validators'];
  const home = stringAt(value, 'helmGlobals', 'chartHome') ?? 'charts';
  const charts = arrayAt(value, 'helmCharts').filter((chart) => stringAt(chart, 'repo') === undefined);
  const patchedDeployers = (['HelmRelease', 'Application'] as const).filter((kind) => new RegExp(`\\bkind:\\s*["']?${kind}\\b`).test(text));
  return {
    ...(patchedDeployers.length > 0 && { patchedDeployers }),
    isComponent: stringAt(value, 'kind') === 'Component',
    references: [
      ...names.flatMap((name) => strings(arrayAt(value, name))),
      ...strings(arrayAt(value, 'patchesStrategicMerge')).filter((entry) => !entry.includes('\n')),
      ...['patches', 'patchesJson6902', 'replacements'].flatMap((name) => paths(arrayAt(value, name))),
      ...[stringAt(objectAt(value, 'openapi'), 'path')].filter((path) => path !== undefined),
    ],
    charts: charts.map((chart) => `${home}/${stringAt(chart, 'name') ?? ''}`),
  };
}

/** Reads a Chart.yaml; a broken one names nothing. */
export function chartFacts(text: string): ChartFacts {
  const value = toJson(text);
  const dependencies = arrayAt(value, 'dependencies');
  const repositories = dependencies.map((dependency) => stringAt(dependency, 'repository') ?? '');
  return {
    subcharts: dependencies.flatMap((dependency) => {
      const [name, alias] = [stringAt(dependency, 'name'), stringAt(dependency, 'alias')];
      return name === undefined ? [] : [{ name, ...(alias === undefined ? {} : { alias }) }];
    }),
    isLibrary: stringAt(value, 'type') === 'library',
    dependencies: repositories
      .filter((repository) => repository.startsWith('file://'))
      .map((repository) => repository.slice('file://'.length)),
  };
}

function toJson(text: string): JsonObject {
  try {
    const value: unknown = parseDocument(text, { logLevel: 'silent', merge: true, uniqueKeys: false }).toJS({ maxAliasCount: 100 });
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
