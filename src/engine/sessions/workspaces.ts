import type { BackgroundRunner } from '../../base/async.ts';
import { AppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { RepositoryArrival } from '../git/repositoryArrival.ts';
import type { ApplicationSession } from './applicationSession.ts';
import type { RepoRow } from '../model/snapshot.ts';
import type { Workspace } from './workspace.ts';

/** An application with the workspace that it belongs to. */
export interface FoundSession {
  readonly workspace: Workspace;
  readonly session: ApplicationSession;
}

/** What {@link Workspaces} are made with. */
export interface WorkspacesOptions {
  readonly background: BackgroundRunner;
  /** the workspace of a folder's repository; undefined when it belongs to none */
  readonly make: (folder: string) => Promise<Workspace | undefined>;
  /** a folder that belonged to no repository does now; or again */
  readonly onArrival: (folder: string) => void;
}

/** The open folders and the repositories that they belong to: one workspace per repository. */
export class Workspaces implements Disposable {
  readonly #options: WorkspacesOptions;
  readonly #workspaces = new Map<string, Workspace>();
  /** folders that are open, also while their repository is being looked for */
  readonly #wanted = new Set<string>();
  /** repo roots by the folder that was opened */
  readonly #folders = new Map<string, string>();
  /** what waits for a repository, by the folder that was opened: it belongs to none, or to one that is gone */
  readonly #strayFolders = new Map<string, RepositoryArrival>();
  /** texts of open editors by absolute path, also of files that belong to no repository yet */
  readonly #buffers = new Map<string, string>();

  constructor(options: WorkspacesOptions) {
    this.#options = options;
  }

  /** Opens the repository that a folder belongs to and reads it, when no other open folder has done so. */
  async open(folder: string, signal: AbortSignal): Promise<void> {
    this.#closeGone(folder);
    this.#wanted.add(folder);
    const workspace = await this.#options.make(folder);
    if (!this.#wanted.has(folder)) {
      workspace?.dispose();
      return;
    }
    if (workspace === undefined) {
      this.#awaitRepository(folder, folder);
      return;
    }
    this.#endWaiting(folder);
    const { root } = workspace.repo;
    this.#folders.set(folder, root);
    if (this.#workspaces.has(root)) {
      workspace.dispose();
      return;
    }
    this.#workspaces.set(root, workspace);
    for (const [file, text] of this.#buffers) {
      const path = workspace.pathOf(file);
      if (path !== undefined) workspace.repo.workingTree.setBuffer(path, text);
    }
    workspace.repo.onDidChange(() => {
      if (!workspace.repo.isGone) return;
      for (const [each, top] of this.#folders) if (top === root) this.#awaitRepository(each, root);
    });
    await workspace.repo.start(signal);
  }

  /** Looks again whether folders without a repository belong to one by now. */
  async openStray(signal: AbortSignal): Promise<void> {
    for (const folder of [...this.#strayFolders.keys()]) await this.open(folder, signal);
  }

  /** Forgets a folder, and its repository when no other open folder lies in it. */
  close(folder: string): void {
    this.#wanted.delete(folder);
    this.#endWaiting(folder);
    const root = this.#folders.get(folder);
    this.#folders.delete(folder);
    if (root === undefined || [...this.#folders.values()].includes(root)) return;
    this.#workspaces.get(root)?.dispose();
    this.#workspaces.delete(root);
  }

  /** Lays the text of an open editor over a file (absolute path), or takes it away. */
  setBuffer(file: string, text: string | undefined): void {
    if (text === undefined) this.#buffers.delete(file);
    else this.#buffers.set(file, text);
    this.inFile(file, (workspace, path) => {
      workspace.repo.setBuffer(path, text);
      workspace.marks.filesChanged([path]);
    });
  }

  all(): readonly Workspace[] {
    return [...this.#workspaces.values()];
  }

  sessions(): readonly ApplicationSession[] {
    return this.all().flatMap((workspace) => workspace.sessions);
  }

  /** Rows of the repositories, and of folders that belong to none. */
  repoRows(): readonly RepoRow[] {
    const stray = [...this.#strayFolders.keys()].filter((folder) => !this.#folders.has(folder));
    return [...this.all().map((workspace) => workspace.repo.row()), ...stray.map((folder) => strayRow(folder))];
  }

  find(applicationId: string): FoundSession | undefined {
    for (const workspace of this.#workspaces.values()) {
      const session = workspace.session(applicationId);
      if (session !== undefined) return { workspace, session };
    }
    return undefined;
  }

  /** @throws AppError `unknown-application` */
  known(applicationId: string): FoundSession {
    const found = this.find(applicationId);
    if (found === undefined) throw new AppError('unknown-application', { application: applicationId });
    return found;
  }

  /** Calls `use` with the workspace that a file (absolute) lies in and its path there; undefined when it lies in none. */
  inFile<T>(file: string, use: (workspace: Workspace, path: string) => T): T | undefined {
    for (const workspace of this.#workspaces.values()) {
      const path = workspace.pathOf(file);
      if (path !== undefined) return use(workspace, path);
    }
    return undefined;
  }

  dispose(): void {
    for (const folder of [...this.#strayFolders.keys()]) this.#endWaiting(folder);
    for (const workspace of this.#workspaces.values()) workspace.dispose();
    this.#workspaces.clear();
  }

  /** @param top where the repository may come to be */
  #awaitRepository(folder: string, top: string): void {
    if (this.#strayFolders.has(folder)) return;
    const arrival = new RepositoryArrival(top, this.#options.background, () => {
      this.#options.onArrival(folder);
    });
    this.#strayFolders.set(folder, arrival);
    arrival.start();
  }

  #endWaiting(folder: string): void {
    this.#strayFolders.get(folder)?.dispose();
    this.#strayFolders.delete(folder);
  }

  /** Forgets a folder's repository that was taken away. */
  #closeGone(folder: string): void {
    const root = this.#folders.get(folder) ?? '';
    const workspace = this.#workspaces.get(root);
    if (workspace?.repo.isGone !== true) return;
    workspace.dispose();
    this.#workspaces.delete(root);
    this.#folders.delete(folder);
  }
}

function strayRow(folder: string): RepoRow {
  return { root: folder, hasConfig: false, problems: [{ code: 'git-not-a-repository', details: { folder } }] };
}
