// Runs in a mount namespace of its own: commits on a disk that is full at another place each time. Prints one line of JSON per try.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../../../src/base/errors.ts';
import { makeCommit, workingTreeChanges } from '../../../src/engine/git/commitWriter.ts';
import { findLayout } from '../../../src/engine/git/layout.ts';
import { recoverMoves } from '../../../src/engine/git/moveJournal.ts';
import { WritingGit } from '../../../src/engine/git/writingGit.ts';
import { environment, stateOf } from './commitSupport.ts';
import { git } from './sampleRepo.ts';

const [disk = ''] = process.argv.slice(2);
const pageBytes = 4096;
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
const repo = join(disk, 'repo');
mkdirSync(repo);
git(repo, 'init', '-q', '-b', 'main');
const text = (value: string): string => Array.from({ length: 400 }, (_, at) => `key${String(at)}: ${value}${String(at * 7919)}\n`).join('');
for (const name of ['a', 'b', 'c']) writeFileSync(join(repo, `${name}.yaml`), text('first'));
git(repo, 'add', '-A');
git(repo, 'commit', '-q', '-m', 'first');
const layout = await findLayout(repo);
if (layout === undefined) throw new Error('no repository');
const writer = new WritingGit(layout, { isTrusted: () => true, environment });
const { signal } = new AbortController();
const filler = join(disk, 'filler');
// Its own name makes each commit another one.
let round = 0;

for (const free of [0, 1, 2, 3, 4, 5, 6, 7, 40]) {
  round += 1;
  writeFileSync(join(repo, 'a.yaml'), text(`round${String(round)}`));
  writeFileSync(join(repo, 'b.yaml'), text('staged').replace('key5:', `key5: round${String(round)}`));
  git(repo, 'add', 'b.yaml');
  const before = stateOf(repo);
  writeFileSync(filler, new Uint8Array(Math.max(statfsSync(disk).bavail - free, 0) * pageBytes));
  let ended: string;
  try {
    const base = String(before['head']);
    const changes = await workingTreeChanges(writer, base, ['a.yaml'], signal);
    await makeCommit(writer, { base, changes, message: `round ${String(round)}`, signOff: false, workingTree: 'leave' }, signal);
    ended = 'made';
  } catch (error) {
    ended = isAppError(error) ? error.code : error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  rmSync(filler);
  await recoverMoves(writer, signal);
  const after = stateOf(repo);
  const isBefore = JSON.stringify({ ...before, left: [] }) === JSON.stringify({ ...after, left: [] });
  const isAfter =
    after['head'] !== before['head'] &&
    git(repo, 'rev-parse', 'HEAD^') === before['head'] &&
    git(repo, 'status', '--porcelain') === 'M  b.yaml' &&
    JSON.stringify(after['files']) === JSON.stringify(before['files']);
  const isSound =
    execFileSync('git', ['fsck', '--strict', '--no-dangling'], { cwd: repo, stdio: ['ignore', 'pipe', 'ignore'] }).length === 0;
  console.log(JSON.stringify({ free, ended, isBefore, isAfter, isSound, lock: after['lock'] }));
  git(repo, 'commit', '-q', '--allow-empty', '-am', 'all of it');
}
