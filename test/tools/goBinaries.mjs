// The Go programs of the local control plane and of the comparisons, each built once from pinned modules into the cache.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheFolder, exists, keyOf } from './cache.mjs';
import { run } from './processes.mjs';

const MODULES = fileURLToPath(new URL('../controlplane/', import.meta.url));
const KUBERNETES = 'v1.36.3';
const KUBERNETES_VERSION = `-X k8s.io/component-base/version.gitVersion=${KUBERNETES} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36`;

/**
 * @typedef {object} GoBinary
 * @property {string} module  folder under test/controlplane
 * @property {string} program package path of the main program
 * @property {string} version
 * @property {string} [ldflags]
 */

/** @type {Readonly<Record<string, GoBinary>>} */
export const GO_BINARIES = {
  etcd: { module: 'etcd', program: '.', version: 'v3.7.3' },
  'kube-apiserver': {
    module: 'kubernetes',
    program: 'k8s.io/kubernetes/cmd/kube-apiserver',
    version: KUBERNETES,
    ldflags: KUBERNETES_VERSION,
  },
  kubectl: { module: 'kubernetes', program: 'k8s.io/kubernetes/cmd/kubectl', version: KUBERNETES, ldflags: KUBERNETES_VERSION },
  'kube-controller-manager': {
    module: 'kubernetes',
    program: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    version: KUBERNETES,
    ldflags: KUBERNETES_VERSION,
  },
  'kube-scheduler': {
    module: 'kubernetes',
    program: 'k8s.io/kubernetes/cmd/kube-scheduler',
    version: KUBERNETES,
    ldflags: KUBERNETES_VERSION,
  },
  kwok: { module: 'kwok', program: 'sigs.k8s.io/kwok/cmd/kwok', version: 'v0.8.0' },
  kustomize: {
    module: 'kustomize',
    program: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: 'v5.8.2',
    ldflags: '-X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2',
  },
  helm: {
    module: 'helm',
    program: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.3.1',
    ldflags: '-X helm.sh/helm/v4/internal/version.version=v4.3.1',
  },
};

/** What `KUBEBUILDER_ASSETS` may hold instead of our own builds. */
const ASSETS = ['etcd', 'kube-apiserver', 'kubectl'];

async function sources(module) {
  const read = (name) => readFile(join(MODULES, module, name)).catch(() => '');
  return Promise.all(['go.mod', 'go.sum', 'main.go'].map(read));
}

/**
 * The path of a Go program, built when the cache does not have it (minutes), else at once.
 * @param {string} name key of {@link GO_BINARIES}
 * @param {{signal?: AbortSignal, onWait?: (message: string) => void}} [options]
 * @returns {Promise<string>} absolute path of the executable
 */
export async function goBinary(name, options = {}) {
  const binary = GO_BINARIES[name];
  if (binary === undefined) throw new Error(`No such program: ${name}`);
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets && ASSETS.includes(name) && (await exists(join(assets, name)))) return join(assets, name);
  const ldflags = ['-s -w', binary.ldflags ?? ''].join(' ').trim();
  const key = keyOf(binary.program, ldflags, ...(await sources(binary.module)));
  const folder = await cached(
    `bin/${name}-${binary.version}-${key}`,
    (folder) =>
      run('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', join(folder, name), binary.program], {
        cwd: join(MODULES, binary.module),
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
        signal: options.signal,
      }),
    options,
  );
  return join(folder, name);
}

/** Whether {@link goBinary} would return at once. */
export async function isBuilt(name) {
  const binary = GO_BINARIES[name];
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets && ASSETS.includes(name) && (await exists(join(assets, name)))) return true;
  const key = keyOf(binary.program, ['-s -w', binary.ldflags ?? ''].join(' ').trim(), ...(await sources(binary.module)));
  return exists(join(cacheFolder(), 'bin', `${name}-${binary.version}-${key}`, name));
}
