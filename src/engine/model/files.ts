import type { FileRange } from './application.ts';
import type { ApplicationRow } from './snapshot.ts';
import type { Reason } from './states.ts';

/** A problem of a file: broken YAML, a bad plumbline.yaml, a failing template. */
export interface FileProblem {
  readonly range: FileRange;
  readonly reason: Reason;
  /** `information`: what Plumbline does not do for the file */
  readonly severity: 'error' | 'warning' | 'information';
}

/** What is known of the applications that read one file, for its CodeLens. */
export interface FileUse {
  readonly applicationIds: readonly string[];
  readonly rows: readonly ApplicationRow[];
}
