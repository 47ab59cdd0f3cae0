import type { ApplicationSession } from './applicationSession.ts';
import type { IgnoredList } from './model/snapshot.ts';
import { displayName, keyString } from './model/objects.ts';

/** Tells what comparisons leave out. */
export interface IgnoresApi {
  /** Every field that the comparison of an application leaves out, by which rule and why; empty for an unknown application. */
  ignored(applicationId: string): IgnoredList;
}

/** {@link IgnoresApi} over the sessions of applications. */
export class Ignores implements IgnoresApi {
  readonly #sessionOf: (applicationId: string) => Pick<ApplicationSession, 'application' | 'objects'> | undefined;

  constructor(sessionOf: (applicationId: string) => Pick<ApplicationSession, 'application' | 'objects'> | undefined) {
    this.#sessionOf = sessionOf;
  }

  ignored(applicationId: string): IgnoredList {
    const session = this.#sessionOf(applicationId);
    if (session === undefined) return { fields: [], rules: [] };
    const fields = session.objects.flatMap(({ key, verdict }) =>
      verdict.ignored.map((field) => ({ ...field, objectKey: keyString(key), object: displayName(key) })),
    );
    const rules = session.application.ignore.map(({ declaredBy, paths }) => ({
      by: declaredBy,
      paths,
      fieldCount: fields.filter(({ by }) => by === declaredBy).length,
    }));
    return { fields, rules };
  }
}
