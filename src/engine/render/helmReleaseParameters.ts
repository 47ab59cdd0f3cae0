import { arrayAt, isJsonObject, type JsonObject, objectAt, stringAt, valueAt } from '../model/json.ts';
import type { DeployerSpec, SourceSpec } from '../model/render.ts';
import { type ParameterFiles, type Parameters, ParametersProblem } from './parameterFiles.ts';
import { mergedValues, withSetValue } from './setValues.ts';

/** Key of a ConfigMap or Secret that values are taken from, where a HelmRelease names none. */
const DEFAULT_VALUES_KEY = 'values.yaml';

/**
 * What a HelmRelease of Flux renders its chart with. Source: helm-controller api/v2 (`GetReleaseName`, `GetReleaseNamespace`), fluxcd/pkg
 * chartutil (`ChartValuesFromReferences`: `valuesFrom` in order, then `values`), source-controller (`valuesFiles` in place of values.yaml).
 * @throws ParametersProblem when values that it takes are not there in plain text
 */
export async function helmReleaseParameters(
  { path }: SourceSpec,
  by: DeployerSpec,
  manifest: JsonObject,
  files: ParameterFiles,
): Promise<Parameters> {
  const spec = objectAt(manifest, 'spec');
  const target = stringAt(spec, 'targetNamespace');
  const namespace = target ?? stringAt(manifest, 'metadata', 'namespace');
  let values: JsonObject = {};
  for (const reference of arrayAt(spec, 'valuesFrom')) values = await withReference(values, reference, by, files);
  values = mergedValues(values, objectAt(spec, 'values'));
  const valueFiles = arrayAt(spec, 'chart', 'spec', 'valuesFiles').filter((file) => typeof file === 'string');
  const up = '../'.repeat(path === '' ? 0 : path.split('/').length);
  const ownValues = `${path === '' ? '' : `${path}/`}values.yaml`;
  const hasOwn = valueFiles.length === 0 || valueFiles.some((file) => file.replace(/^\.\//, '') === ownValues);
  return {
    helm: {
      releaseName: stringAt(spec, 'releaseName') ?? `${target === undefined ? '' : `${target}-`}${by.name}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(valueFiles.length === 0 ? {} : { valueFiles: valueFiles.map((file) => up + file.replace(/^\.?\//, '')) }),
      values,
    },
    postRenderers: arrayAt(spec, 'postRenderers').map((renderer) => objectAt(renderer, 'kustomize')),
    ...(hasOwn ? {} : { changed: { [ownValues]: '' } }),
  };
}

/** Values with those of one ConfigMap or Secret: a YAML text, or with `targetPath` one value. */
async function withReference(
  values: JsonObject,
  reference: unknown,
  { sources, namespace }: DeployerSpec,
  files: ParameterFiles,
): Promise<JsonObject> {
  if (!isJsonObject(reference)) return values;
  const [kind, name] = [stringAt(reference, 'kind') ?? '', stringAt(reference, 'name') ?? ''];
  const isOptional = valueAt(reference, 'optional') === true;
  const file = sources.find((each) => each.kind === kind && each.name === name)?.file;
  const found = file === undefined ? undefined : await files.object(file, kind, name, namespace);
  if (found === undefined) {
    if (isOptional) return values;
    throw new ParametersProblem(`this repository has no ${kind} ${name}`);
  }
  if (found['sops'] !== undefined) throw new ParametersProblem(`${kind} ${name} is encrypted`);
  const key = stringAt(reference, 'valuesKey') ?? DEFAULT_VALUES_KEY;
  const encoded = stringAt(found, 'data', key);
  const isPlain = kind === 'ConfigMap' || encoded === undefined;
  const text = stringAt(found, 'stringData', key) ?? (isPlain ? encoded : Buffer.from(encoded, 'base64').toString('utf8'));
  if (text === undefined) {
    if (isOptional) return values;
    throw new ParametersProblem(`${kind} ${name} has no key ${key}`);
  }
  const target = stringAt(reference, 'targetPath');
  if (target === undefined) return mergedValues(values, await files.mapping(`${kind} ${name}`, text));
  const quoted = /^(["'])([\s\S]*)\1$/.exec(text);
  return withSetValue(values, target, quoted?.[2] ?? text, quoted === null ? 'typed' : 'string');
}
