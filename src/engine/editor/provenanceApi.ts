import type { FieldPath } from '../model/fieldPath.ts';
import type { FieldProvenance } from '../model/provenance.ts';

/** What server and CLI ask about the lines that set rendered fields. */
export interface ProvenanceApi {
  /**
   * The lines of target that set fields of one object.
   * @param key `keyString` of the object
   * @returns one answer per path, in order; undefined where not even the object's file is known
   * @throws AppError `unknown-application`, `not-compared-yet`
   */
  locateFields(
    applicationId: string,
    key: string,
    paths: readonly FieldPath[],
    signal: AbortSignal,
  ): Promise<readonly (FieldProvenance | undefined)[]>;
}
