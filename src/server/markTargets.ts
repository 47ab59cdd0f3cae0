import type { LineMark } from '../engine/model/snapshot.ts';

/** Whether Revert Drift has something to do for a mark. */
export function isRevertible(mark: LineMark): boolean {
  return mark.kind !== 'edited' && mark.kind !== 'out-of-sync' && mark.kind !== 'cannot-compare';
}

/** The serialisable arguments that commands of the extension take. */
export function commandTarget(mark: LineMark): { applicationId: string; key: string; fieldId?: string } {
  return { applicationId: mark.applicationId, key: mark.objectKey, ...(mark.fieldId === undefined ? {} : { fieldId: mark.fieldId }) };
}

/** Whether there is a live value to take into the file, and no secret. */
export function isAdoptable(mark: LineMark): boolean {
  if (mark.fieldId === undefined || isMasked(mark)) return false;
  return (
    mark.kind === 'added' || mark.kind === 'removed' || ((mark.kind === 'changed' || mark.kind === 'differs') && mark.live !== undefined)
  );
}

/** Whether Git sets a field that may be left to live. */
export function isRemovable(mark: LineMark): boolean {
  return mark.fieldId !== undefined && !isMasked(mark) && (mark.kind === 'changed' || mark.kind === 'differs');
}

/** Whether a rule can be about the mark. */
export function isIgnorable(mark: LineMark): boolean {
  return mark.fieldId !== undefined && ['changed', 'added', 'removed', 'differs'].includes(mark.kind);
}

function isMasked({ live, git }: LineMark): boolean {
  return live?.startsWith('••') === true || git?.startsWith('••') === true;
}
