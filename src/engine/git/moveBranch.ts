import { randomBytes } from 'node:crypto';
import { copyFile, lstat, mkdir, readFile, realpath, rm, stat, utimes, writeFile, chmod } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { AppError, toError } from '../../base/errors.ts';
import {
  changesBetween,
  indexEntries,
  isSameFile,
  mergeFiles,
  setEntries,
  treeEntries,
  workFolder,
  type FileChange,
  type StoredFile,
} from './entries.ts';
import { contentHash, type FileWrite, isCode, lockIndex, type MoveJournal, rollBack, rollForward, writeJournal } from './moveJournal.ts';
import type { WritingGit } from './writingGit.ts';

/** The steps of a move, in order; a test ends the process at each. */
export type MoveStep = 'prepared' | 'journal' | 'locked' | 'moved' | 'finished';

/** Where the checked-out branch goes. */
export interface BranchMove {
  /** full name of the checked-out branch */
  readonly ref: string;
  /** full commit ids */
  readonly from: string;
  readonly to: string;
  /** for the reflog */
  readonly reflog: string;
  /** `leave`: the files on disk hold the change already; `write`: they get it, merged with what was edited in them */
  readonly workingTree: 'leave' | 'write';
  readonly onStep?: (step: MoveStep) => void;
}

/**
 * Moves the checked-out branch to a commit, and with it the index entries and, if asked, the files of the paths that differ. The user's
 * other staged and unstaged work stays; what is staged in a file that the commit changes stays staged on top of it. Branch, index and
 * files end all as before or all as after: the branch's move decides, and {@link recoverMoves} finishes what a killed process left.
 * @throws AppError `commit-overlaps` {files}, `git-index-locked`, `commit-moved`, `git-failed`
 */
export async function moveBranch(git: WritingGit, move: BranchMove, signal: AbortSignal): Promise<void> {
  const changes = await changesBetween(git, move.from, move.to, signal);
  const name = randomBytes(8).toString('hex');
  const newIndex = join(workFolder(git), `${name}.index`);
  await mkdir(workFolder(git), { recursive: true });
  let writes: readonly FileWrite[] = [];
  let file: string | undefined;
  try {
    const index = join(git.layout.gitDir, 'index');
    await copyIndex(index, newIndex);
    const indexBefore = await contentHash(index);
    const before = await treeEntries(
      git,
      move.from,
      changes.map(({ path }) => path),
      signal,
    );
    const entries = await newEntries(git, changes, before, newIndex, signal);
    await setEntries(
      git,
      newIndex,
      entries.map(({ path, after }) => ({ path, file: after })),
      signal,
    );
    if (move.workingTree === 'write') writes = await prepareWrites(git, changes, before, name, signal);
    move.onStep?.('prepared');
    const journal: MoveJournal = {
      version: 1,
      host: hostname(),
      pid: process.pid,
      ref: move.ref,
      from: move.from,
      to: move.to,
      newIndex,
      entries,
      writes,
    };
    signal.throwIfAborted();
    file = await writeJournal(git, name, journal);
    move.onStep?.('journal');
    await finish(git, move, file, journal, indexBefore);
  } catch (error) {
    // With a journal the move was undone or finished there.
    if (file === undefined) {
      await rm(newIndex, { force: true });
      for (const { prepared } of writes) if (prepared !== undefined) await rm(prepared, { force: true });
    }
    throw error;
  }
}

/**
 * Copies an index file with its age, rounded down: Git compares with it which files may have been edited in the instant that they were
 * staged (racy-git), and would take such an edit for unchanged if the copy were younger.
 */
async function copyIndex(from: string, to: string): Promise<void> {
  const stats = await stat(from).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
    return undefined;
  });
  if (stats === undefined) return;
  await copyFile(from, to);
  const seconds = Math.floor(stats.mtimeMs / 1000);
  await utimes(to, seconds, seconds);
}

