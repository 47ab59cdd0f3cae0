import type { FieldPath } from '../model/fieldPath.ts';
import { stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { TypeSchema } from '../model/schema.ts';
import { holdersOf, type ManagedEntry } from './fieldsV1.ts';
import { classOfManager, isOwnersEntry, type OwningManager } from './managers.ts';
import { type ForeignField, foreignFields, orphansOf, removedSinceBase } from './ownership.ts';
import { equalButDefaults } from './serverDefaults.ts';
import { type Mismatch, type MismatchCode, mismatches } from './subset.ts';

/** The sides of a proof, normalized; `entries` are the live object's managedFields. */
export interface ProofInput {
  readonly desired: KubeObject;
  readonly live: KubeObject;
  /** the live object as it came: version, creation time */
  readonly raw: KubeObject;
  readonly schema: TypeSchema | undefined;
  readonly entries: readonly ManagedEntry[];
  readonly owner: OwningManager | undefined;
  /** what was applied last, by last-applied, release manifest or synced render; normalized */
  readonly base?: KubeObject;
}

/** Why the local proof cannot tell. */
export type UnknownCode =
  MismatchCode | 'no-schema' | 'no-managed-fields' | 'no-owner' | 'other-version' | 'no-baseline' | 'removed-from-git';

/**
 * The outcome of the local proof. It may only say `proved`, `added` (all of Git is live; somebody added fields by hand), or `unknown`.
 * The lists are complete in every case.
 */
export interface Proof {
  readonly outcome: 'proved' | 'added' | 'unknown';
  /** with `unknown`: the first reason */
  readonly code?: UnknownCode;
  /** part (a): desired is not, or not provably, in live */
  readonly mismatches: readonly Mismatch[];
  /** part (b): what the owner set before and Git no longer has, still live */
  readonly orphans: readonly FieldPath[];
  /** part (c): what others added */
  readonly added: readonly ForeignField[];
}

/** The local proof of design.md §7: pure, no call. Sound in the direction `proved`: applying desired would change nothing. */
export function prove(input: ProofInput): Proof {
  const { desired, live, schema, entries, owner, base } = input;
  const applied = owner?.operation === 'Apply' ? entries.find((entry) => isApplyEntryOf(entry, owner)) : undefined;
  const isUntouched = (path: FieldPath): boolean =>
    owner !== undefined &&
    holdersOf(entries, path, schema).every((entry) => isOwnersEntry(entry, owner) || classOfManager(entry.manager) === 'controller');
  const found = mismatches(desired, live, schema, {
    ...(applied === undefined ? {} : { ownedByApply: applied.fields }),
    ...(base === undefined ? {} : { base }),
    isUntouched,
    way: owner?.operation ?? 'Apply',
  });
  const orphans = orphanPaths(input, applied);
  const createdAt = stringAt(input.raw.metadata, 'creationTimestamp');
  const added = foreignFields(entries, desired, live, schema, { owner, createdAt });
  const code = unknownCode(input, applied, found, orphans);
  const outcome = code !== undefined ? 'unknown' : added.length > 0 ? 'added' : 'proved';
  return { outcome, ...(code === undefined ? {} : { code }), mismatches: found, orphans, added };
}

function isApplyEntryOf(entry: ManagedEntry, owner: OwningManager): boolean {
  return entry.manager === owner.manager && entry.operation === 'Apply' && entry.subresource === '';
}

function orphanPaths(input: ProofInput, applied: ManagedEntry | undefined): readonly FieldPath[] {
  const { desired, live, schema, owner, base } = input;
  if (applied !== undefined) return orphansOf(applied.fields, desired, live, schema);
  if (owner?.operation === 'Update' && base !== undefined) return removedSinceBase(base, desired, live, schema);
  return [];
}

function unknownCode(
  input: ProofInput,
  applied: ManagedEntry | undefined,
  found: readonly Mismatch[],
  orphans: readonly FieldPath[],
): UnknownCode | undefined {
  const { desired, live, raw, schema, owner, base } = input;
  if (desired.apiVersion !== raw.apiVersion) return 'other-version';
  if (applied !== undefined && applied.apiVersion !== desired.apiVersion) return 'other-version';
  const missing = missingFact(input);
  // Where live has nothing but what Git has, there is nothing to change or to remove, whoever owns it.
  if (missing !== undefined) return equalButDefaults(desired, live, schema, []) ? undefined : missing;
  const [mismatch] = found;
  if (mismatch !== undefined) return mismatch.code;
  if (orphans.length > 0) return 'removed-from-git';
  if (owner?.operation !== 'Update' || base !== undefined) return undefined;
  return equalButDefaults(desired, live, schema, []) ? undefined : 'no-baseline';
}

function missingFact({ schema, entries, owner }: ProofInput): UnknownCode | undefined {
  if (schema === undefined) return 'no-schema';
  if (entries.length === 0) return 'no-managed-fields';
  return owner === undefined ? 'no-owner' : undefined;
}
