import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ControlPlane } from '../tools/controlPlane.ts';
import { git } from '../tools/sample.ts';
import { definition, workload, yamlOf } from './workload.ts';

/** The large set: 10,000 objects of 60 kinds in 200 namespaces. */
export const scale = { objects: 10_000, namespaces: 200, customKinds: 50, applications: 500, known: 8_000 } as const;

const group = 'scale.example.com';
const perApplication = scale.objects / scale.applications;

type Manifest = Record<string, unknown>;

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

function namespaceOf(application: number): string {
  return `scale-${String(application % scale.namespaces).padStart(3, '0')}`;
}

/** The objects of one of the 500 applications: 17 of built-in kinds and 3 of custom ones. */
function objectsOf(application: number): readonly Manifest[] {
  const namespace = namespaceOf(application);
  const builtIn = workload(namespace, perApplication * 2).filter(({ apiVersion }) => !String(apiVersion).startsWith('bench.'));
  const custom = Array.from({ length: 3 }, (_, index) => ({
    apiVersion: `${group}/v1`,
    kind: `Scale${(application * 3 + index) % scale.customKinds}`,
    metadata: { name: `custom-${index}`, namespace },
    spec: { size: application, limit: '1.5Gi', tags: ['a', 'b'] },
  }));
  return [...builtIn.slice(0, perApplication - custom.length), ...custom].map((object) => {
    const metadata = object['metadata'] as Manifest;
    return { ...object, metadata: { ...metadata, name: `a${application}-${String(metadata['name'])}` } };
  });
}

/** Path of the file of an application, relative to the repo. */
export function fileOf(application: number): string {
  return `${folderOf(application)}/objects.yaml`;
}

/**
 * A config repo over the set: `one` is a single application of everything, `a000` to `a499` are 500 of 20 objects each, `n000` to `n199`
 * one per namespace, and `k...` fill up to 8,000 that are known and never looked at.
 */
export async function scaleRepo(folder: string, context: string, clusterUid: string): Promise<void> {
  const line = (name: string, path: string, namespace: string): string =>
    `  - {name: ${name}, environment: test, path: ${path}, namespace: ${namespace}}`;
  const number = (index: number): string => String(index).padStart(3, '0');
  const rows = [line('one', 'all', 'scale-000')];
  for (let index = 0; index < scale.applications; index += 1) rows.push(line(`a${number(index)}`, folderOf(index), namespaceOf(index)));
  for (let index = 0; index < scale.namespaces; index += 1)
    rows.push(line(`n${number(index)}`, `all/${namespaceOf(index)}`, namespaceOf(index)));
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
    files[fileOf(index)] = objectsOf(index)
      .map((object) => yamlOf(object))
      .join('---\n');
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

/** Applies the set as `kubectl apply --server-side` does, sixteen objects at a time. */
export async function applyScale(plane: ControlPlane): Promise<void> {
  await plane.apply(scaleDefinitions());
  await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  await plane.apply(
    Array.from({ length: scale.namespaces }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespaceOf(index) },
    })),
  );
  const waiting = Array.from({ length: scale.applications }, (_, index) => index).flatMap((index) => objectsOf(index));
  const send = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await applyOne(plane, next);
  };
  await Promise.all(Array.from({ length: 16 }, () => send()));
}

async function applyOne(plane: ControlPlane, object: Manifest): Promise<void> {
  const apiVersion = String(object['apiVersion']);
  const kind = String(object['kind']);
  const { name, namespace } = object['metadata'] as { name: string; namespace: string };
  const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
  const root = apiVersion.includes('/') ? 'apis' : 'api';
  const path = `/${root}/${apiVersion}/namespaces/${namespace}/${plural.toLowerCase()}/${name}?fieldManager=kubectl&force=true`;
  const { status, body } = await plane.request(path, { method: 'PATCH', body: object, contentType: 'application/apply-patch+yaml' });
  if (status >= 300) throw new Error(`${kind} ${name}: ${body}`);
}
