import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { keyOf, type KubeObject } from '../../../src/engine/model/objects.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { customDefinition, established } from '../../tools/definitions.ts';
import { run } from '../../tools/processes.mjs';

/** The CRDs of the controllers whose objects own others, from their own Go modules. */
const CRDS = [
  { module: 'github.com/argoproj/argo-cd/v3@v3.2.11', file: 'manifests/crds/application-crd.yaml', name: 'applications.argoproj.io' },
  { module: 'github.com/argoproj/argo-cd/v3@v3.2.11', file: 'manifests/crds/appproject-crd.yaml', name: 'appprojects.argoproj.io' },
  {
    module: 'github.com/fluxcd/kustomize-controller@v1.9.5',
    file: 'config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml',
    name: 'kustomizations.kustomize.toolkit.fluxcd.io',
  },
  {
    module: 'github.com/fluxcd/helm-controller@v1.6.3',
    file: 'config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml',
    name: 'helmreleases.helm.toolkit.fluxcd.io',
  },
];

/** A kind of somebody's, with a list by key and without a status subresource. */
const widgets = customDefinition({
  group: 'example.com',
  kind: 'Widget',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'string' },
        timeout: { type: 'string' },
        template: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { type: 'integer' } } },
        },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
  hasStatus: false,
});

/** The texts of {@link CRDS}; the modules are fetched once. */
const crdTexts = (async () => {
  const modules = [...new Set(CRDS.map(({ module }) => module))];
  const told = await run('go', ['mod', 'download', '-json', ...modules], { cwd: tmpdir() });
  const folders = new Map<string, string>(
    told.split(/(?<=^\})$/m).flatMap((text) => {
      if (text.trim() === '') return [];
      const { Path, Version, Dir } = JSON.parse(text) as { Path: string; Version: string; Dir: string };
      return [[`${Path}@${Version}`, Dir] as const];
    }),
  );
  return Promise.all(CRDS.map(({ module, file }) => readFile(join(folders.get(module) ?? '', file), 'utf8')));
})();

/** Installs Argo CD's and Flux's kinds as their releases bring them, and `Widget` of example.com. */
export async function installOwnerKinds(plane: ControlPlane): Promise<void> {
  await plane.apply([...(await crdTexts), JSON.stringify(widgets)].join('\n---\n'));
  await established(plane, ...CRDS.map(({ name }) => name), 'widgets.example.com');
}

/**
 * Server-side applies objects by requests of their own: a kubectl process for each would take most of a test's time.
 */
export async function applyAs(plane: ControlPlane, manager: string, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const { group, kind, namespace, name } = keyOf(object);
    const place = namespace === '' ? '' : `/namespaces/${namespace}`;
    const root = group === '' ? `/api/${object.apiVersion}` : `/apis/${object.apiVersion}`;
    const { status, body } = await plane.request(`${root}${place}/${kind.toLowerCase()}s/${name}?fieldManager=${manager}&force=true`, {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
    assert.ok(status < 300, body);
  }
}
