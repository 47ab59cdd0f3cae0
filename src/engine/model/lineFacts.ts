import type { LineSubject } from './lineSubject.ts';
import type { IgnoredField } from './states.ts';

/** One application's sides of a field. Values are short, masked text. */
export interface FieldSides extends LineSubject {
  readonly fieldId: string;
  /** undefined: not set */
  readonly git?: string;
  /** undefined: not set */
  readonly live?: string;
  /** null: not set; undefined: not known now */
  readonly working?: string | null;
  /** as `working` */
  readonly head?: string | null;
  /** as `working`; undefined also when no sync is recorded */
  readonly synced?: string | null;
  /** who wrote the live value last */
  readonly manager?: string;
  /** RFC 3339 */
  readonly time?: string;
  /** the rule by which the field, or what it lies in, does not count */
  readonly ignored?: IgnoredField;
}

/** What is known of one line of a file, for its hover. */
export interface LineFacts {
  readonly sides: readonly FieldSides[];
  /** absolute path of the repo that the places of rules are in */
  readonly root?: string;
  /** the API's own words on the field */
  readonly documentation?: string;
  /** the last commit on the line; absent while it is edited */
  readonly commit?: { readonly shortId: string; readonly author: string; readonly subject: string; readonly atMs: number };
}
