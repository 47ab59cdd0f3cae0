import type { FileRange } from './application.ts';
import type { FieldPath } from './fieldPath.ts';
import type { Reason } from './states.ts';

/**
 * How sure a line is: `proved` by changing it and seeing the field change; `template only`: the file that makes the object is known,
 * not the place; `object`: the first line of the object stands in.
 */
export type Certainty = 'proved' | 'template only' | 'object';

/** What kind of text sets a field. */
export type SourceRole = 'manifest' | 'patch' | 'kustomization' | 'generator file' | 'values' | 'template' | 'chart';

/** One place on the way of a field, in the order in which they apply. */
export interface ProvenanceLink {
  readonly range: FileRange;
  readonly role: SourceRole;
}

/** Where a rendered field comes from. */
export interface FieldProvenance {
  readonly path: FieldPath;
  /** in the text of the tree that was rendered */
  readonly range: FileRange;
  readonly certainty: Certainty;
  /** every place that has a part in the value; the last one decides. Empty unless `proved` */
  readonly chain: readonly ProvenanceLink[];
  /** why nothing more exact is known: a file of the source cannot be looked into, or the value stands in a quoted text; words by `describe` */
  readonly reason?: Reason;
}
