import type { LineMark } from '../engine/model/snapshot.ts';

/** Where a mark's application runs: `shop (prod)`. */
export function markPlace(mark: LineMark): string {
  return `${mark.applicationName} (${mark.environment ?? mark.context})`;
}

/** One mark as one English sentence, for Problems and screen readers. */
export function markSentence(mark: LineMark): string {
  const field = mark.fieldId === undefined ? mark.object : `${mark.object} ${mark.fieldId}`;
  const by = mark.manager === undefined ? '' : `, changed by ${mark.manager}${mark.time === undefined ? '' : ` at ${mark.time}`}`;
  const place = markPlace(mark);
  switch (mark.kind) {
    case 'changed':
      return `${field} is ${mark.live ?? 'unset'} in ${place}, ${mark.git ?? 'unset'} in Git${by}`;
    case 'added':
      return `${field} is only live in ${place}: ${mark.live ?? ''}${by}`;
    case 'removed':
      return `${field} is missing live in ${place}: Git sets ${mark.git ?? ''}${by}`;
    case 'missing':
      return `${mark.object} is not in the cluster: ${place}`;
    case 'out-of-sync':
      return `${field} is not applied yet in ${place}: live is ${mark.live ?? 'unset'}, Git ${mark.git ?? 'unset'}`;
    case 'differs':
      return `${field} differs in ${place}: live ${mark.live ?? 'unset'}, Git ${mark.git ?? 'unset'}; no record tells which side moved`;
    case 'edited':
      return `${field} is edited to ${mark.working ?? 'nothing'}: live is ${mark.live ?? 'unset'} in ${place}, Git ${mark.git ?? 'unset'}`;
    case 'cannot-compare':
      return `${mark.object} cannot be compared in ${place}${mark.live === undefined ? '' : `: ${mark.live}`}`;
  }
}
