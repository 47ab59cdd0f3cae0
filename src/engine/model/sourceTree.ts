/** What stands at a path of a tree, links followed. `unreachable`: a link that leads nowhere, in a circle or out of the tree. */
export type EntryKind = 'file' | 'directory' | 'submodule' | 'unreachable';

/** One name in a folder of a {@link SourceTree}. */
export interface TreeEntry {
  readonly name: string;
  /** of what a link leads to, when it is one */
  readonly kind: EntryKind;
  readonly isLink: boolean;
}

/**
 * The files of one side: a commit's blobs, or the working tree with the unsaved buffers over it. Paths are relative to
 * the repo root with `/`, without a leading or trailing one; the empty string is the root; `.`, `..` and empty segments are resolved
 * textually first, and what then leaves the root is as if it were not there. Links are followed inside the root only.
 */
export interface SourceTree {
  /** stable name for logs and keys of memory caches: `revision:<full commit id>` or `working tree` */
  readonly id: string;
  /**
   * Bytes of a file, or undefined when there is no such file (also: a folder, an unreachable link).
   * @throws AppError `file-too-large`, `git-object-missing` (partial clone), `file-unreadable`
   */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names in a folder, sorted by code unit, or undefined when there is no such folder. `.git` is never listed. */
  list(folder: string): Promise<readonly TreeEntry[] | undefined>;
  /** What stands at a path, or undefined. */
  kindOf(path: string): Promise<EntryKind | undefined>;
  /** Git's blob id of exactly what {@link read} gives (equal bytes have equal ids on every tree of a repo), or undefined. */
  hashOf(path: string): Promise<string | undefined>;
}
