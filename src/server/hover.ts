import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hover } from 'vscode-languageserver/node';
import { MarkupKind } from 'vscode-languageserver/node';
import { describe } from '../engine/model/describe.ts';
import type { FieldSides, LineFacts } from '../engine/model/lineFacts.ts';
import type { LineMark } from '../engine/model/snapshot.ts';
import type { IgnoredField } from '../engine/model/states.ts';
import { markPlace } from './markText.ts';
import { toRange } from './ranges.ts';

const longestDocumentation = 600;

/**
 * The hover of a line: the sides of each drifted field that it sets, who changed it and when, the actions as links; of a field that is not
 * marked its sides; the API's words on the field and the last commit on the line.
 * @param marks all marks of the file
 * @param line 0-based
 */
export function hoverOf(marks: readonly LineMark[], line: number, facts: LineFacts = { sides: [] }): Hover | null {
  const here = marks.filter((mark) => mark.range.startLine <= line && line <= mark.range.endLine);
  const unmarked = facts.sides.filter(
    (side) => !here.some((mark) => mark.applicationId === side.applicationId && mark.objectKey === side.objectKey),
  );
  const { documentation, commit } = facts;
  const about = [
    ...(documentation === undefined ? [] : [escapeMarkdown(shortened(documentation))]),
    ...(commit === undefined
      ? []
      : [
          `${code(commit.shortId)} ${escapeMarkdown(commit.subject)} · ${escapeMarkdown(commit.author)}, ${new Date(commit.atMs).toISOString().slice(0, 10)}`,
        ]),
  ];
  const sections = [
    ...here.map((mark) => hoverSection(mark)),
    ...(unmarked.length === 0 ? [] : [sidesSection(unmarked, facts.root ?? '')]),
    ...(about.length === 0 ? [] : [about.join('\n\n')]),
  ];
  if (here.length === 0 && unmarked.length === 0 && documentation === undefined) return null;
  const [first] = here;
  const contents = { kind: MarkupKind.Markdown, value: sections.join('\n\n---\n\n') };
  return first === undefined ? { contents } : { contents, range: toRange(first.range) };
}

/** The hover of a key of plumbline.yaml. */
export function configHover({ key, documentation }: { readonly key: string; readonly documentation: string }, line: number): Hover {
  return {
    contents: { kind: MarkupKind.Markdown, value: `**${escapeMarkdown(key)}**\n\n${documentation}` },
    range: { start: { line, character: 0 }, end: { line, character: 1000 } },
  };
}

/** Sides of a field that is as Git says, by application. */
function sidesSection(sides: readonly FieldSides[], root: string): string {
  const [first] = sides;
  const rows = sides.map(
    ({ applicationName, environment, context, git, live }) =>
      `| ${escapeMarkdown(`${environment ?? context}/${applicationName}`)} | \`${code(git ?? 'not set')}\` | \`${code(live ?? 'not set')}\` |`,
  );
  const title = first === undefined ? '' : `**${escapeMarkdown(first.object)}** \`${code(first.fieldId)}\``;
  const ignored = [...new Set(sides.flatMap(({ ignored: rule }) => (rule === undefined ? [] : [ignoredText(rule, root)])))];
  return [title, `| | Git | live |\n|---|---|---|\n${rows.join('\n')}`, ...ignored].join('\n\n');
}

/** By which rule a field does not count, with a link to the line of the rule. */
function ignoredText({ by, reason, source }: IgnoredField, root: string): string {
  const place = source === undefined ? undefined : `${source.file}:${String(source.startLine + 1)}`;
  const href = source === undefined ? '' : `${pathToFileURL(join(root, source.file)).href}#L${String(source.startLine + 1)}`;
  const rule =
    place === undefined ? escapeMarkdown(by) : `${place === by ? '' : `${escapeMarkdown(by)} · `}[${escapeMarkdown(place)}](${href})`;
  return `Not compared, by ${rule}${reason === undefined ? '' : `: ${escapeMarkdown(describe(reason.code, reason.details))}`}`;
}

function shortened(text: string): string {
  return text.length > longestDocumentation ? `${text.slice(0, longestDocumentation - 1)}…` : text;
}

function hoverSection(mark: LineMark): string {
  const title = `**${escapeMarkdown(mark.object)}**${mark.fieldId === undefined ? '' : ` \`${code(mark.fieldId)}\``} · ${escapeMarkdown(markPlace(mark))}`;
  const rows = [
    ['working tree', mark.working],
    ['Git', mark.git ?? (mark.kind === 'added' ? 'not set' : undefined)],
    ['last sync', mark.synced],
    ['live', mark.live ?? (mark.kind === 'missing' ? 'the object does not exist' : mark.kind === 'removed' ? 'not set' : undefined)],
  ].flatMap(([side, text]) => (text === undefined ? [] : [`| ${side ?? ''} | \`${code(text)}\` |`]));
  const table = rows.length === 0 ? '' : `\n\n| side | value |\n|---|---|\n${rows.join('\n')}`;
  const isTold = (mark.notes ?? []).some(({ code: name }) => name.startsWith('note-written'));
  const who =
    mark.manager === undefined || isTold
      ? ''
      : `\n\nchanged by \`${code(mark.manager)}\`${mark.time === undefined ? '' : `, ${mark.time}`}`;
  const edited = mark.isEdited ? '\n\nThis line was edited since: the Git value is the one of the target commit.' : '';
  const notes = (mark.notes ?? []).map((note) => `\n\n${escapeMarkdown(describe(note.code, note.details))}`).join('');
  const links = [
    link('Open Diff', 'plumbline.openDiff', mark),
    link('Three Sides', 'plumbline.threeSides', mark),
    ...(mark.kind === 'changed' && mark.fieldId !== undefined ? [link('Adopt Live Value', 'plumbline.adopt', mark)] : []),
    ...(isRevertible(mark) ? [link('Revert Live to Git', 'plumbline.revert', mark)] : []),
    ...(mark.kind === 'changed' && mark.fieldId !== undefined ? [link('Ignore This Field', 'plumbline.ignoreField', mark)] : []),
  ];
  return `${title}${table}${who}${notes}${edited}\n\n${links.join(' · ')}`;
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
