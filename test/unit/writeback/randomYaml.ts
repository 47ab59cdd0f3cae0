/** A repeatable source of chance (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A YAML text of random style: indentation, quotes, blocks, flow, comments, blank lines, anchors, line ends, byte-order mark. */
export function randomText(random: () => number): string {
  const pick = <T>(options: readonly T[]): T => options[Math.floor(random() * options.length)] as T;
  const step = ' '.repeat(pick([2, 2, 4]));
  const scalar = (): string =>
    pick([
      '3',
      'true',
      'off',
      '0777',
      'nginx:1.25',
      '"2.0"',
      "'it''s'",
      '1.5Gi',
      '~',
      '"a\\tb"',
      'a b c',
      '&x 7',
      '!!str 5',
      '- x'.slice(2),
    ]);
  const comment = (): string => pick(['', '', ' # why', '   # 1: two']);
  const block = (indent: string): string =>
    pick([`|\n${indent}one\n${indent}  two`, `>-\n${indent}folded\n${indent}text`, `|-\n${indent}only`]);
  const lines: string[] = [];
  const map = (indent: string, depth: number): void => {
    const count = 1 + Math.floor(random() * 4);
    for (let index = 0; index < count; index += 1) {
      const key = pick([`key${String(index)}`, `"q${String(index)}"`, `a.b/c${String(index)}`]);
      const kind = depth > 2 ? 0 : Math.floor(random() * 7);
      if (random() < 0.1) lines.push('');
      if (random() < 0.1) lines.push(`${indent}# note`);
      if (kind <= 2) lines.push(`${indent}${key}: ${scalar()}${comment()}`);
      else if (kind === 3) lines.push(`${indent}${key}: ${block(indent + step)}`);
      else if (kind === 4) lines.push(`${indent}${key}: {one: 1, two: "2", three: [a, 'b']}${comment()}`);
      else if (kind === 5) {
        lines.push(`${indent}${key}:`);
        map(indent + step, depth + 1);
      } else {
        lines.push(`${indent}${key}:`);
        const dash = pick(['', step]);
        for (let item = 0; item < 2; item += 1) lines.push(`${indent}${dash}- ${pick(['x', '8080', '"y"'])}${comment()}`);
      }
    }
  };
  for (let document = 0; document < pick([1, 1, 2]); document += 1) {
    if (document > 0) lines.push('---');
    map('', 0);
  }
  const eol = pick(['\n', '\n', '\r\n']);
  return lines.join(eol).replaceAll(/\r?\n/g, eol) + pick(['', eol]);
}
