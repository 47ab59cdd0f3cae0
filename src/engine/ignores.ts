import type { ApplicationSession } from './sessions/applicationSession.ts';
import type { FileRange } from './model/application.ts';
import { displayName, keyString } from './model/objects.ts';
import type { IgnoredList, IgnoredRow, RuleRow } from './model/snapshot.ts';

/** Tells what comparisons leave out. */
export interface IgnoresApi {
  /** Every field that the comparison of an application leaves out, by which rule and why; empty for an unknown application. */
  ignored(applicationId: string): IgnoredList;
}

type Session = Pick<ApplicationSession, 'application' | 'objects'>;

/** {@link IgnoresApi} over the sessions of applications. */
export class Ignores implements IgnoresApi {
  readonly #sessionOf: (applicationId: string) => Session | undefined;

  constructor(sessionOf: (applicationId: string) => Session | undefined) {
    this.#sessionOf = sessionOf;
  }

  ignored(applicationId: string): IgnoredList {
    const session = this.#sessionOf(applicationId);
    if (session === undefined) return { fields: [], rules: [] };
    const fields = session.objects.flatMap(({ key, verdict }) =>
      verdict.ignored.map((field) => ({ ...field, objectKey: keyString(key), object: displayName(key) })),
    );
    return { fields, rules: rulesOf(session, fields) };
  }
}

/** The declared rules in their order, then whatever else leaves fields out. */
function rulesOf({ application, objects }: Session, fields: readonly IgnoredRow[]): readonly RuleRow[] {
  const declared = new Map<string, Set<string>>();
  for (const { declaredBy, paths } of [...application.ignore, ...objects.flatMap(({ view }) => view?.rules ?? [])]) {
    const known = declared.get(declaredBy) ?? new Set();
    for (const path of paths) known.add(path);
    declared.set(declaredBy, known);
  }
  const rows = [...declared].map(([by, paths]) => ruleRow(by, [...paths], fields.filter((field) => isOf(field, by)).length));
  const others = new Map<string, number>();
  for (const field of fields) {
    if (![...declared.keys()].some((by) => isOf(field, by))) others.set(field.by, (others.get(field.by) ?? 0) + 1);
  }
  return [...rows, ...[...others].map(([by, count]) => ruleRow(by, [], count))];
}

/** A rule of several expressions names each of them with what it leaves out. */
function isOf(field: IgnoredRow, rule: string): boolean {
  return field.by === rule || field.by.startsWith(`${rule} `);
}

function ruleRow(by: string, paths: readonly string[], fieldCount: number): RuleRow {
  const source = placeOf(by);
  return { by, paths, fieldCount, ...(source === undefined ? {} : { source }) };
}

/** `plumbline.yaml:12` as a place; rules that stand elsewhere than in the repo have none. */
function placeOf(by: string): FileRange | undefined {
  const match = /^([^\s:]+):(\d+)$/.exec(by);
  const [, file, line] = match ?? [];
  if (file === undefined || line === undefined) return undefined;
  const startLine = Number(line) - 1;
  return { file, startLine, startColumn: 0, endLine: startLine, endColumn: 0 };
}
