// Builds dist/renderer.wasm: the Go module of src/upstream as WebAssembly, once per state of its sources.
import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { cached, keyOf } from './cache.mjs';
import { isProgram, main, ROOT } from './main.mjs';
import { run } from './processes.mjs';

const SOURCES = join(ROOT, 'src', 'upstream', 'go');
const OUTPUT = join(ROOT, 'dist', 'renderer.wasm');
const PAGE = 64 * 1024;
const MEMORY_LIMIT = 1024 * 1024 * 1024;
const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;

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

function leb128(value) {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return Buffer.from(bytes);
}

function readLeb128(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at];
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at };
  }
}

const sectionOf = (id, content) => Buffer.concat([Buffer.from([id]), leb128(content.length), content]);

/** Gives the one memory a maximum, and puts the version in a custom section at the front, where it is read without compiling. */
export function patchModule(bytes, version, limit = MEMORY_LIMIT) {
  const name = Buffer.from('plumbline.version');
  const parts = [bytes.subarray(0, HEADER_BYTES), sectionOf(0, Buffer.concat([leb128(name.length), name, Buffer.from(version)]))];
  let isPatched = false;
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const size = readLeb128(bytes, at + 1);
    const end = size.next + size.value;
    if (bytes[at] === MEMORY_SECTION) {
      const count = readLeb128(bytes, size.next);
      const minimum = readLeb128(bytes, count.next + 1);
      if (count.value !== 1) throw new Error(`expected one memory, found ${count.value}`);
      const content = Buffer.concat([leb128(1), Buffer.from([1]), leb128(minimum.value), leb128(limit / PAGE)]);
      parts.push(sectionOf(MEMORY_SECTION, content));
      isPatched = true;
    } else parts.push(bytes.subarray(at, end));
    at = end;
  }
  if (!isPatched) throw new Error('the module has no memory section');
  return Buffer.concat(parts);
}

/**
 * Makes sure that dist/renderer.wasm is that of the present sources.
 * @param {{signal?: AbortSignal, note?: (message: string) => void}} [options]
 * @returns {Promise<string>} the module's path
 */
export async function buildWasm({ signal, note } = {}) {
  const output = await run('go', ['env', 'GOVERSION'], { cwd: SOURCES, signal });
  const key = keyOf(LDFLAGS, await readFile(new URL(import.meta.url)), output.trim(), ...(await sourceTexts()));
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
      await writeFile(join(temporary, 'renderer.wasm'), patchModule(await readFile(raw), key));
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
