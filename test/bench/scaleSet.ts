import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git } from '../tools/sample.ts';
import { definition, workload, yamlOf } from './workload.ts';

/** The large set: 10,000 objects of 60 kinds, 9 of Kubernetes and 51 custom ones, in 200 namespaces. */
export const scale = { objects: 10_000, namespaces: 200, kinds: 60, customKinds: 51, applications: 500, known: 8_000 } as const;

const group = 'scale.example.com';
const perApplication = scale.objects / scale.applications;

/** An object as it is written down. */
export type Manifest = Record<string, unknown>;

/** Definitions of the custom kinds of the set. */
export function scaleDefinitions(): readonly Manifest[] {
  return Array.from({ length: scale.customKinds }, (_, index) => ({
    ...definition,
    metadata: { name: `scale${index}s.${group}` },
    spec: {
      ...(definition['spec'] as Manifest),
      group,
      names: { plural: `scale${index}s`, singular: `scale${index}`, kind: `Scale${index}` },
    },
  }));
}

/** Where the objects of an application stand: a folder of its own below the folder of its namespace. */
function folderOf(application: number): string {
  return `all/${namespaceOf(application)}/app-${String(application).padStart(3, '0')}`;
}

/** The namespace of an application. */
export function namespaceOf(application: number): string {
  return `scale-${String(application % scale.namespaces).padStart(3, '0')}`;
}

/** The objects of one of the 500 applications: 19 of the built-in kinds and a custom one. */
export function objectsOf(application: number): readonly Manifest[] {
  const namespace = namespaceOf(application);
  const builtIn = workload(namespace, perApplication).filter(({ apiVersion }) => !String(apiVersion).startsWith('bench.'));
  const custom = {
    apiVersion: `${group}/v1`,
    kind: `Scale${application % scale.customKinds}`,
    metadata: { name: 'custom', namespace },
    spec: { size: application, limit: '1.5Gi', tags: ['a', 'b'] },
  };
  return [...builtIn, custom].map((object) => {
    const metadata = object['metadata'] as Manifest;
    return { ...object, metadata: { ...metadata, name: `a${application}-${String(metadata['name'])}` } };
  });
}

/** Path of the file of an application, relative to the repo. */
export function fileOf(application: number): string {
  return `${folderOf(application)}/objects.yaml`;
}

/** Where Kustomize builds a namespace from, relative to the repo; undefined: its folder of {@link folderOf} is read as it is. */
function overlayOf(namespace: number): string | undefined {
  return namespace % 10 === 9 ? `overlays/${namespaceOf(namespace)}` : undefined;
}

/**
 * A config repo over the set: `one` is a single application of everything, `a000` to `a499` are 500 of 20 objects each, `n000` to `n199`
 * one per namespace, every tenth of them built by Kustomize, and `k...` fill up to 8,000 that are known and never looked at.
 */
export async function scaleRepo(folder: string, context: string, clusterUid: string): Promise<void> {
  const line = (name: string, path: string, namespace: string): string =>
    `  - {name: ${name}, environment: test, path: ${path}, namespace: ${namespace}}`;
  const number = (index: number): string => String(index).padStart(3, '0');
  const rows = [line('one', 'all', 'scale-000')];
  for (let index = 0; index < scale.applications; index += 1) rows.push(line(`a${number(index)}`, folderOf(index), namespaceOf(index)));
  for (let index = 0; index < scale.namespaces; index += 1)
    rows.push(line(`n${number(index)}`, overlayOf(index) ?? `all/${namespaceOf(index)}`, namespaceOf(index)));
  for (let index = rows.length; index < scale.known; index += 1)
    rows.push(line(`k${index}`, folderOf(index % scale.applications), `known-${index}`));
  const files: Record<string, string> = {
    'plumbline.yaml': [
      'apiVersion: plumbline.dev/v1alpha1',
      'kind: Config',
      'environments:',
      `  test: {context: ${context}, clusterUid: ${clusterUid}, branch: main}`,
      'applications:',
      ...rows,
      '',
    ].join('\n'),
  };
  for (let index = 0; index < scale.applications; index += 1) {
    const text = objectsOf(index)
      .map((object) => yamlOf(object))
      .join('---\n');
    files[fileOf(index)] = text;
    const overlay = overlayOf(index % scale.namespaces);
    if (overlay === undefined) continue;
    files[`${overlay}/app-${number(index)}.yaml`] = text;
    const build = `${overlay}/kustomization.yaml`;
    files[build] = `${files[build] ?? 'resources:\n'}  - app-${number(index)}.yaml\n`;
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  await commitAll(folder, 'Add the set');
}

/** Commits everything of the repo. */
export async function commitAll(folder: string, message: string): Promise<void> {
  await git(folder, ['add', '.']);
  await git(folder, ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', 'commit', '--quiet', '-m', message]);
}
