import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringAt } from '../../../src/engine/model/json.ts';
import type { DeployerSpec, RenderResult, SourceSpec } from '../../../src/engine/model/render.ts';
import { MemoryTree } from '../../../src/engine/render/memoryTree.ts';
import type { RenderService } from '../../../src/engine/render/renderService.ts';
import { helm } from '../../tools/binaries.ts';
import { temporaryFolder } from '../../tools/processes.mjs';
import { makeService } from './support.ts';

const signal = AbortSignal.timeout(600_000);
const template =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  values: {{ toJson .Values | quote }}\n';
const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
  'chart/values.yaml': 'base: 1\n',
  'chart/templates/c.yaml': template,
};
let cacheFolder: string;
let renders: RenderService;
let remove: () => Promise<void>;

before(async () => {
  ({ path: cacheFolder, remove } = await temporaryFolder('deployer-'));
  renders = await makeService({ cacheFolder });
});
after(async () => {
  renders.dispose();
  await remove();
});

const release = (spec: string): string =>
  `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: prod}\nspec:\n${spec}`;
const application = (helmOptions: string, destination = 'namespace: prod'): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec:\n  destination: {${destination}}\n  source:\n    path: chart\n    helm:\n${helmOptions}`;
const object = (kind: string, name: string, data: string, namespace = 'prod'): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\n${data}`;

async function render(
  manifest: string,
  more: Readonly<Record<string, string>> = {},
  sources: DeployerSpec['sources'] = [],
): Promise<RenderResult> {
  const kind = manifest.includes('HelmRelease') ? 'HelmRelease' : 'Application';
  const deployedBy = { kind, file: 'shop.yaml', name: 'shop', namespace: kind === 'HelmRelease' ? 'prod' : 'argocd', sources } as const;
  const spec: SourceSpec = { type: 'helm', path: 'chart', helm: { releaseName: 'unused', namespace: 'default' }, deployedBy };
  return renders.render(spec, new MemoryTree({ ...chart, 'shop.yaml': manifest, ...more }), { signal });
}

/** `name namespace values`, or the problem. */
async function outcome(...asked: Parameters<typeof render>): Promise<string> {
  const { objects, errors } = await render(...asked);
  const [first] = objects;
  if (errors.length > 0 || first === undefined) return errors.map(({ code, details }) => `${code}: ${String(details?.['problem'])}`).join();
  const at = (...steps: readonly string[]): string => stringAt(first.object, ...steps) ?? '';
  return [at('metadata', 'name'), at('metadata', 'namespace'), at('data', 'values')].join(' ');
}

test('a HelmRelease: names, values in their order, and why values are not all there', async () => {
  const settings = { kind: 'ConfigMap', name: 'settings', isOptional: false, file: 'values.yaml' } as const;
  const from = (more = ''): string => release(`  valuesFrom: [{kind: ConfigMap, name: settings${more}}]\n`);
  const values = { 'values.yaml': object('ConfigMap', 'settings', 'data: {values.yaml: "a: 1\\nb: {c: 2}\\n", one: "007", list: "[1"}\n') };
  assert.deepEqual(
    await Promise.all([
      outcome(release('  values: {a: null, b: {c: [1]}}\n')),
      outcome(release('  releaseName: mine\n  targetNamespace: there\n')),
      outcome(release('  targetNamespace: there\n')),
      outcome(release('  chart: {spec: {valuesFiles: [chart/other.yaml]}}\n'), { 'chart/other.yaml': 'other: 2\n' }),
      outcome(release('  chart: {spec: {valuesFiles: [./chart/values.yaml, shared/v.yaml]}}\n'), { 'shared/v.yaml': 'other: 2\n' }),
      outcome(`${from()}  values: {b: {d: 3}}\n`, values, [settings]),
      outcome(from(', valuesKey: one, targetPath: "x.y[1].z"'), values, [settings]),
      outcome(from(', valuesKey: none, optional: true'), values, [settings]),
      outcome(from(', valuesKey: none'), values, [settings]),
      outcome(from(', valuesKey: list'), values, [settings]),
      outcome(from(), values),
      outcome(from(', optional: true'), values),
      outcome(from(), { 'values.yaml': object('ConfigMap', 'settings', 'data: {}\nsops: {mac: x}\n') }, [settings]),
      outcome(from(), { 'values.yaml': object('ConfigMap', 'settings', 'data: {values.yaml: "a: 1"}\n', 'elsewhere') }, [settings]),
      outcome(object('HelmRelease', 'other', 'spec: {}\n')),
      outcome(release('  values: {a: "1}\n')),
    ]),
    [
      'shop prod {"a":null,"b":{"c":[1]},"base":1}',
      'mine there {"base":1}',
      'there-shop there {"base":1}',
      'shop prod {"other":2}',
      'shop prod {"base":1,"other":2}',
      'shop prod {"a":1,"b":{"c":2,"d":3},"base":1}',
      'shop prod {"base":1,"x":{"y":[null,{"z":"007"}]}}',
      'shop prod {"base":1}',
      'parameters-missing: ConfigMap settings has no key none',
      "parameters-missing: ConfigMap settings: line 1: did not find expected ',' or ']'",
      'parameters-missing: this repository has no ConfigMap settings',
      'shop prod {"base":1}',
      'parameters-missing: ConfigMap settings is encrypted',
      'parameters-missing: this repository has no ConfigMap settings',
      'parameters-missing: shop.yaml has no HelmRelease shop',
      'parameters-missing: shop.yaml: line 6: found unexpected end of stream',
    ],
  );
});

