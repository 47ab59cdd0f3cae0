import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { run } from '../../tools/processes.mjs';

/** The CRDs of the controllers whose objects own others, from their own Go modules. */
const CRDS = [
  { module: 'github.com/argoproj/argo-cd/v3@v3.2.11', file: 'manifests/crds/application-crd.yaml', name: 'applications.argoproj.io' },
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

/** Installs Argo CD's and Flux's kinds, as their releases bring them. */
export async function installOwnerKinds(plane: ControlPlane): Promise<void> {
  for (const { module, file } of CRDS) {
    const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', module], { cwd: tmpdir() })) as { Dir: string };
    await plane.apply(await readFile(join(Dir, file), 'utf8'));
  }
  for (const { name } of CRDS) await plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', `crd/${name}`]);
}
