import type { ApplicationSession } from './sessions/applicationSession.ts';
import type { FoundApplications } from './apps/applications.ts';
import { type RuleFact, sourcesOfRule } from './apps/ruleFacts.ts';
import type { IgnoreRule } from './model/application.ts';
import { displayName, keyString } from './model/objects.ts';
import type { OwnerView } from './model/ownerView.ts';
import { type IgnoredList, type IgnoredRow, isByRule, type RuleRow } from './model/snapshot.ts';

/** Tells what comparisons leave out. */
export interface IgnoresApi {
  /** Every field that the comparison of an application leaves out, by which rule and why; empty for an unknown application. */
  ignored(applicationId: string): IgnoredList;
}

/** An application's session, and the repo that it was found in. */
interface Found {
  readonly session: Pick<ApplicationSession, 'application' | 'objects'>;
  readonly workspace: { readonly repo: { readonly found: Pick<FoundApplications, 'rules'> } };
}

/** {@link IgnoresApi} over the sessions of applications. */
export class Ignores implements IgnoresApi {
  readonly #find: (applicationId: string) => Found | undefined;

  constructor(find: (applicationId: string) => Found | undefined) {
    this.#find = find;
  }

  ignored(applicationId: string): IgnoredList {
    const found = this.#find(applicationId);
    if (found === undefined) return { fields: [], rules: [] };
    const { session } = found;
    const facts = found.workspace.repo.found.rules;
    const fields = session.objects.flatMap(({ key, verdict, view }) =>
      verdict.ignored.map((field): IgnoredRow => {
        return { ...field, objectKey: keyString(key), object: displayName(key), ...sourcesOfRule(field.by, { facts, view }) };
      }),
    );
    return { fields, rules: rulesOf(session, fields, facts) };
  }
}

/** The declared rules in their order, then whatever else leaves fields out. */
function rulesOf(
  { application, objects }: Found['session'],
  fields: readonly IgnoredRow[],
  facts: readonly RuleFact[],
): readonly RuleRow[] {
  const declared = new Map<string, { readonly paths: Set<string>; readonly view: OwnerView | undefined }>();
  const declare = ({ declaredBy, paths }: IgnoreRule, view: OwnerView | undefined): void => {
    const known = declared.get(declaredBy) ?? { paths: new Set(), view };
    for (const path of paths) known.paths.add(path);
    declared.set(declaredBy, known);
  };
  for (const rule of application.ignore) declare(rule, undefined);
  for (const { view } of objects) for (const rule of view?.rules ?? []) declare(rule, view);
  const rows = [...declared].map(([by, { paths, view }]) => ({
    by,
    paths: [...paths],
    fieldCount: fields.filter((field) => isByRule(field, by)).length,
    ...sourcesOfRule(by, { facts, view }),
  }));
  const others = new Map<string, RuleRow>();
  for (const { by, sources } of fields.filter((field) => ![...declared.keys()].some((rule) => isByRule(field, rule)))) {
    const fieldCount = (others.get(by)?.fieldCount ?? 0) + 1;
    others.set(by, { by, paths: [], fieldCount, ...(sources === undefined ? {} : { sources }) });
  }
  return [...rows, ...others.values()];
}
