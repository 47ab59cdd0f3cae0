// Bundles src/ into dist/: extension, engine server, command line and render worker, plus the renderer as WebAssembly.
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './cache.mjs';
import { isProgram, main, ROOT, ToolError } from './main.mjs';

const DIST = join(ROOT, 'dist');
const KB = 1000;

/** CommonJS dependencies of an ES module bundle call `require` for Node's own modules and for `vscode`. */
const REQUIRE = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * @typedef {object} Bundle
 * @property {Record<string, string>} entries output name without extension → source file
 * @property {'.js' | '.mjs'} extension
 * @property {readonly string[]} external
 * @property {readonly string[]} lazy packages that no entry may load at its start
 */

/** @type {readonly Bundle[]} */
const BUNDLES = [
  {
    entries: { extension: 'src/extension/extension.ts' },
    extension: '.js',
    external: ['vscode'],
    lazy: ['vscode-languageclient', 'vscode-languageserver-protocol', 'vscode-jsonrpc'],
  },
  {
    entries: { server: 'src/server/main.ts', cli: 'src/cli/main.ts', worker: 'src/engine/render/worker.ts' },
    extension: '.mjs',
    external: [],
    lazy: ['@kubernetes/client-node', 'undici', 'openid-client'],
  },
];

/** Upper limits in bytes: design.md §12. */
const BUDGETS = [
  { name: 'extension.js with what it loads at its start', limit: 150 * KB, of: (sizes) => sizes.start('extension.js') },
  { name: 'language client chunk', limit: 480 * KB, of: (sizes) => sizes.holding('vscode-languageclient') },
];

async function bundle({ entries, extension, external, lazy }, isDevelopment, note) {
  // Installed by an earlier step, so not there when this file loads.
  const { build } = await import('esbuild');
  const present = {};
  for (const [name, source] of Object.entries(entries)) {
    if (await exists(join(ROOT, source))) present[name] = join(ROOT, source);
    else note(`${source} does not exist yet: no ${name}${extension}`);
  }
  if (Object.keys(present).length === 0) return undefined;
  const { metafile } = await build({
    entryPoints: present,
    outdir: DIST,
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // Flat, so that `new URL('./worker.mjs', import.meta.url)` means the same in an entry and in a chunk.
    chunkNames: `${Object.keys(entries)[0]}-[hash]`,
    outExtension: { '.js': extension },
    external,
    minify: !isDevelopment,
    keepNames: false,
    sourcemap: isDevelopment ? 'linked' : false,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    metafile: true,
    logLevel: 'error',
    banner: { js: REQUIRE },
  }).catch(() => {
    throw new ToolError('Bundling failed.');
  });
  for (const name of Object.keys(present)) assertLazy(metafile, `dist/${name}${extension}`, lazy);
  return metafile;
}

/** Output files that load together with `entry`. */
function startOf(metafile, entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const { path, kind } of metafile.outputs[entry]?.imports ?? []) {
    if (kind === 'import-statement' && metafile.outputs[path] !== undefined) startOf(metafile, path, seen);
  }
  return seen;
}

function packageOfInput(input) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input)?.[1];
}

/** Fails when a heavy package would be loaded at the start of an entry instead of on first use. */
function assertLazy(metafile, entry, lazy) {
  for (const output of startOf(metafile, entry)) {
    for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[output]?.inputs ?? {})) {
      const name = packageOfInput(input);
      if (bytesInOutput === 0 || !lazy.includes(name)) continue;
      const importers = Object.entries(metafile.inputs)
        .filter(
          ([path, { imports }]) =>
            packageOfInput(path) === undefined &&
            imports.some((one) => packageOfInput(one.path) === name && one.kind === 'import-statement'),
        )
        .map(([path]) => path);
      throw new Error(
        `${entry} loads '${name}' at its start; import it by \`await import()\` on first use. Imported by: ${importers.join(', ')}`,
      );
    }
  }
}

function sizesOf(metafiles) {
  const outputs = Object.assign({}, ...metafiles.map((metafile) => metafile.outputs));
  const metafile = { outputs };
  return {
    outputs,
    start: (name) =>
      outputs[`dist/${name}`] === undefined ? undefined : sum([...startOf(metafile, `dist/${name}`)].map((path) => outputs[path].bytes)),
    holding(name) {
      const chunks = Object.values(outputs).filter(({ inputs }) =>
        Object.entries(inputs).some(([path, { bytesInOutput }]) => packageOfInput(path) === name && bytesInOutput > 0),
      );
      return chunks.length === 0 ? undefined : sum(chunks.map(({ bytes }) => bytes));
    },
  };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * Builds everything into dist/.
 * @param {{signal?: AbortSignal, note?: (message: string) => void, isDevelopment?: boolean, wasm?: boolean}} [options]
 *   `isDevelopment`: readable, with source maps, no size budgets; `wasm` false: without the renderer
 */
export async function buildAll({ signal, note = () => {}, isDevelopment = false, wasm = true } = {}) {
  const renderer = wasm ? buildRenderer(signal, note) : Promise.resolve();
  await mkdir(DIST, { recursive: true });
  const metafiles = (await Promise.all(BUNDLES.map((one) => bundle(one, isDevelopment, note)))).filter((one) => one !== undefined);
  if (await exists(join(DIST, 'cli.mjs'))) await makeExecutable(join(DIST, 'cli.mjs'));
  await renderer;
  const sizes = sizesOf(metafiles);
  await removeStale(new Set(Object.keys(sizes.outputs).map((path) => path.slice('dist/'.length))));
  for (const [path, { bytes }] of Object.entries(sizes.outputs)) note(`${path.padEnd(30)} ${(bytes / KB).toFixed(1)} kB`);
  if (await exists(join(DIST, 'renderer.wasm')))
    note(`${'dist/renderer.wasm'.padEnd(30)} ${((await stat(join(DIST, 'renderer.wasm'))).size / KB / KB).toFixed(1)} MB`);
  if (isDevelopment) return;
  const broken = [];
  for (const { name, limit, of } of BUDGETS) {
    const bytes = of(sizes);
    if (bytes === undefined) continue;
    const line = `${name}: ${(bytes / KB).toFixed(1)} of ${limit / KB} kB`;
    note(line);
    if (bytes > limit) broken.push(line);
  }
  if (broken.length > 0) throw new ToolError(`Over budget: ${broken.join('; ')}`);
}

/** Removes bundles of earlier builds; never while a renderer or a test may be reading the files that stay. */
async function removeStale(current) {
  const files = (await readdir(DIST)).filter((name) => /\.(m?js|map)$/.test(name) && !current.has(name));
  await Promise.all(files.map((name) => rm(join(DIST, name), { force: true })));
}

async function makeExecutable(path) {
  const text = await readFile(path, 'utf8');
  if (!text.startsWith('#!')) await writeFile(path, `#!/usr/bin/env node\n${text}`);
  await chmod(path, 0o755);
}

/** Builds dist/renderer.wasm, or links it from the cache. */
export async function buildRenderer(signal, note) {
  const script = join(ROOT, 'test', 'tools', 'wasm.mjs');
  if (!(await exists(script))) {
    note('test/tools/wasm.mjs does not exist yet: no renderer.wasm');
    return;
  }
  const { buildWasm } = await import('./wasm.mjs');
  await buildWasm({ signal, note });
}

if (isProgram(import.meta.url)) {
  await main(async ({ signal, args }) => {
    const options = { isDevelopment: args.includes('--development'), wasm: !args.includes('--no-wasm') };
    await buildAll({ signal, note: (message) => console.log(message), ...options });
  });
}
