/**
 * Whether labels match a selector as kubectl writes it: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 * The empty selector matches all. A part that cannot be read matches nothing. Source: apimachinery pkg/labels/selector.go.
 */
export function matchesSelector(selector: string, labels: Readonly<Record<string, string>>): boolean {
  const parts = selector.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
  return parts.every((part) => matchesPart(part.trim(), labels));
}

function matchesPart(part: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set !== null) {
    const [, name = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const value = labels[name];
    return operator === 'in' ? value !== undefined && values.includes(value) : value === undefined || !values.includes(value);
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equality !== null) {
    const [, name = '', operator, value = ''] = equality;
    return operator === '!=' ? labels[name] !== value : labels[name] === value;
  }
  const existence = /^(!?)\s*([^\s=!()]+)$/.exec(part);
  return existence !== null && (labels[existence[2] ?? ''] === undefined) === (existence[1] === '!');
}