test('an Application: values, parameters and files, and what is not in the repository', async () => {
  const files = { 'chart/values-prod.yaml': 'prod: 1\n', 'shared/s.yaml': 'shared: 1\n', 'motd.txt': 'a, b\n' };
  assert.deepEqual(
    await Promise.all([
      outcome(application('      values: |\n        a: 1\n      valuesObject: {b: 2}\n')),
      outcome(application('      releaseName: mine\n      namespace: own\n      valueFiles: [values-prod.yaml, /shared/s.yaml]\n'), files),
      outcome(application('      valueFiles: [gone.yaml, $ARGOCD_APP_NAME.yaml]\n      ignoreMissingValueFiles: true\n'), {
        'chart/shop.yaml': 'own: 1\n',
      }),
      outcome(application('      parameters: [{name: of, value: "${ARGOCD_APP_NAMESPACE}-$HOME"}]\n')),
      outcome(application('      fileParameters: [{name: motd, path: ../motd.txt}]\n'), files),
      outcome(application('      fileParameters: [{name: motd, path: none.txt}]\n'), files),
      outcome(application('      valueFiles: [https://example.com/v.yaml]\n')),
      outcome(application('      values: "[1]"\n')),
    ]),
    [
      'shop prod {"b":2,"base":1}',
      'mine own {"base":1,"prod":1,"shared":1}',
      'shop prod {"base":1,"own":1}',
      'shop prod {"base":1,"of":"prod-$HOME"}',
      'shop prod {"base":1,"motd":"a, b\\n"}',
      'parameters-missing: there is no file chart/none.txt',
      'parameters-missing: https://example.com/v.yaml is not in this repository',
      'parameters-missing: helm.values is not one mapping',
    ],
  );
});

test('parameters as Helm’s own --set and --set-string take them', async () => {
  const rows: readonly (readonly [name: string, value: string])[] = [
    ['a', 'true'],
    ['a.b', 'null'],
    ['a', '0'],
    ['a', '012'],
    ['a', '-7'],
    ['a', '1.5'],
    ['a', ''],
    ['a', '{x,2,true}'],
    ['a', '{}'],
    ['a[2]', 'x'],
    ['a[0].b[1]', '3'],
    ['a\\.b/c.d', 'x'],
    ['nodeSelector.kubernetes\\.io/role', 'master'],
    ['a', 'x=y'],
    ['a', 'TRUE'],
  ];
  const { path: folder, remove: drop } = await temporaryFolder('set-');
  try {
    await mkdir(join(folder, 'chart/templates'), { recursive: true });
    for (const [file, text] of Object.entries(chart)) await writeFile(join(folder, file), text);
    for (const forceString of [false, true]) {
      for (const [name, value] of rows) {
        const text = await helm(['template', 'shop', 'chart', '-n', 'prod', forceString ? '--set-string' : '--set', `${name}=${value}`], {
          cwd: folder,
        });
        const native = JSON.parse(/values: (".*")/.exec(text)?.[1] ?? '""') as string;
        const options = `      parameters: [${JSON.stringify({ name, value, forceString })}]\n`;
        assert.equal(await outcome(application(options)), `shop prod ${native}`, `${name}=${value}`);
      }
    }
  } finally {
    await drop();
  }
});

test('what is rendered with values of a Secret stays in memory; what was read counts as read', async () => {
  const secret = { kind: 'Secret', name: 'settings', isOptional: false, file: 'secret.yaml' } as const;
  const value = Buffer.from('password: canary-in-git\n').toString('base64');
  const manifest = release('  valuesFrom: [{kind: Secret, name: settings}]\n');
  const result = await render(manifest, { 'secret.yaml': object('Secret', 'settings', `data: {values.yaml: ${value}}\n`) }, [secret]);
  assert.match(JSON.stringify(result.objects), /canary-in-git/);
  assert.deepEqual(
    result.reads.filter(({ kind, path }) => kind === 'file' && !path.startsWith('chart/')).map(({ path }) => path),
    ['secret.yaml', 'shop.yaml'],
  );
  await render(release('  values: {on: disk}\n'));
  const cached = (await readdir(cacheFolder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const texts = await Promise.all(cached.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
  assert.deepEqual([texts.some((text) => text.includes('canary-in-git')), cached.length > 0], [false, true]);
});
