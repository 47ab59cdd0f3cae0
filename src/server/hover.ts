import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hover } from 'vscode-languageserver/node';
import { MarkupKind } from 'vscode-languageserver/node';
import { describe } from '../engine/model/describe.ts';
import { placeText } from '../engine/model/application.ts';
import type { FieldSides, LineFacts } from '../engine/model/lineFacts.ts';
import type { LineMark } from '../engine/model/snapshot.ts';
import type { IgnoredField } from '../engine/model/states.ts';
import { commandTarget, isAdoptable, isIgnorable, isRemovable, isRevertible } from './markTargets.ts';
import { markPlace } from './markText.ts';
import { toRange } from './ranges.ts';

const longestDocumentation = 600;
/** applications that have links of their own */
const mostLinked = 3;

/**
 * The hover of a line: the sides of each drifted field that it sets, who changed it and when, the actions as links; of a field that is not
 * marked its sides; the API's words on the field and the last commit on the line.
 * @param marks all marks of the file
 * @param line 0-based
 */
export function hoverOf(marks: readonly LineMark[], line: number, facts: LineFacts = { sides: [] }): Hover | null {
  const here = marks.filter((mark) => mark.range.startLine <= line && line <= mark.range.endLine);
  const unmarked = facts.sides.filter((side) => !here.some((mark) => isOf(mark, side)));
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
    ...here.map((mark) =>
      hoverSection(
        mark,
        facts.sides.find((side) => isOf(mark, side) && side.fieldId === mark.fieldId),
      ),
    ),
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

/** Sides of a field that is as Git says, one column per application. */
function sidesSection(sides: readonly FieldSides[], root: string): string {
  const [first] = sides;
  const title = first === undefined ? '' : `**${escapeMarkdown(first.object)}** \`${code(first.fieldId)}\``;
  const ignored = [...new Set(sides.flatMap(({ ignored: rule }) => (rule === undefined ? [] : [ignoredText(rule, root)])))];
  const writers = sides.map(({ manager, time }) =>
    manager === undefined ? '' : `\`${code(manager)}\`${time === undefined ? '' : `, ${time}`}`,
  );
  const who = writers.every((writer) => writer === '') ? [] : [`| last written by | ${writers.join(' | ')} |`];
  const table = sidesTable(sides.map((side) => ({ title: placeOf(side), ...valuesOf(side) })));
  const links = sides.slice(0, mostLinked).map((side) => {
    const target = { applicationId: side.applicationId, key: side.objectKey };
    return link(sides.length === 1 ? 'Open Diff' : `Open Diff: ${placeOf(side)}`, 'plumbline.openDiff', target);
  });
  return [title, [...table, ...who].join('\n'), ...ignored, links.join(' · ')].join('\n\n');
}

function placeOf({ applicationName, environment, context }: FieldSides): string {
  return escapeMarkdown(`${environment ?? context}/${applicationName}`);
}

/** The values of one application; null: the side does not set it; undefined: not known. */
interface SideValues {
  readonly title: string;
  readonly working?: string | null | undefined;
  readonly head?: string | null | undefined;
  readonly git?: string | null | undefined;
  readonly synced?: string | null | undefined;
  readonly live?: string | null | undefined;
}

function valuesOf({ working, head, git, synced, live }: FieldSides): Omit<SideValues, 'title'> {
  return { working, head, git: git ?? null, synced, live: live ?? null };
}

const sideNames = [
  ['working', 'working tree'],
  ['head', 'HEAD'],
  ['git', 'Git'],
  ['synced', 'last sync'],
  ['live', 'live'],
] as const;

/** The sides of a field in their order, neighbours with the same values in one row: `working tree, HEAD, Git | 2`. */
function sidesTable(columns: readonly SideValues[]): readonly string[] {
  const rows: { names: string[]; cells: string }[] = [];
  for (const [side, name] of sideNames) {
    const values = columns.map((column) => column[side]);
    if (values.every((value) => value === undefined)) continue;
    const cells = values.map((value) => (value === undefined ? '' : `\`${code(value ?? 'not set')}\``)).join(' | ');
    const last = rows.at(-1);
    if (last?.cells === cells) last.names.push(name);
    else rows.push({ names: [name], cells });
  }
  const titles = columns.map(({ title }) => title).join(' | ');
  const rule = columns.map(() => '---|').join('');
  return [`| | ${titles} |`, `|---|${rule}`, ...rows.map(({ names, cells }) => `| ${names.join(', ')} | ${cells} |`)];
}

/** By which rule a field does not count, with a link to each line that says it. */
function ignoredText({ by, reason, sources = [] }: IgnoredField, root: string): string {
  const links = sources.map(
    (source) => `[${escapeMarkdown(placeText(source))}](${pathToFileURL(join(root, source.file)).href}#L${String(source.startLine + 1)})`,
  );
  const isPlace = sources.some((source) => placeText(source) === by);
  const rule = [...(isPlace ? [] : [escapeMarkdown(by)]), ...(links.length === 0 ? [] : [links.join(', ')])].join(' · ');
  return `Not compared, by ${rule}${reason === undefined ? '' : `: ${escapeMarkdown(describe(reason.code, reason.details))}`}`;
}

function shortened(text: string): string {
  return text.length > longestDocumentation ? `${text.slice(0, longestDocumentation - 1)}…` : text;
}

/** @param side the other sides of the same field */
function hoverSection(mark: LineMark, side: FieldSides | undefined): string {
  const title = `**${escapeMarkdown(mark.object)}**${mark.fieldId === undefined ? '' : ` \`${code(mark.fieldId)}\``} · ${escapeMarkdown(markPlace(mark))}`;
  const isUnset = mark.kind === 'removed' || (mark.fieldId !== undefined && mark.kind === 'out-of-sync');
  const values: SideValues = {
    title: 'value',
    working: mark.working ?? side?.working,
    head: side?.head,
    git: mark.git ?? (mark.kind === 'added' ? null : undefined),
    synced: mark.synced ?? side?.synced,
    live: mark.live ?? (mark.kind === 'missing' ? 'the object does not exist' : isUnset ? null : undefined),
  };
  const isEmpty = sideNames.every(([name]) => values[name] === undefined);
  const table = isEmpty ? '' : `\n\n${sidesTable([values]).join('\n')}`;
  const isTold = (mark.notes ?? []).some(({ code: name }) => name.startsWith('note-written'));
  const who =
    mark.manager === undefined || isTold
      ? ''
      : `\n\nchanged by \`${code(mark.manager)}\`${mark.time === undefined ? '' : `, ${mark.time}`}`;
  const edited = mark.isEdited ? '\n\nThis line was edited since: the Git value is the one of the target commit.' : '';
  const notes = (mark.notes ?? []).map((note) => `\n\n${escapeMarkdown(describe(note.code, note.details))}`).join('');
  const target = commandTarget(mark);
  const links = [
    link('Open Diff', 'plumbline.openDiff', target),
    link('Three Sides', 'plumbline.threeSides', target),
    ...(isAdoptable(mark) ? [link('Adopt Live Value', 'plumbline.adopt', target)] : []),
    ...(isRevertible(mark) ? [link('Revert Live to Git', 'plumbline.revert', target)] : []),
    ...(isIgnorable(mark) ? [link('Ignore This Field', 'plumbline.ignoreField', target)] : []),
    ...(isRemovable(mark) ? [link('Remove from Git', 'plumbline.removeFromGit', target)] : []),
  ];
  return `${title}${table}${who}${notes}${edited}\n\n${links.join(' · ')}`;
}

function isOf(mark: LineMark, { applicationId, objectKey }: FieldSides): boolean {
  return mark.applicationId === applicationId && mark.objectKey === objectKey;
}

function link(label: string, command: string, target: object): string {
  return `[${label}](command:${command}?${encodeURIComponent(JSON.stringify([target]))})`;
}

function code(text: string): string {
  return text.replaceAll('`', "'").replaceAll('|', '\\|');
}

function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-!|<>]/g, '\\$&');
}
