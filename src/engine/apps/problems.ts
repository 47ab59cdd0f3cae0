import type { FileRange } from '../model/application.ts';
import type { Reason } from '../model/states.ts';

/** Something wrong in plumbline.yaml or in the sources that it names; words by `describe(code, details)`. */
export interface AppProblem {
  readonly code: string;
  readonly details: Reason['details'];
  readonly severity: 'error' | 'warning';
  readonly range: FileRange;
  /** id of the application that is left out because of it */
  readonly applicationId?: string;
}
