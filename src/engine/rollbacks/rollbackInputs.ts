import type { FileChange, StoredFile } from '../git/entries.ts';
import { isSameFile } from '../git/entries.ts';
import type { WritingGit } from '../git/writingGit.ts';
import type { ReadPaths } from '../git/history.ts';
import type { RenderResult } from '../model/render.ts';
import { normalPath, parentPath } from '../model/treePath.ts';

const MAX_LINKS = 40;
const LINK = '120000';
const SUBMODULE = '160000';

/** Everything that a commit holds: files, links and submodules by path. */
export type CommitEntries = ReadonlyMap<string, StoredFile>;

/** Reads all entries of a commit or tree. */
export async function commitEntries(git: WritingGit, commit: string, signal: AbortSignal): Promise<CommitEntries> {
  const output = await git.text(['ls-tree', '-r', '-z', '--full-tree', commit], { signal });
  const entries = new Map<string, StoredFile>();
  for (const record of output.split('\0')) {
    const tab = record.indexOf('\t');
    const [mode = '', , id = ''] = record.slice(0, Math.max(tab, 0)).split(' ');
    if (id !== '') entries.set(record.slice(tab + 1), { mode, id });
  }
  return entries;
}

/** What a render looked at, as paths of files (read, or looked for in vain) and of listed folders. */
export function readPathsOf(render: Pick<RenderResult, 'reads'>): ReadPaths {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { path, kind } of render.reads) {
    if (kind === 'dir') folders.add(path);
    else if (kind !== 'remote') files.add(path);
  }
  return { files: [...files], folders: [...folders] };
}

/** The same looks with links followed: the links themselves count as files, and what they lead to stands where they led. */
export async function resolvedReads(git: WritingGit, entries: CommitEntries, reads: ReadPaths, signal: AbortSignal): Promise<ReadPaths> {
  const files = new Set<string>();
  const folders = new Set<string>();
  const targets = new Map<string, string>();
  const targetOf = async (id: string): Promise<string> => {
    const known = targets.get(id) ?? (await git.text(['cat-file', 'blob', id], { signal }));
    targets.set(id, known);
    return known;
  };
  const follow = async (path: string, found: Set<string>): Promise<void> => {
    let open: string | undefined = path;
    for (let links = 0; open !== undefined && links <= MAX_LINKS; links += 1) {
      const link = firstLink(entries, open);
      if (link === undefined) {
        found.add(open);
        return;
      }
      files.add(link.path);
      open = normalPath(`${parentPath(link.path)}/${await targetOf(link.id)}/${open.slice(link.path.length + 1)}`);
    }
  };
  for (const path of reads.files) await follow(path, files);
  for (const path of reads.folders) await follow(path, folders);
  return { files: [...files], folders: [...folders] };
}

/** The first link on the way to a path. */
function firstLink(entries: CommitEntries, path: string): { readonly path: string; readonly id: string } | undefined {
  const segments = path.split('/');
  for (let count = 1; count <= segments.length; count += 1) {
    const prefix = segments.slice(0, count).join('/');
    const entry = entries.get(prefix);
    if (entry?.mode === LINK) return { path: prefix, id: entry.id };
  }
  return undefined;
}

/** What makes these paths of one commit as another has them. Submodules stay as they are. */
export function restoringChanges(now: CommitEntries, then: CommitEntries, paths: Iterable<string>): readonly FileChange[] {
  const changes: FileChange[] = [];
  for (const path of [...new Set(paths)].sort()) {
    const [before, after] = [now.get(path), then.get(path)];
    if (isSameFile(before, after) || [before, after].some((entry) => entry?.mode === SUBMODULE)) continue;
    changes.push({ path, file: after });
  }
  return changes;
}

/** Whether two commits have these paths alike. */
export function haveSame(left: CommitEntries, right: CommitEntries, paths: Iterable<string>): boolean {
  for (const path of paths) if (!isSameFile(left.get(path), right.get(path))) return false;
  return true;
}
