import { diffArrays } from 'diff';
import type { FileRange } from '../model/application.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import type { JsonValue } from '../model/json.ts';

const MAX_EDITS = 500;
const KEY_AND_VALUE = /^\s*(?:- +)*["']?([^\s"'#:][^"'#]*?)["']?:(?:\s+(.*?))?\s*$/;

/** One line that an edit added or replaced. */
export interface ChangedLine {
  readonly range: FileRange;
  /** the key that stands on it, when it looks like one */
  readonly key: string | undefined;
  /** what stands after the key, or the whole line, without quotes and comment */
  readonly value: string;
}

/** The lines of a text that another version of it does not have; too many changes to be told apart give none. */
export function changedLines(file: string, from: string, to: string): readonly ChangedLine[] {
  if (from === to) return [];
  const changes = diffArrays(from.split(/\r?\n/), to.split(/\r?\n/), { maxEditLength: MAX_EDITS });
  const found: ChangedLine[] = [];
  let line = 0;
  for (const { added, removed, value } of changes ?? []) {
    if (removed) continue;
    if (added) for (const [offset, text] of value.entries()) if (/[^\s#]/.test(text)) found.push(lineOf(file, line + offset, text));
    line += value.length;
  }
  return found;
}

function lineOf(file: string, line: number, text: string): ChangedLine {
  const startColumn = text.length - text.replace(/^\s*(- +)*/, '').length;
  const [, key, value] = KEY_AND_VALUE.exec(text) ?? [];
  return {
    range: { file, startLine: line, startColumn, endLine: line, endColumn: text.trimEnd().length },
    key,
    value: unquoted(value ?? text.trim().replace(/^(- +)+/, '')),
  };
}

function unquoted(text: string): string {
  const [, double, single] = /^(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/.exec(text) ?? [];
  return double ?? single ?? text.replace(/\s+#.*$/, '');
}

/**
 * Which of the changed lines made a rendered field come out otherwise, as far as the edit alone tells: the only one with its key and its
 * value, else the only one with either, else the only one at all.
 * @returns undefined when more than one may have
 */
export function lineOfEdit(lines: readonly ChangedLine[], path: FieldPath, working: JsonValue | undefined): FileRange | undefined {
  const last = path.findLast((step) => 'field' in step);
  const key = last !== undefined && 'field' in last ? last.field : '';
  const text = typeof working === 'string' ? working : JSON.stringify(working ?? null);
  const hasKey = (line: ChangedLine): boolean => line.key === key;
  const hasValue = (line: ChangedLine): boolean => line.value === text;
  for (const test of [(line: ChangedLine) => hasKey(line) && hasValue(line), hasKey, hasValue, () => true]) {
    const found = lines.filter(test);
    if (found.length === 1) return found[0]?.range;
    if (found.length > 1) return undefined;
  }
  return undefined;
}
