/** The column of an offset: characters since its line began. */
export function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

/**
 * The end of the last line of a block collection, with the comments that are indented more than it; later ones belong to what follows.
 * @param offset where the parser ends the collection
 * @param column of its entries
 */
export function endOfBlock(text: string, offset: number, column: number): number {
  let end = text.slice(0, offset).trimEnd().length;
  for (;;) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    const comment = /^(\s*)#/.exec(text.slice(start, end));
    if (comment === null || (comment[1] ?? '').length > column) break;
    end = text.slice(0, start).trimEnd().length;
  }
  return end + text.slice(end).search(/\r?\n|$/);
}

/** Lines of a text without their ends. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/);
}
