// The cache of what is built or installed once: one folder per name, version and hash of what it was made from.
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The cache folder: `$PLUMBLINE_CACHE`, or `plumbline-dev` in the user's cache folder. */
export function cacheFolder() {
  return process.env.PLUMBLINE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'plumbline-dev');
}

/** A short hash over texts and bytes; platform and architecture are part of it. */
export function keyOf(...parts) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const part of parts) hash.update('\0').update(part);
  return hash.digest('hex').slice(0, 12);
}

export async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes a lock file that names its holder; a dead holder's lock is taken over. */
async function lock(file, onWait, signal) {
  let said = false;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) {
      // Renaming first makes sure that only one of several waiting processes clears this very lock.
      const stale = `${file}.${randomUUID()}`;
      await rename(file, stale).catch(() => {});
      await rm(stale, { force: true });
      continue;
    }
    if (!said) onWait?.(`waits for process ${holder}, which makes the same`);
    said = true;
    await delay(250, undefined, { signal });
  }
}

/**
 * The folder `<cache>/<name>`; made by `make` in a temporary folder and renamed when complete, so that an interrupted run leaves nothing half-made.
 * Two processes never make the same folder twice.
 * @param {string} name   must carry version and key
 * @param {(folder: string) => Promise<void>} make  fills the folder it is given
 * @param {{signal?: AbortSignal, onWait?: (message: string) => void}} [options]
 */
export async function cached(name, make, options = {}) {
  const target = join(cacheFolder(), name);
  if (await exists(target)) return target;
  await mkdir(join(cacheFolder(), 'tmp'), { recursive: true });
  const unlock = await lock(join(cacheFolder(), 'tmp', `${name.replaceAll('/', '_')}.lock`), options.onWait, options.signal);
  try {
    if (await exists(target)) return target;
    const folder = join(cacheFolder(), 'tmp', `${name.replaceAll('/', '_')}-${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true });
      await make(folder);
      await mkdir(join(target, '..'), { recursive: true });
      await rename(folder, target);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return target;
  } finally {
    await unlock();
  }
}
