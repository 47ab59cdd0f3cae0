import { join } from 'node:path';
import { completeConfig, type ConfigCompletion, configKeyAt, type ConfigNames } from '../apps/configCompletion.ts';
import { configFileName } from '../apps/configFile.ts';
import type { FileProblem } from '../model/files.ts';
import { FileLimits, type OpenText } from './fileLimits.ts';
import { FileReferences } from './fileReferences.ts';
import { lineFactsOf } from './lineFacts.ts';
import { type ObjectLine, objectLinesOf } from './objectLines.ts';
import type { FileRange } from '../model/application.ts';
import type { EditEffect } from '../model/edits.ts';
import type { LineFacts } from '../model/lineFacts.ts';
import type { Workspace } from '../sessions/workspace.ts';
import type { Workspaces } from '../sessions/workspaces.ts';
import type { SourceRenderer } from '../sources/sourceRenderer.ts';

/** What the editor's language features ask of the engine. Files are absolute paths, also those of the ranges; lines and columns count from 0. */
export interface EditorApi {
  /** the text of a file that the lines of its marks count in; undefined when it has none */
  textOfMarks(file: string): string | undefined;
  /** what the edits of the working tree, unsaved ones included, would change in the applications that read a file; undefined: in all */
  effects(file: string | undefined): readonly EditEffect[];
  /** what a place leads to: the file, folder or key that it names; of a patch the object that it patches */
  definition(file: string, line: number, column: number): Promise<readonly FileRange[]>;
  /** who names a file: kustomizations, charts, applications; of an environment's line the applications in it */
  references(file: string, line: number): Promise<readonly FileRange[]>;
  /** what may stand at a place of plumbline.yaml; nothing for other files. @param contexts names of the kubeconfig's contexts */
  completions(file: string, line: number, column: number, contexts: readonly string[]): Promise<readonly ConfigCompletion[]>;
  /** the key of plumbline.yaml on a line with its meaning */
  configKey(file: string, line: number): Promise<{ readonly key: string; readonly documentation: string } | undefined>;
  /** the sides of the field on a line, the API's words on it, the last commit */
  lineFacts(file: string, line: number, signal: AbortSignal): Promise<LineFacts>;
  /**
   * Why features that need the lines of a file are off for it.
   * @param open the document that shows it, the same object as long as it is open: what was read is kept while it and the file are the same
   */
  limits(file: string, open?: OpenText): Promise<readonly FileProblem[]>;
  /** the objects that a file declares, where they stand now, with their states */
  objectLines(file: string): Promise<readonly ObjectLine[]>;
}

/** Answers language features from the workspaces. */
export class EditorFacts implements EditorApi {
  readonly #workspaces: Workspaces;
  readonly #renderer: SourceRenderer;
  readonly #limits = new FileLimits();
  readonly #references = new WeakMap<Workspace, FileReferences>();

  /** @param renderer renders sides that are not rendered yet */
  constructor(workspaces: Workspaces, renderer: SourceRenderer) {
    this.#workspaces = workspaces;
    this.#renderer = renderer;
  }

  textOfMarks(file: string): string | undefined {
    return this.#workspaces.inFile(file, ({ marks }, path) => marks.textOfMarks(path));
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

  async definition(file: string, line: number, column: number): Promise<readonly FileRange[]> {
    return this.#ranges(file, (workspace, path) => this.#referencesOf(workspace).definition(path, line, column));
  }

  async references(file: string, line: number): Promise<readonly FileRange[]> {
    return this.#ranges(file, (workspace, path) => this.#referencesOf(workspace).references(path, line));
  }

  async completions(file: string, line: number, column: number, contexts: readonly string[]): Promise<readonly ConfigCompletion[]> {
    const found = await this.#workspaces.inFile(file, async (workspace, path) => {
      if (path !== configFileName) return [];
      const text = (await workspace.repo.workingTree.readText(path)) ?? '';
      return completeConfig(text, line, column, await namesOf(workspace, contexts));
    });
    return found ?? [];
  }

  async configKey(file: string, line: number): Promise<{ readonly key: string; readonly documentation: string } | undefined> {
    return this.#workspaces.inFile(file, async ({ repo }, path) =>
      path === configFileName ? configKeyAt((await repo.workingTree.readText(path)) ?? '', line) : undefined,
    );
  }

  async lineFacts(file: string, line: number, signal: AbortSignal): Promise<LineFacts> {
    return (
      (await this.#workspaces.inFile(file, (workspace, path) => lineFactsOf(workspace, path, line, this.#renderer, signal))) ?? {
        sides: [],
      }
    );
  }

  async limits(file: string, open?: OpenText): Promise<readonly FileProblem[]> {
    return (await this.#workspaces.inFile(file, (workspace, path) => this.#limits.of(workspace, path, open))) ?? [];
  }

  async objectLines(file: string): Promise<readonly ObjectLine[]> {
    return (await this.#workspaces.inFile(file, objectLinesOf)) ?? [];
  }

  #referencesOf(workspace: Workspace): FileReferences {
    const known = this.#references.get(workspace) ?? new FileReferences(workspace);
    this.#references.set(workspace, known);
    return known;
  }

  async #ranges(file: string, find: (workspace: Workspace, path: string) => Promise<readonly FileRange[]>): Promise<readonly FileRange[]> {
    const found = await this.#workspaces.inFile(file, async (workspace, path) =>
      (await find(workspace, path)).map((range) => ({ ...range, file: join(workspace.repo.root, range.file) })),
    );
    return found ?? [];
  }
}

async function namesOf({ repo }: Workspace, contexts: readonly string[]): Promise<ConfigNames> {
  const { applications, environments } = repo.found;
  const valueFiles = new Map<string, readonly string[]>();
  for (const { source } of applications) {
    if (source.type !== 'helm' || valueFiles.has(source.path)) continue;
    const entries = (await repo.workingTree.list(source.path).catch(() => undefined)) ?? [];
    valueFiles.set(
      source.path,
      entries.map(({ name }) => name).filter((name) => /^values.*\.ya?ml$/.test(name)),
    );
  }
  const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].filter((name) => name !== '').sort();
  return {
    environments: environments.map(({ name }) => name),
    paths: sorted(applications.map(({ source }) => source.path)),
    contexts: sorted([...contexts, ...environments.map(({ context }) => context)]),
    namespaces: sorted(applications.flatMap(({ destination }) => destination?.namespace ?? [])),
    valueFiles,
  };
}
