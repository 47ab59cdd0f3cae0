import type { LineMark } from '../../engine/model/snapshot.ts';
import { type LineEdit, moveMarks } from './markLines.ts';

/** So many edits of a document are remembered: marks that were placed longer ago than these are placed anew anyway. */
const longestTrail = 200;

/** The last edits of one document, so that marks that were placed in an older version of it stand on the right lines. */
export class EditTrail {
  readonly #steps: { readonly version: number; readonly edits: readonly LineEdit[] }[] = [];

  /** @param version of the document after these edits */
  add(version: number, edits: readonly LineEdit[]): void {
    this.#steps.push({ version, edits });
    if (this.#steps.length > longestTrail) this.#steps.shift();
  }

  /**
   * Moves marks along with the edits that were made since they were placed.
   * @param version of the document that the marks were placed in
   * @returns undefined when the trail does not reach back so far
   */
  follow(marks: readonly LineMark[], version: number): readonly LineMark[] | undefined {
    const [oldest] = this.#steps;
    if (oldest !== undefined && version < oldest.version - 1) return undefined;
    return this.#steps.filter((step) => step.version > version).reduce((moved, { edits }) => followEdits(moved, edits), marks);
  }
}

/** Moves marks along with the edits of one change of a document, in the order in which the editor tells them. */
export function followEdits(marks: readonly LineMark[], edits: readonly LineEdit[]): readonly LineMark[] {
  return edits.reduce((moved, edit) => moveMarks(moved, edit), marks);
}
