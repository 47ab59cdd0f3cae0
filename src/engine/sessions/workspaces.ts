import { AppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ApplicationSession } from './applicationSession.ts';
import type { RepoRow } from '../model/snapshot.ts';
import type { Workspace } from './workspace.ts';

/** An application with the workspace that it belongs to. */
export interface FoundSession {
  readonly workspace: Workspace;
  readonly session: ApplicationSession;
}

/** The open folders and the repositories that they belong to: one workspace per repository. */
export class Workspaces implements Disposable {
  readonly #make: (folder: string) => Promise<Workspace | undefined>;
  readonly #workspaces = new Map<string, Workspace>();
  /** repo roots by the folder that was opened */
  readonly #folders = new Map<string, string>();
  readonly #strayFolders = new Map<string, RepoRow>();

  /** @param make the workspace of a folder's repository; undefined when it belongs to none */
  constructor(make: (folder: string) => Promise<Workspace | undefined>) {
    this.#make = make;
  }

  /** Opens the repository that a folder belongs to and reads it, when no other open folder has done so. */
  async open(folder: string, signal: AbortSignal): Promise<void> {
    const workspace = await this.#make(folder);
    if (workspace === undefined) {
      this.#strayFolders.set(folder, { root: folder, hasConfig: false, problems: [{ code: 'git-not-a-repository', details: { folder } }] });
      return;
    }
    const { root } = workspace.repo;
    this.#folders.set(folder, root);
    if (this.#workspaces.has(root)) {
      workspace.dispose();
      return;
    }
    this.#workspaces.set(root, workspace);
    await workspace.repo.start(signal);
  }

  /** Forgets a folder, and its repository when no other open folder lies in it. */
  close(folder: string): void {
    this.#strayFolders.delete(folder);
    const root = this.#folders.get(folder);
    this.#folders.delete(folder);
    if (root === undefined || [...this.#folders.values()].includes(root)) return;
    this.#workspaces.get(root)?.dispose();
    this.#workspaces.delete(root);
  }

  all(): readonly Workspace[] {
    return [...this.#workspaces.values()];
  }

  sessions(): readonly ApplicationSession[] {
    return this.all().flatMap((workspace) => workspace.sessions);
  }

  /** Rows of the repositories, and of folders that belong to none. */
  repoRows(): readonly RepoRow[] {
    return [...this.all().map((workspace) => workspace.repo.row()), ...this.#strayFolders.values()];
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
    for (const workspace of this.#workspaces.values()) workspace.dispose();
    this.#workspaces.clear();
  }
}
