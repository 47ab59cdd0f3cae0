import { relative, resolve, sep } from 'node:path';
import { type BackgroundRunner } from '../base/async.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { ApplicationSession, type ApplicationListener, type ApplicationServices } from './applicationSession.ts';
import { MarkIndex } from './markIndex.ts';
import type { EngineOverrides } from './engineServices.ts';
import type { Application } from './model/application.ts';
import type { RepoChange, RepoSession } from './repoSession.ts';

/** Keeps one repo's applications in step with what is found in it, and places their marks. */
export class Workspace implements Disposable {
  readonly repo: RepoSession;
  readonly marks: MarkIndex;
  readonly #services: ApplicationServices;
  readonly #listener: Omit<ApplicationListener, 'onMarks'> & { onProblems(files: readonly string[]): void };
  readonly #sessions = new Map<string, ApplicationSession>();
  readonly #overrides: EngineOverrides;
  readonly #store = new DisposableStore();
  #problemFiles: readonly string[] = [];

  constructor(
    repo: RepoSession,
    services: Omit<ApplicationServices, 'repo'>,
    listener: Omit<ApplicationListener, 'onMarks'> & { onProblems(files: readonly string[]): void },
    background: BackgroundRunner,
    overrides: EngineOverrides = {},
  ) {
    this.#overrides = overrides;
    this.repo = this.#store.add(repo);
    this.marks = this.#store.add(new MarkIndex(repo.root, repo.workingTree, background));
    this.#services = { ...services, repo };
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
      this.#sessions.delete(id);
    }
    for (const [id, application] of found) {
      const session = this.#sessions.get(id);
      if (session === undefined) this.#sessions.set(id, new ApplicationSession(application, this.#services, this.#listening()));
      else session.update(application);
    }
    if (change.revisions) for (const session of this.#sessions.values()) session.refresh();
    this.marks.filesChanged(change.paths);
    for (const id of [...found.keys(), ...gone]) this.#listener.onRow(id);
    this.#tellProblems();
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
      ...this.#listener,
      onRow: (id) => {
        this.#listener.onRow(id);
        this.#tellProblems();
      },
      onDocuments: (id, keys) => {
        this.#listener.onDocuments(id, keys);
      },
      onMarks: (id, tree, marks) => {
        this.marks.set(id, tree === undefined ? undefined : { tree, marks });
      },
    };
  }

  #tellProblems(): void {
    const files = [
      ...this.repo.found.problems.map((problem) => problem.range.file),
      ...this.sessions.flatMap((session) => session.render?.errors.flatMap((error) => error.file ?? []) ?? []),
    ];
    const touched = [...new Set([...this.#problemFiles, ...files])];
    this.#problemFiles = files;
    if (touched.length > 0) this.#listener.onProblems(touched.map((file) => resolve(this.repo.root, file)));
  }
}
