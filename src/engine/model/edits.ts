import type { FileRange } from './application.ts';
import type { FieldChange, Reason } from './states.ts';

/** One field that the working tree sets otherwise than target. Values are short, masked text for display. */
export interface EditedField {
  /** `formatPath(path)` */
  readonly id: string;
  /** `added`: only the working tree has it; `removed`: only target has it */
  readonly change: FieldChange;
  /** value by target */
  readonly git?: string;
  /** value by the working tree */
  readonly working?: string;
  readonly live?: string;
  /** live already is what the working tree says */
  readonly isLive: boolean;
  /** the line that sets it, in the working tree's text */
  readonly source?: FileRange;
}

/** One object that comes out of the working tree otherwise than out of target. */
export interface EditedObject {
  /** `keyString` */
  readonly key: string;
  /** `Deployment/web` */
  readonly object: string;
  readonly change: 'create' | 'configure' | 'remove';
  readonly fields: readonly EditedField[];
  /** its first line in the working tree's text */
  readonly source?: FileRange;
}

/** What the edits of the working tree, unsaved ones included, would change in one application (`blast radius`). */
export interface EditEffect {
  readonly applicationId: string;
  readonly applicationName: string;
  readonly environment?: string;
  readonly context: string;
  readonly objects: readonly EditedObject[];
  /** why it cannot be told: the working tree does not render */
  readonly problem?: Reason;
  /** false: compared locally; true: the API server has answered a dry-run of every edited object */
  readonly isConfirmed: boolean;
}

/** What the API server says to an edited object in a dry-run. */
export interface EditRefusal {
  readonly applicationId: string;
  readonly reason: Reason;
  readonly severity: 'error' | 'warning';
  readonly range: FileRange;
}
