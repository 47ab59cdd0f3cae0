import type { Hover } from 'vscode-languageserver/node';
import { MarkupKind } from 'vscode-languageserver/node';
import type { LineMark } from '../engine/model/snapshot.ts';
import { markPlace } from './markText.ts';
import { toRange } from './ranges.ts';

/**
 * The hover of a line: the sides of each drifted field that it sets, who changed it and when, and the actions as links.
 * @param marks all marks of the file
 * @param line 0-based
 */
export function hoverOf(marks: readonly LineMark[], line: number): Hover | null {
  const here = marks.filter((mark) => mark.range.startLine <= line && line <= mark.range.endLine);
  const [first] = here;
  if (first === undefined) return null;
  const value = here.map((mark) => hoverSection(mark)).join('\n\n---\n\n');
  return { contents: { kind: MarkupKind.Markdown, value }, range: toRange(first.range) };
}

function hoverSection(mark: LineMark): string {
  const title = `**${escapeMarkdown(mark.object)}**${mark.fieldId === undefined ? '' : ` \`${code(mark.fieldId)}\``} · ${escapeMarkdown(markPlace(mark))}`;
  const rows = [
    ['working tree', mark.working],
    ['Git', mark.git ?? (mark.kind === 'added' ? 'not set' : undefined)],
    ['live', mark.live ?? (mark.kind === 'missing' ? 'the object does not exist' : mark.kind === 'removed' ? 'not set' : undefined)],
  ].flatMap(([side, text]) => (text === undefined ? [] : [`| ${side ?? ''} | \`${code(text)}\` |`]));
  const table = rows.length === 0 ? '' : `\n\n| side | value |\n|---|---|\n${rows.join('\n')}`;
  const who =
    mark.manager === undefined ? '' : `\n\nchanged by \`${code(mark.manager)}\`${mark.time === undefined ? '' : `, ${mark.time}`}`;
  const edited = mark.isEdited ? '\n\nThis line was edited since: the Git value is the one of the target commit.' : '';
  const links = [
    link('Open Diff', 'plumbline.openDiff', mark),
    ...(isRevertible(mark) ? [link('Revert Live to Git', 'plumbline.revert', mark)] : []),
  ];
  return `${title}${table}${who}${edited}\n\n${links.join(' · ')}`;
}

/** Whether Revert Drift has something to do for a mark. */
export function isRevertible(mark: LineMark): boolean {
  return mark.kind !== 'edited' && mark.kind !== 'out-of-sync' && mark.kind !== 'cannot-compare';
}

/** The serialisable arguments that commands of the extension take. */
export function commandTarget(mark: LineMark): { applicationId: string; key: string; fieldId?: string } {
  return { applicationId: mark.applicationId, key: mark.objectKey, ...(mark.fieldId === undefined ? {} : { fieldId: mark.fieldId }) };
}

function link(label: string, command: string, mark: LineMark): string {
  return `[${label}](command:${command}?${encodeURIComponent(JSON.stringify([commandTarget(mark)]))})`;
}

function code(text: string): string {
  return text.replaceAll('`', "'").replaceAll('|', '\\|');
}

function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-!|<>]/g, '\\$&');
}
