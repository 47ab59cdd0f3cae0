import type { SourceTree } from '../model/sourceTree.ts';

/** The blobs of one commit. `id` is `revision:<commit>`. */
export interface RevisionTree extends SourceTree {
  readonly commit: string;
}
