/**
 * Resolves `.`, `..` and empty segments of a path in a tree, textually.
 * @returns the path with `/` and without a leading or trailing one, '' for the root; undefined when it leaves the root or cannot name a file
 */
export function normalizeTreePath(path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

/** Whether a normalized path is, or lies in, Git's own folder (of the repo or of a nested one), whatever its case. */
export function isGitInternal(path: string): boolean {
  return path.split('/').some((segment) => segment.toLowerCase() === '.git');
}

/** The folder of a normalized path; '' for a name at the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Joins a folder and a name within a tree. */
export function joinTreePath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
