import type { EditEffect } from './model/edits.ts';
import type { Workspaces } from './workspaces.ts';

/** What the editor's language features ask of the engine. Files are absolute paths. */
export interface EditorApi {
  /** what the edits of the working tree, unsaved ones included, would change in the applications that read a file; undefined: in all */
  effects(file: string | undefined): readonly EditEffect[];
}

/** Answers language features from the workspaces. */
export class EditorFacts implements EditorApi {
  readonly #workspaces: Workspaces;

  constructor(workspaces: Workspaces) {
    this.#workspaces = workspaces;
  }

  effects(file: string | undefined): readonly EditEffect[] {
    if (file === undefined) return this.#workspaces.all().flatMap(({ edits }) => edits.effects());
    return (
      this.#workspaces.inFile(file, ({ edits, sessions }, path) =>
        sessions.flatMap(({ application, render }) => {
          const reads = [...(render?.reads ?? []), ...(edits.render(application.id)?.reads ?? [])];
          return reads.some((read) => read.kind === 'file' && read.path === path) ? (edits.effect(application.id) ?? []) : [];
        }),
      ) ?? []
    );
  }
}
