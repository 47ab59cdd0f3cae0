// Builds dist/renderer.wasm: the Go module of src/upstream as WebAssembly, once per state of its sources.
import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { cached, keyOf } from './cache.mjs';
import { isProgram, main, ROOT } from './main.mjs';
import { run } from './processes.mjs';
import { finishModule } from './wasmSnapshot.mjs';

const SOURCES = join(ROOT, 'src', 'upstream', 'go');
const OUTPUT = join(ROOT, 'dist', 'renderer.wasm');
const MEMORY_LIMIT = 1024 * 1024 * 1024;

/** What else decides the module. */
const TOOLS = ['./wasm.mjs', './wasmSnapshot.mjs', './wasmModule.mjs'];

/** The versions that Helm and Kustomize name in their output; the same as of the native programs in goBinaries.mjs. */
const LDFLAGS = '-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1 -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2';

/** Argo CD's own health checks of custom resources come from its module, as Go's checksum database knows it. */
const ARGO_CD = 'github.com/argoproj/argo-cd/v3@v3.2.11';

/** Writes the health checks of Argo CD's module as one JSON file, by `<group>/<Kind>`. */
async function writeChecks(file, signal) {
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', ARGO_CD], { cwd: tmpdir(), signal }));
  const folder = join(Dir, 'resource_customizations');
  const checks = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const name = path.split(sep).join('/');
    if (name.endsWith('/health.lua')) checks[name.slice(0, -'/health.lua'.length)] = await readFile(join(folder, path), 'utf8');
  }
  await writeFile(file, JSON.stringify(checks));
}

async function sourceTexts(folder = SOURCES) {
  const texts = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) texts.push(...(await sourceTexts(path)));
    else texts.push(relative(SOURCES, path), await readFile(path));
  }
  return texts;
}

/**
 * Makes sure that dist/renderer.wasm is that of the present sources.
 * @param {{signal?: AbortSignal, note?: (message: string) => void}} [options]
 * @returns {Promise<string>} the module's path
 */
export async function buildWasm({ signal, note } = {}) {
  const output = await run('go', ['env', 'GOVERSION'], { cwd: SOURCES, signal });
  const key = keyOf(
    LDFLAGS,
    ARGO_CD,
    ...(await Promise.all(TOOLS.map((file) => readFile(new URL(file, import.meta.url))))),
    output.trim(),
    ...(await sourceTexts()),
  );
  const folder = await cached(
    `renderer/${key}`,
    async (temporary) => {
      note?.('compiles Kustomize and Helm to WebAssembly');
      const raw = join(temporary, 'raw.wasm');
      const checks = join(temporary, 'checks.json');
      const overlay = join(temporary, 'overlay.json');
      await writeChecks(checks, signal);
      await writeFile(overlay, JSON.stringify({ Replace: { [join(SOURCES, 'checks.json')]: checks } }));
      const flags = ['-trimpath', '-buildvcs=false', '-buildmode=c-shared', '-overlay', overlay, '-ldflags', LDFLAGS];
      await run('go', ['build', ...flags, '-o', raw, '.'], {
        cwd: SOURCES,
        env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' },
        signal,
      });
      await writeFile(join(temporary, 'renderer.wasm'), finishModule(await readFile(raw), key, MEMORY_LIMIT));
      await Promise.all([raw, checks, overlay].map((file) => rm(file)));
    },
    { signal, onWait: note },
  );
  await mkdir(join(ROOT, 'dist'), { recursive: true });
  const fresh = `${OUTPUT}.${process.pid}`;
  await rm(fresh, { force: true });
  const built = join(folder, 'renderer.wasm');
  await link(built, fresh).catch(() => copyFile(built, fresh));
  await rename(fresh, OUTPUT);
  // Renaming one link of a file over another link of it does nothing.
  await rm(fresh, { force: true });
  return OUTPUT;
}

if (isProgram(import.meta.url)) {
  await main(async ({ signal }) => {
    console.log(await buildWasm({ signal, note: console.log }));
  });
}
