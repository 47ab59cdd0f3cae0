import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from './sampleRepo.ts';

interface Try {
  /** pages of 4 kB that were free */
  readonly free: number;
  readonly ended: string;
  readonly isBefore: boolean;
  readonly isAfter: boolean;
  readonly isSound: boolean;
  readonly lock: boolean;
}

test('a disk that gets full at any step of a commit: index, files and refs are as before, or as after', (t) => {
  const isolated = ['--map-root-user', '--mount'];
  const probe = spawnSync('unshare', [...isolated, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { encoding: 'utf8' });
  if (probe.status !== 0) {
    // Only a file system of its own can be filled, and many containers allow no mounts.
    t.skip(`a small disk cannot be mounted here: ${probe.error?.message ?? probe.stderr.trim()}`);
    return;
  }
  const child = join(import.meta.dirname, 'diskFullChild.ts');
  const ran = spawnSync('unshare', [...isolated, process.execPath, child, temporaryFolder(t)], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const tries = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Try);
  t.diagnostic(tries.map(({ free, ended }) => `${String(free)}: ${ended}`).join(', '));
  assert.deepEqual(
    tries.filter(({ ended, isBefore, isAfter, isSound, lock }) => (ended === 'made' ? !isAfter : !isBefore) || !isSound || lock),
    [],
  );
  // Full at the first step, and room enough at the last.
  assert.deepEqual(
    [tries[0]?.ended === 'made', tries.at(-1)?.ended, new Set(tries.map(({ ended }) => ended)).size > 1],
    [false, 'made', true],
  );
});
