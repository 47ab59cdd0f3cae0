import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WritingGit } from './writingGit.ts';

/** A file as trees and the index store it. */
export interface StoredFile {
  /** octal: `100644`, `100755`, `120000` */
  readonly mode: string;
  /** blob id */
  readonly id: string;
}

/** One path that a commit sets, or removes. */
export interface FileChange {
  /** relative to the root with `/` */
  readonly path: string;
  /** undefined: the file is removed */
  readonly file: StoredFile | undefined;
}

/** Folder for files that live as long as one commit is made, in Git's own folder. */
export function workFolder(git: WritingGit): string {
  return join(git.layout.gitDir, 'plumbline');
}

/** Calls `use` with a name for a file that is removed afterwards. */
export async function withTemporaryFile<T>(git: WritingGit, use: (file: string) => Promise<T>): Promise<T> {
  const file = join(workFolder(git), `temporary-${randomBytes(6).toString('hex')}`);
  await mkdir(workFolder(git), { recursive: true });
  try {
    return await use(file);
  } finally {
    await rm(file, { force: true });
    await rm(`${file}.lock`, { force: true });
  }
}

/** The files of a commit at these paths. */
export async function treeEntries(
  git: WritingGit,
  commit: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, StoredFile>> {
  if (paths.length === 0) return new Map();
  const output = await git.text(['ls-tree', '-z', '-r', '--full-tree', commit, '--', ...paths], { signal });
  return parse(output, /^(\d+) \w+ ([0-9a-f]+)$/);
}

/**
 * The index's files at these paths.
 * @returns undefined for a path with unmerged entries
 */
export async function indexEntries(
  git: WritingGit,
  paths: readonly string[],
  signal: AbortSignal,
  variables: Readonly<Record<string, string>> = {},
): Promise<Map<string, StoredFile> | undefined> {
  if (paths.length === 0) return new Map();
  const output = await git.text(['ls-files', '-z', '--stage', '--', ...paths], { signal, variables });
  return /(^|\0)\d+ [0-9a-f]+ [123]\t/.test(output) ? undefined : parse(output, /^(\d+) ([0-9a-f]+) 0$/);
}

function parse(output: string, pattern: RegExp): Map<string, StoredFile> {
  const entries = new Map<string, StoredFile>();
  for (const record of output.split('\0')) {
    const tab = record.indexOf('\t');
    const match = pattern.exec(record.slice(0, Math.max(tab, 0)));
    if (match !== null) entries.set(record.slice(tab + 1), { mode: match[1] ?? '', id: match[2] ?? '' });
  }
  return entries;
}

/** Sets entries of an index file (git-update-index(1), `--index-info`). @param index absolute; undefined: the repository's own */
export async function setEntries(git: WritingGit, index: string, changes: readonly FileChange[], signal: AbortSignal): Promise<void> {
  const zero = '0'.repeat(git.layout.objectFormat === 'sha1' ? 40 : 64);
  const input = changes
    .map(({ path, file }) => (file === undefined ? `0 ${zero}\t${path}\0` : `${file.mode} ${file.id}\t${path}\0`))
    .join('');
  await git.text(['update-index', '-z', '--index-info'], { signal, input, variables: { GIT_INDEX_FILE: index } });
}

/** Files whose entries differ between two trees or commits. */
export async function changesBetween(git: WritingGit, from: string, to: string, signal: AbortSignal): Promise<readonly FileChange[]> {
  return parseRaw(await git.text(['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from, to], { signal }));
}

/** Reads `--raw -z` records: `:<mode> <mode> <id> <id> <status>\0<path>\0` (git-diff(1), "Raw output format"). */
export function parseRaw(output: string): readonly FileChange[] {
  const fields = output.split('\0');
  const changes: FileChange[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , id = '', status = ''] = (fields[at] ?? '').split(' ');
    changes.push({ path: fields[at + 1] ?? '', file: status.startsWith('D') ? undefined : { mode, id } });
  }
  return changes;
}

/** Whether two entries are the same file. */
export function isSameFile(left: StoredFile | undefined, right: StoredFile | undefined): boolean {
  return left?.id === right?.id && left?.mode === right?.mode;
}

/** Writes a blob as it is, without filters. @returns its id */
export async function storeBlob(git: WritingGit, content: Uint8Array, signal: AbortSignal): Promise<string> {
  return (await git.text(['hash-object', '-w', '--no-filters', '--stdin'], { signal, input: content })).trim();
}

/**
 * The change from `base` to `theirs` brought into `ours`, as `git merge-file` merges.
 * @returns undefined when both changed the same lines, or one of them is not there or no plain file
 */
export async function mergeFiles(
  git: WritingGit,
  ours: StoredFile | undefined,
  base: StoredFile | undefined,
  theirs: StoredFile | undefined,
  signal: AbortSignal,
): Promise<{ readonly file: StoredFile | undefined } | undefined> {
  if (isSameFile(ours, base) || isSameFile(ours, theirs)) return { file: theirs };
  if (isSameFile(base, theirs)) return { file: ours };
  if (ours === undefined || base === undefined || theirs === undefined) return undefined;
  if ([ours, base, theirs].some(({ mode }) => !mode.startsWith('100'))) return undefined;
  const mode = ours.mode === base.mode ? theirs.mode : ours.mode;
  const contents = await Promise.all([ours, base, theirs].map(({ id }) => git.bytes(['cat-file', 'blob', id], { signal })));
  return withTemporaryFile(git, (a) =>
    withTemporaryFile(git, (b) =>
      withTemporaryFile(git, async (c) => {
        const files = [a, b, c];
        await Promise.all(files.map((file, index) => writeFile(file, contents[index] ?? '')));
        const { exitCode, stdout } = await git.run(['merge-file', '-p', ...files], { signal });
        return exitCode === 0 ? { file: { mode, id: await storeBlob(git, stdout, signal) } } : undefined;
      }),
    ),
  );
}
