import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { cached } from '../../tools/cache.mjs';
import { temporaryFolder } from '../../tools/processes.mjs';

describe('the cache', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ path: folder, remove } = await temporaryFolder('plumbline-cache-'));
    process.env['PLUMBLINE_CACHE'] = folder;
  });
  afterEach(() => remove());

  test('two at once make a folder once', async () => {
    let made = 0;
    const make = async (target: string): Promise<void> => {
      made += 1;
      await writeFile(join(target, 'file'), 'made');
    };
    const paths = await Promise.all([cached('bin/thing-1', make), cached('bin/thing-1', make)]);
    assert.deepEqual(
      { made, same: paths[0] === paths[1], text: await readFile(join(paths[0], 'file'), 'utf8') },
      { made: 1, same: true, text: 'made' },
    );
  });

  test('a failure leaves nothing behind, and the next one starts anew', async () => {
    await assert.rejects(
      cached('bin/thing-2', () => Promise.reject(new Error('interrupted'))),
      /interrupted/,
    );
    assert.deepEqual(await readdir(join(folder, 'tmp')), []);
    await cached('bin/thing-2', (target) => writeFile(join(target, 'file'), ''));
    assert.deepEqual(await readdir(join(folder, 'bin', 'thing-2')), ['file']);
  });

  test('the lock of a process that no longer lives is taken over', async () => {
    await mkdir(join(folder, 'tmp'), { recursive: true });
    // Above the largest process id of any Linux.
    await writeFile(join(folder, 'tmp', 'bin_thing-3.lock'), String(2 ** 22 + 1));
    const path = await cached('bin/thing-3', (target) => writeFile(join(target, 'file'), ''));
    assert.deepEqual(await readdir(path), ['file']);
  });
});
