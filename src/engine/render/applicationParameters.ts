import { arrayAt, isJsonArray, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../model/json.ts';
import { kustomizationFiles, type SourceSpec } from '../model/render.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import { normalPath } from '../model/treePath.ts';
import { type ParameterFiles, type Parameters, ParametersProblem } from './parameterFiles.ts';
import { withKustomizeOptions } from './kustomizeOptions.ts';
import { mergedValues, withSetValue } from './setValues.ts';

/**
 * The source of an Application of Argo CD that renders a folder: `spec.source`, or the one of `spec.sources` that has a path and is no
 * chart of a registry.
 * @returns undefined when there is none, or more than one
 */
export function folderSourceOf(manifest: JsonValue | undefined): JsonObject | undefined {
  const single = valueAt(manifest, 'spec', 'source');
  const all = arrayAt(manifest, 'spec', 'sources');
  const found = (all.length > 0 ? all : [single]).filter(
    (source) => isJsonObject(source) && stringAt(source, 'path') !== undefined && stringAt(source, 'chart') === undefined,
  );
  return found.length === 1 && isJsonObject(found[0]) ? found[0] : undefined;
}

/**
 * What an Application of Argo CD renders its source with: Helm's values files, values, parameters and files, or the options of Kustomize.
 * Source: argo-cd reposerver/repository/repository.go `helmTemplate`, util/helm/cmd.go (order of precedence).
 * @throws ParametersProblem when something that it takes is not there
 */
export async function applicationParameters(
  { type, path }: SourceSpec,
  manifest: JsonObject,
  files: ParameterFiles,
  tree: SourceTree,
): Promise<Parameters> {
  const source = folderSourceOf(manifest);
  if (type === 'kustomize') return kustomizeParameters(path, objectAt(source, 'kustomize'), files, tree);
  return type === 'helm' ? helmParameters(path, manifest, objectAt(source, 'helm'), files, tree) : {};
}

/** Puts what Argo CD knows in the place of `$ARGOCD_APP_NAME` and the like (docs/user-guide/build-environment.md). */
function substitutionOf(path: string, name: string, namespace: string | undefined): (text: string) => string {
  const known: Readonly<Record<string, string>> = {
    ARGOCD_APP_NAME: name,
    ARGOCD_APP_NAMESPACE: namespace ?? '',
    ARGOCD_APP_SOURCE_PATH: path,
  };
  return (text) =>
    text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => known[braced ?? bare ?? ''] ?? whole);
}

/** @param helm the options of the chart */
async function helmParameters(
  path: string,
  manifest: JsonObject,
  helm: JsonObject,
  files: ParameterFiles,
  tree: SourceTree,
): Promise<Parameters> {
  const name = stringAt(manifest, 'metadata', 'name') ?? '';
  const namespace = stringAt(manifest, 'spec', 'destination', 'namespace');
  const substituted = substitutionOf(path, name, namespace);
  const strings = (key: string): readonly string[] => arrayAt(helm, key).filter((item) => typeof item === 'string');
  const references = arrayAt(manifest, 'spec', 'sources').flatMap((each) => stringAt(each, 'ref') ?? []);
  const up = '../'.repeat(path === '' ? 0 : path.split('/').length);
  const place = (written: string): string => {
    const text = substituted(written);
    if (/^[a-z+]+:\/\//.test(text)) throw new ParametersProblem(`${text} is not in this repository`);
    const reference = references.find((each) => text.startsWith(`$${each}/`));
    if (reference !== undefined) return up + text.slice(reference.length + 2);
    return text.startsWith('/') ? up + text.slice(1) : text;
  };
  const valueFiles: string[] = [];
  for (const file of strings('valueFiles').map(place)) {
    const isThere = (await tree.kindOf(normalPath(`${path}/${file}`) ?? '')) === 'file';
    if (isThere || helm['ignoreMissingValueFiles'] !== true) valueFiles.push(file);
  }
  const object = valueAt(helm, 'valuesObject');
  const text = stringAt(helm, 'values') ?? '';
  let values = isJsonObject(object) ? object : text === '' ? {} : await files.mapping('helm.values', text);
  // `--set`, then `--set-string`, then `--set-file`, as Helm takes them.
  const parameters = arrayAt(helm, 'parameters');
  for (const mode of ['typed', 'string'] as const) {
    for (const parameter of parameters) {
      if ((valueAt(parameter, 'forceString') === true) !== (mode === 'string')) continue;
      values = withSetValue(values, stringAt(parameter, 'name') ?? '', substituted(stringAt(parameter, 'value') ?? ''), mode);
    }
  }
  for (const parameter of arrayAt(helm, 'fileParameters')) {
    const file = normalPath(`${path}/${place(stringAt(parameter, 'path') ?? '')}`) ?? '';
    const content = await files.text(file);
    if (content === undefined) throw new ParametersProblem(`there is no file ${file}`);
    values = withSetValue(values, stringAt(parameter, 'name') ?? '', content, 'file');
  }
  const kubeVersion = stringAt(helm, 'kubeVersion');
  const apiVersions = strings('apiVersions');
  return {
    helm: {
      releaseName: stringAt(helm, 'releaseName') ?? name,
      ...(stringAt(helm, 'namespace') === undefined && namespace === undefined
        ? {}
        : { namespace: stringAt(helm, 'namespace') ?? namespace ?? '' }),
      includeCrds: helm['skipCrds'] !== true,
      skipTests: true,
      skipSchemaValidation: helm['skipSchemaValidation'] === true,
      valueFiles,
      values: mergedValues({}, values),
    },
    ...(kubeVersion === undefined ? {} : { kubeVersion }),
    ...(apiVersions.length === 0 ? {} : { apiVersions }),
  };
}

async function kustomizeParameters(path: string, options: JsonObject, files: ParameterFiles, tree: SourceTree): Promise<Parameters> {
  if (Object.keys(options).length === 0) return {};
  const entries = (await tree.list(path)) ?? [];
  const name = kustomizationFiles.find((each) => entries.some((entry) => entry.name === each && entry.kind === 'file'));
  if (name === undefined) return {};
  const file = path === '' ? name : `${path}/${name}`;
  const text = (await files.text(file)) ?? '';
  // A broken kustomization is told of by its build.
  const kustomization = await files.mapping(file, text).catch((error: unknown) => {
    if (error instanceof ParametersProblem) return undefined;
    throw error;
  });
  if (kustomization === undefined) return {};
  const missing: string[] = [];
  for (const component of arrayAt(options, 'components')) {
    if (options['ignoreMissingComponents'] !== true || typeof component !== 'string') continue;
    if ((await tree.kindOf(normalPath(`${path}/${component}`) ?? '')) === undefined) missing.push(component);
  }
  const components = arrayAt(options, 'components').filter((each) => typeof each !== 'string' || !missing.includes(each));
  const given = isJsonArray(options['components']) ? { ...options, components } : options;
  return { changed: { [file]: JSON.stringify(withKustomizeOptions(kustomization, given)) } };
}
