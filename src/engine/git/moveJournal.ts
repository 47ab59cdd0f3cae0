import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { type FileChange, indexEntries, isSameFile, setEntries, type StoredFile, workFolder } from './entries.ts';
import type { WritingGit } from './writingGit.ts';

/** A file of the working tree that a move replaces. */
export interface FileWrite {
  readonly path: string;
  /** absolute: the new content, ready to be renamed; undefined: the file is removed */
  readonly prepared: string | undefined;
  /** SHA-256 of what stood there when the move was prepared; undefined: nothing */
  readonly before: string | undefined;
}

/** All that finishing or undoing the move of a branch needs, written before anything changes. */
export interface MoveJournal {
  readonly version: 1;
  readonly host: string;
  readonly pid: number;
  /** full name of the branch */
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  /** absolute: the complete new index, which becomes `index.lock` */
  readonly newIndex: string;
  readonly entries: readonly { readonly path: string; readonly before: StoredFile | undefined; readonly after: StoredFile | undefined }[];
  readonly writes: readonly FileWrite[];
}

const SUFFIX = '.move.json';
const ABANDONED_MS = 24 * 3_600_000;

/** SHA-256 of a file's content, undefined when there is no file. */
export async function contentHash(file: string): Promise<string | undefined> {
  const content = await readFile(file).catch(() => undefined);
  return content === undefined ? undefined : createHash('sha256').update(content).digest('hex');
}

/** Writes a journal so that it is whole on disk, or not there. @returns its absolute path */
export async function writeJournal(git: WritingGit, name: string, journal: MoveJournal): Promise<string> {
  const file = join(workFolder(git), `${name}${SUFFIX}`);
  await mkdir(workFolder(git), { recursive: true });
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(journal));
    await handle.sync();
  } catch (error) {
    await rm(`${file}.new`, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  return file;
}

/**
 * Takes the index's lock with the new index as its content: the lock is there whole or not at all.
 * @throws AppError `git-index-locked`
 */
export async function lockIndex(git: WritingGit, newIndex: string): Promise<void> {
  const lock = indexLock(git);
  try {
    await link(newIndex, lock).catch(async (error: unknown) => {
      // A file system without hard links.
      if (isCode(error, 'EEXIST')) throw error;
      await copyFile(newIndex, lock, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if (isCode(error, 'EEXIST')) throw new AppError('git-index-locked', {}, { cause: error });
    throw error;
  }
}

/** After the branch moved: the working tree and the index follow. Safe to run again after it was interrupted anywhere. */
export async function rollForward(git: WritingGit, file: string, journal: MoveJournal, signal: AbortSignal): Promise<void> {
  for (const write of journal.writes) await putFile(git, write);
  if (await isOurLock(git, journal)) {
    await rename(indexLock(git), join(git.layout.gitDir, 'index'));
  } else {
    // Somebody removed the lock by hand and worked on: only entries that are still as before follow.
    const entries = await indexEntries(git, pathsOf(journal), signal);
    const stale = journal.entries.filter(
      ({ path, before, after }) => entries !== undefined && isSameFile(entries.get(path), before) && !isSameFile(before, after),
    );
    const changes: readonly FileChange[] = stale.map(({ path, after }) => ({ path, file: after }));
    if (changes.length > 0) await setEntries(git, join(git.layout.gitDir, 'index'), changes, signal);
  }
  await discard(file, journal);
}

/** Before the branch moved: what was prepared goes away. */
export async function rollBack(git: WritingGit, file: string, journal: MoveJournal): Promise<void> {
  if (await isOurLock(git, journal)) await rm(indexLock(git), { force: true });
  await discard(file, journal);
}

/**
 * Finishes or undoes what a killed process left half done. Call before anything is committed, and when a repository is opened.
 * @returns how many moves were finished or undone
 */
export async function recoverMoves(git: WritingGit, signal: AbortSignal): Promise<number> {
  const names = await readdir(workFolder(git)).catch(() => []);
  let count = 0;
  for (const name of names) {
    const file = join(workFolder(git), name);
    if (!name.endsWith(SUFFIX)) {
      // A process that was killed before its journal left it; one that works now is younger.
      const age = Date.now() - (await stat(file).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (age > ABANDONED_MS) await rm(file, { force: true });
      continue;
    }
    const journal = JSON.parse(await readFile(file, 'utf8')) as MoveJournal;
    if (isRunning(journal)) continue;
    const { exitCode } = await git.run(['merge-base', '--is-ancestor', journal.to, journal.ref], { signal });
    if (exitCode === 0) await rollForward(git, file, journal, signal);
    else await rollBack(git, file, journal);
    count += 1;
  }
  return count;
}

async function putFile(git: WritingGit, { path, prepared, before }: FileWrite): Promise<void> {
  const target = join(git.layout.realRoot, path);
  // Edited since, or put there already: what stands there stays.
  if ((await contentHash(target)) !== before) return;
  if (prepared !== undefined) {
    await mkdir(dirname(target), { recursive: true });
    await rename(prepared, target).catch(async (error: unknown) => {
      if (!isCode(error, 'EXDEV')) throw error;
      await copyFile(prepared, target);
    });
    return;
  }
  await rm(target, { force: true });
  // As git does: a folder that became empty goes too.
  for (let folder = dirname(target); folder.length > git.layout.realRoot.length; folder = dirname(folder)) {
    const isGone = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!isGone) break;
  }
}

async function discard(file: string, journal: MoveJournal): Promise<void> {
  for (const { prepared } of journal.writes) if (prepared !== undefined) await rm(prepared, { force: true });
  await rm(journal.newIndex, { force: true });
  await rm(file, { force: true });
}

/** A lock whose content is (a part of) the index that the journal names is ours. */
async function isOurLock(git: WritingGit, journal: MoveJournal): Promise<boolean> {
  const [lock, ours] = await Promise.all([indexLock(git), journal.newIndex].map((file) => readFile(file).catch(() => undefined)));
  return lock !== undefined && ours?.subarray(0, lock.length).equals(lock) === true && lock.length === ours.length
    ? (await stat(indexLock(git))).isFile()
    : false;
}

function isRunning({ host, pid }: MoveJournal): boolean {
  if (pid === process.pid) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function pathsOf(journal: MoveJournal): readonly string[] {
  return journal.entries.map(({ path }) => path);
}

function indexLock(git: WritingGit): string {
  return join(git.layout.gitDir, 'index.lock');
}

/** Whether a system call failed so. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
