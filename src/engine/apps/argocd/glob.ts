/**
 * Whether a text matches a glob as Argo CD reads it (gobwas/glob without separators): `*` and `**` are any text, `?` one character, `[a-c]`
 * and `[!abc]` one of a class, `{a,b}` one of several patterns, `\` takes the next character as it is. A glob that cannot be read matches
 * nothing.
 */
export function argoGlob(glob: string, text: string): boolean {
  if (!/[*?[{\\]/.test(glob)) return glob === text;
  const source = sourceOf(glob);
  return source !== undefined && new RegExp(`^${source}$`, 'su').test(text);
}

function sourceOf(glob: string): string | undefined {
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob.charAt(at);
    if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else if (character === '{') {
      depth += 1;
      source += '(?:';
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      source += ')';
    } else if (character === ',' && depth > 0) source += '|';
    else if (character === '[') {
      const end = glob.indexOf(']', at + 1);
      const found = /^(!?)(\w-\w|[^\\-]+)$/.exec(end < 0 ? '' : glob.slice(at + 1, end));
      if (found === null) return undefined;
      source += `[${found[1] === '!' ? '^' : ''}${(found[2] ?? '').replaceAll(/[\^[\]]/g, '\\$&')}]`;
      at = end;
    } else if (character === '\\') {
      at += 1;
      source += literal(glob.charAt(at));
    } else source += literal(character);
  }
  return depth === 0 ? source : undefined;
}

function literal(character: string): string {
  return character.replaceAll(/[$()*+./?[\\\]^{|}]/g, '\\$&');
}
