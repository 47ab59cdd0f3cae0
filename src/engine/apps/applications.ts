import type { Application, Environment } from '../model/application.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { AppProblem } from './configFile.ts';

/** What Choose Cluster mapped: `suggestionKey(application)` → destination. */
export type ChosenDestinations = Readonly<Record<string, { readonly context: string; readonly namespace: string }>>;

/** All applications of a repo. */
export interface FoundApplications {
  readonly hasConfig: boolean;
  readonly environments: readonly Environment[];
  readonly applications: readonly Application[];
  readonly problems: readonly AppProblem[];
}

/** The key of `chosenDestinations` for a suggestion: its path, and `#<value file>` for one values file of a chart. */
export declare function suggestionKey(application: Application): string;

/** Finds applications in one repo and keeps what it read, so that a change costs what it touches. */
export declare class ApplicationFinder {
  constructor(repoRoot: string);
  /** @param changedPaths paths that may have changed since the last call (folders stand for all below); undefined: read all */
  find(
    tree: SourceTree,
    chosen: ChosenDestinations,
    changedPaths: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<FoundApplications>;
}
