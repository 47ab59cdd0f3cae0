import type { FileRange } from './application.ts';
import type { Reason } from './states.ts';

/** A live value, or a whole object, that files are to say. */
export interface WritebackTarget {
  readonly applicationId: string;
  /** `keyString` of the object; also of one that only the cluster has */
  readonly key: string;
  /** `FieldDifference.id`; absent: every changed field of the object, or the object itself when Git does not have it */
  readonly fieldId?: string;
}

/** `adopt`: Git is to say what live says; `remove`: Git is to leave the field to who owns it. */
export type WritebackAction = 'adopt' | 'remove';

/**
 * Where a value is written when its line serves more than what was asked for: where it stands, or in a patch of the application's own
 * overlay (its environment's values file for Helm).
 */
export type WritebackPlace = 'source' | 'overlay';

/** What is to be written. */
export interface WritebackRequest {
  readonly targets: readonly WritebackTarget[];
  /** default `adopt` */
  readonly action?: WritebackAction;
  /** default `source` */
  readonly place?: WritebackPlace;
}

/** Text that takes the place of a range of a file; the range is empty for text that is put in. */
export interface TextEdit {
  readonly range: FileRange;
  readonly newText: string;
}

/** A file that is not there yet. */
export interface NewFile {
  /** relative to the repo's root, with `/` */
  readonly file: string;
  readonly text: string;
}

/** Fields of one object that a write-back changes. */
export interface AffectedObject {
  readonly applicationId: string;
  /** `Deployment/web` */
  readonly object: string;
  /** JSON pointers; '' is the whole object */
  readonly paths: readonly string[];
  /** `intended`: what was asked for; `derived`: follows from it (name hashes, checksums); `other`: also moves */
  readonly kind: 'intended' | 'derived' | 'other';
}

/** A target that is not written, and why. */
export interface RefusedTarget {
  readonly target: WritebackTarget;
  readonly reason: Reason;
}

/** What a write-back would change. Nothing is written by making it. */
export interface WritebackPlan {
  /** absolute path of the repo that the files are in */
  readonly repoRoot: string;
  readonly edits: readonly TextEdit[];
  readonly newFiles: readonly NewFile[];
  /** in every application that reads an edited file */
  readonly affected: readonly AffectedObject[];
  readonly refused: readonly RefusedTarget[];
  /** the places to choose from when something else than intended would move; empty when nothing else does */
  readonly choices: readonly WritebackPlace[];
}

/** Fields that are not to count as drift any more. */
export interface IgnoreRequest {
  readonly targets: readonly WritebackTarget[];
}

/** A rule that makes a field not count, and what else it would do. */
export interface IgnoreEffect {
  readonly applicationId: string;
  /** `Deployment/web` */
  readonly object: string;
  readonly fieldId: string;
  /** asked for; others are hidden as well */
  readonly isIntended: boolean;
}

/** The rules that would be written, in whose dialect, and what they do now. */
export interface IgnorePlan {
  readonly repoRoot: string;
  readonly edits: readonly TextEdit[];
  /** `plumbline.yaml`, `Application argocd/shop`, `HelmRelease apps/shop` ... with the file */
  readonly places: readonly { readonly rule: string; readonly file: string }[];
  /** differences that would no longer count */
  readonly effects: readonly IgnoreEffect[];
  readonly refused: readonly RefusedTarget[];
}
