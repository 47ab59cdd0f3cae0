/** characters that fit into a line of a modal dialog as VS Code shows it */
const longestWord = 40;

/**
 * The lines of a modal dialog's detail. A path that is longer than a line may be broken between its steps: unbroken, it would leave its own
 * line empty and stand on the next one without its indentation.
 */
export function forDialog(lines: readonly string[]): string {
  return lines.map(breakable).join('\n').trim();
}

function breakable(line: string): string {
  return line.replaceAll(/\S+/g, (word) => (word.length < longestWord ? word : word.replaceAll(/(?<=[\].])(?=[^\].])/g, '\u200b')));
}
