import { type FileChange, parseRaw, setEntries, withTemporaryFile } from './entries.ts';
import type { WritingGit } from './writingGit.ts';

/** What one file of a commit changes, as text. */
export interface FilePatch {
  readonly path: string;
  readonly status: 'modified' | 'added' | 'deleted';
  /** unified diff with its headers, as `git diff` prints it; undefined for a binary file */
  readonly patch: string | undefined;
}

/**
 * The unified diffs of changes against a commit, in the order of their paths. No program that the repo names is run (no textconv, no external diff).
 * @param base full commit id
 */
export async function patchesOf(
  git: WritingGit,
  base: string,
  changes: readonly FileChange[],
  signal: AbortSignal,
): Promise<readonly FilePatch[]> {
  if (changes.length === 0) return [];
  return withTemporaryFile(git, async (index) => {
    const variables = { GIT_INDEX_FILE: index };
    await git.text(['read-tree', base], { signal, variables });
    await setEntries(git, index, changes, signal);
    const options = ['--no-renames', '--no-color', '--no-ext-diff', '--no-textconv', '--no-abbrev', '-z'];
    const prefixes = ['--src-prefix=a/', '--dst-prefix=b/', '--unified=3'];
    const args = ['diff-index', '--cached', '--patch-with-raw', ...options, ...prefixes, base];
    return parsePatches(await git.text(args, { signal, variables }));
  });
}

/** Reads `git diff-index --patch-with-raw -z`: raw records, an empty one, and the patches in the same order. */
export function parsePatches(output: string): readonly FilePatch[] {
  const end = output.indexOf('\0\0');
  if (end < 0) return [];
  const statuses = [...output.slice(0, end + 1).matchAll(/(?:^|\0):\d+ \d+ [0-9a-f]+ [0-9a-f]+ ([A-Z])/g)].map(([, status]) => status);
  const paths = parseRaw(output.slice(0, end + 1)).map(({ path }) => path);
  const texts = output.slice(end + 2).split(/^(?=diff --git )/m);
  return paths.map((path, at) => {
    const text = texts[at] ?? '';
    const status = statuses[at] === 'A' ? 'added' : statuses[at] === 'D' ? 'deleted' : 'modified';
    return { path, status, patch: /^Binary files .* differ$/m.test(text) ? undefined : text };
  });
}
