/** Where a repository's parts are on disk. Found without starting any process, so also in an untrusted workspace. */
export interface RepositoryLayout {
  /** absolute, links resolved: top folder of the working tree */
  readonly root: string;
  /** absolute: HEAD, index and the operation in progress; of a worktree its own */
  readonly gitDir: string;
  /** absolute: refs, packed-refs, config; shared by all worktrees */
  readonly commonDir: string;
  readonly objectFormat: 'sha1' | 'sha256';
}

/** The repository that a folder belongs to, or undefined. */
export declare function findLayout(folder: string): Promise<RepositoryLayout | undefined>;
