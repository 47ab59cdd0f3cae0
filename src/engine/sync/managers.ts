import { children, type FieldSet, isMember, type ManagedEntry, managedEntries } from '../compare/fieldsV1.ts';
import type { OwningManager } from '../compare/managers.ts';
import { type FieldPath, formatPath } from '../model/fieldPath.ts';
import type { KubeObject } from '../model/objects.ts';

/** One writer as `metadata.managedFields` names it. */
export type ManagerRef = Pick<OwningManager, 'manager' | 'operation'>;

/** Every path that is a member of a set, by `formatPath`. */
export function heldPaths(fields: FieldSet): ReadonlyMap<string, FieldPath> {
  const held = new Map<string, FieldPath>();
  const visit = (set: FieldSet, path: FieldPath): void => {
    for (const [step, below] of children(set)) {
      const next = [...path, step];
      if (isMember(below)) held.set(formatPath(next), next);
      visit(below, next);
    }
  };
  visit(fields, []);
  return held;
}

/** The manager's entry for the main resource, `Apply` before `Update`. */
export function entryOf(object: KubeObject, manager: string): ManagedEntry | undefined {
  const own = managedEntries(object).filter((entry) => entry.manager === manager && entry.subresource === '');
  return own.find((entry) => entry.operation === 'Apply') ?? own[0];
}

/** The manager as which most of an application's live objects are applied: a missing one is made the same way. */
export function commonManager(
  objects: Iterable<{ readonly live: KubeObject | undefined; readonly verdict: { readonly manager?: string } }>,
): ManagerRef | undefined {
  const counts = new Map<string, { readonly ref: ManagerRef; count: number }>();
  for (const { live, verdict } of objects) {
    if (live === undefined || verdict.manager === undefined) continue;
    const { manager, operation } = entryOf(live, verdict.manager) ?? { manager: verdict.manager, operation: 'Update' };
    const known = counts.get(`${manager}/${operation}`);
    if (known === undefined) counts.set(`${manager}/${operation}`, { ref: { manager, operation }, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()].sort((left, right) => right.count - left.count)[0]?.ref;
}
