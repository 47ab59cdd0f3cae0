import type { FileRange } from './application.ts';
import type { Reason } from './states.ts';

/** A live value to take over into the file that sets it. */
export interface AdoptTarget {
  readonly applicationId: string;
  /** `keyString` of the object */
  readonly key: string;
  /** `FieldDifference.id` */
  readonly fieldId: string;
}

/** Where a value is to be written when its line serves several applications: where it stands, or in a patch of the overlay. */
export type WritebackPlace = 'source' | 'overlay';

/** What is to be written. */
export interface WritebackRequest {
  readonly targets: readonly AdoptTarget[];
  /** default `source` */
  readonly place?: WritebackPlace;
}

/** Text that takes the place of a range of a file; the range is empty for text that is put in. */
export interface TextEdit {
  readonly range: FileRange;
  readonly newText: string;
}

/** Fields of one object that a write-back changes. */
export interface AffectedObject {
  readonly applicationId: string;
  /** `Deployment/web` */
  readonly object: string;
  /** `formatPath` */
  readonly paths: readonly string[];
  /** `intended`: what was asked for; `derived`: follows from it (name hashes, checksums); `other`: also moves */
  readonly kind: 'intended' | 'derived' | 'other';
}

/** A target that is not written, and why. */
export interface RefusedTarget {
  readonly target: AdoptTarget;
  readonly reason: Reason;
}

/** What a write-back would change. Nothing is written by making it. */
export interface WritebackPlan {
  readonly edits: readonly TextEdit[];
  /** in every application that reads an edited file */
  readonly affected: readonly AffectedObject[];
  readonly refused: readonly RefusedTarget[];
  /** other places to write it, when something else than intended would move */
  readonly choices: readonly WritebackPlace[];
}
