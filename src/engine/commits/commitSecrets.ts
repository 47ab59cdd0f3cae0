import type { RenderResult } from '../model/render.ts';
import type { KubeObject } from '../model/objects.ts';

/** Shorter values would hide every word that they happen to be a part of: they count as whole scalars only. */
const MIN_PART_LENGTH = 4;
const MASK = '••••••';

/**
 * Every text of Secrets that these renders hold, as files may set it: decoded, in base64, and each line of it.
 * @param renders before and after an edit, since a patch shows both
 */
export function secretValuesOf(renders: readonly RenderResult[]): ReadonlySet<string> {
  const values = new Set<string>();
  for (const { object } of renders.flatMap(({ objects }) => objects)) {
    if (object.kind !== 'Secret') continue;
    for (const [encoded, decoded] of entriesOf(object)) {
      for (const text of [encoded, decoded]) {
        for (const line of [text, ...text.split('\n')]) if (line.trim() !== '') values.add(line.trim());
      }
    }
  }
  return values;
}

/** Whether a file declares a Secret itself. Its text is not shown at all, since what stands in it may be a value that no render has. */
export function declaresSecret(text: string): boolean {
  return /(?:^[\s{,]*["']?kind["']?|[{,]\s*"kind")\s*:\s*["']?Secret["']?\s*(?:[#,}].*)?$/m.test(text);
}

/** A patch without values of Secrets. Headers of files and hunks stay as they are. */
export function maskPatch(patch: string, secretValues: ReadonlySet<string>): string {
  if (secretValues.size === 0) return patch;
  const parts = [...secretValues].filter((value) => value.length >= MIN_PART_LENGTH).sort((a, b) => b.length - a.length);
  const lines = patch.split('\n');
  const start = lines.findIndex((line) => line.startsWith('@@'));
  return lines.map((line, at) => (start < 0 || at < start ? line : maskLine(line, parts, secretValues))).join('\n');
}

function maskLine(line: string, parts: readonly string[], values: ReadonlySet<string>): string {
  if (!/^(?:[-+ ]|@@)/.test(line)) return line;
  const scalar = /^([-+ ].*?[:=]\s*|[-+ ]\s*-\s+)(["']?)(.+?)\2\s*$/.exec(line);
  if (scalar?.[3] !== undefined && values.has(scalar[3])) return `${scalar[1] ?? ''}${MASK}`;
  return parts.reduce((text, part) => text.replaceAll(part, MASK), line);
}

function* entriesOf(object: KubeObject): Generator<readonly [encoded: string, decoded: string]> {
  for (const [name, isEncoded] of [
    ['data', true],
    ['stringData', false],
  ] as const) {
    const entries = object[name];
    if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) continue;
    for (const value of Object.values(entries)) {
      if (typeof value !== 'string') continue;
      const decoded = isEncoded ? Buffer.from(value, 'base64').toString('utf8') : value;
      yield [isEncoded ? value : Buffer.from(value).toString('base64'), decoded];
    }
  }
}
