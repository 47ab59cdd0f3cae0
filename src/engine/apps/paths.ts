import { posix } from 'node:path';

/** Joins a folder and a name of a tree; '' is the root. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The folder of a path; '' for a name at the root. */
export function parentPath(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

/**
 * A path as written, relative to a folder, as a path of the tree.
 * @returns '' for the root; undefined when it leaves the root or is absolute
 */
export function resolvePath(folder: string, written: string): string | undefined {
  if (written.startsWith('/')) return undefined;
  const path = posix.normalize(posix.join(folder === '' ? '.' : folder, written)).replace(/\/$/, '');
  if (path === '..' || path.startsWith('../')) return undefined;
  return path === '.' ? '' : path;
}

/** Whether a path is a folder or lies below it. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
