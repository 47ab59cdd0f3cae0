import { relative, resolve, sep } from 'node:path';
import { type BackgroundRunner } from '../../base/async.ts';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import type { ApplicationListener, ApplicationServices } from './applicationServices.ts';
import { ApplicationSession } from './applicationSession.ts';
import { EditDryRuns } from '../editor/editDryRuns.ts';
import { MarkIndex } from '../editor/markIndex.ts';
import type { EngineOverrides } from '../engineServices.ts';
import type { Application } from '../model/application.ts';
import type { RepoChange, RepoSession } from './repoSession.ts';
import { WorkingEdits } from '../editor/workingEdits.ts';

/** Who is told of a workspace's changes. */
export interface WorkspaceListener {
  onRow(applicationId: string): void;
  onDocuments(applicationId: string, keys: readonly string[]): void;
  /** these applications came, went or are declared otherwise; the repo's own row may be another */
  onApplications(applicationIds: readonly string[]): void;
  /** marks or problems of these files (absolute) changed */
  onFiles(files: readonly string[]): void;
}

/** Keeps one repo's applications in step with what is found in it, and places their marks. */
export class Workspace implements Disposable {
  readonly repo: RepoSession;
  readonly marks: MarkIndex;
  readonly edits: WorkingEdits;
  readonly #services: ApplicationServices;
  readonly #listener: WorkspaceListener;
  readonly #sessions = new Map<string, ApplicationSession>();
  readonly #sessionListener = this.#listening();
  readonly #overrides: EngineOverrides;
  readonly #store = new DisposableStore();
  /** files with problems by application; '' is the config file's own */
  readonly #problemFiles = new Map<string, readonly string[]>();

  constructor(
    repo: RepoSession,
    services: Omit<ApplicationServices, 'repo'>,
    listener: WorkspaceListener,
    background: BackgroundRunner,
    overrides: EngineOverrides = {},
  ) {
    this.#overrides = overrides;
    this.repo = this.#store.add(repo);
    this.marks = this.#store.add(new MarkIndex(repo.root, repo.workingTree, background));
    this.#store.add(
      this.marks.onDidChange((files) => {
        listener.onFiles(files);
      }),
    );
    this.#services = { ...services, repo };
    this.edits = this.#store.add(
      new WorkingEdits(
        { repo, renderer: services.renderer, dryRuns: new EditDryRuns(), background, sessions: () => this.sessions },
        {
          onEdits: (id, edits) => {
            this.marks.setEdits(id, edits);
            listener.onRow(id);
          },
          onProblems: (files) => {
            listener.onFiles(files.map((file) => resolve(this.repo.root, file)));
          },
        },
      ),
    );
    this.#listener = listener;
    this.#store.add(
      repo.onDidChange((change) => {
        this.#repoChanged(change);
      }),
    );
  }

  get sessions(): readonly ApplicationSession[] {
    return [...this.#sessions.values()];
  }

  session(applicationId: string): ApplicationSession | undefined {
    return this.#sessions.get(applicationId);
  }

  /** The path of a file relative to the repo's root, or undefined when it lies elsewhere. */
  pathOf(file: string): string | undefined {
    const path = relative(this.repo.root, resolve(file));
    return path.startsWith('..') || path === '' || resolve(path) === path ? undefined : path.split(sep).join('/');
  }

  dispose(): void {
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
    this.#store.dispose();
  }

  #repoChanged(change: RepoChange): void {
    const found = new Map(this.#applications().map((application) => [application.id, application]));
    const gone = [...this.#sessions.keys()].filter((id) => !found.has(id));
    for (const id of gone) {
      this.#sessions.get(id)?.dispose();
      this.edits.drop(id);
      this.#sessions.delete(id);
    }
    const changed = [...gone];
    for (const [id, application] of found) {
      const session = this.#sessions.get(id);
      if (session === undefined) this.#sessions.set(id, new ApplicationSession(application, this.#services, this.#sessionListener));
      else if (!session.update(application)) continue;
      changed.push(id);
    }
    for (const session of this.#sessions.values()) {
      if (change.revisions) session.refresh();
      session.editsChanged();
    }
    this.marks.filesChanged(change.paths);
    this.edits.filesChanged(change.paths);
    this.#tellProblems('', change.applications ? this.repo.found.problems.map((problem) => problem.range.file) : undefined);
    this.#listener.onApplications(changed);
  }

  /** What the repo declares, in the context that the caller wants; a folder named by the caller stands for all of it. */
  #applications(): readonly Application[] {
    const { adHoc, context } = this.#overrides;
    if (adHoc !== undefined) return [adHoc];
    const { applications } = this.repo.found;
    if (context === undefined) return applications;
    return applications.map((application) =>
      application.destination === undefined ? application : { ...application, destination: { ...application.destination, context } },
    );
  }

  #listening(): ApplicationListener {
    return {
      onRow: (id) => {
        this.#listener.onRow(id);
      },
      onDocuments: (id, keys) => {
        this.#listener.onDocuments(id, keys);
        const session = this.#sessions.get(id);
        if (session !== undefined) this.edits.liveChanged(session, keys);
      },
      onProblems: (id, files) => {
        this.#tellProblems(id, files);
      },
      onMarks: (id, tree, marks, files) => {
        this.marks.set(id, tree === undefined ? undefined : { tree, marks }, files);
        const session = this.#sessions.get(id);
        if (session !== undefined && marks.length > 0) this.#services.checker.lines.follow(session, this.repo.workingTree);
        if (session !== undefined && files === undefined) this.edits.look(session);
      },
    };
  }

  /** Tells of the files in which a source had problems before or has them now. */
  #tellProblems(source: string, files: readonly string[] | undefined): void {
    if (files === undefined) return;
    const touched = [...new Set([...(this.#problemFiles.get(source) ?? []), ...files])];
    this.#problemFiles.set(source, files);
    if (touched.length > 0) this.#listener.onFiles(touched.map((file) => resolve(this.repo.root, file)));
  }
}
