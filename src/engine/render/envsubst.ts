/** The value of a variable; undefined when there is none of that name. */
export type Lookup = (name: string) => string | undefined;

/** `${name}` with what stands behind the name. */
const EXPRESSION = /^(#?)([A-Za-z_][A-Za-z0-9_]*)([\s\S]*)$/;

/**
 * Replaces `${var}` in a text as Flux does after a Kustomize build: defaults, cases, substrings, trimming and replacing; an unknown
 * variable is empty, `$${var}` stands for `${var}`, `$var` is left alone. Source: github.com/fluxcd/pkg/envsubst (after drone/envsubst).
 */
export function substitute(text: string, lookup: Lookup): string {
  let [result, at] = ['', 0];
  for (;;) {
    const start = text.indexOf('${', at);
    if (start < 0) return result + text.slice(at);
    const end = closing(text, start + 2);
    if (text[start - 1] === '$' || end < 0) {
      const escaped = text[start - 1] === '$' && start > at ? 1 : 0;
      const stop = end < 0 ? start + 2 : end + 1;
      result += text.slice(at, start - escaped) + text.slice(start, stop);
      at = stop;
      continue;
    }
    result += text.slice(at, start) + valueOf(text.slice(start + 2, end), text.slice(start, end + 1), lookup);
    at = end + 1;
  }
}

/** Names of the variables that a text asks for without a default of their own. */
export function variablesIn(text: string): readonly string[] {
  const names = new Set<string>();
  substitute(text, (name) => {
    names.add(name);
    return undefined;
  });
  return [...names];
}

/** The brace that closes an expression, nested ones counted; -1: none. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith('${', index)) depth += 1;
    else if (text[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}

function valueOf(inner: string, whole: string, lookup: Lookup): string {
  const [, hash, name = '', rest = ''] = EXPRESSION.exec(inner) ?? [];
  if (name === '') return whole;
  const isDefault = /^(:?=|:?-)/.exec(rest);
  if (isDefault !== null) {
    const value = lookup(name) ?? '';
    return value === '' ? substitute(rest.slice(isDefault[0].length), lookup) : value;
  }
  const value = lookup(name) ?? '';
  if (hash === '#') return String(value.length);
  if (rest === '') return value;
  return changed(value, rest, lookup) ?? whole;
}

function changed(value: string, rest: string, lookup: Lookup): string | undefined {
  const first = value.slice(0, 1);
  switch (rest) {
    case '^^':
      return value.toUpperCase();
    case '^':
      return first.toUpperCase() + value.slice(1);
    case ',,':
      return value.toLowerCase();
    case ',':
      return first.toLowerCase() + value.slice(1);
  }
  const slice = /^:(\d+)(?::(\d+))?$/.exec(rest);
  if (slice !== null) {
    const start = Number(slice[1]);
    return value.slice(start, slice[2] === undefined ? undefined : start + Number(slice[2]));
  }
  const trim = /^(##?|%%?)([\s\S]*)$/.exec(rest);
  if (trim !== null) return trimmed(value, trim[1] ?? '', substitute(trim[2] ?? '', lookup));
  const [, operator = '', pattern = '', replacement = ''] = /^(\/[/#%]?)([^/]*)(?:\/([\s\S]*))?$/.exec(rest) ?? [];
  if (operator === '') return undefined;
  const next = substitute(replacement, lookup);
  if (operator === '//') return value.replaceAll(pattern, () => next);
  if (operator === '/#') return value.startsWith(pattern) ? next + value.slice(pattern.length) : value;
  if (operator === '/%') return value.endsWith(pattern) ? value.slice(0, value.length - pattern.length) + next : value;
  return value.replace(pattern, () => next);
}

/** Takes what a shell pattern (`*`, `?`) matches off the start (`#`) or the end (`%`): the shortest, doubled the longest. */
function trimmed(value: string, operator: string, pattern: string): string {
  const isStart = operator.startsWith('#');
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[\\s\\S]*')
    .replaceAll('?', '[\\s\\S]');
  const matches = new RegExp(`^${source}$`);
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  for (const length of operator.length === 2 ? lengths.toReversed() : lengths) {
    const part = isStart ? value.slice(0, length) : value.slice(value.length - length);
    if (matches.test(part)) return isStart ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}
