// Builds dist/renderer.wasm: the Go module of src/upstream as WebAssembly, once per state of its sources.
import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
    ...(await Promise.all(TOOLS.map((file) => readFile(new URL(file, import.meta.url))))),
    output.trim(),
    ...(await sourceTexts()),
  );
  const folder = await cached(
    `renderer/${key}`,
    async (temporary) => {
      note?.('compiles Kustomize and Helm to WebAssembly');
      const raw = join(temporary, 'raw.wasm');
      await run('go', ['build', '-trimpath', '-buildvcs=false', '-buildmode=c-shared', '-ldflags', LDFLAGS, '-o', raw, '.'], {
        cwd: SOURCES,
        env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' },
        signal,
      });
      await writeFile(join(temporary, 'renderer.wasm'), finishModule(await readFile(raw), key, MEMORY_LIMIT));
      await rm(raw);
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
