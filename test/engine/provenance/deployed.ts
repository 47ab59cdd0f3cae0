import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrayAt, type JsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../../../src/engine/model/json.ts';
import type { SourceSpec } from '../../../src/engine/model/render.ts';
import { yamlValues } from '../../../src/engine/writeback/yamlEdit.ts';
import { helm, kustomize } from '../../tools/binaries.ts';
import { temporaryFolder } from '../../tools/processes.mjs';
import { chart, overlay, type ProvenanceCase } from './features.ts';

const helmRelease = `# of the market
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: market
  namespace: shop
spec:
  interval: 10m
  targetNamespace: market-prod
  chart:
    spec:
      chart: ./chart
      sourceRef: {kind: GitRepository, name: repo}
      valuesFiles: [./chart/values.yaml, ./chart/values-prod.yaml]
  valuesFrom:
    - {kind: ConfigMap, name: market-values}
    - {kind: Secret, name: market-secrets, valuesKey: more.yaml}
    - {kind: ConfigMap, name: market-values, valuesKey: port, targetPath: port}
    - {kind: Secret, name: not-there, optional: true}
  values:
    replicas: 9 # more than elsewhere
    env: {LOG: "error", EXTRA: 'on'}
    metrics:
      enabled: true
  postRenderers:
    - kustomize:
        patches:
          - target: {kind: Deployment}
            patch: |
              - op: add
                path: /spec/minReadySeconds
                value: 12 # patience
        images:
          - name: registry.example/market
            newTag: "6.6"
`;
const helmReleaseValues = `apiVersion: v1
kind: ConfigMap
metadata: {name: market-values, namespace: shop}
data:
  port: "8443"
  values.yaml: |
    # shared
    image:
      tag: "3.0" # of the week
    replicas: 4
    hosts:
      - three.example
---
apiVersion: v1
kind: Secret
metadata: {name: market-secrets, namespace: shop}
data:
  more.yaml: ${Buffer.from('queue:\n  size: 30Gi\n').toString('base64')}
`;

const application = (helmOptions: string, sources = ''): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: market, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: market-prod}
${sources === '' ? `  source:\n    repoURL: https://git.example/config.git\n    path: chart\n    helm:\n${helmOptions}` : sources}`;

const textValues = application(`      valueFiles: [values-prod.yaml]
      values: |
        # for production
        replicas: 9
        env:
          LOG: error # only these
        hostNetwork: true
        queue: {size: 40Gi}
      parameters:
        - {name: image.tag, value: "4.1"}
        - name: port
          value: "8443"
        - {name: metrics.path, value: /numbers, forceString: true}
      fileParameters:
        - {name: greeting, path: files/greeting.txt}
`);

const quotedValues = application(
  '',
  `  sources:
    - repoURL: https://git.example/config.git
      ref: config
    - repoURL: https://git.example/config.git
      path: chart
      helm:
        valueFiles: [$config/shared/prod.yaml]
        values: "replicas: 9\\nenv:\\n  LOG: error\\n"
`,
);

const objectValues = application(`      releaseName: shop
      valuesObject:
        replicas: 9
        resources:
          limits: {memory: 1Gi}
`);

const options = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: market, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: market-prod}
  source:
    repoURL: https://git.example/config.git
    path: prod
    kustomize:
      nameSuffix: -blue
      images:
        - registry.example/web=mirror.example/web:5.5 # this week
      replicas:
        - {name: web, count: 6}
      commonAnnotations:
        team: blue
      commonLabels: {part: front}
      labelWithoutSelector: true
      patches:
        - target: {kind: Deployment}
          patch: |-
            - op: add
              path: /spec/progressDeadlineSeconds
              value: 77
`;

const spec = (more: Partial<SourceSpec>): SourceSpec => ({
  type: 'helm',
  path: 'chart',
  helm: { releaseName: 'market', namespace: 'default', includeCrds: true, skipTests: true },
  ...more,
});
const argo = { kind: 'Application', file: 'apps/market.yaml', name: 'market', namespace: 'argocd', sources: [] } as const;

/** Sources with parameters in the HelmRelease or Application that deploys them. */
export const deployedCases: readonly ProvenanceCase[] = [
  {
    name: 'chart of a HelmRelease',
    spec: spec({
      deployedBy: {
        kind: 'HelmRelease',
        file: 'clusters/prod/market.yaml',
        name: 'market',
        namespace: 'shop',
        sources: [
          { kind: 'ConfigMap', name: 'market-values', isOptional: false, file: 'clusters/prod/values.yaml' },
          { kind: 'Secret', name: 'market-secrets', isOptional: false, file: 'clusters/prod/values.yaml' },
          { kind: 'Secret', name: 'not-there', isOptional: true },
        ],
      },
    }),
    files: { ...chart, 'clusters/prod/market.yaml': helmRelease, 'clusters/prod/values.yaml': helmReleaseValues },
  },
  {
    name: 'chart of an Application with a text of values',
    spec: spec({ deployedBy: argo }),
    files: { ...chart, 'chart/files/greeting.txt': 'good morning', [argo.file]: textValues },
  },
  {
    name: 'chart of an Application with quoted values',
    spec: spec({ deployedBy: argo }),
    files: { ...chart, 'shared/prod.yaml': 'port: 9090\n', [argo.file]: quotedValues },
  },
  {
    name: 'chart of an Application with values as an object',
    spec: spec({ deployedBy: argo }),
    files: { ...chart, [argo.file]: objectValues },
  },
  {
    name: 'overlay of an Application',
    spec: { type: 'kustomize', path: 'prod', deployedBy: argo },
    files: { ...overlay, [argo.file]: options },
  },
];

