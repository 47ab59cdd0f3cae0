import type { IgnoredList, IgnoredRow, ObjectRow, RuleRow } from '../../engine/model/snapshot.ts';
import type { WordsContext } from './rowText.ts';

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
}

/**
 * What a comparison leaves out, rule by rule, each with what it hides and why; rules that hide nothing now at the end.
 * @param objectKey only what is left out of this object
 */
export function ignoredItems(list: IgnoredList, words: WordsContext, objectKey?: string): readonly IgnoredItem[] {
  const fields = list.fields.filter((field) => objectKey === undefined || field.objectKey === objectKey);
  const busy = list.rules.flatMap((rule) => {
    const own = fields.filter((field) => isOf(field, rule));
    return own.length === 0 ? [] : [headingOf(rule), ...own.map((field) => fieldItem(field, rule, words))];
  });
  const idle = objectKey === undefined ? list.rules.filter(({ fieldCount }) => fieldCount === 0) : [];
  if (idle.length === 0) return busy;
  const heading: IgnoredItem = { label: words.l10n.t('leave out nothing now'), description: '', isHeading: true };
  return [...busy, heading, ...idle.map((rule) => ({ label: rule.by, description: rule.paths.join(', '), isHeading: false, rule }))];
}

function isOf(field: IgnoredRow, { by }: RuleRow): boolean {
  return field.by === by || field.by.startsWith(`${by} `);
}

function headingOf(rule: RuleRow): IgnoredItem {
  return { label: [rule.by, rule.paths.join(', ')].filter((part) => part !== '').join(': '), description: '', isHeading: true };
}

function fieldItem(field: IgnoredRow, rule: RuleRow, { l10n, reasonWords }: WordsContext): IgnoredItem {
  return {
    label: field.object,
    description: field.id === '' ? l10n.t('the whole object') : field.id,
    ...(field.reason === undefined ? {} : { detail: reasonWords(field.reason) }),
    isHeading: false,
    rule,
    field,
  };
}

/** `2 fields ignored, by plumbline.yaml:12`: in the tooltip of the object; undefined when nothing is. */
export function ignoredFact(
  { ignoredCount, ignored = [] }: Pick<ObjectRow, 'ignoredCount' | 'ignored'>,
  l10n: WordsContext['l10n'],
): string | undefined {
  if (ignoredCount === 0) return undefined;
  const by = [...new Set(ignored.map((field) => field.by))].join(', ');
  return ignoredCount === 1 ? l10n.t('1 field ignored, by {0}', by) : l10n.t('{0} fields ignored, by {1}', ignoredCount, by);
}
