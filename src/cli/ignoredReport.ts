import { type Application, type FileRange, placeText } from '../engine/model/application.ts';
import { describe } from '../engine/model/describe.ts';
import { parseKeyString } from '../engine/model/objects.ts';
import { type IgnoredList, type IgnoredRow, isByRule, type RuleRow } from '../engine/model/snapshot.ts';
import { place } from './diffJson.ts';
import { type ReportedReason, withReason } from './reasons.ts';
import { type Painter, safeText } from './style.ts';

/** Version of the JSON that `plumbline ignored --output json` prints; its schema is media/plumbline-ignored.schema.json. */
const ignoredApiVersion = 'plumbline.dev/ignored/v1';

/** An application with what its comparison leaves out. */
export interface IgnoredOf {
  readonly application: Pick<Application, 'id'>;
  readonly list: IgnoredList;
}

/** A place of the repo that writes a rule. */
interface Place {
  readonly file: string;
  readonly line: number;
}

/** What `plumbline ignored --output json` prints; lines are 1-based. */
export interface IgnoredReport {
  readonly apiVersion: typeof ignoredApiVersion;
  readonly applications: readonly {
    readonly id: string;
    readonly fields: readonly {
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
      readonly path: string;
      readonly by: string;
      readonly reason?: ReportedReason;
      /** where the rule stands, when the repo writes it: the first of `places` */
      readonly file?: string;
      readonly line?: number;
      readonly places?: readonly Place[];
    }[];
    readonly rules: readonly {
      readonly by: string;
      readonly paths: readonly string[];
      readonly fields: number;
      readonly file?: string;
      readonly line?: number;
      readonly places?: readonly Place[];
    }[];
  }[];
}

/** One block per application: each rule with its place, below it the fields that it leaves out and why. */
export function ignoredText(lists: readonly IgnoredOf[], paint: Painter): string {
  return lists.map((each) => applicationText(each, paint)).join('\n');
}

function applicationText({ application, list }: IgnoredOf, paint: Painter): string {
  const count = list.fields.length;
  const lines = [
    `${paint('title', safeText(application.id))}  ${paint('muted', count === 1 ? '1 field ignored' : `${count} fields ignored`)}`,
  ];
  const shown = new Set<IgnoredRow>();
  for (const rule of list.rules) {
    lines.push(ruleText(rule, paint));
    const fields = list.fields.filter((field) => !shown.has(field) && isByRule(field, rule.by));
    for (const field of fields) {
      shown.add(field);
      lines.push(`    ${fieldText(field, rule, paint)}`);
    }
  }
  for (const field of list.fields) if (!shown.has(field)) lines.push(`  ${fieldText(field, undefined, paint)}`);
  return `${lines.join('\n')}\n`;
}

function ruleText({ by, paths, fieldCount, sources = [] }: RuleRow, paint: Painter): string {
  const at = sources.map((source) => placeText(source)).join(', ');
  const where = at === '' || at === by ? '' : paint('muted', `  (${safeText(at)})`);
  const what = paths.length === 0 ? '' : `  ${paint('path', safeText(paths.join(', ')))}`;
  return `  ${safeText(by)}${where}${what}${fieldCount === 0 ? paint('muted', '  (leaves out nothing now)') : ''}`;
}

function fieldText(field: IgnoredRow, rule: RuleRow | undefined, paint: Painter): string {
  const { object, id, by, reason } = field;
  const why = [
    ...(rule?.by === by ? [] : [`by ${by.slice(rule === undefined ? 0 : rule.by.length + 1)}`]),
    ...(reason === undefined ? [] : [describe(reason.code, reason.details)]),
  ].join(': ');
  const place = id === '' ? 'the whole object' : id;
  return `${safeText(object)}  ${paint('path', safeText(place))}${why === '' ? '' : paint('muted', `  ${safeText(why)}`)}`;
}

/** Ignored fields as JSON. */
export function toIgnoredReport(lists: readonly IgnoredOf[]): IgnoredReport {
  return {
    apiVersion: ignoredApiVersion,
    applications: lists.map(({ application, list }) => ({
      id: application.id,
      fields: list.fields.map(({ objectKey, id, by, reason, sources }) => {
        const { kind, namespace, name } = parseKeyString(objectKey);
        return { kind, namespace, name, path: id, by, ...withReason(reason), ...placesOf(sources) };
      }),
      rules: list.rules.map(({ by, paths, fieldCount, sources }) => ({ by, paths, fields: fieldCount, ...placesOf(sources) })),
    })),
  };
}

function placesOf(sources: readonly FileRange[] = []): { file?: string; line?: number; places?: readonly Place[] } {
  if (sources.length < 2) return place(sources[0]);
  return { ...place(sources[0]), places: sources.map(({ file, startLine }) => ({ file, line: startLine + 1 })) };
}