/** What the tools' own programs make of a deployed source, with what its manifest says read anew and handed over by their own options. */
export async function nativeDeployed({ path, deployedBy }: SourceSpec, folder: string): Promise<string> {
  const read = async (file: string): Promise<readonly JsonObject[]> =>
    yamlValues(await readFile(join(folder, file), 'utf8')).map((each) => objectAt(each));
  const [manifest = {}] = await read(deployedBy?.file ?? '');
  const { path: scratch, remove } = await temporaryFolder('deployed-');
  try {
    if (deployedBy?.kind === 'HelmRelease') return await releaseText(path, folder, scratch, manifest, read);
    const source = [...arrayAt(manifest, 'spec', 'sources'), valueAt(manifest, 'spec', 'source')].find(
      (each) => stringAt(each, 'path') === path,
    );
    if (valueAt(source, 'kustomize') !== undefined) return await builtText(path, folder, scratch, objectAt(source, 'kustomize'));
    return await applicationText(path, folder, scratch, manifest, objectAt(source, 'helm'));
  } finally {
    await remove();
  }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

async function releaseText(
  path: string,
  folder: string,
  scratch: string,
  manifest: JsonObject,
  read: (file: string) => Promise<readonly JsonObject[]>,
): Promise<string> {
  const target = stringAt(manifest, 'spec', 'targetNamespace') ?? '';
  const args = ['template', `${target}-${stringAt(manifest, 'metadata', 'name') ?? ''}`, path, '--namespace', target];
  for (const file of arrayAt(manifest, 'spec', 'chart', 'spec', 'valuesFiles')) args.push('--values', textOf(file));
  const objects = await read('clusters/prod/values.yaml');
  const late: string[] = [];
  for (const [index, reference] of arrayAt(manifest, 'spec', 'valuesFrom').entries()) {
    const kind = stringAt(reference, 'kind');
    const found = objects.find((each) => each['kind'] === kind && stringAt(each, 'metadata', 'name') === stringAt(reference, 'name'));
    if (found === undefined) continue;
    const said = stringAt(found, 'data', stringAt(reference, 'valuesKey') ?? 'values.yaml') ?? '';
    const text = kind === 'Secret' ? Buffer.from(said, 'base64').toString('utf8') : said;
    const targetPath = stringAt(reference, 'targetPath');
    if (targetPath !== undefined) late.push('--set', `${targetPath}=${text}`);
    else {
      const file = join(scratch, `${String(index)}.yaml`);
      await writeFile(file, text);
      args.push('--values', file);
    }
  }
  const text = await helm([...args, '--values', '-', ...late], { cwd: folder, input: JSON.stringify(valueAt(manifest, 'spec', 'values')) });
  await writeFile(join(scratch, 'all.yaml'), text);
  const renderer = objectAt(arrayAt(manifest, 'spec', 'postRenderers')[0], 'kustomize');
  await writeFile(join(scratch, 'kustomization.yaml'), JSON.stringify({ resources: ['all.yaml'], ...renderer }));
  return kustomize(['build', '.'], { cwd: scratch });
}

async function applicationText(path: string, folder: string, scratch: string, manifest: JsonObject, options: JsonObject): Promise<string> {
  const name = stringAt(options, 'releaseName') ?? stringAt(manifest, 'metadata', 'name') ?? '';
  const args = ['template', path, '--name-template', name, '--namespace', stringAt(manifest, 'spec', 'destination', 'namespace') ?? ''];
  const place = (file: JsonValue): string =>
    textOf(file).replace(/^\$\w+\//, '') === file ? join(path, file) : textOf(file).replace(/^\$\w+\//, '');
  for (const parameter of arrayAt(options, 'parameters')) {
    const flag = valueAt(parameter, 'forceString') === true ? '--set-string' : '--set';
    args.push(flag, `${stringAt(parameter, 'name') ?? ''}=${stringAt(parameter, 'value') ?? ''}`);
  }
  for (const parameter of arrayAt(options, 'fileParameters'))
    args.push('--set-file', `${stringAt(parameter, 'name') ?? ''}=${join(path, stringAt(parameter, 'path') ?? '')}`);
  for (const file of arrayAt(options, 'valueFiles')) args.push('--values', place(file));
  const values = join(scratch, 'values.yaml');
  await writeFile(values, stringAt(options, 'values') ?? JSON.stringify(options['valuesObject']));
  return helm([...args, '--values', values], { cwd: folder });
}

async function builtText(path: string, folder: string, scratch: string, options: JsonObject): Promise<string> {
  await cp(folder, scratch, { recursive: true });
  const cwd = join(scratch, path);
  const edit = (...args: readonly string[]): Promise<string> => kustomize(['edit', ...args], { cwd });
  const pairs = (key: string): string[] => Object.entries(objectAt(options, key)).map(([name, value]) => `${name}:${textOf(value)}`);
  await edit('set', 'namesuffix', '--', stringAt(options, 'nameSuffix') ?? '');
  await edit('set', 'image', ...arrayAt(options, 'images').map(textOf));
  await edit(
    'set',
    'replicas',
    ...arrayAt(options, 'replicas').map((each) => `${stringAt(each, 'name') ?? ''}=${textOf(valueAt(each, 'count'))}`),
  );
  await edit('add', 'label', '--without-selector', ...pairs('commonLabels'));
  await edit('add', 'annotation', ...pairs('commonAnnotations'));
  const file = join(cwd, 'kustomization.yaml');
  const [kustomization] = yamlValues(await readFile(file, 'utf8'));
  const patches = [...arrayAt(kustomization, 'patches'), ...arrayAt(options, 'patches')];
  await writeFile(file, JSON.stringify({ ...objectAt(kustomization), patches }));
  return kustomize(['build', path], { cwd: scratch });
}
