import type { EntryKind, SourceTree, TreeEntry } from '../model/sourceTree.ts';
import type { RepositoryLayout } from './layout.ts';

/** The files on disk with unsaved buffers over them. Starts no process. */
export declare class WorkingTree implements SourceTree {
  constructor(layout: RepositoryLayout);
  readonly id: 'working tree';
  /** Text of an open editor, or undefined when it is closed. Counts only while it differs from the decoded bytes on disk. */
  setBuffer(path: string, text: string | undefined): void;
  /** Open buffers whose text differs from the disk. */
  unsavedPaths(): Promise<readonly string[]>;
  /** Forgets what is cached about paths (the watcher's paths); cheap. */
  invalidate(paths: readonly string[]): void;
  /** Decoded text of a file as the editor has it (no BOM), or undefined. */
  readText(path: string): Promise<string | undefined>;
  read(path: string): Promise<Uint8Array | undefined>;
  list(folder: string): Promise<readonly TreeEntry[] | undefined>;
  kindOf(path: string): Promise<EntryKind | undefined>;
  hashOf(path: string): Promise<string | undefined>;
}
