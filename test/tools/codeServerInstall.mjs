// Installs code-server (VS Code in a browser) into the cache: its own lock file, outside the project's dependencies.
import { copyFile, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheFolder, exists, keyOf } from './cache.mjs';
import { run } from './processes.mjs';

const SOURCE = fileURLToPath(new URL('../codeserver/', import.meta.url));

async function name() {
  const [manifest, lock] = await Promise.all(['package.json', 'package-lock.json'].map((file) => readFile(join(SOURCE, file), 'utf8')));
  return `code-server/${JSON.parse(manifest).dependencies['code-server']}-${keyOf(manifest, lock)}`;
}

/** Whether {@link installCodeServer} would return at once. */
export async function isCodeServerInstalled() {
  return exists(join(cacheFolder(), await name()));
}

/**
 * Without what an outer `npm test` or `npm start` tells its scripts: the install script takes the Node version from
 * `npm_config_user_agent`, and that would be the system's.
 */
function withoutOuterNpm(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('npm_') && name !== 'NODE'));
}

/**
 * The folder of the installed code-server package; the first time this takes minutes, since it compiles native addons.
 * @param {string} node path of Node 24, which its install script insists on
 * @param {{signal?: AbortSignal, onWait?: (message: string) => void}} [options]
 */
export async function installCodeServer(node, options = {}) {
  const folder = await cached(
    await name(),
    async (folder) => {
      for (const file of ['package.json', 'package-lock.json']) await copyFile(join(SOURCE, file), join(folder, file));
      await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
        cwd: folder,
        env: { ...withoutOuterNpm(process.env), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
        signal: options.signal,
      });
    },
    options,
  );
  return join(folder, 'node_modules', 'code-server');
}
