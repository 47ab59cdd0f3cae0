import { AppError } from '../../base/errors.ts';
import type { EntryKind, SourceTree, TreeEntry } from '../model/sourceTree.ts';
import { joinPath, normalPath, parentPath } from '../model/treePath.ts';
import type { ObjectStore, StoredEntry } from './objectStore.ts';

const MAX_LINKS = 40;

/** What a path of a commit leads to. */
type Resolved = StoredEntry | 'unreachable' | undefined;

/** The blobs of one commit, as they are stored: no filters, no line-end conversion. Never changes. */
export class RevisionTree implements SourceTree {
  readonly commit: string;
  readonly id: string;
  readonly #store: ObjectStore;
  readonly #root: StoredEntry;

  /**
   * @param commit full commit id
   * @param rootTree id of the commit's tree
   */
  constructor(store: ObjectStore, commit: string, rootTree: string) {
    this.commit = commit;
    this.id = `revision:${commit}`;
    this.#store = store;
    this.#root = { kind: 'directory', id: rootTree };
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const entry = await this.#resolve(path);
    if (typeof entry !== 'object' || entry.kind !== 'file') return undefined;
    return this.#store.blob(entry.id, path);
  }

  async hashOf(path: string): Promise<string | undefined> {
    const entry = await this.#resolve(path);
    return typeof entry === 'object' && entry.kind === 'file' ? entry.id : undefined;
  }

  async kindOf(path: string): Promise<EntryKind | undefined> {
    const entry = await this.#resolve(path);
    if (typeof entry !== 'object') return entry;
    return entry.kind === 'link' ? 'unreachable' : entry.kind;
  }

  async list(folder: string): Promise<readonly TreeEntry[] | undefined> {
    const normalized = normalPath(folder);
    const entry = await this.#resolve(folder);
    if (normalized === undefined || typeof entry !== 'object' || entry.kind !== 'directory') return undefined;
    const entries: TreeEntry[] = [];
    for (const [name, child] of await this.#store.tree(entry.id)) {
      if (child.kind === 'link') {
        entries.push({ name, kind: (await this.kindOf(joinPath(normalized, name))) ?? 'unreachable', isLink: true });
      } else entries.push({ name, kind: child.kind, isLink: false });
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Follows a path from the root; links are followed as long as they stay inside. */
  async #resolve(path: string): Promise<Resolved> {
    let open = normalPath(path);
    if (open === undefined) return undefined;
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const step: Resolved | { rest: string | undefined } = await this.#walk(open);
      if (typeof step !== 'object' || !('rest' in step)) return step;
      if (step.rest === undefined) return 'unreachable';
      open = step.rest;
    }
    return 'unreachable';
  }

  /** Walks down to the end of a path, or to its first link: then `rest` is the path with that link replaced by its target. */
  async #walk(path: string): Promise<Resolved | { rest: string | undefined }> {
    if (path === '') return this.#root;
    const segments = path.split('/');
    let current: StoredEntry = this.#root;
    for (const [index, segment] of segments.entries()) {
      if (current.kind !== 'directory') return undefined;
      const next: StoredEntry | undefined = (await this.#store.tree(current.id)).get(segment);
      if (next === undefined) return undefined;
      if (next.kind === 'link') {
        const target = new TextDecoder().decode(await this.#store.blob(next.id, path));
        if (target.startsWith('/') || target.includes('\\')) return { rest: undefined };
        const folder = parentPath(segments.slice(0, index + 1).join('/'));
        return { rest: normalPath([folder, target, ...segments.slice(index + 1)].join('/')) };
      }
      current = next;
    }
    return current;
  }
}

/**
 * Paths of files whose blobs differ between two trees of objects, sorted. Costs what differs: equal subtrees are not read.
 * @param left id of a tree, or undefined for nothing
 */
export async function changedFiles(store: ObjectStore, left: string | undefined, right: string | undefined): Promise<string[]> {
  const changed: string[] = [];
  const compare = async (leftTree: string | undefined, rightTree: string | undefined, folder: string): Promise<void> => {
    if (leftTree === rightTree) return;
    const before = leftTree === undefined ? new Map<string, StoredEntry>() : await store.tree(leftTree);
    const after = rightTree === undefined ? new Map<string, StoredEntry>() : await store.tree(rightTree);
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [old, now] = [before.get(name), after.get(name)];
      if (old?.id === now?.id && old?.kind === now?.kind) continue;
      const path = joinPath(folder, name);
      const folderOf = (entry: StoredEntry | undefined): string | undefined => (entry?.kind === 'directory' ? entry.id : undefined);
      await compare(folderOf(old), folderOf(now), path);
      const isFile = (entry: StoredEntry | undefined): boolean => entry !== undefined && entry.kind !== 'directory';
      if (isFile(old) || isFile(now)) changed.push(path);
    }
  };
  await compare(left, right, '');
  return changed.sort();
}

/** The id of a commit's tree. @throws AppError `git-revision-unknown` when there is no such commit */
export async function rootTreeOf(store: ObjectStore, commit: string, signal: AbortSignal): Promise<string> {
  const id = await store.idOf(`${commit}^{tree}`, signal);
  if (id === undefined) throw new AppError('git-revision-unknown', { revision: commit });
  return id;
}
