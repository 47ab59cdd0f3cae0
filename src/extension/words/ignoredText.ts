import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type FileRange, placeText } from '../../engine/model/application.ts';
import { type IgnoredList, type IgnoredRow, isByRule, type ObjectRow, type RuleRow } from '../../engine/model/snapshot.ts';
import type { IgnoredField } from '../../engine/model/states.ts';
import { escapeMarkdown, type WordsContext } from './rowText.ts';

/** A line of *Show Ignored Fields*: a rule as a heading, or a field that it leaves out. */
export interface IgnoredItem {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
  readonly isHeading: boolean;
  /** the rule that leaves it out */
  readonly rule?: RuleRow;
  /** absent: a rule that leaves out nothing now */
  readonly field?: IgnoredRow;
  /** where the rule stands in the repo, to go there: every place that says it */
  readonly sources: readonly FileRange[];
}

/**
 * What a comparison leaves out, rule by rule, each with what it hides and why; rules that hide nothing now at the end.
 * @param objectKey only what is left out of this object
 */
export function ignoredItems(list: IgnoredList, words: WordsContext, objectKey?: string): readonly IgnoredItem[] {
  const fields = list.fields.filter((field) => objectKey === undefined || field.objectKey === objectKey);
  const busy = list.rules.flatMap((rule) => {
    const own = fields.filter((field) => isByRule(field, rule.by));
    return own.length === 0 ? [] : [headingOf(rule), ...own.map((field) => fieldItem(field, rule, words))];
  });
  const idle = objectKey === undefined ? list.rules.filter(({ fieldCount }) => fieldCount === 0) : [];
  if (idle.length === 0) return busy;
  const heading: IgnoredItem = { label: words.l10n.t('leave out nothing now'), description: '', isHeading: true, sources: [] };
  return [...busy, heading, ...idle.map((rule) => idleItem(rule))];
}

function idleItem(rule: RuleRow): IgnoredItem {
  const places = placesOf(rule);
  return {
    label: rule.by,
    description: [rule.paths.join(', '), places === rule.by ? '' : places].filter((part) => part !== '').join(' · '),
    isHeading: false,
    rule,
    sources: rule.sources ?? [],
  };
}

/** `argo/a.yaml:3, argo/b.yaml:3`; empty where the repo does not write it. */
function placesOf({ sources = [] }: Pick<RuleRow, 'sources'>): string {
  return sources.map((source) => placeText(source)).join(', ');
}

function headingOf(rule: RuleRow): IgnoredItem {
  const places = placesOf(rule);
  const by = places === '' || places === rule.by ? rule.by : `${rule.by} (${places})`;
  return { label: [by, rule.paths.join(', ')].filter((part) => part !== '').join(': '), description: '', isHeading: true, sources: [] };
}

function fieldItem(field: IgnoredRow, rule: RuleRow, { l10n, reasonWords }: WordsContext): IgnoredItem {
  return {
    label: field.object,
    description: field.id === '' ? l10n.t('the whole object') : field.id,
    ...(field.reason === undefined ? {} : { detail: reasonWords(field.reason) }),
    isHeading: false,
    rule,
    field,
    sources: field.sources ?? rule.sources ?? [],
  };
}

/**
 * `2 fields ignored, by plumbline.yaml:12`, as Markdown, in the tooltip of the object: rules that stand in the repo are links to their
 * lines. Undefined when nothing is.
 * @param repoRoot absolute path; undefined: no links
 */
export function ignoredFact(
  { ignoredCount, ignored = [] }: Pick<ObjectRow, 'ignoredCount' | 'ignored'>,
  l10n: WordsContext['l10n'],
  repoRoot?: string,
): string | undefined {
  if (ignoredCount === 0) return undefined;
  const by = [...new Set(ignored.map((field) => ruleLink(field, repoRoot)))].join(', ');
  return ignoredCount === 1 ? l10n.t('1 field ignored, by {0}', by) : l10n.t('{0} fields ignored, by {1}', ignoredCount, by);
}

function ruleLink({ by, sources = [] }: IgnoredField, repoRoot: string | undefined): string {
  const links = sources.map((source) => placeLink(source, repoRoot)).join(', ');
  if (links === '') return escapeMarkdown(by);
  return sources.some((source) => placeText(source) === by) ? links : `${escapeMarkdown(by)} (${links})`;
}

function placeLink(source: FileRange, repoRoot: string | undefined): string {
  const place = escapeMarkdown(placeText(source));
  if (repoRoot === undefined) return place;
  return `[${place}](${pathToFileURL(join(repoRoot, source.file)).href}#L${String(source.startLine + 1)})`;
}
