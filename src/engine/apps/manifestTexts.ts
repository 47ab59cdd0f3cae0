/** One document of a text of manifests. */
export interface DocumentText {
  readonly text: string;
  /** 0-based line of the whole text on which it starts */
  readonly firstLine: number;
}

/**
 * The documents of a YAML text that may be objects of some kinds. Parses nothing, so that bundles of large CRDs, which name these kinds
 * all over, cost next to nothing.
 * @param kinds of the objects that are looked for
 * @returns those that say one of the kinds, and those whose `kind` does not stand on a line of its own
 */
export function documentTexts(text: string, kinds: ReadonlySet<string>): readonly DocumentText[] {
  const found: DocumentText[] = [];
  let start = 0;
  let firstLine = 0;
  const take = (end: number): void => {
    const document = text.slice(start, end);
    const kind = /^kind:[ \t]*["']?([A-Za-z]+)["']?[ \t]*\r?$/m.exec(document)?.[1];
    if (document.trim() !== '' && (kind === undefined || kinds.has(kind))) found.push({ text: document, firstLine });
    firstLine += document.split('\n').length - 1;
    start = end;
  };
  // At the start of a line this is never part of a value.
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) take(index);
  take(text.length);
  return found;
}
