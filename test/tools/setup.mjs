// The steps that make a fresh clone ready: dependencies, programs, VS Code, bundles. Plain JavaScript: it runs before anything is installed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAll, buildRenderer } from './build.mjs';
import { installCodeServer, isCodeServerInstalled } from './codeServerInstall.mjs';
import { GO_BINARIES, goBinary, isBuilt } from './goBinaries.mjs';
import { NODE, ROOT } from './main.mjs';
import { run } from './processes.mjs';

async function packagesIn(path) {
  return JSON.parse(await readFile(path, 'utf8')).packages;
}

/** Whether node_modules holds exactly what the lock file says (other platforms' optional packages aside). */
async function areDependenciesInstalled() {
  try {
    const [wanted, installed] = await Promise.all([
      packagesIn(join(ROOT, 'package-lock.json')),
      packagesIn(join(ROOT, 'node_modules', '.package-lock.json')),
    ]);
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || installed[path]?.version === version || (optional === true && installed[path] === undefined),
    );
  } catch {
    return false;
  }
}

/** @type {import('./steps.mjs').Step} */
export const DEPENDENCIES = {
  name: 'npm dependencies',
  isDone: areDependenciesInstalled,
  run: ({ signal }) => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT, signal }),
};

/** A step that builds one Go program. Programs of one module wait for its first one, which compiles what they share. */
export function goStep(name) {
  const first = Object.keys(GO_BINARIES).find((other) => GO_BINARIES[other].module === GO_BINARIES[name].module);
  return {
    name,
    needs: first === name ? [] : [first],
    isHeavy: true,
    isDone: () => isBuilt(name),
    run: ({ signal, note }) => goBinary(name, { signal, onWait: note }),
  };
}

/** @type {import('./steps.mjs').Step} */
export const CODE_SERVER = {
  name: 'code-server',
  needs: [DEPENDENCIES.name],
  isHeavy: true,
  isDone: isCodeServerInstalled,
  run: ({ signal, note }) => installCodeServer(NODE, { signal, onWait: note }),
};

/** @type {import('./steps.mjs').Step} */
export const BUNDLES = { name: 'bundles', needs: [DEPENDENCIES.name], run: ({ signal, note }) => buildAll({ signal, note, wasm: false }) };

/** @type {import('./steps.mjs').Step} */
export const RENDERER = { name: 'renderer', isHeavy: true, run: ({ signal, note }) => buildRenderer(signal, note) };

/** The programs of a control plane: what the API server needs comes first. */
export const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kwok'].map(goStep);

/** The native peers of the renderer, for equality tests and the benchmark. */
export const PEERS = ['kustomize', 'helm'].map(goStep);
