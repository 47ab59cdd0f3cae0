import type { FileRange } from '../model/application.ts';

/** How ranges of one text lie in a later version of it. */
export declare class LineMap {
  constructor(fromText: string, toText: string);
  /** The range in the other text; `isEdited`: its own line was changed (the nearest line stands in) ; undefined: the line is gone */
  map(range: FileRange): { readonly range: FileRange; readonly isEdited: boolean } | undefined;
}
