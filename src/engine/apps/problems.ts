import type { FileRange } from '../model/application.ts';
import type { Reason } from '../model/states.ts';

/** Something wrong in plumbline.yaml or in the sources that it names; words by `describe(code, details)`. */
export interface AppProblem {
  readonly code: string;
  readonly details: Reason['details'];
  readonly severity: 'error' | 'warning';
  readonly range: FileRange;
  /** id of the application that is left out because of it */
  readonly applicationId?: string;
}

/** The candidate that a misspelt word most likely means, or undefined. At most a third of its letters may differ. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + (left[i] === right[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
