import type { Application, Environment, FileRange } from '../model/application.ts';

/** Name of the config file at the repo's root. */
export const configFileName = 'plumbline.yaml';

/** Something wrong in plumbline.yaml or in the sources that it names; words by `describe(code, details)`. */
export interface AppProblem {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly severity: 'error' | 'warning';
  readonly range: FileRange;
  /** id of the application that is left out or doubtful because of it */
  readonly applicationId?: string;
}

/** What a text of plumbline.yaml says. Broken applications are left out and stand in `problems`. */
export interface ConfigFile {
  readonly environments: readonly Environment[];
  readonly applications: readonly Application[];
  readonly problems: readonly AppProblem[];
}
