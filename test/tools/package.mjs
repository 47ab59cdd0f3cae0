// `npm run package`: packs dist/ into a VSIX and asserts that it ships exactly what test/tools/vsixFiles.txt lists.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProgram, isProjectNode, main, NODE, ROOT, ToolError, underProjectNode } from './main.mjs';
import { run } from './processes.mjs';

const LIST = fileURLToPath(new URL('./vsixFiles.txt', import.meta.url));

const FLAGS = ['--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository', '--skip-license'];

/** Names of the entries of a ZIP file, from its central directory (PKWARE APPNOTE 4.3.12). */
function zipEntries(bytes) {
  let at = bytes.readUInt32LE(bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1')) + 16);
  const names = [];
  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const [name, extra, comment] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32)];
    names.push(bytes.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

/** Names of bundles carry a hash of their content, which says nothing here. */
const withoutHash = (name) => name.replace(/-[0-9A-Z]{8}(\.m?js)$/, '-[hash]$1');

/**
 * Packs the extension.
 * @param {{path: string, update?: boolean}} options `path` of the VSIX; `update` writes the list instead of comparing with it
 * @returns {Promise<number>} size in bytes
 */
export async function packVsix({ path, update = false }) {
  await mkdir(dirname(path), { recursive: true });
  await run(NODE, [join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce'), 'package', ...FLAGS, '--out', path], { cwd: ROOT });
  const bytes = await readFile(path);
  const shipped = [...new Set(zipEntries(bytes).map(withoutHash))].sort();
  if (update) await writeFile(LIST, `${shipped.join('\n')}\n`);
  const listed = (await readFile(LIST, 'utf8')).split('\n').filter((line) => line !== '');
  const unexpected = shipped.filter((name) => !listed.includes(name));
  const absent = listed.filter((name) => !shipped.includes(name));
  if (unexpected.length + absent.length > 0) {
    const lines = [
      ...unexpected.map((name) => `  ships, but is not listed: ${name}`),
      ...absent.map((name) => `  is listed, but does not ship: ${name}`),
    ];
    throw new ToolError(
      `The VSIX is not what test/tools/vsixFiles.txt lists:\n${lines.join('\n')}\nIf that is meant: npm run package -- --update`,
    );
  }
  return bytes.length;
}

/** Copies exactly what the VSIX would hold into a folder, to run it unpacked. */
export async function stageExtension(folder) {
  const { listFiles, PackageManager } = await import('@vscode/vsce');
  const files = await listFiles({ cwd: ROOT, packageManager: PackageManager.None });
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(ROOT, file), join(folder, file));
  }
}

/** Where `npm run package` puts the VSIX. */
export async function vsixPath() {
  const { name, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  return join(ROOT, `${name}-${version}.vsix`);
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => {
    if (!isProjectNode()) {
      const { BUNDLES, DEPENDENCIES, RENDERER } = await import('./setup.mjs');
      const { runSteps } = await import('./steps.mjs');
      await runSteps([DEPENDENCIES, RENDERER, BUNDLES], signal);
      return underProjectNode(import.meta.url, args, signal);
    }
    const path = await vsixPath();
    const bytes = await packVsix({ path, update: args.includes('--update') });
    console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`);
    return 0;
  });
}