/** From here nothing is cancelled: it lasts some milliseconds, and a half is worse than both ends. */
async function finish(
  git: WritingGit,
  move: BranchMove,
  file: string,
  journal: MoveJournal,
  indexBefore: string | undefined,
): Promise<void> {
  const uncancelled = new AbortController().signal;
  try {
    await lockIndex(git, journal.newIndex);
    move.onStep?.('locked');
    const head = await git.text(['symbolic-ref', '--quiet', 'HEAD'], { signal: uncancelled });
    if (head.trim() !== move.ref || (await contentHash(join(git.layout.gitDir, 'index'))) !== indexBefore)
      throw new AppError('commit-moved');
    for (const { path, before } of journal.writes)
      if ((await contentHash(join(git.layout.realRoot, path))) !== before) throw new AppError('commit-moved');
    const args = ['update-ref', '-m', move.reflog, move.ref, move.to, move.from];
    const { exitCode, stderr } = await git.run(args, { signal: uncancelled });
    if (exitCode !== 0)
      throw new AppError(/ is at [0-9a-f]+ but expected /.test(stderr) ? 'commit-moved' : 'git-failed', {
        command: 'update-ref',
        message: stderr.trim(),
      });
  } catch (error) {
    await rollBack(git, file, journal);
    throw error;
  }
  move.onStep?.('moved');
  try {
    await rollForward(git, file, journal, uncancelled);
  } catch (error) {
    throw new AppError('commit-unfinished', { commit: move.to, message: toError(error).message }, { cause: error });
  }
  move.onStep?.('finished');
}

/** The index's entries after the move: what is staged on top of the old commit is staged on top of the new one. */
async function newEntries(
  git: WritingGit,
  changes: readonly FileChange[],
  before: ReadonlyMap<string, StoredFile>,
  index: string,
  signal: AbortSignal,
): Promise<MoveJournal['entries']> {
  const staged = await indexEntries(
    git,
    changes.map(({ path }) => path),
    signal,
    { GIT_INDEX_FILE: index },
  );
  if (staged === undefined) throw new AppError('git-operation', { operation: 'merge' });
  const overlapping: string[] = [];
  const entries: { path: string; before: StoredFile | undefined; after: StoredFile | undefined }[] = [];
  for (const { path, file } of changes) {
    const merged = await mergeFiles(git, staged.get(path), before.get(path), file, signal);
    if (merged === undefined) overlapping.push(path);
    else entries.push({ path, before: staged.get(path), after: merged.file });
  }
  if (overlapping.length > 0) throw new AppError('commit-overlaps', { files: overlapping, where: 'staged' });
  return entries;
}

/** New contents of the files on disk, ready beside them or in Git's folder. */
async function prepareWrites(
  git: WritingGit,
  changes: readonly FileChange[],
  before: ReadonlyMap<string, StoredFile>,
  name: string,
  signal: AbortSignal,
): Promise<readonly FileWrite[]> {
  const overlapping: string[] = [];
  const writes: FileWrite[] = [];
  for (const [position, { path, file }] of changes.entries()) {
    const onDisk = await diskFile(git, path, signal);
    const merged = onDisk === 'unsupported' ? undefined : await mergeFiles(git, onDisk, before.get(path), file, signal);
    if (merged === undefined || onDisk === 'unsupported' || merged.file?.mode === '120000') {
      overlapping.push(path);
      continue;
    }
    if (isSameFile(merged.file, onDisk)) continue;
    const prepared = merged.file === undefined ? undefined : join(workFolder(git), `${name}.${String(position)}`);
    if (prepared !== undefined && merged.file !== undefined) {
      const content = await git.bytes(['cat-file', '--filters', `--path=${path}`, merged.file.id], { signal });
      await writeFile(prepared, content);
      await chmod(prepared, await modeFor(join(git.layout.realRoot, path), prepared, merged.file.mode));
    }
    writes.push({ path, prepared, before: await contentHash(join(git.layout.realRoot, path)) });
  }
  if (overlapping.length === 0) return writes;
  for (const { prepared } of writes) if (prepared !== undefined) await rm(prepared, { force: true });
  throw new AppError('commit-overlaps', { files: overlapping, where: 'working tree' });
}

/** Rights of a file that is replaced, or those that a new one got, with the executable bits as git has them. */
async function modeFor(target: string, prepared: string, gitMode: string): Promise<number> {
  const { mode } = await stat(target).catch(() => stat(prepared));
  return gitMode === '100755' ? (mode & 0o777) | 0o111 : mode & 0o666;
}

/** A file on disk as git would store it; `unsupported`: a link, a folder, or behind a link. */
async function diskFile(git: WritingGit, path: string, signal: AbortSignal): Promise<StoredFile | undefined | 'unsupported'> {
  const target = join(git.layout.realRoot, path);
  let folder = dirname(target);
  for (;;) {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined) {
      if (real !== folder || (real !== git.layout.realRoot && !real.startsWith(git.layout.realRoot + sep))) return 'unsupported';
      break;
    }
    folder = dirname(folder);
  }
  const stats = await lstat(target).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) return 'unsupported';
  const id = await git.text(['hash-object', '-w', `--path=${path}`, '--stdin'], { signal, input: await readFile(target) });
  return { mode: (stats.mode & 0o100) === 0 ? '100644' : '100755', id: id.trim() };
}
