/**
 * Resolves `.`, `..` and empty segments of a path in a tree, textually.
 * @returns the path with `/` and without a leading or trailing one, '' for the root; undefined when it leaves the root or cannot name a file
 */
export function normalPath(path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

/** The folder of a normal path; '' for a name at the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Joins a folder and a name of a tree; '' is the root. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/**
 * A path as written, relative to a folder, as a path of the tree.
 * @returns '' for the root; undefined when it leaves the root or is absolute
 */
export function resolvePath(folder: string, written: string): string | undefined {
  return written.startsWith('/') ? undefined : normalPath(joinPath(folder, written));
}

/** Whether a path is a folder or lies below it. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
